"""Undos and compensation: what takes a command back, and whether there is anything to take back."""

from __future__ import annotations

from collections.abc import Mapping

from engine.definition.accepted import edges
from engine.definition.ir import Definition, State
from engine.definition.lines import Plain, sent_by
from engine.definition.reporter import Reporter
from engine.definition.tree import Path


def check_undos(machine: Plain, report: Reporter) -> None:
    """An undo is not undone itself, and is a command for that alone."""
    commands = machine.get("commands", {})
    undone = {command["undo"]: name for name, command in commands.items() if "undo" in command}
    for undo, name in undone.items():
        if "undo" in commands.get(undo, {}):
            message = f"{undo} undoes {name} and has an undo itself: it would never run"
            path: Path = ("commands", undo, "undo")
            report.report("undo-of-undo", path, message, fix="remove it", key=True)
    for name, state in machine["states"].items():
        for path, command in sent_by(state, ("states", name)):
            if command in undone:
                message = f"{name} sends {command}, which undoes {undone[command]}: it may be done twice"
                fix = f"compensate [{undone[command]}] there, or declare another command"
                report.report("undo-sent", path, message, fix=fix)


def check_undo_replies(machine: Plain, report: Reporter) -> None:
    """An undo that fails is parked: its `failed` reply is never an event."""
    commands = machine.get("commands", {})
    for undo in {command["undo"] for command in commands.values() if "undo" in command}:
        if "failed" in commands.get(undo, {}).get("replies", {}):
            message = (
                f"{undo} is an undo: when it fails it is parked and $stuck comes, never its reply failed"
            )
            path: Path = ("commands", undo, "replies", "failed")
            report.report("undo-failed-reply", path, message, fix="remove failed", key=True)


def check_something_to_undo(definition: Definition, report: Reporter) -> None:
    """A state that compensates is reached by commands that have an undo."""
    compensating = [s for s in definition.states.values() if s.compensate is not None and not s.final]
    behind = _behind(definition) if compensating else {}
    for state in compensating:
        undoable = _undoable(definition, _before(state.name, behind))
        path: Path = ("states", state.name, "compensate")
        if state.compensate == "all" and not undoable:
            message = f"{state.name} has nothing to undo: no command on a way to it has an undo"
            report.report("nothing-to-undo", path, message, fix="add undo: COMMAND to what is to be undone")
        elif state.compensate != "all":
            _check_listed(definition, state, undoable, report)


def _check_listed(definition: Definition, state: State, undoable: set[str], report: Reporter) -> None:
    for index, name in enumerate(state.compensate or ()):
        if name in undoable:
            continue
        path = ("states", state.name, "compensate", index)
        if definition.commands[name].undo is None:
            message = f"{state.name} is to undo {name}, which has no undo"
            report.report("nothing-to-undo", path, message, fix=f"add undo: COMMAND to {name}")
        else:
            message = f"{state.name} is to undo {name}, which no state on a way to it sends"
            fix = report.nearest(name, undoable) or "remove it"
            report.report("nothing-to-undo", path, message, fix=fix)


def _undoable(definition: Definition, states: set[str]) -> set[str]:
    sent = {name for state in states for name in definition.states[state].commands}
    return {name for name in sent if definition.commands[name].undo is not None}


def _behind(definition: Definition) -> Mapping[str, set[str]]:
    behind: dict[str, set[str]] = {name: set() for name in definition.states}
    for state in definition.states.values():
        for edge in edges(definition, state):
            behind[edge.target].add(edge.source)
    return behind


def _before(state: str, behind: Mapping[str, set[str]]) -> set[str]:
    """The states that a way to `state` may lead through."""
    found: set[str] = set()
    waiting = [state]
    while waiting:
        for name in behind[waiting.pop()] - found:
            found.add(name)
            waiting.append(name)
    return found
