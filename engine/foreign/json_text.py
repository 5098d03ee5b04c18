"""JSON text to plain data with the place of every key and value, so that findings can point into it.

Python's own parser decides what the data are; the scan after it only finds places. Knows no format.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any, NoReturn

from engine.definition.decode import decode, line_and_column
from engine.definition.scalars import MAX_INTEGER
from engine.definition.tree import MAX_DEPTH, MAX_NODES, At, NotYaml, Place, Problem, Spot, Tree, shorten

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # lines as the frames of findings count them


@dataclass(slots=True)
class _Open:
    """A container whose parts are being read; `key` None: a list, or no key has come yet."""

    spot: Spot
    listed: bool
    index: int = 0
    key: str | None = None


def parse_json(content: str | bytes) -> Tree:
    """The JSON document in a file; `problems` of the tree holds what can be told beside the data.

    Raises:
        NotText: Too large, not UTF-8, or with characters that are not text.
        NotYaml: It is not JSON, or beyond the limits.
    """
    text = decode(content)
    data = _data(text)
    scan = _Scan(text)
    scan.run()
    return Tree(data=data, root=scan.root, problems=tuple(scan.problems))


def _data(text: str) -> Any:
    if not text.strip():
        _stop("empty-file", "the file is empty", Place(1, 1), None)
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        place = Place(*line_and_column(text, error.pos))
        _stop("json-syntax", f"this is not JSON: {error.msg}", place, "check commas, quotes and braces there")
    except RecursionError:
        _stop("nested-too-deep", f"values are nested more than {MAX_DEPTH} deep", Place(1, 1), None)
    except ValueError as error:
        _stop("bad-number", f"a number cannot be kept: {error}", Place(1, 1), None)


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _stop(code: str, message: str, place: Place, fix: str | None) -> NoReturn:
    raise NotYaml(Problem(code=code, message=message, place=place, fix=fix))


@dataclass(slots=True)
class _Scan:
    """Walks the tokens of a text that is known to be JSON."""

    text: str
    problems: list[Problem] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    root: Spot = field(default_factory=lambda: Spot((0, 0, 0, 0)))
    count: int = 0

    def run(self) -> None:
        self.starts = [0, *(match.end() for match in _BREAK.finditer(self.text))]
        for match in _TOKEN.finditer(self.text):
            self.token(match[0], match.start(), match.end())

    def token(self, word: str, start: int, end: int) -> None:
        if word in "{[":
            self.open(word == "[", start)
        elif word in "}]":
            spot = self.stack.pop().spot
            spot.at = (*spot.at[:2], *self.at(end, end)[:2])
            self.ended()
        elif self.stack and not self.stack[-1].listed and self.stack[-1].key is None and word not in ",:":
            self.take_key(word, start, end)
        elif word not in ",:":
            self.value(word, start, end)

    def open(self, listed: bool, start: int) -> None:
        spot = Spot.of_container(self.at(start, start))
        self.attach(spot, start)
        self.stack.append(_Open(spot, listed))
        if len(self.stack) > MAX_DEPTH:
            _stop("nested-too-deep", f"values are nested more than {MAX_DEPTH} deep", self.place(start), None)

    def value(self, word: str, start: int, end: int) -> None:
        self.attach(Spot(self.at(start, end)), start)
        self.check(word, start, end)
        self.ended()

    def take_key(self, word: str, start: int, end: int) -> None:
        parent = self.stack[-1]
        parent.key = json.loads(word)
        self.check(word, start, end)
        if parent.key in parent.spot.keys:
            first = parent.spot.keys[parent.key][0] + 1
            message = f"the key {shorten(str(parent.key))} is here twice, first on line {first}"
            self.problem("duplicate-key", message, start, end, "remove or rename one of them")
        parent.spot.keys[str(parent.key)] = self.at(start, end)

    def attach(self, spot: Spot, start: int) -> None:
        """Put the spot of a value where the value belongs."""
        self.count += 1
        if self.count > MAX_NODES:
            _stop("too-many-nodes", f"the file has more than {MAX_NODES:,} values", self.place(start), None)
        if not self.stack:
            self.root = spot
        else:
            parent = self.stack[-1]
            parent.spot.parts[parent.index if parent.listed else str(parent.key)] = spot

    def ended(self) -> None:
        """A value is complete: the next one of its container may come."""
        if self.stack:
            self.stack[-1].index += 1
            self.stack[-1].key = None

    def check(self, word: str, start: int, end: int) -> None:
        """What JSON allows and neither YAML nor the stores can keep."""
        value = json.loads(word)
        if isinstance(value, str) and any(0xD800 <= ord(sign) <= 0xDFFF for sign in value):
            self.problem("control-character", "a text holds half a character", start, end, None)
        elif isinstance(value, int | float) and not _kept(value):
            self.problem("bad-number", f"the number {shorten(word)} cannot be kept", start, end, None)

    def problem(self, code: str, message: str, start: int, end: int, fix: str | None) -> None:
        line, column, *_ = self.at(start, end)
        place = Place(line + 1, column + 1, column + 1 + end - start)
        self.problems.append(Problem(code=code, message=message, place=place, fix=fix))

    def place(self, offset: int) -> Place:
        return Place(*line_and_column(self.text, offset))

    def at(self, start: int, end: int) -> At:
        """Lines and columns from 0, as `Tree.locate` wants them."""
        return (*self.line_and_column(start), *self.line_and_column(end))

    def line_and_column(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self.starts, offset) - 1
        return line, offset - self.starts[line]


def _kept(value: int | float) -> bool:
    return abs(value) <= MAX_INTEGER if type(value) is int else math.isfinite(value)
