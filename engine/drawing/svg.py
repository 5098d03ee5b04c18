"""What Graphviz wrote, made safe to put into a page: known elements and attributes only.

No DOCTYPE, comments, scripts, links or references survive, whatever the layout program wrote.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree

_SPACE = "http://www.w3.org/2000/svg"
_ELEMENTS = frozenset(("svg", "g", "title", "polygon", "polyline", "path", "ellipse", "text", "rect"))
_ATTRIBUTES = frozenset(
    "id class width height viewBox transform fill stroke stroke-width stroke-dasharray fill-opacity "
    "stroke-opacity points d cx cy rx ry x y text-anchor font-family font-size font-weight font-style".split()
)
_REFERENCE = re.compile(r"url\s*\(|javascript:", re.IGNORECASE)


def embeddable(raw: bytes, *, title: str, tips: Mapping[str, str]) -> bytes:
    """The SVG for a page: `title` names it, `tips` (element id -> text) become the tooltips."""
    root = _rebuilt(ElementTree.fromstring(raw))  # noqa: S314 - our own layout program wrote it
    root.set("role", "img")
    root.set("aria-label", title)
    _name(root, title, tips)
    ElementTree.indent(root, space=" ")
    return ElementTree.tostring(root, encoding="unicode").encode() + b"\n"


def _rebuilt(element: ElementTree.Element) -> ElementTree.Element:
    name = element.tag.rpartition("}")[2]
    kept = {key: value for key, value in element.attrib.items() if key in _ATTRIBUTES and _harmless(value)}
    if name == "svg":
        kept["xmlns"] = _SPACE
    copy = ElementTree.Element(name, kept)
    copy.text = element.text if name in ("text", "title") else None
    copy.extend(_rebuilt(child) for child in element if child.tag.rpartition("}")[2] in _ELEMENTS)
    return copy


def _harmless(value: str) -> bool:
    return _REFERENCE.search(value) is None


def _name(root: ElementTree.Element, title: str, tips: Mapping[str, str]) -> None:
    for group in root.iter("g"):
        own = group.find("title")
        if own is None:
            continue
        text = title if group.get("class") == "graph" else tips.get(group.get("id", ""))
        if text is None:
            group.remove(own)
        else:
            own.text = text
