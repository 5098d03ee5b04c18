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


def timers(state: Plain, path: Path) -> Iterator[tuple[str, Line]]:
    """The lines of `after`: the delay as written, and what happens then."""
    for delay, value in state.get("after", {}).items():
        yield delay, _line(value, (*path, "after", delay), 0)


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
    for name, state in machine.get("states", {}).items():
        for _delay, line in timers(state, ("states", name)):
            yield line


def _line(value: Any, path: Path, index: int) -> Line:
    if isinstance(value, str):
        return Line(path=path, spec={"to": value}, index=index, short=True)
    return Line(path=path, spec=value, index=index)
