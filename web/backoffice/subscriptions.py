"""/backoffice/subscriptions: the list, one subscription with its payments, and what a person may change of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from engine.model import Json
from hub.views.rows import ENDED, SUBSCRIPTION, SUBSCRIPTION_STATUSES, SubscriptionRow
from web.acts import note
from web.backoffice.exports import subscriptions_export
from web.backoffice.filters import SIZES, Asked, subscriptions_asked
from web.backoffice.frame import SUBSCRIPTIONS, back_to, show, subscription
from web.backoffice.money import parsed, step, typed
from web.backoffice.refunds import read_seen, reason_in
from web.backoffice.telling import tell
from web.backoffice.transactions import filter_choices
from web.context import context_of
from web.cursors import cursor_for
from web.pages.forms import Form, read_form, text_in
from web.reading import read_name

INTERVALS = ("DAY", "MONTH")
_MOST_INTERVALS = 1_000
_PAYMENTS = 200
_LINES = 100


async def show_subscriptions(request: web.Request) -> web.StreamResponse:
    """`GET /backoffice/subscriptions`."""
    views = context_of(request).views
    asked, wanted = subscriptions_asked(request)
    found, counts, choices = await asyncio.gather(
        views.subscriptions(wanted, after=asked.after, limit=asked.limit),
        views.subscription_counts(),
        filter_choices(request, asked),
    )
    after = cursor_for(found.after) if found.after else None
    names = {
        "asked": asked,
        "rows": found.items,
        "cut": found.cut,
        "tabs": _tabs(asked, counts),
        "choices": choices,
        "statuses": SUBSCRIPTION_STATUSES,
        "next": f"{SUBSCRIPTIONS}{asked.query(after=after)}" if after else None,
        "first": f"{SUBSCRIPTIONS}{asked.query()}" if asked.after else None,
        "exports": subscriptions_export(wanted),
        "sizes": SIZES,
    }
    return await show(request, "subscriptions", names)


async def show_subscription(request: web.Request) -> web.StreamResponse:
    """`GET /backoffice/subscriptions/{id}`: as it is now."""
    views = context_of(request).views
    row = await views.subscription(read_name(request, "id"))
    payments = await views.payments_of(row.saga_id)
    history = await views.subscription_history(row.saga_id)
    names = {
        "row": row,
        "payments": payments[:_PAYMENTS],
        "history": history[:_LINES],
        "more": max(len(history) - _LINES, 0),
    }
    return await show(request, "subscription", names)


async def show_cancel(request: web.Request) -> web.StreamResponse:
    """`GET /backoffice/subscriptions/{id}/cancel`: what it means, and the question."""
    row = await context_of(request).views.subscription(read_name(request, "id"))
    return await show(request, "cancel", {"row": row, "action": f"{subscription(row.saga_id)}/cancel"})


async def cancel(request: web.Request) -> web.StreamResponse:
    """`POST /backoffice/subscriptions/{id}/cancel`: it runs to its renewal day and ends then."""
    form = await read_form(request)
    row = await context_of(request).views.subscription(read_name(request, "id"))
    if row.expire_requested or not row.active:
        return back_to(
            subscription(row.saga_id), "cancel.impossible" if not row.active else "cancel.accepted"
        )
    return await _update(request, row, form, "cancel", {"expireRequested": True}, {"expireRequested": False})


async def show_change(request: web.Request) -> web.StreamResponse:
    """`GET /backoffice/subscriptions/{id}/change`: amount and interval from the next renewal on."""
    row = await context_of(request).views.subscription(read_name(request, "id"))
    given = {
        "amount": typed(row.amount, row.currency),
        "interval": row.interval,
        "intervalCount": str(row.interval_count),
        "reason": "",
        "seen": str(row.version),
    }
    return await _change_form(request, row, given)


async def change(request: web.Request) -> web.StreamResponse:
    """`POST /backoffice/subscriptions/{id}/change`."""
    form = await read_form(request)
    row = await context_of(request).views.subscription(read_name(request, "id"))
    given = {name: text_in(form, name) for name in ("amount", "interval", "intervalCount", "reason", "seen")}
    terms, wrong = _terms(row, given)
    if wrong:
        return await _change_form(request, row, given, wrong=wrong, status=422)
    before = {"amount": row.amount, "interval": row.interval, "intervalCount": row.interval_count}
    if terms == before:
        return back_to(subscription(row.saga_id), "change.same")
    return await _update(request, row, form, "change", terms, before)


async def _update(
    request: web.Request, row: SubscriptionRow, form: Form, what: str, after: Json, before: Json
) -> web.StreamResponse:
    reason = reason_in(form)
    told = await tell(
        request, row.saga_id, SUBSCRIPTION, "update", seen=read_seen(form), reason=reason, payload=after
    )
    if told == "accepted":
        target = f"saga {row.saga_id}"
        await note(request, f"subscription.{what}", target, reason=reason, before=before, after=after)
        await context_of(request).views.settle()
    return back_to(subscription(row.saga_id), f"{what}.{told}")


def _terms(row: SubscriptionRow, given: Mapping[str, str]) -> tuple[Json, str | None]:
    """What the subscription is to become, or the field that is wrong."""
    amount = parsed(given["amount"], row.currency)
    count = given["intervalCount"].strip()
    if amount is None or amount <= 0:
        return {}, "amount"
    if given["interval"] not in INTERVALS:
        return {}, "interval"
    if not (count.isascii() and count.isdecimal() and 0 < int(count[:9]) <= _MOST_INTERVALS):
        return {}, "intervalCount"
    if not given["reason"].strip():
        return {}, "reason"
    return {"amount": amount, "interval": given["interval"], "intervalCount": int(count)}, None


async def _change_form(
    request: web.Request,
    row: SubscriptionRow,
    given: Mapping[str, str],
    *,
    wrong: str | None = None,
    status: int = 200,
) -> web.StreamResponse:
    names: dict[str, Any] = {
        "row": row,
        "given": given,
        "wrong": wrong,
        "intervals": INTERVALS,
        "decimals": step(row.currency),
        "action": f"{subscription(row.saga_id)}/change",
    }
    return await show(request, "change", names, status=status)


def _tabs(asked: Asked, counts: Mapping[str, int]) -> Sequence[Mapping[str, Any]]:
    ended = sum(count for status, count in counts.items() if status in ENDED)
    whole = sum(counts.values())
    current = asked.fields["active"]
    return [
        {
            "name": name,
            "href": f"{SUBSCRIPTIONS}{asked.query(active=active or None, status=None)}",
            "count": count,
            "current": current == active,
        }
        for name, active, count in (
            ("all", "", whole),
            ("active", "yes", whole - ended),
            ("ended", "no", ended),
        )
    ]
