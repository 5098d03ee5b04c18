"""`GET /api/v1/analytics/...` and the original's `GET /analytics/.../json`: what charts are drawn from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, TypeVar

import msgspec
from aiohttp import web
from msgspec import Meta

from hub.views.analytics import Analytics, Share, Span, last_year, spans
from hub.views.days import day_of
from hub.views.exports import major
from web.answers import json_answer
from web.context import context_of
from web.moments import moment
from web.problems import Problem
from web.reading import read_query
from web.requests import Moment, Query
from web.shapes import Shape
from web.view_shapes import Currency, Day

T = TypeVar("T")

DEFAULT_CURRENCY = "EUR"
"""Of a shop without a payment."""


class SpanQuery(Query):
    """Without a day: from the first of January of this year, to today."""

    since: Day | None = msgspec.field(name="from", default=None)
    until: Day | None = msgspec.field(name="to", default=None)
    currency: Annotated[Currency | None, Meta(description="The one with most payments if it is left out")] = (
        None
    )


class OriginalSpanQuery(Query):
    transaction_date_from: Moment | None = None
    transaction_date_to: Moment | None = None


class DayItem(Shape):
    """A day; `netLastYear` is the same day's of the year before."""

    day: str
    net: int
    gross: int
    refunded: int
    count: int
    net_last_year: int


class AmountByDay(Shape):
    """Every day of the span, in minor units; net is gross without what was given back."""

    currency: str
    since: str = msgspec.field(name="from")
    until: str = msgspec.field(name="to")
    items: list[DayItem]


class ShareItem(Shape):
    """What came in by one method or channel; `unknown`: by none."""

    name: str
    net: int
    gross: int
    refunded: int
    count: int


class AmountByName(Shape):
    """The one that brought most first, in minor units."""

    currency: str
    since: str = msgspec.field(name="from")
    until: str = msgspec.field(name="to")
    items: list[ShareItem]


class StatusItem(Shape):
    """How many payments ended so; the percentages have two decimals and sum up to 100."""

    status: str
    count: int
    percent: float


class PaymentsByStatus(Shape):
    """Every status. `currency` is null if those of every currency were counted."""

    currency: str | None
    since: str = msgspec.field(name="from")
    until: str = msgspec.field(name="to")
    items: list[StatusItem]


Ask = Callable[[Analytics, str, str, str], Awaitable[Sequence[Share]]]


async def by_day(request: web.Request) -> web.Response:
    """`GET /api/v1/analytics/amount-by-day`."""
    query = read_query(request, SpanQuery)
    analytics, (since, until) = context_of(request).views.analytics, _span(request, query)
    currency = query.currency or await _currency(analytics)
    days = await _valid(analytics.by_day(currency, since, until))
    before = await analytics.by_day(currency, last_year(since), last_year(until))
    nets = {day.day: day.net for day in before}
    items = [
        DayItem(
            day=day.day,
            net=day.net,
            gross=day.gross,
            refunded=day.refunded,
            count=day.count,
            net_last_year=nets.get(last_year(day.day), 0),
        )
        for day in days
    ]
    return json_answer(AmountByDay(currency=currency, since=since, until=until, items=items))


def by_name(ask: Ask) -> Callable[[web.Request], Awaitable[web.Response]]:
    """`GET /api/v1/analytics/by-method` and `/by-channel`."""

    async def show(request: web.Request) -> web.Response:
        query = read_query(request, SpanQuery)
        analytics, (since, until) = context_of(request).views.analytics, _span(request, query)
        currency = query.currency or await _currency(analytics)
        shares = await _valid(ask(analytics, currency, since, until))
        items = [
            ShareItem(name=one.name, net=one.net, gross=one.gross, refunded=one.refunded, count=one.count)
            for one in shares
        ]
        return json_answer(AmountByName(currency=currency, since=since, until=until, items=items))

    return show


async def by_status(request: web.Request) -> web.Response:
    """`GET /api/v1/analytics/by-status`."""
    query = read_query(request, SpanQuery)
    since, until = _span(request, query)
    shares = await _valid(context_of(request).views.analytics.by_status(since, until, query.currency))
    items = [StatusItem(status=one.status, count=one.count, percent=one.percent) for one in shares]
    return json_answer(PaymentsByStatus(currency=query.currency, since=since, until=until, items=items))


def original(chart: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    """`GET /analytics/{chart}/json` of the original: rows [x, y], amounts in major units of the main currency."""

    async def show(request: web.Request) -> web.Response:
        query = read_query(request, OriginalSpanQuery)
        return json_answer(await _valid(_rows(request, chart, _original_span(request, query))))

    return show


async def _rows(request: web.Request, chart: str, span: Span) -> list[list[object]]:
    analytics = context_of(request).views.analytics
    if chart == "percentage-by-status":
        return [[one.status, one.percent] for one in await analytics.by_status(*span)]
    currency = await _currency(analytics)
    if chart.startswith("amount-transactions-by-day"):
        days = await analytics.by_day(currency, *_year(request, before=chart.endswith("last-year")))
        return [[day.day, major(day.net, currency)] for day in days]
    ask = analytics.by_method if chart == "amount-by-method" else analytics.by_channel
    return [[one.name, major(one.net, currency)] for one in await ask(currency, *span)]


def _year(request: web.Request, *, before: bool) -> Span:
    """This year up to today, or all of the last one."""
    this = _today(request)[:4]
    return (
        (f"{int(this) - 1}-01-01", f"{int(this) - 1}-12-31") if before else (f"{this}-01-01", _today(request))
    )


def _original_span(request: web.Request, query: OriginalSpanQuery) -> Span:
    since = moment("transactionDateFrom", query.transaction_date_from)
    until = moment("transactionDateTo", query.transaction_date_to)
    usual = spans(_today(request))["ytd"]
    return usual[0] if since is None else day_of(since), usual[1] if until is None else day_of(until)


def _span(request: web.Request, query: SpanQuery) -> Span:
    since, until = spans(_today(request))["ytd"]
    return query.since or since, query.until or until


def _today(request: web.Request) -> str:
    return day_of(context_of(request).engine.clock.now())


async def _currency(analytics: Analytics) -> str:
    found = await analytics.currencies()
    return found[0] if found else DEFAULT_CURRENCY


async def _valid(asked: Awaitable[T]) -> T:
    """Raises Problem: invalid-query, for days that are none and spans that end before they begin."""
    try:
        return await asked
    except ValueError as error:
        raise Problem("invalid-query", f"from and to are no span of days: {error}.") from None
