"""What a state asks for at once: one command or several, and the events that say how they ended."""

from __future__ import annotations

from engine.definition.accepted import accepted, joins
from engine.definition.ir import Definition, State
from engine.definition.lines import Plain, tables
from engine.definition.raised import COMPENSATED, DONE, FAILED, RAISED_BY, STUCK
from engine.definition.reporter import Reporter
from engine.definition.tree import Path


def check_both_keys(machine: Plain, report: Reporter) -> None:
    """A state has `command` or `commands`, and a compensating state has neither."""
    for name, state in machine["states"].items():
        if "command" in state and "commands" in state:
            message = f"{name} has command and commands"
            fix = f"write commands: [{', '.join([state['command'], *state['commands']])}]"
            report.report("command-and-commands", ("states", name, "commands"), message, fix=fix, key=True)
        asked = next((key for key in ("command", "commands") if key in state), None)
        if asked and "compensate" in state and not state.get("final"):
            message = f"{name} has compensate and {asked}: it cannot ask for things while it undoes others"
            fix = f"move {asked} to a state of its own, which $compensated leads to"
            report.report("compensates-and-asks", ("states", name, asked), message, fix=fix, key=True)


def check_raised(machine: Plain, report: Reporter) -> None:
    """`on` speaks only of engine events that commands or a compensation in its states raise."""
    everywhere = list(machine["states"].values())
    compensates = any("compensate" in state for state in everywhere)
    for path, table in tables(machine):
        inside = _inside(machine, path)
        for event in table:
            if event in RAISED_BY and not any(_may_raise(state, event, compensates) for state in inside):
                key = RAISED_BY[event]
                whose = "it has" if path[0] == "states" else "its states have"
                message = f"{event} never comes in {_called(path)}: {whose} no {key}"
                fix = f"add {key}, or remove {event}"
                report.report("never-raised", (*path, event), message, fix=fix, key=True)


def check_joins(definition: Definition, report: Reporter) -> None:
    """Commands that are waited for together have a way on when all are done and when one fails."""
    for state in definition.states.values():
        if not state.final and joins(definition, state):
            _check_done(definition, state, report)
            _check_failed(definition, state, report)
            _check_done_replies(definition, state, report)


def check_compensated(definition: Definition, report: Reporter) -> None:
    """A compensating state has a way on when nothing is left to undo."""
    for state in definition.states.values():
        if state.final or state.compensate is None or COMPENSATED in accepted(definition, state):
            continue
        message = f"{state.name} compensates and does not accept {COMPENSATED}"
        fix = f"add {COMPENSATED}: STATE to its on"
        path = ("states", state.name, "compensate")
        report.report("compensation-without-end", path, message, fix=fix, key=True)


def _inside(machine: Plain, path: Path) -> list[Plain]:
    """The states in which an `on` at this path holds."""
    states = machine["states"]
    if path[0] == "states":
        return [states[path[1]]]
    held = [s for s in states.values() if len(path) == 1 or s["businessState"] == path[1]]
    return [state for state in held if not state.get("final")]


def _called(path: Path) -> str:
    return "the machine" if len(path) == 1 else str(path[1])


def _may_raise(state: Plain, event: str, compensates: bool) -> bool:
    if event in (DONE, FAILED):
        return "command" in state or "commands" in state
    return "compensate" in state or (event == STUCK and compensates)


def _check_done(definition: Definition, state: State, report: Reporter) -> None:
    events = accepted(definition, state)
    if DONE in events or (len(state.commands) == 1 and _takes(definition, state, "done")):
        return
    message = f"{_asked(state)} and does not accept {DONE}: nothing leads on when all went well"
    fix = f"add {DONE}: STATE to its on"
    report.report("fan-out-without-done", _path(state), message, fix=fix, key=True)


def _check_failed(definition: Definition, state: State, report: Reporter) -> None:
    events = accepted(definition, state)
    if FAILED in events or (len(state.commands) == 1 and _takes(definition, state, "failed")):
        return
    message = f"{_asked(state)} and does not accept {FAILED}: it would wait for ever when one fails"
    fix = f"add {FAILED}: STATE to its on"
    report.report("fan-out-without-failed", _path(state), message, fix=fix, key=True)


def _check_done_replies(definition: Definition, state: State, report: Reporter) -> None:
    """A reply of another name is not the last word: it says that the receiver took the command on."""
    for name in state.commands if DONE in accepted(definition, state) else ():
        replies = [reply for reply in definition.commands[name].replies if reply != "failed"]
        if replies and "done" not in replies:
            message = f"{state.name} waits until {name} is done, and none of its replies is called done"
            fix = f"call the reply of success done: {replies[0]} says that it is under way"
            report.report("no-done-reply", ("commands", name, "replies"), message, fix=fix, key=True)


def _takes(definition: Definition, state: State, reply: str) -> bool:
    event = definition.commands[state.commands[0]].replies.get(reply)
    return event in accepted(definition, state)


def _asked(state: State) -> str:
    count = len(state.commands)
    return f"{state.name} sends {count} commands" if count > 1 else f"{state.name} sends a command"


def _path(state: State) -> Path:
    return ("states", state.name, "commands" if len(state.commands) > 1 else "command")
