"""Every error the engine raises on purpose, split by who has to act.

Invalid: the author of a file. Refused: the caller. Stale: nobody, the engine tries again.
Unavailable: time. What is not in this tree is a bug. Each leaf has a `code` (documented in
docs/errors.md), a process exit code and an HTTP status. A message never holds a payload.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.definition.findings import Finding


class EngineError(Exception):
    """Root. `str(error)` is a sentence for a person: what happened, where, what to do."""

    code: ClassVar[str]
    exit_code: ClassVar[int]
    http_status: ClassVar[int]


class Invalid(EngineError):
    """A file is wrong; its author mends it."""

    exit_code = 2
    http_status = 422

    def __init__(self, message: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)


class DefinitionInvalid(Invalid):
    """A machine definition has errors."""

    code = "definition-invalid"


class ConfigInvalid(Invalid):
    """config.yaml has errors, or names something that is not there."""

    code = "config-invalid"


class DefinitionChanged(Invalid):
    """A definition differs from the one deployed under the same name and version."""

    code = "definition-changed"
    http_status = 409


class ExpressionFailed(Invalid):
    """An expression of a machine could not be evaluated on this saga's data."""

    code = "expression-failed"


class Refused(EngineError):
    """The request cannot be done; nothing was changed."""

    exit_code = 1
    http_status = 409


class SagaNotFound(Refused):
    code = "saga-not-found"
    http_status = 404


class MachineNotFound(Refused):
    code = "machine-not-found"
    http_status = 404


class EntryNotFound(Refused):
    code = "entry-not-found"
    http_status = 404


class StateNotFound(Refused):
    code = "state-not-found"
    http_status = 404


class SagaExists(Refused):
    code = "saga-exists"


class KeyTaken(Refused):
    """Another saga of the machine has this key."""

    code = "key-taken"


class KeyAmbiguous(Refused):
    """Sagas of several machines have this key: name the machine or use the saga id."""

    code = "key-ambiguous"


class EventNotAccepted(Refused):
    """The saga's state has no transition for the event."""

    code = "event-not-accepted"


class ActionNotPossible(Refused):
    """A person's intervention does not fit what the saga or the entry is."""

    code = "action-not-possible"


class PayloadInvalid(Refused):
    """The payload, or the creation metadata, does not fit the machine's schema."""

    code = "payload-invalid"
    http_status = 422

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class ProviderNotFound(Refused):
    """No payment provider is bound to this name in the configuration."""

    code = "provider-not-found"
    http_status = 404


class RecordExists(Refused):
    """A record of this kind has the id."""

    code = "record-exists"


class FileNotFound(Refused):
    """No file is kept under this name."""

    code = "file-not-found"
    http_status = 404


class Stale(EngineError):
    """Somebody else was faster. Reading again and repeating is right."""

    exit_code = 3
    http_status = 503


class StaleSaga(Stale):
    code = "stale-saga"


class StaleLease(Stale):
    """The entry's lease is no longer ours: another daemon may be doing it."""

    code = "stale-lease"


class StaleRecord(Stale):
    """The record was changed or removed meanwhile: read it again."""

    code = "stale-record"
    http_status = 409


class DuplicateEvent(Stale):
    """The saga has already had an event with this id; the history knows the answer."""

    code = "duplicate-event"


class Unavailable(EngineError):
    """Something outside is not there. The outcome is unknown; repeating is safe."""

    exit_code = 3
    http_status = 503


class StoreUnavailable(Unavailable):
    code = "store-unavailable"


class StoreLocked(Unavailable):
    """Another process has the embedded store open."""

    code = "store-locked"


class ChannelUnavailable(Unavailable):
    """What a channel speaks to does not answer."""

    code = "channel-unavailable"


class Draining(Unavailable):
    """The daemon is stopping and takes no new work."""

    code = "draining"


class RendererMissing(Unavailable):
    """No program that lays out diagrams was found."""

    code = "renderer-missing"


class RendererFailed(Unavailable):
    """The program that lays out diagrams refused or took too long."""

    code = "renderer-failed"


class PrintingFailed(Unavailable):
    """The process that makes PDFs died or took too long."""

    code = "printing-failed"
