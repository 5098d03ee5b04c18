"""/backoffice/transactions: the list of payments, and one payment with its history, its refunds and what it waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from aiohttp import web

from engine.model import Json, Saga
from hub.views.filters import UNKNOWN
from hub.views.labels import METHOD_LABELS
from hub.views.rows import PAYMENT_STATUSES, PAYMENT_TYPES
from web.backoffice.desk import desk_of
from web.backoffice.exports import payments_export
from web.backoffice.filters import SIZES, Asked, payments_asked
from web.backoffice.frame import TRANSACTIONS, show
from web.context import context_of
from web.cursors import cursor_for
from web.pages.forms import Form
from web.reading import read_name

NOTIFIABLE = frozenset(("PAYMENT_EXECUTED", "PARTIALLY_REFUNDED", "TOTALLY_REFUNDED", "PAYMENT_FAILED"))
"""States in which the buyer can be told again."""

_MOVING = frozenset(("REFUND_REQUESTED", "SUBSEQUENT_REFUND_REQUESTED", "PAYMENT_SCHEDULE_REQUESTED"))
"""States that are over in a moment, as a rule."""

_CALLBACKS = 20
_LINES = 200
_FAR = 10**14
"""Milliseconds; what is later has no date."""


async def show_transactions(request: web.Request) -> web.StreamResponse:
    """`GET /backoffice/transactions`."""
    views = context_of(request).views
    asked, wanted = payments_asked(request)
    found, counts, choices = await asyncio.gather(
        views.payments(wanted, after=asked.after, limit=asked.limit),
        views.payment_counts(wanted),
        filter_choices(request, asked),
    )
    after = cursor_for(found.after) if found.after else None
    names = {
        "asked": asked,
        "rows": found.items,
        "cut": found.cut,
        "tabs": tabs(asked, counts),
        "choices": choices,
        "next": f"{TRANSACTIONS}{asked.query(after=after)}" if after else None,
        "first": f"{TRANSACTIONS}{asked.query()}" if asked.after else None,
        "exports": payments_export(wanted),
        "sizes": SIZES,
    }
    return await show(request, "transactions", names)


async def show_transaction(request: web.Request) -> web.StreamResponse:
    """`GET /backoffice/transactions/{id}`: as it is now."""
    context = context_of(request)
    row = await context.views.payment(read_name(request, "id"))
    saga = await context.engine.store.load(row.saga_id)
    history = await context.views.payment_history(row.saga_id)
    subscription = row.subscription_id
    names = {
        "row": row,
        "history": history[:_LINES],
        "more": max(len(history) - _LINES, 0),
        "waiting": [entry for entry in saga.agenda if entry.kind != "timer" and entry.status != "done"],
        "parked": sum(1 for entry in saga.agenda if entry.status == "parked"),
        "trail": trail_of(saga),
        "callbacks": callbacks_of(saga),
        "refund_reason": _reason(saga.metadata),
        "notifiable": row.state in NOTIFIABLE,
        "dealt_with": await desk_of(request).alerts.dealt_with(row.saga_id) if row.late_success else None,
        "moving": row.state in _MOVING,
        "subscription": subscription,
        "failure": row.error if row.status == "FAILED" or row.state.endswith("REFUND_FAILED") else None,
    }
    return await show(request, "transaction", names)


def tabs(asked: Asked, counts: Mapping[str, int]) -> Sequence[Mapping[str, Any]]:
    """All and every status, with how many of each where that is counted."""
    order = ("PAID", "CREATED", "TOTALLY_REFUNDED", "PARTIALLY_REFUNDED", "FAILED")
    assert set(order) == set(PAYMENT_STATUSES)
    everything = sum(counts.values()) if counts else None
    current = asked.fields["status"]
    return [
        {
            "status": status or "ALL",
            "href": f"{TRANSACTIONS}{asked.query(status=status or None)}",
            "count": counts.get(status) if status else everything,
            "current": current == status,
        }
        for status in ("", *order)
    ]


async def filter_choices(request: web.Request, asked: Asked) -> Mapping[str, Sequence[str]]:
    """What the drawer offers: what the providers can do, what came in so far, and what is chosen now."""
    context = context_of(request)
    providers = context.hub.gateway.providers
    offered = {method for provider in providers.values() for method in provider.capabilities.methods}
    found: dict[str, set[str]] = {
        "provider": set(providers),
        "method": {*METHOD_LABELS, *offered, asked.fields["method"]} - {"", UNKNOWN},
        "currency": {*await context.views.analytics.currencies(), asked.fields["currency"]} - {""},
    }
    return {"type": PAYMENT_TYPES, **{name: sorted(values) for name, values in found.items()}}


def trail_of(saga: Saga) -> Sequence[Mapping[str, Any]]:
    """Which providers were asked for the payment, in order, if it was routed."""
    routing = saga.metadata.get("routing")
    attempts = routing.get("attempts") if isinstance(routing, Mapping) else None
    return [one for one in attempts if isinstance(one, Mapping)] if isinstance(attempts, list) else []


def callbacks_of(saga: Saga) -> Sequence[Mapping[str, Any]]:
    """What the provider said by itself, newest first; bodies as they were kept."""
    kept = saga.metadata.get("callbackHistory")
    found = [one for one in kept if isinstance(one, Mapping)] if isinstance(kept, list) else []
    return [
        {
            "at": at if isinstance(at := one.get("timestamp"), int) and 0 <= at < _FAR else None,
            "word": str(one.get("word") or one.get("about") or ""),
            "became": str(one.get("became") or ""),
            "body": _readable(one.get("body")),
        }
        for one in found[::-1][:_CALLBACKS]
    ]


def chosen(form: Form | Mapping[str, Any], name: str) -> list[str]:
    """Every text of a field that comes several times, each once."""
    values = form.getall(name, []) if hasattr(form, "getall") else []
    return list(dict.fromkeys(value for value in values if isinstance(value, str) and value))


def _readable(body: object) -> str:
    if isinstance(body, str):
        return body
    return orjson.dumps(body, option=orjson.OPT_INDENT_2).decode() if body is not None else ""


def _reason(metadata: Json) -> str:
    asked = metadata.get("refundRequestData")
    reason = asked.get("reason") if isinstance(asked, Mapping) else None
    return reason if isinstance(reason, str) else ""
