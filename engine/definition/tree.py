"""YAML text to plain data, with the place of every key and value. The only home of PyYAML.

Built from the C parser's events on a stack of its own, so that neither deep nesting nor aliases
that expand without bound cost more than the limits below. Knows nothing of machines.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]

from engine.definition.scalars import BadNumber, resolve

MAX_NODES = 200_000
"""Values after aliases are expanded; a machine of 10,000 lines has some 40,000."""
MAX_DEPTH = 100

BEGIN = "begin with `machine: NAME`"

Path = tuple[str | int, ...]

_TEXT_TAGS = ("!", "tag:yaml.org,2002:str")
_KNOWN_TAGS = (*_TEXT_TAGS, "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_NO_KEY = object()
_NONE: dict[Any, Any] = {}  # shared by all scalars, never written to


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column from 1; `end` is the column behind the last character, None if on another line."""

    line: int
    column: int
    end: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why the text is no plain data."""

    code: str
    message: str
    place: Place
    fix: str | None = None


class NotYaml(Exception):
    """The text cannot be read any further."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


At = tuple[int, int, int, int]
"""Line and column of the beginning and of the end, from 0."""


class Spot:
    """Where a value is, and where its parts are. There is one a value: kept small on purpose."""

    __slots__ = ("at", "keys", "parts")

    def __init__(self, at: At) -> None:
        self.at = at
        self.keys: dict[str, At] = _NONE
        self.parts: dict[Any, Spot] = _NONE

    @classmethod
    def of_container(cls, at: At) -> Spot:
        spot = cls(at)
        spot.keys, spot.parts = {}, {}
        return spot


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """Plain data (dict, list, str, int, float, bool, None) and where each part of it is."""

    data: Any
    root: Spot
    problems: tuple[Problem, ...]

    def locate(self, path: Path, *, key: bool = False) -> Place:
        """The place of the value at `path` (or of its key), or of the nearest part round it."""
        spot = self.root
        at = spot.at
        for position, step in enumerate(path):
            part = spot.parts.get(step)
            if part is None:
                break
            last = position == len(path) - 1
            at = spot.keys[str(step)] if key and last and step in spot.keys else part.at
            spot = part
        return _place(at)


@dataclass(slots=True)
class _Open:
    """A container that is being read."""

    data: Any
    spot: Spot
    anchor: str | None
    count: int
    height: int = 1
    key: Any = _NO_KEY
    key_at: At = (0, 0, 0, 0)


@dataclass(slots=True)
class _Anchored:
    data: Any
    spot: Spot
    size: int
    height: int
    open: bool = False


