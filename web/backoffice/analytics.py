"""/backoffice/analytics: what came in, net of refunds, in one currency and one span of days."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from aiohttp import web

from adapters.locales import percent
from hub.views.analytics import DayAmount, Share, StatusShare, bounds, last_year, spans
from hub.views.days import day_of
from web.backoffice.filters import USUAL_CURRENCY
from web.backoffice.frame import show
from web.backoffice.money import step
from web.context import context_of
from web.pages.rendering import standard_names
from web.pages.texts import language_of

Choice = Literal["ytd", "mtd", "custom"]
_BY_MONTH = 62
"""Days; a longer table has a row a month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A row of a table that is a chart as well: `width` of the longest one, in percent."""

    name: str
    net: int
    refunded: int
    count: int
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A day or a month of the table, and the same a year before."""

    label: str
    net: int
    before: int
    count: int


async def show_analytics(request: web.Request) -> web.StreamResponse:
    """`GET /backoffice/analytics?span=ytd|mtd|custom&from=&to=&currency=`."""
    analytics = context_of(request).views.analytics
    known = list(await analytics.currencies())
    currency = request.query.get("currency", "")[:3]
    if currency not in known:
        currency = known[0] if known else USUAL_CURRENCY
    choice, since, until, is_wrong = _span(request)
    now, before, methods, channels, statuses = await asyncio.gather(
        analytics.by_day(currency, since, until),
        analytics.by_day(currency, last_year(since), last_year(until)),
        analytics.by_method(currency, since, until),
        analytics.by_channel(currency, since, until),
        analytics.by_status(since, until, currency),
    )
    names = {
        "currency": currency,
        "currencies": known,
        "choice": choice,
        "since": since,
        "until": until,
        "wrong": is_wrong,
        "chart": _chart(request, currency, now, before),
        "lines": _lines(now, before),
        "by_month": len(now) > _BY_MONTH,
        "methods": _bars(methods),
        "channels": _bars(channels),
        "statuses": _slices(statuses),
        "two": lambda value: percent(value / 100, language_of(request), decimals=2),
        "net": sum(day.net for day in now),
        "net_before": sum(day.net for day in before),
        "refunded": sum(day.refunded for day in now),
        "payments": sum(day.count for day in now),
    }
    return await show(request, "analytics", names)


def _span(request: web.Request) -> tuple[Choice, str, str, bool]:
    """The span that is asked for, and whether another one was meant."""
    known = spans(day_of(context_of(request).engine.clock.now()))
    asked = request.query.get("span", "ytd")
    if asked == "mtd":
        return "mtd", *known["mtd"], False
    since, until = request.query.get("from", ""), request.query.get("to", "")
    if asked != "custom":
        return "ytd", *known["ytd"], False
    try:
        bounds(since, until)
    except ValueError:
        return "custom", *known["ytd"], True
    return "custom", since, until, False


def _chart(request: web.Request, currency: str, now: Sequence[DayAmount], before: Sequence[DayAmount]) -> str:
    """What the script draws: days, and amounts in minor units of this and of the last year."""
    t = standard_names(request, language_of(request))["t"]
    last = {_a_year_later(day.day): day.net for day in before}
    return orjson.dumps(
        {
            "days": [day.day for day in now],
            "now": [day.net for day in now],
            "before": [last.get(day.day, 0) for day in now],
            "currency": currency,
            "decimals": step(currency),
            "language": language_of(request),
            "labels": [
                t("backoffice.analytics.day"),
                t("backoffice.analytics.now"),
                t("backoffice.analytics.before"),
            ],
        }
    ).decode()


def _a_year_later(day: str) -> str:
    return f"{int(day[:4]) + 1:04d}{day[4:]}"


def _lines(now: Sequence[DayAmount], before: Sequence[DayAmount]) -> Sequence[Line]:
    last = {_a_year_later(day.day): day.net for day in before}
    found: dict[str, Line] = {}
    for day in now:
        label = day.day[:7] if len(now) > _BY_MONTH else day.day
        so_far = found.get(label, Line(label=label, net=0, before=0, count=0))
        found[label] = Line(
            label=label,
            net=so_far.net + day.net,
            before=so_far.before + last.get(day.day, 0),
            count=so_far.count + day.count,
        )
    return list(found.values())


def _bars(shares: Sequence[Share]) -> Sequence[Bar]:
    longest = max((share.net for share in shares), default=0) or 1
    return [
        Bar(
            name=share.name,
            net=share.net,
            refunded=share.refunded,
            count=share.count,
            width=round(100 * max(share.net, 0) / longest, 2),
        )
        for share in shares
    ]


def _slices(statuses: Sequence[StatusShare]) -> Sequence[Mapping[str, Any]]:
    """Pieces of a ring whose length is 100, and where each begins."""
    found, begin = [], 0.0
    for one in statuses:
        found.append({"status": one.status, "count": one.count, "percent": one.percent, "begin": -begin})
        begin += one.percent
    return found
