"""The edges of a machine, and a machine that tells which of them it takes.

An edge is one alternative of one event in one state. What a scenario, a simulation or the model check
covers is counted in edges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from engine.definition.expressions import Expression, Names
from engine.definition.ir import Definition, Scope
from engine.machine.chart import Table, business_table, machine_table, state_table
from engine.machine.engine_events import BUSINESS_SLA, SLA
from engine.machine.plan import Alternative, Machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One alternative.

    Attributes:
        event: The event's name, or the engine's name of a timer (`$after.24h`).
        index: Which alternative of `event` in the table of its scope, from 0.
        scope: Where it is declared; one of a business state or of the machine is an edge of each state.
        shown: The event as people know it: of a timer, the author's word for it.
        target: The state afterwards; None if the saga stays.
        guard: The source of its `if`; "" if it has none.
    """

    state: str
    event: str
    index: int
    scope: Scope
    shown: str
    target: str | None
    guard: str = ""

    def __str__(self) -> str:
        guard = f" [{self.guard}]" if self.guard else ""
        return f"{self.state} --{self.shown}{guard}--> {self.target or 'stays'}"


def edges_of(machine: Machine) -> tuple[Edge, ...]:
    """Every edge that can be taken, in the order of the file; what stands behind one that always holds cannot."""
    return tuple(edge for state, event in machine.plan for edge, _ in tried(machine, state, event))


def recording(machine: Machine, note: Callable[[Edge], object]) -> Machine:
    """The same machine, which calls `note` with each edge that a step takes."""

    def noted(state: str, event: str) -> tuple[Alternative, ...]:
        return tuple(
            with_guard(found, _noting(edge, found, note)) for edge, found in tried(machine, state, event)
        )

    return replace(machine, plan={(state, event): noted(state, event) for state, event in machine.plan})


def _noting(edge: Edge, alternative: Alternative, note: Callable[[Edge], object]) -> Callable[[Names], bool]:
    """The guard of an alternative. The first that holds is the one taken."""
    guard = alternative.transition.guard

    def evaluate(names: Names) -> bool:
        holds = guard is None or guard.holds(names)
        if holds:
            note(edge)
        return holds

    return evaluate


def with_guard(alternative: Alternative, evaluate: Callable[[Names], bool]) -> Alternative:
    """The alternative with another way to say whether it holds."""
    guard = alternative.transition.guard or Expression(source="true", evaluate=evaluate)
    transition = replace(alternative.transition, guard=replace(guard, evaluate=evaluate))
    return replace(alternative, transition=transition)


def tried(machine: Machine, state: str, event: str) -> Iterator[tuple[Edge, Alternative]]:
    """The alternatives of an event in a state, in the order they are tried, to the first that always holds."""
    spots = _spots(machine.definition, state, event)
    for (scope, index), alternative in zip(spots, machine.plan[state, event], strict=True):
        transition = alternative.transition
        yield (
            Edge(
                state=state,
                event=event,
                index=index,
                scope=scope,
                shown=shown(machine, state, event),
                target=transition.to,
                guard=transition.guard.source if transition.guard else "",
            ),
            alternative,
        )
        if transition.guard is None:
            return


def shown(machine: Machine, state: str, event: str) -> str:
    """An event, or a timer by the author's word for it: its event's name, else its time; `sla`, `businessSla`."""
    timer = machine.timers.get((state, event))
    if timer is None:
        return event
    if event in (SLA, BUSINESS_SLA):
        return event.removeprefix("$")
    return timer.label if timer.event.startswith("$") else timer.event


def _spots(definition: Definition, state: str, event: str) -> list[tuple[Scope, int]]:
    """Where the alternatives are declared, nearest first, as the plan has them."""
    place = definition.states[state]
    tables: list[tuple[Scope, Table]] = [
        ("state", state_table(place)),
        ("business state", business_table(definition.business_states[place.business_state])),
        ("machine", machine_table(definition)),
    ]
    return [(scope, index) for scope, table in tables for index, _ in enumerate(table.get(event, ()))]
