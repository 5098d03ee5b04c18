"""The shape of the flow: what is reached, what ends, what waits for ever, what goes round."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.definition.accepted import Edge, waits_for_events, ways
from engine.definition.findings import Severity
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
        if not state.final and not state.after and not waits_for_events(definition, state):
            message = f"{state.name} waits for nothing: it has neither on nor after and is not final"
            fix = "add on or after, or final: true"
            report.report("waits-for-nothing", ("states", state.name), message, fix=fix, key=True)


def check_reachable(definition: Definition, report: Reporter) -> None:
    """Every state is reached from the initial one."""
    ahead = {node: {edge.target for edge in out} for node, out in ways(definition).items()}
    reached = _closure([definition.initial_state], ahead)
    for name in definition.states:
        if name not in reached:
            message = f"no transition leads to {name}"
            fix = "add a transition, or remove the state"
            report.report("unreachable-state", ("states", name), message, fix=fix, key=True)


def check_rest(definition: Definition, report: Reporter) -> None:
    """From every state a final or a resting one can be reached, else the saga runs for ever."""
    graph = ways(definition)
    behind: dict[str, set[str]] = {node: set() for node in graph}
    for node, out in graph.items():
        for edge in out:
            behind[edge.target].add(node)
    calm = [state.name for state in definition.states.values() if _rests(definition, state)]
    saved = _closure(calm, behind)
    for state in definition.states.values():
        if state.name not in saved and (state.after or waits_for_events(definition, state)):
            message = f"from {state.name} neither a final state nor one that rests can be reached"
            fix = "lead some transition to a final state"
            report.report("never-rests", ("states", state.name), message, fix=fix, key=True)


def check_loops(definition: Definition, report: Reporter) -> None:
    """Timers without delay must not lead round in a circle: it would be run without end."""
    at_once = {node: [edge for edge in out if edge.delay == 0] for node, out in ways(definition).items()}
    certain = _in_circles(at_once, guarded=False)
    for name in _in_circles(at_once, guarded=True):
        message = f"timers of 0 lead from {name} back to {name} without any event"
        fix = "give one of them a delay" + ("" if name in certain else ", or see that its `if` ends it")
        severity: Severity = "error" if name in certain else "warning"
        path = ("states", name, "after")
        report.report("loop-without-event", path, message, fix=fix, key=True, severity=severity)


def _rests(definition: Definition, state: State) -> bool:
    """Waiting there is normal: it is final, or it waits for events from outside and asked for nothing."""
    if state.final:
        return True
    return state.command is None and not state.after and waits_for_events(definition, state)


def _closure(start: Iterable[str], ahead: Mapping[str, set[str]]) -> set[str]:
    reached = set(start)
    waiting = list(reached)
    while waiting:
        for name in ahead[waiting.pop()]:
            if name not in reached:
                reached.add(name)
                waiting.append(name)
    return reached


def _in_circles(graph: Mapping[str, list[Edge]], *, guarded: bool) -> list[str]:
    """States that a walk along the edges leads back to. Few states have timers of 0."""
    ahead = {
        node: {edge.target for edge in out if guarded or not edge.guarded} for node, out in graph.items()
    }
    return [name for name, targets in ahead.items() if targets and name in _closure(targets, ahead)]
