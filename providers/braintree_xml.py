"""The XML that Braintree speaks: written as its official libraries write it, read without trusting it.

A document type, and with it every entity but the five of XML, is refused; so are odd sizes. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape

_DEEPEST = 30
_MOST_ELEMENTS = 50_000
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_QUOTES = {"'": "&apos;", '"': "&quot;"}


@dataclass(frozen=True, slots=True)
class Node:
    """An element. Names have underscores where Braintree writes dashes; `text` is without outer blanks."""

    name: str
    text: str = field(default="", repr=False)
    children: tuple[Node, ...] = field(default=(), repr=False)

    def find(self, *path: str) -> Node | None:
        """The first element at the path."""
        found: Node | None = self
        for name in path:
            found = next((it for it in found.children if it.name == name), None) if found else None
        return found

    def at(self, *path: str) -> str:
        """The text of the first element at the path; "" if there is none."""
        found = self.find(*path)
        return found.text if found else ""

    def every(self, name: str) -> Iterator[Node]:
        """Every element of that name, however deep."""
        for child in self.children:
            if child.name == name:
                yield child
            yield from child.every(name)


class _Refused(Exception):
    pass


class _Reader:
    """Builds nodes while expat reads."""

    def __init__(self) -> None:
        self._open: list[tuple[str, list[str], list[Node]]] = [("", [], [])]
        self._seen = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._seen += 1
        if len(self._open) > _DEEPEST or self._seen > _MOST_ELEMENTS:
            raise _Refused
        self._open.append((name.replace("-", "_"), [], []))

    def words(self, text: str) -> None:
        self._open[-1][1].append(text)

    def end(self, _: str) -> None:
        name, words, children = self._open.pop()
        self._open[-1][2].append(Node(name, "".join(words).strip(), tuple(children)))

    def doctype(self, *_: object) -> None:
        raise _Refused

    def root(self) -> Node | None:
        return self._open[0][2][0] if self._open[0][2] else None


def parsed(body: bytes) -> Node | None:
    """The root element; None if it is no XML in UTF-8, or has a document type, or is too deep or too big."""
    reader = _Reader()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.words
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(body.strip(), True)
    except (expat.ExpatError, _Refused, ValueError):
        return None
    return reader.root()


def written(content: Mapping[str, object]) -> bytes:
    """Objects, lists, texts, integers, booleans and None as elements, in their order."""
    return "".join(_element(name, value) for name, value in content.items()).encode(
        "ascii", "xmlcharrefreplace"
    )


def _element(name: str, value: object) -> str:
    if isinstance(value, Mapping):
        return f"<{name}>{''.join(_element(key, inner) for key, inner in value.items())}</{name}>"
    if isinstance(value, bool):
        return f'<{name} type="boolean">{str(value).lower()}</{name}>'
    if isinstance(value, int):
        return f'<{name} type="integer">{value}</{name}>'
    if isinstance(value, str):
        return f"<{name}>{escape(_NOT_IN_XML.sub('', value), _QUOTES)}</{name}>"
    if isinstance(value, Sequence):
        return f'<{name} type="array">{"".join(_element("item", inner) for inner in value)}</{name}>'
    return f"<{name}></{name}>"
