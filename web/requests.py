"""What callers may send: bodies and query parameters, as Structs that msgspec checks.

The OpenAPI document is generated from them. Reading and refusing is `web.reading`'s job.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

# An id also stands in URLs, in entry ids and in logs. "(?![\s\S])" is the end of the text in Python and in ECMA
# regular expressions alike; "$" is not.
SagaId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}(?![\s\S])",
        description="A letter or digit, then up to 127 letters, digits or _ . : -",
    ),
]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Handle = Annotated[
    str, Meta(min_length=1, max_length=500, description="A saga id, or the value of one of its keys")
]
EventId = Annotated[
    str,
    Meta(
        min_length=1, max_length=300, description="The sender's own id: events with the same id are one event"
    ),
]
EntityId = Annotated[str, Meta(max_length=500)]
Reason = Annotated[str, Meta(min_length=1, max_length=1000, description="Why; it stays in the history")]
Version = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Limit = Annotated[int, Meta(ge=1, le=500)]
Moment = Annotated[str, Meta(max_length=40, description="ISO 8601; without an offset it is UTC")]
Cursor = Annotated[str, Meta(max_length=1000, description="`nextCursor` of the page before")]


class Body(Struct, forbid_unknown_fields=True, rename="camel"):
    """A JSON body: unknown fields are refused."""


class FlowManagerSaga(Body):
    """Body of `POST /saga`."""

    metadata: dict[str, Any]
    associated_entity_id: EntityId = ""


class FlowManagerMessage(Body):
    """The value of a Flow Manager message."""

    message_label: Name
    message_payload: dict[str, Any] | None = None


class FlowManagerEvent(Body):
    """Body of `POST /event`."""

    key: Handle
    value: FlowManagerMessage


class NewSaga(Body):
    """A saga to start. Without `sagaId` the daemon makes one."""

    metadata: dict[str, Any]
    machine: Name | None = None
    associated_entity_id: EntityId = ""
    saga_id: SagaId | None = None


class NewEvent(Body):
    """A fact to tell a saga."""

    name: Name
    payload: dict[str, Any] = {}
    id: EventId | None = None


class RetryEntry(Body):
    """Try a parked entry again; without `entry`, every parked entry of the saga.

    `payload` is sent in place of what was sent so far; `metadata` are merged into the saga's, and the
    request is made anew from them. Either goes out under an idempotency key of its own.
    """

    reason: Reason
    entry: Name | None = None
    payload: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None


class SkipEntry(Body):
    """Give up a parked entry; without `entry`, the only one there is."""

    reason: Reason
    entry: Name | None = None


class AnswerEntry(Body):
    """Answer a command in the receiver's place."""

    reply: Name
    reason: Reason
    payload: dict[str, Any] = {}
    entry: Name | None = None


class MoveSaga(Body):
    """Put a saga into a state, as if it had just come there."""

    state: Name
    reason: Reason


class PauseSaga(Body):
    """Let nothing of the saga become due until it is resumed; its timers keep what is left of them."""

    reason: Reason


class ResumeSaga(Body):
    """Go on after a pause."""

    reason: Reason


class Query(Struct, forbid_unknown_fields=True, rename="camel"):
    """Query parameters: unknown and repeated ones are refused."""


class NoQuery(Query):
    """No parameters."""


class MachineQuery(Query):
    machine: Name | None = None


class VersionQuery(Query):
    version: Version | None = None


class DrawingQuery(Query):
    format: Literal["svg", "png", "dot", "mermaid"] = "svg"
    level: Literal["technical", "business"] = "technical"


class MachineDrawingQuery(DrawingQuery):
    version: Version | None = None


class SagaDrawingQuery(DrawingQuery):
    machine: Name | None = None


class SagaListQuery(Query):
    machine: Name | None = None
    version: Annotated[Version | None, Meta(description="The machine's version")] = None
    state: Name | None = None
    business_state: Name | None = None
    entity_id: EntityId | None = None
    is_final: bool | None = None
    parked: bool | None = None
    paused: bool | None = None
    late: Annotated[bool | None, Meta(description="Ran over an `sla`")] = None
    created_from: Moment | None = None
    created_to: Annotated[Moment | None, Meta(description="Exclusive")] = None
    key: Annotated[Handle | None, Meta(description="The value of a key; combines with `machine` only")] = None
    limit: Limit = 50
    cursor: Cursor | None = None


class HistoryQuery(Query):
    after: Annotated[int, Meta(ge=0, le=2**53)] = 0
    limit: Limit = 100
    machine: Name | None = None


class AgendaQuery(Query):
    parked: bool | None = None
    machine: Name | None = None
    limit: Limit = 50
    cursor: Cursor | None = None
