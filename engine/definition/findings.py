"""What is wrong with a file, where, and what to do about it; and every code that there is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to mend (or, as a warning, to think about).

    Attributes:
        code: Stable, documented in docs/findings.md, e.g. "unknown-state".
        line, column: From 1. 1, 1 when the file has no better place.
        end_column: Exclusive; what the code frame underlines.
        path: JSON pointer into the file, e.g. "/states/ORDER_PAID/on/orderPrepared".
        fix: What to write instead, where it can be guessed ("did you mean ORDER_PAID?").
    """

    code: str
    severity: Severity
    message: str
    file: str
    line: int = 1
    column: int = 1
    end_column: int | None = None
    path: str = ""
    fix: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """How grave a code is, as a rule, and the rule in one sentence."""

    severity: Severity
    summary: str


def _error(summary: str) -> Code:
    return Code(severity="error", summary=summary)


def _warning(summary: str) -> Code:
    return Code(severity="warning", summary=summary)


CODES: Mapping[str, Code] = {
    # the file and its YAML
    "file-unreadable": _error("The file cannot be read."),
    "file-too-large": _error("The file is larger than a machine may be."),
    "bad-encoding": _error("The file is not UTF-8 text."),
    "control-character": _error("The file holds a character that is not text."),
    "yaml-syntax": _error("The file is not YAML."),
    "empty-file": _error("The file holds no machine."),
    "several-documents": _error("The file holds more than one YAML document."),
    "not-a-mapping": _error("The top level of the file is not a mapping."),
    "duplicate-key": _error("A mapping has the same key twice."),
    "key-not-text": _error("A key is not plain text."),
    "merge-key": _error("The YAML merge key << is not part of the language."),
    "custom-tag": _error("YAML tags are not part of the language."),
    "unknown-anchor": _error("An alias names an anchor that is not defined before it."),
    "cyclic-alias": _error("An alias stands inside the value that it repeats."),
    "too-many-nodes": _error("The file has, or its aliases expand to, too many values."),
    "nested-too-deep": _error("Values are nested too deep."),
    "bad-number": _error("A number cannot be kept as JSON."),
    # the shape
    "unknown-key": _error("A key is not part of the language."),
    "missing-key": _error("A required key is missing."),
    "wrong-type": _error("A value is of the wrong type."),
    "wrong-value": _error("A value is not one of those allowed."),
    "bad-name": _error("A name has characters that names may not have."),
    "reserved-name": _error("Names that begin with $ are the engine's."),
    "bad-duration": _error("A duration is not a whole number with a unit, or is too long."),
    # the parts
    "bad-expression": _error("An expression or template does not compile."),
    "unknown-variable": _error("An expression reads a variable that the machine does not declare."),
    "bad-payload-schema": _error("A JSON Schema is not a valid draft-07 schema, or refers outside itself."),
    "duplicate-id": _error("Two business states or two business events have the same id."),
    "duplicate-name": _error("One name stands for two things."),
    "alias-clash": _error("An alias is also an event, or belongs to two events."),
    "unknown-state": _error("A state is named that the machine does not have."),
    "unknown-command": _error("A command is named that the machine does not have."),
    "unknown-side-effect": _error("A side effect is named that the machine does not have."),
    "unknown-business-state": _error("A business state is named that the machine does not have."),
    "unknown-business-event": _error("A business event is named that the machine does not have."),
    "unbound-channel": _error("A channel is named that config.yaml does not bind."),
    # the flow
    "waits-for-nothing": _error("A state waits, but no event and no timer can move it."),
    "reply-not-accepted": _error("A state sends a command and does not accept one of its replies."),
    "timer-event-not-accepted": _error("A timer raises an event that its state does not accept."),
    "final-state-acts": _error("A final state has a command, a timer or transitions."),
    "loop-without-event": _error("Transitions that need no event lead round in a circle."),
    "never-raised": _error("A state accepts an event of the engine that never comes there."),
    "command-and-commands": _error("A state has both command and commands."),
    "fan-out-without-done": _error("A state waits for its commands and does not accept $done."),
    "fan-out-without-failed": _error("A state waits for its commands and does not accept $failed."),
    "no-done-reply": _error("A command is waited for, and none of its replies is called done."),
    "compensates-and-asks": _error("A compensating state sends commands."),
    "compensation-without-end": _error("A compensating state does not accept $compensated."),
    "nothing-to-undo": _error("A state compensates where nothing can be undone."),
    "undo-of-undo": _error("A command that is an undo has an undo itself."),
    "poll-incomplete": _error("A poll has only one of for and giveUp."),
    "poll-times": _error("The times of a poll contradict each other."),
    "suspicious-moment": _warning("A line of at is not one whole expression."),
    "bad-saga-request": _error(
        "A request to the channel sagas neither starts a saga nor tells one an event."
    ),
    "unreachable-state": _warning("No transition leads to a state."),
    "never-rests": _warning("From a state neither the end nor a resting state can be reached."),
    "never-tried": _warning("An alternative comes after one that always holds."),
    "no-failed-reply": _warning("A command has neither a failed reply nor retry."),
    "undo-sent": _warning("A state sends a command that is the undo of another."),
    "undo-failed-reply": _warning("An undo has a failed reply, which never comes."),
    "poll-without-end": _warning("A poll goes on as long as the saga stays."),
    "same-time": _warning("Two timers of a state come at the same time."),
    "never-late": _warning("A state is left before its sla is over."),
    "suspicious-set": _warning("A path of set begins with metadata, below which it already is."),
    "unused-command": _warning("No state sends a command."),
    "unused-side-effect": _warning("Nothing asks for a side effect."),
    "unused-business-state": _warning("No state has a business state."),
    "unused-business-event": _warning("Nothing raises a business event."),
    "unused-event": _warning("No state accepts an event."),
    "wrong-connector": _error("A connector file says what cannot be run."),
    "wrong-template": _error("A template of messages cannot be filled in."),
    "too-many-findings": _error("There are more findings than are shown."),
}
"""Each is explained in docs/findings.md; a test holds the two together."""
