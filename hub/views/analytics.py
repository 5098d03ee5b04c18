"""How much money came in and how payments ended, by day, method, channel and status, net of refunds.

Of one currency each: amounts of several are never summed up. Days are UTC, as 2026-01-31; the last one of a span is
included. A payment counts on the day it was created, as in the lists.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from engine.model import Json, Millis
from engine.records import Records
from hub.views.days import DAY, MONTHS, day_of, day_starts, month_starts, span_of_days
from hub.views.rows import PAYMENT_STATUSES
from hub.views.sums import sums_between

LONGEST_SPAN = 3_700
"""Days of a chart: ten years."""

Span = tuple[str, str]
"""The first and the last day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayAmount:
    """A day of a chart; all 0 if nothing was paid. `count`: payments, however they ended."""

    day: str
    net: int
    gross: int
    refunded: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What came in by one method or channel; `unknown`: by those that have none."""

    name: str
    net: int
    gross: int
    refunded: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusShare:
    """How many payments ended so, and what part of all that is, with two decimals."""

    status: str
    count: int
    percent: float


class Analytics:
    """Answers from what was counted; never looks at a payment. Every method may raise StoreUnavailable."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def by_day(self, currency: str, since_day: str, until_day: str) -> Sequence[DayAmount]:
        """Every day of the span. Raises ValueError for days that are none or too far apart."""
        since, until = bounds(since_day, until_day)
        months = await self._records.find(
            MONTHS, since=month_starts(day_of(since)[:7]), until=until, limit=LONGEST_SPAN
        )
        sums = {
            day: of[currency] for month in months for day, of in month.body["days"].items() if currency in of
        }
        return [_day(day, sums.get(day, (0, 0, 0))) for day in span_of_days(since_day, until_day)]

    async def by_method(self, currency: str, since_day: str, until_day: str) -> Sequence[Share]:
        """The method that brought most first. Raises ValueError as `by_day`."""
        return await self._shares("method", currency, since_day, until_day)

    async def by_channel(self, currency: str, since_day: str, until_day: str) -> Sequence[Share]:
        """The channel that brought most first. Raises ValueError as `by_day`."""
        return await self._shares("channel", currency, since_day, until_day)

    async def by_status(
        self, since_day: str, until_day: str, currency: str | None = None
    ) -> Sequence[StatusShare]:
        """Every status, in the order of PAYMENT_STATUSES; the percentages sum up to 100. Raises ValueError."""
        sums = await sums_between(self._records, *bounds(since_day, until_day))
        ended = ended_so(sums if currency is None else {currency: sums.get(currency, {})})
        counts = [ended[status] for status in PAYMENT_STATUSES]
        return [
            StatusShare(status=status, count=count, percent=percent)
            for status, count, percent in zip(PAYMENT_STATUSES, counts, percentages(counts), strict=True)
        ]

    async def currencies(self) -> Sequence[str]:
        """Those that payments were made in, the most frequent first."""
        sums = await sums_between(self._records)
        counts = {currency: parts["all"]["all"][0] for currency, parts in sums.items()}
        return sorted(counts, key=lambda currency: (-counts[currency], currency))

    async def _shares(self, part: str, currency: str, since_day: str, until_day: str) -> Sequence[Share]:
        sums = await sums_between(self._records, *bounds(since_day, until_day))
        shares = [
            Share(name=name, net=gross - refunded, gross=gross, refunded=refunded, count=count)
            for name, (count, gross, refunded) in sums.get(currency, {}).get(part, {}).items()
        ]
        return sorted(shares, key=lambda share: (-share.net, share.name))


def ended_so(sums: Json) -> Counter[str]:
    """How many payments have each status, whatever their currency."""
    ended: Counter[str] = Counter()
    for parts in sums.values():
        for status, (count, *_) in parts.get("status", {}).items():
            ended[status] += count
    return ended


def spans(today: str) -> Mapping[str, Span]:
    """The spans that people ask for: year and month to date, and the same days a year before."""
    year_ago = last_year(today)
    return {
        "ytd": (f"{today[:4]}-01-01", today),
        "mtd": (f"{today[:7]}-01", today),
        "last-ytd": (f"{year_ago[:4]}-01-01", year_ago),
        "last-mtd": (f"{year_ago[:7]}-01", year_ago),
    }


def last_year(day: str) -> str:
    """The same day a year before; the 28th for a 29th of February."""
    there = date.fromisoformat(day)
    if (there.month, there.day) == (2, 29):
        there -= timedelta(days=1)
    return there.replace(year=there.year - 1).isoformat()


def bounds(since_day: str, until_day: str) -> tuple[Millis, Millis]:
    """The first moment of the span and the first one after it. Raises ValueError."""
    since, until = day_starts(since_day), day_starts(until_day) + DAY
    if since >= until:
        raise ValueError("the span ends before it begins")
    if until - since > LONGEST_SPAN * DAY:
        raise ValueError(f"the span is longer than {LONGEST_SPAN} days")
    return since, until


def percentages(counts: Sequence[int]) -> list[float]:
    """With two decimals, so rounded that they sum up to 100; all 0 if there is nothing."""
    whole = sum(counts)
    if not whole:
        return [0.0] * len(counts)
    parts = [divmod(count * 10_000, whole) for count in counts]
    missing = 10_000 - sum(part for part, _ in parts)
    first = sorted(range(len(parts)), key=lambda index: -parts[index][1])[:missing]
    return [(part + (index in first)) / 100 for index, (part, _) in enumerate(parts)]


def _day(day: str, sums: Sequence[int]) -> DayAmount:
    count, gross, refunded = sums
    return DayAmount(day=day, net=gross - refunded, gross=gross, refunded=refunded, count=count)
