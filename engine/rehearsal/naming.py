"""Holds the names in a scenario file against its machine: "did you mean", before anything is run."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from engine.definition.reporter import Reporter
from engine.definition.tree import Path, shorten
from engine.machine.plan import Machine
from engine.rehearsal.acts import WITH_REPLY
from engine.rehearsal.codes import SCENARIO_CODES
from engine.rehearsal.edges import shown

_IMPLIED = ("done", "failed")
"""Replies that any command may have: the engine knows what to do with them if the command does not."""


def check_names(data: Mapping[str, Any], machine: Machine, report: Reporter) -> None:
    """Report steps that say several things, and whatever they name that the machine does not have."""
    _check_twice(data["scenarios"], report)
    checker = _Checker(machine, report)
    for number, scenario in enumerate(data["scenarios"]):
        for index, step in enumerate(scenario["steps"]):
            at: Path = ("scenarios", number, "steps", index)
            if len(step) == 1:
                checker.step(step, at)
            else:
                listed = ", ".join(step)
                checker.report(
                    "one-thing-a-step",
                    at,
                    f"a step says one thing, this one {listed}",
                    "begin a line with - for each",
                )


def _check_twice(scenarios: list[Mapping[str, Any]], report: Reporter) -> None:
    seen: set[str] = set()
    for number, scenario in enumerate(scenarios):
        if scenario["name"] in seen:
            report.report(
                "duplicate-scenario", ("scenarios", number, "name"),
                f"there are two scenarios {shorten(scenario['name'])}",
                fix="give each a name of its own", severity="error",
            )  # fmt: skip
        seen.add(scenario["name"])


class _Checker:
    def __init__(self, machine: Machine, report: Reporter) -> None:
        definition = machine.definition
        self._commands = definition.commands
        self._known: Mapping[str, tuple[str, Collection[str]]] = {
            "unknown-state": ("state", definition.states),
            "unknown-business-state": ("business state", definition.business_states),
            "unknown-command": ("command", definition.commands),
            "unknown-side-effect": ("side effect", definition.side_effects),
            "unknown-event": ("event", _events(machine)),
            "unknown-timer": ("timer", {shown(machine, state, name) for state, name in machine.timers}),
        }
        self._reporter = report

    def step(self, step: Mapping[str, Any], at: Path) -> None:
        ((kind, value),) = step.items()
        at = (*at, kind)
        if kind == "expect":
            self._expectation(value, at)
        elif kind in ("reply", "answer"):
            self._reply(value, at)
        elif kind == "send" and isinstance(value, dict):
            if not value.get("refused"):
                self.known("unknown-event", value["event"], (*at, "event"))
        elif kind in _NAMES:
            self.known(_NAMES[kind], value, at)

    def _expectation(self, value: Mapping[str, Any], at: Path) -> None:
        for code, name, path in _expected(value, at):
            self.known(code, name, path, key="payloads" in path)

    def _reply(self, value: Mapping[str, Any], at: Path) -> None:
        commands = [key for key in value if key not in WITH_REPLY]
        if len(commands) != 1:
            message = (
                "a reply answers one command" if commands else "a reply names the command that it answers"
            )
            self.report("one-thing-a-step", at, message, "write e.g. reply: {payOrder: done}")
        for command in commands:
            self.known("unknown-command", command, (*at, command), key=True)
            replies = self._commands[command].replies if command in self._commands else {value[command]: ""}
            if value[command] not in (*replies, *_IMPLIED):
                known = [*replies] or _IMPLIED
                fix = self._reporter.nearest(value[command], known) or f"its replies are {', '.join(known)}"
                message = f"the command {shorten(command)} has no reply {shorten(value[command])}"
                self.report("unknown-reply", (*at, command), message, fix)

    def known(self, code: str, name: str, at: Path, *, key: bool = False) -> None:
        kind, known = self._known[code]
        if name not in known:
            fix = self._reporter.nearest(name, known)
            self.report(code, at, f"there is no {kind} {shorten(name)}", fix, key=key)

    def report(self, code: str, at: Path, message: str, fix: str | None, *, key: bool = False) -> None:
        assert code in SCENARIO_CODES or code.startswith("unknown-")
        self._reporter.report(code, at, message, fix=fix, key=key, severity="error")


_NAMES = {
    "send": "unknown-event",
    "move": "unknown-state",
    "stuck": "unknown-command",
    "retry": "unknown-command",
    "skip": "unknown-command",
}
_LISTED = {"commands": "unknown-command", "sideEffects": "unknown-side-effect", "timers": "unknown-timer"}


def _expected(value: Mapping[str, Any], at: Path) -> Iterator[tuple[str, str, Path]]:
    """Each name in an expectation, with the code of its absence and where it stands."""
    for key, code in (("state", "unknown-state"), ("businessState", "unknown-business-state")):
        if key in value:
            yield code, value[key], (*at, key)
    for key, code in _LISTED.items():
        for index, name in enumerate(value.get(key, ())):
            yield code, name, (*at, key, index)
    for name in value.get("payloads", {}):
        yield "unknown-command", name, (*at, "payloads", name)


def _events(machine: Machine) -> set[str]:
    used = {event for _, event in machine.plan if not event.startswith("$")}
    return used | set(machine.names) | {machine.definition.creation_event}
