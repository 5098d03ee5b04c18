"""What entering a level of a machine sets going: requests and timers, in words that other tools can show.

Knows what the language has; outline.py knows where things stand, scxml.py and xstate.py how they are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.definition.ir import (
    BusinessState,
    Command,
    Definition,
    Poll,
    SideEffect,
    Sla,
    State,
    Timer,
    Transition,
)

_SLAS = ("$sla", "$businessSla")


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One action: its kind (`command`, `sideEffect`, `poll`, `compensate`, `late`) and what it needs to be done."""

    kind: str
    params: Mapping[str, Any]


def acts(definition: Definition, state: State) -> Iterator[Act]:
    """The entry actions of a state."""
    for name in state.side_effects:
        yield effect(definition, name)
    for name in state.commands:
        yield Act(kind="command", params=_request(definition.commands[name]))
    if state.poll is not None:
        yield Act(kind="poll", params=_request(definition.commands[state.poll.command]) | _rhythm(state.poll))
    if state.compensate is not None:
        wanted = state.compensate if state.compensate == "all" else list(state.compensate)
        yield Act(kind="compensate", params={"commands": wanted})


def effect(definition: Definition, name: str) -> Act:
    """The sending of a side effect."""
    return Act(kind="sideEffect", params=_request(definition.side_effects[name]))


def late(definition: Definition, sla: Sla) -> list[Act]:
    """What happens when an `sla` is not kept: the saga is marked, and does not move."""
    return [Act(kind="late", params={}), *(effect(definition, name) for name in sla.side_effects)]


def timers_of(part: Definition | BusinessState | State) -> tuple[Timer, ...]:
    """The timers that begin when this level is entered; its `sla` aside, which moves nothing."""
    return tuple(timer for timer in part.timers if timer.name not in _SLAS)


def timed(timers: Iterable[Timer]) -> dict[str, tuple[Transition, ...]]:
    """The transitions that timers carry themselves, by the engine's names of these timers."""
    return {timer_event(timer): (timer.transition,) for timer in timers if timer.transition is not None}


def timer_event(timer: Timer) -> str:
    """The event by which a timer makes its own transition; one without only raises what its author named."""
    return timer.event if timer.transition is None else timer.name


def timer_words(timer: Timer) -> dict[str, str]:
    """When a timer is due, as its author wrote it."""
    return {"after" if timer.moment is None else "at": timer.label}


def timer_delay(timer: Timer) -> str:
    """The delay in milliseconds; of a moment that is computed on entry, a name for it."""
    return str(timer.delay) if timer.moment is None else f"at: {timer.label}"


def _request(request: Command | SideEffect) -> dict[str, Any]:
    written: dict[str, Any] = {"name": request.name, "channel": request.channel}
    if request.payload is not None:
        written["payload"] = request.payload.source
    if isinstance(request, Command) and request.replies:
        written["replies"] = dict(request.replies)
    if isinstance(request, Command) and request.undo is not None:
        written["undo"] = request.undo
    return written


def _rhythm(poll: Poll) -> dict[str, Any]:
    """How often a poll asks, in milliseconds, and for how long."""
    written: dict[str, Any] = {"every": poll.every, "factor": poll.factor, "maxEvery": poll.max_every}
    return written | ({} if poll.lasts is None else {"for": poll.lasts, "giveUp": poll.give_up})
