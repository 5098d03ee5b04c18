"""Walks the plain data of a machine: every transition, timer and use of a name, with its path.

Parser and checks share it, so that they agree on what a line means. The data have the right
structure already (see `structure`), unknown keys aside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.definition.tree import Path

Plain = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One alternative of a transition, its short form written out.

    Attributes:
        path: Of the alternative: a name, a mapping.
        to_path: Of the target's name; `path` itself in the short form.
        index: Its number among the alternatives of one event.
    """

    path: Path
    spec: Plain
    index: int = 0
    short: bool = False

    @property
    def to_path(self) -> Path:
        return self.path if self.short else (*self.path, "to")


def alternatives(value: Any, path: Path) -> tuple[Line, ...]:
    """What stands behind an event in `on`, in the order in which it is tried."""
    if isinstance(value, list):
        return tuple(_line(each, (*path, index), index) for index, each in enumerate(value))
    return (_line(value, path, 0),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocked:
    """One line of `after` or `at`.

    Attributes:
        group: "after" or "at".
        label: The time as written: a duration, or a template.
        number: Which line of its group, from 1.
    """

    group: str
    label: str
    number: int
    line: Line


def timers(part: Plain, path: Path) -> Iterator[Clocked]:
    """The lines of `after` and `at` of a state, a business state or the machine."""
    # Elsewhere `at` is an unknown key, with whatever behind it.
    groups = ("after", "at") if path[:1] == ("states",) else ("after",)
    for group in groups:
        for number, (label, value) in enumerate(part.get(group, {}).items(), 1):
            line = _line(value, (*path, group, label), 0)
            yield Clocked(group=group, label=label, number=number, line=line)


def timed_parts(machine: Plain) -> Iterator[tuple[Path, Plain]]:
    """Every part that may hold timers: the machine, business states, states."""
    yield (), machine
    for group in ("businessStates", "states"):
        for name, part in machine.get(group, {}).items():
            yield (group, name), part


def tables(machine: Plain) -> Iterator[tuple[Path, Plain]]:
    """Every `on`: of the machine, of business states, of states."""
    if "on" in machine:
        yield ("on",), machine["on"]
    for group in ("businessStates", "states"):
        for name, part in machine.get(group, {}).items():
            if "on" in part:
                yield (group, name, "on"), part["on"]


def lines(machine: Plain) -> Iterator[Line]:
    """Every alternative of every event, and every timer's."""
    for path, table in tables(machine):
        for event, value in table.items():
            yield from alternatives(value, (*path, event))
    for path, part in timed_parts(machine):
        for timer in timers(part, path):
            yield timer.line


def command_uses(machine: Plain) -> Iterator[tuple[Path, str]]:
    """Every place that names a command: states that send, compensate or poll it, commands that it undoes."""
    for name, command in machine.get("commands", {}).items():
        if "undo" in command:
            yield ("commands", name, "undo"), command["undo"]
    for name, state in machine["states"].items():
        path: Path = ("states", name)
        yield from sent_by(state, path)
        if isinstance(state.get("compensate"), list):
            for index, command in enumerate(state["compensate"]):
                yield (*path, "compensate", index), command


def sent_by(state: Plain, path: Path) -> Iterator[tuple[Path, str]]:
    """The commands that a state sends, its poll's among them."""
    if "command" in state:
        yield (*path, "command"), state["command"]
    for index, command in enumerate(state.get("commands", ())):
        yield (*path, "commands", index), command
    if "poll" in state:
        yield (*path, "poll", "command"), state["poll"]["command"]


def _line(value: Any, path: Path, index: int) -> Line:
    if isinstance(value, str):
        return Line(path=path, spec={"to": value}, index=index, short=True)
    return Line(path=path, spec=value, index=index)
