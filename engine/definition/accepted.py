"""Which events a state accepts, and where they and its timers lead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from engine.definition.ir import Definition, State, Transition

Table = Mapping[str, tuple[Transition, ...]]

SHARED = "*"
"""Begins the names of nodes that are no states; no state's name can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A way from one node to another. `delay` is a timer's, None for what comes from outside."""

    target: str
    delay: int | None = None
    guarded: bool = False


def tables(definition: Definition, state: State) -> tuple[Table, ...]:
    """What holds in a state, nearest first: its own, its business state's, the machine's."""
    if state.final:
        return ()
    return state.on, definition.business_states[state.business_state].on, definition.on


def accepts(definition: Definition, state: State, event: str) -> bool:
    """Whether some transition of the state is for the event."""
    return any(event in table for table in tables(definition, state))


def waits_for_events(definition: Definition, state: State) -> bool:
    """Whether the state has a transition for any event at all."""
    return any(tables(definition, state))


def ways(definition: Definition) -> dict[str, list[Edge]]:
    """Every way that enters a state, by the node where it begins.

    Nodes are states, and one for what a set of states inherits unchanged: so the graph stays about as
    large as the file, however many states inherit however much.
    """
    graph: dict[str, list[Edge]] = {}
    for state in definition.states.values():
        own, *inherited = tables(definition, state) or ({}, {})
        if _overlap(own, inherited):
            graph[state.name] = list(_edges([own, *inherited]))
        else:
            node = SHARED if state.final else SHARED + state.business_state
            graph[state.name] = [*_edges([own]), Edge(target=node)]
            if node not in graph:
                graph[node] = list(_edges(inherited))
        graph[state.name] += _timed(definition, state)
    return graph


def _overlap(own: Table, inherited: Iterable[Table]) -> bool:
    return any(not own.keys().isdisjoint(table) for table in inherited)


def _edges(nearest_first: list[Table]) -> Iterator[Edge]:
    for event in dict.fromkeys(event for table in nearest_first for event in table):
        yield from _leads(_tried(nearest_first, event))


def _timed(definition: Definition, state: State) -> Iterator[Edge]:
    for timer in () if state.final else state.after:
        own = (timer.transition,) if timer.transition is not None else None
        yield from _leads(own or _tried(tables(definition, state), timer.event), timer.delay)


def _tried(nearest_first: Iterable[Table], event: str) -> Iterator[Transition]:
    """The alternatives in the order in which they are tried, up to the first that always holds."""
    for table in nearest_first:
        for line in table.get(event, ()):
            yield line
            if line.guard is None:
                return


def _leads(alternatives: Iterable[Transition], delay: int | None = None) -> Iterator[Edge]:
    for line in alternatives:
        if line.to is not None:
            yield Edge(target=line.to, delay=delay, guarded=line.guard is not None)
