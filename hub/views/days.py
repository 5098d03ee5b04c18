"""How many payments and how much money, by day and by month: what tabs and charts are made of.

A day is counted anew from the view's rows, a month from its days, so that counting twice or after a crash gives the
same. Whoever changes a row marks its day first (see projector.py); the mark goes when the day was counted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from engine.errors import RecordExists, StaleRecord
from engine.model import Json, Millis
from engine.records import Record, Records
from hub.views.filters import UNKNOWN, size
from hub.views.keeping import PAYMENTS
from hub.views.rows import PAID_STATUSES

DAYS, MONTHS = "payment_days", "payment_months"
DAY_CELLS, MONTH_CELLS = "payment_day_cells", "payment_month_cells"
"""Kinds: sums by one part, which charts read; and by all parts at once, which tabs under a filter read."""

DAY: Millis = 86_400_000
_PAGE = 500

CELL = ("currency", "status", "method", "provider", "channel", "type")
"""What payments of one cell have in common."""

COLUMNS = (*CELL, "count", "gross", "refunded")
"""Of a record of cells: what they have in common, then their sums."""

PARTS = ("status", "method", "provider", "channel", "type", "size")
"""What the sums of a currency are split by."""

_SIZE = len(CELL)

Sums = list[int]
"""How many payments, what was paid, and what was given back of that, in minor units."""

Cells = dict[tuple[str, ...], Sums]
"""By what they have in common, in the order of CELL; the size stands last."""


def day_of(at: Millis) -> str:
    """The day, in UTC, as 2026-01-31."""
    return datetime.fromtimestamp(at / 1000, UTC).date().isoformat()


def day_starts(day: str) -> Millis:
    """Its first moment. Raises ValueError for what is no day."""
    moment = date.fromisoformat(day)
    return int(datetime(moment.year, moment.month, moment.day, tzinfo=UTC).timestamp() * 1000)


def month_starts(month: str) -> Millis:
    """Its first moment; `month` as 2026-01."""
    return day_starts(f"{month}-01")


def next_month(month: str) -> str:
    """2026-12 -> 2027-01."""
    return (date.fromisoformat(f"{month}-28") + timedelta(days=4)).isoformat()[:7]


async def count_day(records: Records, day: str) -> None:
    """Bring a day and its month up to what the view says now. Safe to repeat, and to do by several at once."""
    begin, month = day_starts(day), day[:7]
    await _keep(records, (DAYS, DAY_CELLS), day, begin, lambda: _counted(records, begin))
    first, last = month_starts(month), month_starts(next_month(month))
    await _keep(records, (MONTHS, MONTH_CELLS), month, first, lambda: _summed(records, first, last))


async def _keep(
    records: Records,
    kinds: tuple[str, str],
    id_: str,
    at: Millis,
    count: Callable[[], Awaitable[tuple[Json, Json]]],
) -> None:
    while True:
        there = [await records.get(kind, id_) for kind in kinds]  # before: who is faster has us count again
        try:
            for kind, old, body in zip(kinds, there, await count(), strict=True):
                await _write(records, Record(kind=kind, id=id_, at=at, body=body), old)
        except (RecordExists, StaleRecord):
            continue
        return


async def _write(records: Records, new: Record, old: Record | None) -> None:
    """Raises RecordExists, StaleRecord."""
    if old is None:
        await records.insert(new)
    elif old.body != new.body:
        await records.replace(replace(new, version=old.version))


async def _counted(records: Records, begin: Millis) -> tuple[Json, Json]:
    """A day: its sums, and its cells."""
    cells: Cells = {}
    after = None
    while True:
        page = await records.find(PAYMENTS, since=begin, until=begin + DAY, after=after, limit=_PAGE)
        for record in page:
            _add(cells, *_share(record.body))
        if len(page) < _PAGE:
            return _split(cells)
        after = (page[-1].at, page[-1].id)


async def _summed(records: Records, first: Millis, last: Millis) -> tuple[Json, Json]:
    """A month: its days together, and what each of them came to."""
    cells: Cells = {}
    sums: Json = {}
    days: Json = {}
    for record in await records.find(DAY_CELLS, since=first, until=last, limit=31):
        for *cell, count, gross, refunded in zip(*(record.body[name] for name in COLUMNS), strict=True):
            _add(cells, tuple(cell), [count, gross, refunded])
    for record in await records.find(DAYS, since=first, until=last, limit=31):
        merge(sums, record.body["sums"])
        days[record.id] = {currency: parts["all"]["all"] for currency, parts in record.body["sums"].items()}
    return {"sums": sums, "days": days}, _columns(cells)


def _split(cells: Cells) -> tuple[Json, Json]:
    """By currency the sums of every part; and the cells, whatever the size."""
    plain: Cells = {}
    sums: Json = {}
    for cell, here in cells.items():
        _add(plain, cell[:_SIZE], here)
        parts = zip(("all", *PARTS), ("all", *cell[1:]), strict=True)
        merge(sums, {cell[0]: {part: {name: here} for part, name in parts}})
    return {"sums": sums}, _columns(plain)


def _share(body: Json) -> tuple[tuple[str, ...], Sums]:
    """What one payment adds, and where."""
    is_paid = body["status"] in PAID_STATUSES
    cell = (
        body["currency"],
        body["status"],
        body["method"] or UNKNOWN,
        body["provider"] or UNKNOWN,
        body["channel"] or UNKNOWN,
        body["type"],
        size(body["amount"]),
    )
    return cell, [1, body["amount"] if is_paid else 0, body["refunded"] if is_paid else 0]


def merge(sums: Json, more: Json) -> None:
    """Add sums by currency, part and name to others."""
    for currency, parts in more.items():
        mine = sums.setdefault(currency, {})
        for part, names in parts.items():
            for name, here in names.items():
                _add(mine.setdefault(part, {}), name, here)


def _add(cells: dict[Any, Sums], cell: object, here: Sums) -> None:
    there = cells.get(cell)
    cells[cell] = (
        list(here) if there is None else [there[0] + here[0], there[1] + here[1], there[2] + here[2]]
    )


def _columns(cells: Cells) -> Json:
    """A list for each column: thousands of small lists would take ten times as long to read."""
    rows = [(*cell, *sums) for cell, sums in sorted(cells.items())]
    return {name: [row[place] for row in rows] for place, name in enumerate(COLUMNS)}


def span_of_days(since_day: str, until_day: str) -> Sequence[str]:
    """Every day from the one to the other, both included."""
    first, last = date.fromisoformat(since_day), date.fromisoformat(until_day)
    return [(first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1)]
