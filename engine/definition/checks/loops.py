"""What goes round by itself: circles of transitions that no event from outside has to begin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.definition.accepted import Edge
from engine.definition.checks.flow import closure, graph
from engine.definition.findings import Severity
from engine.definition.ir import Definition
from engine.definition.raised import COMPENSATED, DONE
from engine.definition.reporter import Reporter

Ways = Mapping[str, Sequence[Edge]]


def check_loops(definition: Definition, report: Reporter) -> None:
    """Nothing leads round in a circle without an event: it would be run without end.

    Timers without delay and `$compensated` (nothing may be left to undo) need nothing at all; `$done`
    needs the commands' success, and asks for the same things again and again.
    """
    ways = graph(definition)
    at_once = _only(ways, ("nothing",))
    certain = _in_circles(_unguarded(at_once))
    found = _in_circles(at_once)
    for name, edge in found.items():
        fix = _way_out(edge) + ("" if name in certain else ", or see that its `if` ends it")
        severity: Severity = "error" if name in certain else "warning"
        _report(edge, f"{_what(edge)} from {name} back to {name} without any event", fix, severity, report)
    for name, edge in _in_circles(_unguarded(_only(ways, ("nothing", "reply")))).items():
        if name not in found:
            message = f"{name} comes back to {name} as long as its commands are done, without any event"
            _report(edge, message, "lead $done somewhere else, or give it an `if`", "warning", report)


def _what(edge: Edge) -> str:
    return f"{edge.event} leads" if edge.event == COMPENSATED else "timers of 0 lead"


def _way_out(edge: Edge) -> str:
    if edge.event == COMPENSATED:
        return f"lead {COMPENSATED} to a state that waits, or to a final one"
    return "give one of them a delay"


def _report(edge: Edge, message: str, fix: str, severity: Severity, report: Reporter) -> None:
    raised = edge.event in (COMPENSATED, DONE)
    path = ("states", edge.source, *(("on", edge.event) if raised else ("after",)))
    report.report("loop-without-event", path, message, fix=fix, key=True, severity=severity)


def _only(ways: Ways, needs: Sequence[str]) -> Ways:
    return {name: [edge for edge in edges if edge.needs in needs] for name, edges in ways.items()}


def _unguarded(ways: Ways) -> Ways:
    return {name: [edge for edge in edges if not edge.guarded] for name, edges in ways.items()}


def _in_circles(ways: Ways) -> dict[str, Edge]:
    """States that a walk along the edges leads back to, with the edge that begins it."""
    ahead = {name: {edge.target for edge in edges} for name, edges in ways.items()}
    found = {}
    for name, edges in ways.items():
        back = next((edge for edge in edges if name in closure([edge.target], ahead)), None)
        if back is not None:
            found[name] = back
    return found
