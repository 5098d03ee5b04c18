"""`GET /api/v1/payments` and `/api/v1/subscriptions`: lists, searches and single ones, from the views."""

from __future__ import annotations

from aiohttp import web

from engine.machine.names import iso
from hub.views.rows import PaymentRow
from web.answers import json_answer
from web.context import context_of
from web.cursors import cursor_for, place_of
from web.reading import read_handle, read_query
from web.requests import NoQuery
from web.view_shapes import (
    PaymentDetail,
    PaymentItem,
    PaymentListQuery,
    PaymentPage,
    SubscriptionDetail,
    SubscriptionItem,
    SubscriptionListQuery,
    SubscriptionPage,
    SubscriptionPayment,
    payment_fields,
    step_of,
    subscription_fields,
)


async def list_payments(request: web.Request) -> web.Response:
    """`GET /api/v1/payments`."""
    query = read_query(request, PaymentListQuery)
    views, wanted = context_of(request).views, query.filter()
    page = await views.payments(wanted, after=place_of(query.cursor), limit=query.limit)
    counts = await views.payment_counts(wanted) if query.counts else {}
    return json_answer(
        PaymentPage(
            items=[PaymentItem(**payment_fields(row)) for row in page.items],  # type: ignore[arg-type]
            next_cursor=cursor_for(page.after) if page.after else None,
            cut=page.cut,
            counts=dict(counts) or None,
        )
    )


async def show_payment(request: web.Request) -> web.Response:
    """`GET /api/v1/payments/{id}`."""
    read_query(request, NoQuery)
    row, lines = await context_of(request).views.payment_and_history(read_handle(request))
    history = [step_of(line) for line in lines]
    return json_answer(PaymentDetail(**payment_fields(row), history=history))  # type: ignore[arg-type]


async def list_subscriptions(request: web.Request) -> web.Response:
    """`GET /api/v1/subscriptions`."""
    query = read_query(request, SubscriptionListQuery)
    page = await context_of(request).views.subscriptions(
        query.filter(), after=place_of(query.cursor), limit=query.limit
    )
    return json_answer(
        SubscriptionPage(
            items=[SubscriptionItem(**subscription_fields(row)) for row in page.items],  # type: ignore[arg-type]
            next_cursor=cursor_for(page.after) if page.after else None,
            cut=page.cut,
        )
    )


async def show_subscription(request: web.Request) -> web.Response:
    """`GET /api/v1/subscriptions/{id}`."""
    read_query(request, NoQuery)
    views = context_of(request).views
    row = await views.subscription(read_handle(request))
    payments = [_payment(one) for one in await views.payments_of(row.saga_id)]
    return json_answer(SubscriptionDetail(**subscription_fields(row), transactions=payments))  # type: ignore[arg-type]


def _payment(row: PaymentRow) -> SubscriptionPayment:
    return SubscriptionPayment(
        saga_id=row.saga_id,
        date=iso(row.date),
        shop_transaction_id=row.shop_transaction_id,
        amount=row.amount,
        currency=row.currency,
        status=row.status,
    )
