"""Reads what was counted of a span of days: whole months, and the days at its edges."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping

from engine.model import Json, Millis
from engine.records import Records
from hub.views.days import DAY_CELLS, DAYS, MONTH_CELLS, MONTHS, day_of, merge, month_starts, next_month

_ALL = 100_000
"""More months and days than there are."""

_Part = tuple[bool, Millis | None, Millis | None]


async def sums_between(records: Records, since: Millis | None = None, until: Millis | None = None) -> Json:
    """By currency, part ("status", "method" ... or "all") and name: how many payments and how much money.

    From `since` on and before `until`, which are first moments of days; None: no bound.
    """
    found: Json = {}
    async for body in _bodies(records, (MONTHS, DAYS), since, until):
        merge(found, body["sums"])
    return found


async def statuses_between(
    records: Records, tags: Mapping[str, str], since: Millis | None, until: Millis | None
) -> Counter[str]:
    """How many payments with these tags, which are of CELL, have each status."""
    found: Counter[str] = Counter()
    wanted = tuple(tags.values())
    async for body in _bodies(records, (MONTH_CELLS, DAY_CELLS), since, until):
        for status, count, *here in zip(*(body[name] for name in ("status", "count", *tags)), strict=True):
            if tuple(here) == wanted:
                found[status] += count
    return found


async def _bodies(
    records: Records, kinds: tuple[str, str], since: Millis | None, until: Millis | None
) -> AsyncIterator[Json]:
    """`kinds`: of months and of days."""
    for is_month, begin, end in _parts(since, until):
        kind = kinds[0] if is_month else kinds[1]
        for record in await records.find(kind, since=begin, until=end, limit=_ALL):
            yield record.body


def _parts(since: Millis | None, until: Millis | None) -> Iterator[_Part]:
    """Spans that together are the whole, each of months or of days."""
    first = None if since is None else _month_from(since)
    last = None if until is None else month_starts(day_of(until)[:7])
    if first is not None and last is not None and first > last:
        yield False, since, until
        return
    yield True, first, last
    if since != first:
        yield False, since, first
    if until != last:
        yield False, last, until


def _month_from(since: Millis) -> Millis:
    """The first month that begins at `since` or later."""
    month = day_of(since)[:7]
    start = month_starts(month)
    return start if start == since else month_starts(next_month(month))
