"""Which events a state accepts, what it waits for, and where events and timers lead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from engine.definition.ir import Definition, State, Timer, Transition
from engine.definition.raised import COMPENSATED, DONE, FAILED, RAISED_BY, SLA_TIMERS, raises

Accepted = Mapping[str, tuple[Transition, ...]]
Needs = Literal["event", "reply", "time", "nothing"]
"""What has to come before an edge is taken: something from outside, the commands' success, time, nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One way out of a state."""

    source: str
    target: str
    event: str
    needs: Needs
    guarded: bool = False


def accepted(definition: Definition, state: State) -> Accepted:
    """Event to the alternatives that may be taken in `state`, in the order in which they are tried:
    its own, its business state's, the machine's, up to the first that always holds.

    A final state accepts nothing, and no state what the engine never raises there.
    """
    if state.final:
        return {}
    business = definition.business_states[state.business_state]
    found: dict[str, tuple[Transition, ...]] = {}
    for table in (state.on, business.on, definition.on):
        for event, alternatives in table.items():
            if event in RAISED_BY and not raises(state, event):
                continue
            before = found.get(event, ())
            if not before or before[-1].guard is not None:
                found[event] = before + _tried(alternatives)
    return found


def edges(definition: Definition, state: State) -> Iterator[Edge]:
    """Every way out of a state that enters a state (itself included)."""
    if state.final:
        return
    events = accepted(definition, state)
    for event, alternatives in events.items():
        yield from _edges(state, event, _needs(event), alternatives)
    for timer in timers_in(definition, state):
        own = (timer.transition,) if timer.transition is not None else None
        at_once = timer.scope == "state" and timer.delay == 0 and timer.moment is None
        needs: Needs = "nothing" if at_once else "time"
        yield from _edges(state, timer.event, needs, own or events.get(timer.event, ()))


def joins(definition: Definition, state: State) -> bool:
    """Whether its commands are waited for together: there are several, or it takes `$done` or `$failed`."""
    if len(state.commands) > 1:
        return True
    return bool(state.commands) and not {DONE, FAILED}.isdisjoint(accepted(definition, state))


def timers_in(definition: Definition, state: State) -> tuple[Timer, ...]:
    """Every timer that may move the saga while it is in `state`: its own, its business state's, the machine's.

    Not those of an `sla`: they tell people, and nothing moves.
    """
    timers = (*state.timers, *definition.business_states[state.business_state].timers, *definition.timers)
    return tuple(timer for timer in timers if timer.name not in SLA_TIMERS)


def _needs(event: str) -> Needs:
    if event == COMPENSATED:  # nothing may be left to undo
        return "nothing"
    return "reply" if event == DONE else "event"


def _tried(alternatives: tuple[Transition, ...]) -> tuple[Transition, ...]:
    sure = next((index for index, line in enumerate(alternatives) if line.guard is None), len(alternatives))
    return alternatives[: sure + 1]


def _edges(state: State, event: str, needs: Needs, alternatives: tuple[Transition, ...]) -> Iterator[Edge]:
    for line in alternatives:
        if line.to is not None:
            guarded = line.guard is not None
            yield Edge(source=state.name, target=line.to, event=event, needs=needs, guarded=guarded)
