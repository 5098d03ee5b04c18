"""The project's Markdown, taken apart: links, headings, tables and fenced blocks.

A block whose first line is ```` ```yaml machine ```` is a whole machine and must have no errors;
```` ```yaml machine finds=CODE,CODE ```` must have exactly these. Other blocks are prose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.source import ROOT, kept_files, shown

FENCE = re.compile(r"^(?P<mark>`{3,}|~{3,})(?P<info>[^\n]*)\n(?P<body>.*?)^(?P=mark)[ \t]*$", re.M | re.S)
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^#{1,6}\s+(?P<text>.+?)\s*#*$", re.M)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    page: Path
    line: int
    info: tuple[str, ...]
    body: str

    def __str__(self) -> str:
        return f"{shown(self.page)}:{self.line}"


def pages() -> list[Path]:
    return [path for path in kept_files() if path.suffix == ".md"]


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def prose(text: str) -> str:
    """The text without its fenced blocks."""
    return FENCE.sub("", text)


def blocks(*info: str) -> Iterator[Block]:
    """Every fenced block of every page whose info string begins with these words."""
    for path in pages():
        text = path.read_text(encoding="utf-8")
        for match in FENCE.finditer(text):
            words = tuple(match["info"].split())
            if words[: len(info)] == info:
                yield Block(
                    page=path, line=text.count("\n", 0, match.start()) + 2, info=words, body=match["body"]
                )


def links(path: Path) -> list[str]:
    return [match["target"] for match in LINK.finditer(prose(path.read_text(encoding="utf-8")))]


def headings(text: str) -> list[str]:
    return [match["text"] for match in HEADING.finditer(prose(text))]


def anchors(text: str) -> set[str]:
    """What a forge makes of the headings: lower case, punctuation gone, spaces to hyphens."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings(text)}


def table_cells(text: str, column: int = 0) -> list[str]:
    """The cells of one column of all tables of a page, backticks gone, headers and rules left out."""
    rows = [line.strip().strip("|").split("|") for line in prose(text).splitlines() if line.startswith("|")]
    cells = [row[column].strip().strip("`") for row in rows if len(row) > column]
    return [cell for cell, row in zip(cells, rows, strict=True) if not set(row[0].strip()) <= set(":-")]
