"""Excel files, written by a process of their own: rows go in as JSON lines, the file comes out in pieces.

The home of XlsxWriter. This file is also that process's program, so nothing of the house is imported here. Memory
stays flat on both sides: the writer keeps one row, and the daemon waits while the pipe is full.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, Literal

import orjson

Kind = Literal["text", "number", "money", "moment"]
Cell = str | int | float | None

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROWS = 1_048_575
"""What Excel takes on one sheet, beside the heading; the rest goes on the next one."""

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a cell begins with that a spreadsheet may take for a formula when it is edited or saved as another file."""

_LONGEST = 32_767
"""Characters that Excel takes in a cell."""

_PIECE = 65_536
_EPOCH, _DAY = 25_569, 86_400_000
"""1970-01-01 as Excel counts days, and a day in milliseconds."""

_NICE = 5
"""The file can wait; requests cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: `money` cells are decimals in major units, `moment` cells milliseconds since 1970."""

    title: str
    kind: Kind = "text"
    width: int = 16


class SheetFailed(Exception):
    """The writing process ended without a file."""


class Sheet:
    """An Excel file in the making. See `open_sheet`."""

    def __init__(self, process: asyncio.subprocess.Process, path: Path) -> None:
        self._process = process
        self._path = path

    async def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Add rows; returns when the writer keeps up. Raises SheetFailed."""
        assert self._process.stdin is not None
        self._process.stdin.write(
            b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
        )
        try:
            await self._process.stdin.drain()
        except ConnectionError as error:
            raise SheetFailed("The spreadsheet could not be written: see whether the disk is full") from error

    async def pieces(self) -> AsyncIterator[bytes]:
        """The whole file, once no row follows. Raises SheetFailed."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        if await self._process.wait() != 0:
            raise SheetFailed("The spreadsheet could not be written: see whether the disk is full")
        with await asyncio.to_thread(self._path.open, "rb") as file:
            while piece := await asyncio.to_thread(file.read, _PIECE):
                yield piece


@asynccontextmanager
async def open_sheet(title: str, columns: Sequence[Column]) -> AsyncIterator[Sheet]:
    """A new Excel file with these columns; nothing of it is left when the block is left."""
    folder = await asyncio.to_thread(TemporaryDirectory, prefix="sagaloom-sheet-")
    try:
        path = Path(folder.name) / "sheet.xlsx"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", __file__, str(path), stdin=asyncio.subprocess.PIPE
        )
        try:
            head = {"title": title, "columns": [[one.title, one.kind, one.width] for one in columns]}
            sheet = Sheet(process, path)
            await sheet.write([head])  # type: ignore[list-item]  # the one line that is no row
            yield sheet
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    finally:
        await asyncio.to_thread(folder.cleanup)


def main(path: Path, lines: IO[bytes]) -> None:
    """The process: write what stdin says to `path`. A row has a cell for each column; null stays empty."""
    import xlsxwriter

    os.nice(_NICE)
    head = orjson.loads(lines.readline())
    options = {"constant_memory": True, "tmpdir": str(path.parent), "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        formats = {
            "head": book.add_format({"bold": True}),
            "moment": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            "money": book.add_format({"num_format": "#,##0.00##"}),
            "quoted": book.add_format({"quote_prefix": True}),
        }
        sheet = _sheet(book, head, formats, 0)
        for number, line in enumerate(lines):
            if number and number % ROWS == 0:
                sheet = _sheet(book, head, formats, number // ROWS)
            _write(sheet, number % ROWS + 1, head["columns"], orjson.loads(line), formats)


def _sheet(book: Any, head: dict[str, Any], formats: dict[str, Any], nth: int) -> Any:
    sheet = book.add_worksheet(head["title"] if nth == 0 else f"{head['title']} {nth + 1}")
    for place, (title, _, width) in enumerate(head["columns"]):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, title, formats["head"])
    sheet.freeze_panes(1, 0)
    return sheet


def _write(sheet: Any, at: int, columns: Sequence[Any], row: Sequence[Cell], formats: dict[str, Any]) -> None:
    for place, ((_, kind, _), value) in enumerate(zip(columns, row, strict=True)):
        if value is None or value == "":
            continue
        if isinstance(value, str):
            style = formats["quoted"] if value.startswith(FORMULAS) else None
            sheet.write_string(at, place, value[:_LONGEST], style)
        elif kind == "moment":
            sheet.write_number(at, place, value / _DAY + _EPOCH, formats["moment"])
        else:
            sheet.write_number(at, place, value, formats.get(kind))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.stdin.buffer)
