"""Replies and timers' events that nobody takes, and commands that may fail unheard."""

from __future__ import annotations

from collections.abc import Iterator

from engine.definition.accepted import accepted, joins
from engine.definition.findings import Severity
from engine.definition.ir import Definition, State, Timer
from engine.definition.reporter import Reporter
from engine.definition.tree import Path


def check_replies(definition: Definition, report: Reporter) -> None:
    """A state accepts every event that its command's, or its poll's, replies may become.

    Of commands that are waited for together `$done` and `$failed` tell.
    """
    severity: Severity = "warning" if definition.unexpected_events == "ignore" else "error"
    for state in definition.states.values():
        if state.final:
            continue
        events = accepted(definition, state)
        for command, path in _answering(definition, state):
            for reply, event in definition.commands[command].replies.items():
                if event not in events:
                    message = f"{state.name} sends {command} and does not accept its reply {reply}: {event}"
                    fix = report.nearest(event, state.on) or f"add {event} to its on"
                    report.report("reply-not-accepted", path, message, fix=fix, severity=severity)


def check_timer_events(definition: Definition, report: Reporter) -> None:
    """A timer that only raises an event needs a state that accepts it."""
    open_states = [state for state in definition.states.values() if not state.final]
    for state in open_states:
        _check_timers(definition, state.timers, [state], ("states", state.name), report)
    for business in definition.business_states.values():
        inside = [state for state in open_states if state.business_state == business.name]
        _check_timers(definition, business.timers, inside, ("businessStates", business.name), report)
    _check_timers(definition, definition.timers, open_states, (), report)


def check_failures(definition: Definition, report: Reporter) -> None:
    """A command that fails should be heard of, or be tried again."""
    heard = set(_heard_otherwise(definition))
    for command in definition.commands.values():
        if "failed" not in command.replies and command.retry is None and command.name not in heard:
            message = f"the command {command.name} has neither a failed reply nor retry"
            fix = "add failed: EVENT to its replies, or retry; else its first failure waits for a person"
            report.report("no-failed-reply", ("commands", command.name), message, fix=fix, key=True)


def _answering(definition: Definition, state: State) -> Iterator[tuple[str, Path]]:
    path: Path = ("states", state.name)
    if len(state.commands) == 1 and not joins(definition, state):
        yield state.commands[0], (*path, "command")
    if state.poll is not None:
        yield state.poll.command, (*path, "poll", "command")


def _check_timers(
    definition: Definition, timers: tuple[Timer, ...], states: list[State], path: Path, report: Reporter
) -> None:
    """`states`: where the timers may fire. All of them deaf is an error, some a warning."""
    for timer in timers:
        if timer.transition is not None or timer.event.startswith("$"):
            continue
        deaf = [state for state in states if timer.event not in accepted(definition, state)]
        if deaf:
            severity: Severity = "error" if len(deaf) == len(states) else "warning"
            _report_deaf(definition, timer, deaf[0], path, severity, report)


def _report_deaf(
    definition: Definition, timer: Timer, deaf: State, path: Path, severity: Severity, report: Reporter
) -> None:
    polls = timer.name == "$giveUp"
    when = "at the end of its poll" if polls else f"{_group(timer)} {timer.label}"
    message = f"{when} {deaf.name} raises {timer.event}, which it does not accept"
    other = "" if polls else ", or a `to` to the timer"
    near = report.nearest(timer.event, accepted(definition, deaf))
    at = ("poll", "giveUp") if polls else (_group(timer), timer.label, "event")
    fix = near or f"add {timer.event} to its on{other}"
    report.report("timer-event-not-accepted", (*path, *at), message, fix=fix, severity=severity)


def _group(timer: Timer) -> str:
    return "after" if timer.moment is None else "at"


def _heard_otherwise(definition: Definition) -> Iterator[str | None]:
    """Commands whose failure is told by `$failed` or `$stuck`, or answered by the poll's next request."""
    for command in definition.commands.values():
        yield command.undo
    for state in definition.states.values():
        if state.poll is not None:
            yield state.poll.command
    alone = {s.commands[0] for s in definition.states.values() if s.commands and not joins(definition, s)}
    together = {name for s in definition.states.values() if joins(definition, s) for name in s.commands}
    yield from together - alone
