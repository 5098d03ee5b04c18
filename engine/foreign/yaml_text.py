"""Plain data to YAML as a person would write it: blocks where there is structure, one line where it fits.

Text is quoted only where YAML or the eye needs it. What is written reads back as the same data
(engine.definition.tree); a test holds the two together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from engine.definition.scalars import BadNumber, resolve

Path = tuple[str | int, ...]
Comments = Mapping[Path, Sequence[str]]
"""Lines to write above the key or item at a path; () is the head of the file."""

WIDTH = 110
_PLAIN = re.compile(r"[A-Za-z0-9_./$-](?:[A-Za-z0-9_./$;()'@+*=!-]| (?=[A-Za-z0-9_./$;()'@+*=!-]))*")
_PLAIN_START = re.compile(r"(?:---|\.\.\.|- |[-!*@'])")
_NOT_SHOWN = re.compile("[\x7f-\x9f\xad\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")


def write_yaml(data: Mapping[str, Any], *, comments: Comments, block: Callable[[Path], bool]) -> str:
    """The data as a YAML document.

    Args:
        block: True for the paths of containers that are written over several lines even if they fit in one.
    """
    writer = _Writer(comments, block)
    head = [f"# {line}".rstrip() for line in comments.get((), ())]
    return "\n".join([*head, *writer.mapping(data, (), 0)]) + "\n"


def text(value: str) -> str:
    """A text as a YAML scalar on one line."""
    if _PLAIN.fullmatch(value) and not _PLAIN_START.match(value) and _stays_text(value):
        return value
    return _NOT_SHOWN.sub(lambda sign: f"\\u{ord(sign[0]):04x}", json.dumps(value, ensure_ascii=False))


def _stays_text(value: str) -> bool:
    try:
        return isinstance(resolve(value), str)
    except BadNumber:
        return False


def inline(value: Any) -> str:
    """Any value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{text(key)}: {inline(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(inline, value)) + "]"
    return text(value) if isinstance(value, str) else json.dumps(value)


class _Writer:
    def __init__(self, comments: Comments, block: Callable[[Path], bool]) -> None:
        self._comments = comments
        self._block = block

    def mapping(self, data: Mapping[str, Any], path: Path, depth: int) -> Iterator[str]:
        for index, (key, value) in enumerate(data.items()):
            at = (*path, key)
            if self._apart(value, at) and (index or not path):
                yield ""
            yield from self._above(at, depth)
            yield from self._entry(f"{'  ' * depth}{text(key)}:", value, at, depth)

    def _entry(self, head: str, value: Any, path: Path, depth: int) -> Iterator[str]:
        line = f"{head} {inline(value)}"
        if not self._spread(value, path, line):
            yield line
        else:
            yield head
            yield from self._inside(value, path, depth + 1)

    def _inside(self, value: Any, path: Path, depth: int) -> Iterator[str]:
        if isinstance(value, Mapping):
            yield from self.mapping(value, path, depth)
            return
        for index, part in enumerate(value):
            at = (*path, index)
            yield from self._above(at, depth)
            yield from self._item(part, at, depth)

    def _item(self, value: Any, path: Path, depth: int) -> Iterator[str]:
        dash = f"{'  ' * depth}-"
        if not self._spread(value, path, f"{dash} {inline(value)}"):
            yield f"{dash} {inline(value)}"
            return
        first, *others = self._inside(value, path, depth + 1)
        yield f"{dash} {first.lstrip()}" if isinstance(value, Mapping) else dash
        yield from others if isinstance(value, Mapping) else (first, *others)

    def _spread(self, value: Any, path: Path, line: str) -> bool:
        """Whether a value goes over several lines: it must be a container with something in it."""
        if not isinstance(value, Mapping | list | tuple) or not value:
            return False
        return len(line) > WIDTH or self._block(path) or self._commented(path)

    def _commented(self, path: Path) -> bool:
        return any(len(at) > len(path) and at[: len(path)] == path for at in self._comments)

    def _above(self, path: Path, depth: int) -> Iterator[str]:
        for line in self._comments.get(path, ()):
            yield f"{'  ' * depth}# {line}".rstrip()

    def _apart(self, value: Any, path: Path) -> bool:
        """Whether a blank line sets it off: sections, and what is always written as a block in them."""
        return isinstance(value, Mapping) and len(path) <= 2 and self._block(path)
