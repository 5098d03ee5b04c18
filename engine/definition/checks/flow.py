"""The shape of the flow: what is reached, what ends, what waits for ever, what is never tried."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.definition.accepted import Edge, accepted, edges, timers_in
from engine.definition.ir import Definition, State
from engine.definition.lines import Plain, alternatives, tables
from engine.definition.reporter import Reporter


def check_order(machine: Plain, report: Reporter) -> None:
    """Alternatives are tried in order: after one without `if` none is."""
    for path, table in tables(machine):
        for event, value in table.items():
            open_at = None
            for line in alternatives(value, (*path, event)):
                if open_at is not None:
                    message = f"this alternative of {event} is never tried: number {open_at + 1} always holds"
                    fix = "put the one without `if` last"
                    report.report("never-tried", line.path, message, fix=fix)
                elif "if" not in line.spec:
                    open_at = line.index


def check_waiting(definition: Definition, report: Reporter) -> None:
    """A state that is not final is left by some event or timer."""
    for state in definition.states.values():
        if not state.final and not timers_in(definition, state) and not accepted(definition, state):
            message = f"{state.name} waits for nothing: it has neither on nor after and is not final"
            fix = "add on or after, or final: true"
            report.report("waits-for-nothing", ("states", state.name), message, fix=fix, key=True)


def check_reachable(definition: Definition, report: Reporter) -> None:
    """Every state is reached from the initial one."""
    ahead = {name: {edge.target for edge in ways} for name, ways in graph(definition).items()}
    reached = closure([definition.initial_state], ahead)
    for name in definition.states:
        if name not in reached:
            message = f"no transition leads to {name}"
            fix = "add a transition, or remove the state"
            report.report("unreachable-state", ("states", name), message, fix=fix, key=True)


def check_rest(definition: Definition, report: Reporter) -> None:
    """From every state a final or a resting one can be reached, else the saga runs for ever."""
    behind: dict[str, set[str]] = {name: set() for name in definition.states}
    for ways in graph(definition).values():
        for edge in ways:
            behind[edge.target].add(edge.source)
    calm = [state.name for state in definition.states.values() if _rests(definition, state)]
    saved = closure(calm, behind)
    for state in definition.states.values():
        if state.name not in saved and (timers_in(definition, state) or accepted(definition, state)):
            message = f"from {state.name} neither a final state nor one that rests can be reached"
            fix = "lead some transition to a final state"
            report.report("never-rests", ("states", state.name), message, fix=fix, key=True)


def _rests(definition: Definition, state: State) -> bool:
    """Waiting there is normal: it is final, or it waits for events from outside and asked for nothing."""
    if state.final:
        return True
    asks = state.commands or state.compensate is not None or state.poll or timers_in(definition, state)
    return not asks and bool(accepted(definition, state))


def graph(definition: Definition) -> dict[str, list[Edge]]:
    """Every state with its ways out."""
    return {name: list(edges(definition, state)) for name, state in definition.states.items()}


def closure(start: Iterable[str], ahead: Mapping[str, set[str]]) -> set[str]:
    """The states that are reached from `start`, itself included."""
    reached = set(start)
    waiting = list(reached)
    while waiting:
        for name in ahead[waiting.pop()]:
            if name not in reached:
                reached.add(name)
                waiting.append(name)
    return reached