@dataclass(slots=True)
class _Builder:
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, _Anchored] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    count: int = 0
    documents: int = 0
    root: tuple[Any, Spot] | None = None

    def document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            fix = "one file is one machine: move what follows to a file of its own"
            self.stop("several-documents", "the file holds more than one YAML document", event, fix)

    def scalar(self, event: Any) -> None:
        self.grow(event, 1, 0)
        self.check_tag(event)
        open_ = self.stack[-1] if self.stack else None
        if open_ is not None and open_.key is _NO_KEY and isinstance(open_.data, dict):
            self.take_key(open_, event)
            return
        value, spot = self.resolved(event), Spot(_at(event))
        if event.anchor is not None:
            self.anchors[event.anchor] = _Anchored(value, spot, 1, 0)
        self.attach(value, spot, 0)

    def resolved(self, event: Any) -> Any:
        if not event.implicit[0]:
            return event.value
        try:
            return resolve(event.value)
        except BadNumber as error:
            fix = "put it in quotes if it is meant as text"
            self.report("bad-number", f"the number {shorten(event.value)} {error}", _at(event), fix)
            return 0

    def take_key(self, open_: _Open, event: Any) -> None:
        name = event.value
        if event.implicit[0] and name == "<<":
            fix = "write the keys out, or give the whole value an anchor and repeat it with an alias"
            self.report("merge-key", "the merge key << is not supported", _at(event), fix)
        elif name == "":
            self.report("key-not-text", "a key is empty", _at(event), "write a name before the colon")
        elif name in open_.data:
            line = open_.spot.keys[name][0] + 1
            message = f"the key {shorten(name)} is here twice, first on line {line}"
            self.report("duplicate-key", message, _at(event), "remove or rename one of them")
        open_.key = name
        open_.key_at = _at(event)

    def open(self, event: Any, data: Any) -> None:
        self.check_tag(event)
        self.grow(event, 1, 1)
        line, column = event.start_mark.line, event.start_mark.column
        spot = Spot.of_container((line, column, line, column))
        if event.anchor is not None:
            self.anchors[event.anchor] = _Anchored(data, spot, 0, 0, open=True)
        self.stack.append(_Open(data, spot, event.anchor, self.count))

    def close(self, _event: Any) -> None:
        done = self.stack.pop()
        if done.anchor is not None:
            size = self.count - done.count + 1
            self.anchors[done.anchor] = _Anchored(done.data, done.spot, size, done.height)
        self.attach(done.data, done.spot, done.height)

    def alias(self, event: Any) -> None:
        known = self.anchors.get(event.anchor)
        if known is None:
            fix = f"define &{shorten(event.anchor)} before it is used"
            self.stop("unknown-anchor", f"there is no anchor &{shorten(event.anchor)}", event, fix)
        elif known.open:
            message = f"*{shorten(event.anchor)} stands inside the value that it repeats"
            self.stop("cyclic-alias", message, event, "write the value out")
        else:
            self.grow(event, known.size, known.height)
            self.attach(known.data, known.spot, known.height, event)

    def attach(self, value: Any, spot: Spot, height: int, alias: Any = None) -> None:
        """Put a finished value where it belongs: under its key, into its list, at the top."""
        if not self.stack:
            self.root = (value, spot)
            return
        parent = self.stack[-1]
        parent.height = max(parent.height, height + 1)
        if isinstance(parent.data, list):
            parent.spot.parts[len(parent.data)] = spot
            parent.data.append(value)
        elif parent.key is _NO_KEY:
            at = spot.at if alias is None else _at(alias)
            self.report("key-not-text", "a key must be plain text", at, "write a name before the colon")
            parent.key, parent.key_at = f"?{self.count}", at
        else:
            parent.data[parent.key] = value
            parent.spot.parts[parent.key] = spot
            parent.spot.keys[parent.key] = parent.key_at
            parent.key = _NO_KEY

    def grow(self, event: Any, nodes: int, height: int) -> None:
        self.count += nodes
        if self.count > MAX_NODES:
            fix = "split the machine, or write less with aliases"
            self.stop("too-many-nodes", f"the file expands to more than {MAX_NODES:,} values", event, fix)
        if len(self.stack) + height > MAX_DEPTH:
            message = f"values are nested more than {MAX_DEPTH} deep"
            self.stop("nested-too-deep", message, event, "a machine needs fewer than 20 levels")

    def check_tag(self, event: Any) -> None:
        if event.tag is not None and event.tag not in _KNOWN_TAGS:
            fix = "remove the tag; put text in quotes, write numbers and true or false plainly"
            tag = shorten(event.tag.replace("tag:yaml.org,2002:", "!!"))
            self.report("custom-tag", f"the tag {tag} is not supported", _at(event), fix)

    def report(self, code: str, message: str, at: At, fix: str) -> None:
        self.problems.append(Problem(code=code, message=message, place=_place(at), fix=fix))

    def stop(self, code: str, message: str, event: Any, fix: str) -> None:
        raise NotYaml(Problem(code=code, message=message, place=_place(_at(event)), fix=fix))


def parse(text: str) -> Tree:
    """The one YAML document in `text`.

    Raises:
        NotYaml: It is not YAML, more than one document, or beyond the limits.
    """
    builder = _Builder()
    try:
        _feed(builder, text)
    except yaml.YAMLError as error:
        raise NotYaml(_syntax(error)) from None
    if builder.root is None:
        raise NotYaml(Problem(code="empty-file", message="the file is empty", place=Place(1, 1), fix=BEGIN))
    data, root = builder.root
    return Tree(data=data, root=root, problems=tuple(builder.problems))


def shorten(text: str) -> str:
    """Text from a file, short enough for a sentence."""
    return text if len(text) <= 60 else text[:57] + "..."


def _feed(builder: _Builder, text: str) -> None:
    parser: Any = CParser(text)
    while parser.check_event():
        event = parser.get_event()
        kind = type(event)
        if kind is yaml.ScalarEvent:
            builder.scalar(event)
        elif kind is yaml.MappingStartEvent:
            builder.open(event, {})
        elif kind is yaml.SequenceStartEvent:
            builder.open(event, [])
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            builder.close(event)
        elif kind is yaml.AliasEvent:
            builder.alias(event)
        elif kind is yaml.DocumentStartEvent:
            builder.document(event)


def _syntax(error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    place = Place(mark.line + 1, mark.column + 1) if mark is not None else Place(1, 1)
    said = " ".join(filter(None, (getattr(error, "context", None), getattr(error, "problem", None))))
    message = f"this is not YAML: {_cut(said or 'it cannot be read')}"
    fix = "check the indentation, and quote text that holds a colon, a brace or a quote"
    return Problem(code="yaml-syntax", message=message, place=place, fix=fix)


def _cut(text: str) -> str:
    return text if len(text) <= 200 else text[:197] + "..."


def _at(event: Any) -> At:
    start, end = event.start_mark, event.end_mark
    return start.line, start.column, end.line, end.column


def _place(at: At) -> Place:
    line, column, end_line, end = at
    return Place(line + 1, column + 1, end + 1 if end_line == line and end > column else None)
