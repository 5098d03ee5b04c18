"""The events that the engine raises by itself, as `on` spells them, and what in a state raises each."""

from __future__ import annotations

from engine.definition.ir import State

DONE, FAILED = "$done", "$failed"
COMPENSATED, STUCK = "$compensated", "$stuck"

RAISED_BY = {
    DONE: "commands",
    FAILED: "commands",
    COMPENSATED: "compensate",
    STUCK: "compensate",
}
"""Event to the key of a state without which it never comes."""

SLA_TIMERS = frozenset(("$sla", "$businessSla"))
"""What the parser calls the timers of an `sla`."""


def raises(state: State, event: str) -> bool:
    """Whether the engine may raise `event` in the state.

    `$stuck` may come anywhere: an undo that is under way goes on when the compensating state is left.
    """
    if event in (DONE, FAILED):
        return bool(state.commands)
    return event == STUCK or state.compensate is not None
