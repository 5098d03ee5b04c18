"""What commands print: text made safe for a terminal, tables, JSON, progress.

Results go to stdout, all else to stderr. Rich is loaded only when a terminal looks at its output.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

import click

T = TypeVar("T")

LONG = 20
"""Things to work through from which on a progress bar is worth its line."""


def safe(text: object) -> str:
    """One line of text without what steers a terminal or hides text: controls and direction marks become escapes."""
    return "".join(one if _shows(one) else one.encode("unicode_escape").decode() for one in str(text))


def safe_lines(text: str) -> str:
    """Text of several lines, each made safe."""
    return "\n".join(safe(line.expandtabs(4)) for line in text.split("\n"))


def _shows(one: str) -> bool:
    return one.isprintable() and not 0xD800 <= ord(one) <= 0xDFFF


def say(text: str = "") -> None:
    """A line of a result, on stdout. What came from outside must have been through `safe`."""
    click.echo(text)


def note(text: str) -> None:
    """A line beside the result, on stderr."""
    click.echo(text, err=True)


def print_json(value: Any) -> None:
    """The value as JSON on stdout, ASCII only, so that nothing in it steers a terminal."""
    click.echo(json.dumps(value, indent=2))


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Rows under headings: as a table on a terminal, else in aligned columns that are never cut."""
    texts = [[safe(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _rich_table(columns, texts)
    else:
        _plain_table(columns, texts)


def tracked(items: Sequence[T], what: str) -> Iterable[T]:
    """The items one by one, with a progress bar on stderr when there are many and somebody looks on."""
    return _with_bar(items, what) if len(items) >= LONG and sys.stderr.isatty() else items


def _with_bar(items: Sequence[T], what: str) -> Iterator[T]:
    from rich.console import Console
    from rich.progress import track

    yield from track(items, description=what, console=Console(stderr=True), transient=True)


def _rich_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(*columns, box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        shown.add_row(*(Text(cell, overflow="fold") for cell in row))
    Console().print(shown)


def _plain_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    for row in (columns, *rows):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
