"""What entering a level of a machine sets going: requests and timers, in words that other tools can show.

Knows what the language has; outline.py knows where things stand, scxml.py and xstate.py how they are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.definition.ir import BusinessState, Command, Definition, SideEffect, State, Timer, Transition


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One action: its kind (`command`, `sideEffect`) and what it needs to be done."""

    kind: str
    params: Mapping[str, Any]


def acts(definition: Definition, state: State) -> Iterator[Act]:
    """The entry actions of a state."""
    for name in state.side_effects:
        yield effect(definition, name)
    if state.command is not None:
        yield Act(kind="command", params=_request(definition.commands[state.command]))


def effect(definition: Definition, name: str) -> Act:
    """The sending of a side effect."""
    return Act(kind="sideEffect", params=_request(definition.side_effects[name]))


def timers_of(part: Definition | BusinessState | State) -> tuple[Timer, ...]:
    """The timers that begin when this level is entered."""
    return part.after if isinstance(part, State) else ()


def timed(timers: Iterable[Timer]) -> dict[str, tuple[Transition, ...]]:
    """The transitions that timers carry themselves, by the engine's names of these timers."""
    return {timer_event(timer): (timer.transition,) for timer in timers if timer.transition is not None}


def timer_event(timer: Timer) -> str:
    """The event by which a timer makes its own transition; one without only raises what its author named."""
    return timer.event if timer.transition is None else f"$after.{timer.label}"


def timer_words(timer: Timer) -> dict[str, str]:
    """When a timer is due, as its author wrote it."""
    return {"after": timer.label}


def timer_delay(timer: Timer) -> str:
    """The delay in milliseconds."""
    return str(timer.delay)


def _request(request: Command | SideEffect) -> dict[str, Any]:
    written: dict[str, Any] = {"name": request.name, "channel": request.channel}
    if request.payload is not None:
        written["payload"] = request.payload.source
    if isinstance(request, Command) and request.replies:
        written["replies"] = dict(request.replies)
    return written
