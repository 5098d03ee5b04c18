"""Which events a state accepts, and where they and its timers lead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.definition.ir import Definition, State, Transition

Accepted = Mapping[str, tuple[Transition, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One way out of a state. `delay` is a timer's, None for an event that comes from outside."""

    source: str
    target: str
    event: str
    delay: int | None = None
    guarded: bool = False


def accepted(definition: Definition, state: State) -> Accepted:
    """Event to the alternatives that may be taken in `state`, in the order in which they are tried:
    its own, its business state's, the machine's, up to the first that always holds.

    A final state accepts nothing.
    """
    if state.final:
        return {}
    business = definition.business_states[state.business_state]
    found: dict[str, tuple[Transition, ...]] = {}
    for table in (state.on, business.on, definition.on):
        for event, alternatives in table.items():
            before = found.get(event, ())
            if not before or before[-1].guard is not None:
                found[event] = before + _tried(alternatives)
    return found


def edges(definition: Definition, state: State) -> Iterator[Edge]:
    """Every way out of a state that enters a state (itself included)."""
    events = accepted(definition, state)
    for event, alternatives in events.items():
        yield from _edges(state, event, None, alternatives)
    for timer in () if state.final else state.after:
        own = (timer.transition,) if timer.transition is not None else None
        yield from _edges(state, timer.event, timer.delay, own or events.get(timer.event, ()))


def _tried(alternatives: tuple[Transition, ...]) -> tuple[Transition, ...]:
    sure = next((index for index, line in enumerate(alternatives) if line.guard is None), len(alternatives))
    return alternatives[: sure + 1]


def _edges(
    state: State, event: str, delay: int | None, alternatives: tuple[Transition, ...]
) -> Iterator[Edge]:
    for line in alternatives:
        if line.to is not None:
            guarded = line.guard is not None
            yield Edge(source=state.name, target=line.to, event=event, delay=delay, guarded=guarded)
