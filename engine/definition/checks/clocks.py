"""Time: moments, polls, slas, and timers that come at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from engine.definition.durations import milliseconds
from engine.definition.findings import Severity
from engine.definition.ir import Definition, Poll, State, Timer
from engine.definition.lines import Plain, timed_parts, timers
from engine.definition.reporter import Reporter
from engine.definition.tree import Path, shorten

_WARNING: Severity = "warning"
_ERROR: Severity = "error"


def check_moments(machine: Plain, report: Reporter) -> None:
    """A line of `at` is computed for each saga, by one expression."""
    for path, part in timed_parts(machine):
        for timer in timers(part, path):
            if timer.group == "at":
                _check_moment(timer.label, timer.line.path, report)


def check_same_time(machine: Plain, report: Reporter) -> None:
    """Two lines of one `after` have different delays, whatever unit each is written in."""
    for path, part in timed_parts(machine):
        first: dict[int, str] = {}
        for label in part.get("after", {}):
            delay = _delay(label)
            if delay is not None and first.setdefault(delay, label) != label:
                message = f"{label} and {first[delay]} are the same time: which comes first is not said"
                fix = "raise one event there, and let its alternatives in `on` decide"
                report.report("same-time", (*path, "after", label), message, fix=fix, key=True)


def check_polls(machine: Plain, report: Reporter) -> None:
    """A poll ends: `for` says when, `giveUp` what happens then."""
    for name, state in machine["states"].items():
        if "poll" not in state:
            continue
        poll, path = state["poll"], ("states", name, "poll")
        if "for" in poll and "giveUp" not in poll:
            message = f"the poll of {name} has for and no giveUp: it would go on all the same"
            report.report("poll-incomplete", (*path, "for"), message, fix="add giveUp: EVENT", key=True)
        elif "giveUp" in poll and "for" not in poll:
            message = f"the poll of {name} has giveUp and no for: {shorten(poll['giveUp'])} would never come"
            report.report("poll-incomplete", (*path, "giveUp"), message, fix="add for: DURATION", key=True)
        elif "for" not in poll:
            message = f"the poll of {name} goes on as long as the saga stays there"
            report.report("poll-without-end", path, message, fix="add for and giveUp", key=True)


def check_poll_times(definition: Definition, report: Reporter) -> None:
    """The times of a poll fit together."""
    for state in definition.states.values():
        for key, message, fix in _poll_times(state.poll) if state.poll else ():
            path = ("states", state.name, "poll", key)
            report.report("poll-times", path, f"the poll of {state.name} {message}", fix=fix)


def check_slas(definition: Definition, report: Reporter) -> None:
    """A state can be late: no timer of its own takes the saga away before."""
    for state in definition.states.values():
        if state.sla is None or state.final:
            continue
        sooner = next((t for t in state.timers if _leaves_before(t, state)), None)
        if sooner is not None:
            message = f"{state.name} is never late: after {sooner.label} it is left in any case"
            fix = f"write less than {sooner.label}, or remove sla"
            report.report("never-late", ("states", state.name, "sla"), message, fix=fix, key=True)


def _check_moment(label: str, path: Path, report: Reporter) -> None:
    text, severity = label.strip(), _WARNING
    if text.startswith("{{") and text.endswith("}}") and text.count("{{") == 1:
        return
    if "{{" in text:
        message = f"{shorten(label)} is text round an expression: it cannot say that no moment is known yet"
        fix = "write one whole {{ expression }}"
    elif _is_moment(text):
        message = f"{shorten(label)} is the same moment for every saga"
        fix = 'write an expression, e.g. "{{ metadata.dueDate }}"'
    else:
        message, severity = f"{shorten(label)} is neither an expression nor a moment", _ERROR
        fix = _meant(text)
    report.report("suspicious-moment", path, message, fix=fix, key=True, severity=severity)


def _meant(text: str) -> str:
    if _delay(text) is not None:
        return f"put {text} below after"
    return f'write "{{{{ {text} }}}}"' if text.startswith("metadata.") else 'write "{{ expression }}"'


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _delay(label: str) -> int | None:
    try:
        return milliseconds(label)
    except ValueError:
        return None


def _poll_times(poll: Poll) -> Iterator[tuple[str, str, str]]:
    if poll.every == 0:
        yield "every", "has no wait between its requests", "write e.g. 30s"
    if poll.max_every < poll.every:
        yield "maxEvery", "waits longer at first than at most", "write at least what every says"
    if poll.lasts is not None and poll.lasts <= poll.every:
        yield "for", "ends before it asks for the first time", "write more than what every says"


def _leaves_before(timer: Timer, state: State) -> bool:
    if timer.transition is None or timer.moment is not None or state.sla is None:
        return False
    leaves = timer.transition.to is not None and timer.transition.guard is None
    return leaves and timer.delay <= state.sla.within
