"""The mapping language of connector files: texts with {placeholders}.

Pure, and small on purpose: paths, alternatives, filters, no arithmetic and no conditions. What is not
there reads as None, and what is None is left out. The reference is docs/connectors.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from providers.connector_filters import BadFilter, Filter, as_text, filter_named

Scope = Mapping[str, Any]
"""What a text may speak of: request fields, options, answers; `$money` writes an amount as the provider does."""

_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_STEP = re.compile(r"(?P<name>[A-Za-z_][\w-]*|[0-9]{1,4})(?P<selectors>(?:\[[^\[\]]*\])*)")
_SELECTOR = re.compile(r"\[([A-Za-z_][\w-]*)=(@?[^\[\]=]+)\]")
_LITERAL = re.compile(r"'([^']*)'")


class BadText(ValueError):
    """A text that is no text of the mapping language; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class _Step:
    name: str | int
    selectors: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Value:
    """Alternatives, the first that is there, through filters. An alternative is a path or a literal."""

    alternatives: tuple[tuple[_Step, ...] | str, ...]
    filters: tuple[Filter, ...]

    def read(self, scope: Scope) -> Any:
        found = [one if isinstance(one, str) else _walk(scope, one) for one in self.alternatives]
        there = [one for one in found if one not in (None, "", [])]
        value = there[0] if there else [] if [] in found else None
        for each in self.filters:
            value = None if value is None else each(value, scope)
        return value


@dataclass(frozen=True, slots=True)
class Text:
    """A compiled text. `names` are the first steps of its paths: what it speaks of."""

    source: str
    parts: tuple[str | _Value, ...] = field(repr=False)

    @property
    def names(self) -> frozenset[str]:
        values = [part for part in self.parts if isinstance(part, _Value)]
        paths = [path for value in values for path in value.alternatives if not isinstance(path, str)]
        compared = {
            word[1:] for path in paths for step in path for _, word in step.selectors if word[0] == "@"
        }
        return frozenset({str(path[0].name) for path in paths} | compared)

    def value(self, scope: Scope) -> Any:
        """One placeholder alone keeps its type; else text, None if any placeholder is not there."""
        if len(self.parts) == 1 and isinstance(self.parts[0], _Value):
            return self.parts[0].read(scope)
        return self._joined(scope, as_text)

    def text(self, scope: Scope) -> str | None:
        value = self.value(scope)
        return None if value is None or value == "" else as_text(value)

    def url(self, scope: Scope) -> str | None:
        """An address: a placeholder that it begins with stands as it is, all others are quoted."""
        first = [True]

        def quoted(value: Any) -> str | None:
            base, first[0] = first[0], False
            text = as_text(value)
            if base or text is None:
                return text
            return None if text in ("", ".", "..") else quote(text, safe="")

        if not isinstance(self.parts[0], _Value):
            first[0] = False
        return self._joined(scope, quoted)

    def content(self, scope: Scope) -> bytes:
        """Bytes to sign: bytes stand as they are, what is not there as nothing."""
        values = [part if isinstance(part, str) else part.read(scope) for part in self.parts]
        return b"".join(one if isinstance(one, bytes) else (as_text(one) or "").encode() for one in values)

    def _joined(self, scope: Scope, write: Callable[[Any], str | None]) -> str | None:
        pieces: list[str] = []
        for part in self.parts:
            piece = part if isinstance(part, str) else write(part.read(scope))
            if piece is None:
                return None
            pieces.append(piece)
        return "".join(pieces)


def compile_text(source: str) -> Text:
    """Raises BadText: a brace stands alone, a path or a filter is wrong."""
    parts: list[str | _Value] = []
    done = 0
    for found in _PART.finditer(source):
        parts.append(source[done : found.start()])
        done = found.end()
        if found[0] in ("{", "}"):
            raise BadText(f"a brace stands alone in {_shown(source)}; write {{{{ or }}}} for a brace")
        parts.append(found[0][0] if found[0] in ("{{", "}}") else _value(found[1]))
    parts.append(source[done:])
    return Text(source, tuple(part for part in parts if part != "") or ("",))


def _value(source: str) -> _Value:
    first, *filters = source.split("|")
    alternatives = tuple(_alternative(one.strip()) for one in first.split(" or "))
    try:
        return _Value(alternatives, tuple(filter_named(one.strip()) for one in filters))
    except BadFilter as error:
        raise BadText(str(error)) from None


def _alternative(source: str) -> tuple[_Step, ...] | str:
    literal = _LITERAL.fullmatch(source)
    if literal is not None:
        return literal[1]
    steps, place = [], 0
    while found := _STEP.match(source, place):
        selectors = _SELECTOR.findall(found["selectors"])
        if "".join(f"[{key}={word}]" for key, word in selectors) != found["selectors"]:
            break
        name = found["name"]
        steps.append(_Step(int(name) if name.isdigit() else name, tuple(selectors)))
        place = found.end()
        if place == len(source):
            return tuple(steps)
        if source[place] != ".":
            break
        place += 1
    raise BadText(f"{_shown(source)} is no path such as answer.items[type=REFUND].amount")


def _walk(scope: Scope, steps: tuple[_Step, ...]) -> Any:
    found: Any = scope
    for step in steps:
        found = _down(found, step.name)
        for key, word in step.selectors:
            wanted = as_text(scope.get(word[1:])) if word[0] == "@" else word
            found = _selected(found, key, wanted)
    return found


def _down(found: Any, name: str | int) -> Any:
    """A name goes into a mapping, or into every mapping of a list; a number into a list."""
    if isinstance(found, Mapping):
        return found.get(str(name))
    if not isinstance(found, list):
        return None
    if isinstance(name, int):
        return found[name] if name < len(found) else None
    inner = (one.get(name) for one in found if isinstance(one, Mapping))
    return [one for one in inner if one is not None]


def _selected(found: Any, key: str, wanted: str | None) -> Any:
    several = found if isinstance(found, list) else []
    return [one for one in several if isinstance(one, Mapping) and as_text(one.get(key)) == wanted]


def _shown(source: str) -> str:
    return source if len(source) <= 60 else source[:57] + "..."
