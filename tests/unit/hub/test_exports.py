"""Files of rows: what a spreadsheet must not take for a formula, money of any currency, a writer that dies."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from adapters.spreadsheets import Cell, Column, SheetFailed, open_sheet
from hub.views.exports import Table, as_csv, as_json_lines, harmless, major

TABLE = Table(name="Things", columns=(Column(title="A"), Column(title="B", kind="moment")), keys=("a", "b"))


async def batches(*rows: Any) -> AsyncIterator[Sequence[list[Cell]]]:
    for row in rows:
        yield [row]


async def joined(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_what_looks_like_a_formula_is_text(text: str) -> None:
    assert harmless(text) == f"'{text}"
    file = asyncio.run(joined(as_csv(TABLE, batches([text, 0]))))
    assert list(csv.reader(io.StringIO(file.decode("utf-8-sig"), newline="")))[1][0] == f"'{text}"


def test_other_text_stays_as_it_is() -> None:
    rows = [["a,b;c", 1_767_268_800_000], ['say "hi"', None], ["Zoë\nLee", 0], [None, 0]]
    file = asyncio.run(joined(as_csv(TABLE, batches(*rows), "semicolon")))
    found = list(csv.reader(io.StringIO(file.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert [row[0] for row in found] == ["A", "a,b;c", 'say "hi"', "Zoë\nLee", ""]
    assert found[1][1] == "2026-01-01T12:00:00Z"
    lines = asyncio.run(joined(as_json_lines(TABLE, batches(*rows)))).decode().splitlines()
    assert lines[0] == '{"a":"a,b;c","b":"2026-01-01T12:00:00Z"}'


@pytest.mark.parametrize(
    ("amount", "currency", "number"),
    [(1_299, "EUR", 12.99), (1_299, "JPY", 1_299.0), (1_299, "KWD", 1.299), (99_999_999_999_999, "EUR", 999_999_999_999.99), (5, "XXX", 5.0)],
)  # fmt: skip
def test_amounts_are_numbers_in_major_units(amount: int, currency: str, number: float) -> None:
    assert major(amount, currency) == number


def test_a_writer_that_dies_is_told() -> None:
    async def body() -> None:
        async with open_sheet("Things", TABLE.columns) as sheet:
            sheet._process.kill()
            with pytest.raises(SheetFailed):
                async for _ in sheet.pieces():
                    pass

    asyncio.run(body())
