"""Replies and timers' events that nobody takes, and commands that may fail unheard."""

from __future__ import annotations

from itertools import chain

from engine.definition.accepted import accepts, tables
from engine.definition.findings import Severity
from engine.definition.ir import Definition
from engine.definition.reporter import Reporter


def check_replies(definition: Definition, report: Reporter) -> None:
    """A state accepts every event that its command's replies may become."""
    severity: Severity = "warning" if definition.unexpected_events == "ignore" else "error"
    for state in definition.states.values():
        if state.command is None or state.final:
            continue
        for reply, event in definition.commands[state.command].replies.items():
            if not accepts(definition, state, event):
                message = f"{state.name} sends {state.command} and does not accept its reply {reply}: {event}"
                fix = report.nearest(event, state.on) or f"add {event} to its on"
                path = ("states", state.name, "command")
                report.report("reply-not-accepted", path, message, fix=fix, severity=severity)


def check_timer_events(definition: Definition, report: Reporter) -> None:
    """A timer that only raises an event needs a state that accepts it."""
    for state in definition.states.values():
        if state.final:
            continue
        for timer in state.after:
            if timer.transition is None and not accepts(definition, state, timer.event):
                message = f"after {timer.label} {state.name} raises {timer.event}, which it does not accept"
                fix = (
                    report.nearest(timer.event, chain(*tables(definition, state)))
                    or f"add {timer.event} to its on, or a `to` to the timer"
                )
                path = ("states", state.name, "after", timer.label, "event")
                report.report("timer-event-not-accepted", path, message, fix=fix)


def check_failures(definition: Definition, report: Reporter) -> None:
    """A command that fails should be heard of, or be tried again."""
    for command in definition.commands.values():
        if "failed" not in command.replies and command.retry is None:
            message = f"the command {command.name} has neither a failed reply nor retry"
            fix = "add failed: EVENT to its replies, or retry; else its first failure waits for a person"
            report.report("no-failed-reply", ("commands", command.name), message, fix=fix, key=True)
