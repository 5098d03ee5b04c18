"""Refund of one payment: the dialog, and what it sends. See hub/refund_orders.py for why none is done twice."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from hub.refund_orders import RefundOrder, last_refund, order_refund
from hub.views.rows import PaymentRow
from web.acts import note
from web.backoffice.frame import back_to, show, transaction
from web.backoffice.money import parsed, step, typed
from web.context import context_of
from web.pages.forms import Form, read_form, text_in
from web.problems import Problem
from web.reading import acting, read_name

LONGEST_REASON = 500
_LONGEST_ORDER = 100


async def show_refund(request: web.Request) -> web.StreamResponse:
    """`GET /backoffice/transactions/{id}/refund`: the form, preset with what is left."""
    row = await context_of(request).views.payment(read_name(request, "id"))
    seen = await last_refund(context_of(request).engine.store, row.saga_id)
    return await _dialog(request, row, seen=seen, order=context_of(request).engine.ids.new())


async def refund(request: web.Request) -> web.StreamResponse:
    """`POST /backoffice/transactions/{id}/refund`: accepted, to be done by the provider; then back to the payment."""
    form, context = await read_form(request), context_of(request)
    row = await context.views.payment(read_name(request, "id"))
    amount, reason = parsed(text_in(form, "amount"), row.currency), reason_in(form)
    seen, name = read_seen(form), text_in(form, "order")[:_LONGEST_ORDER]
    if wrong := _wrong(row, amount, reason):
        return await _dialog(request, row, seen=seen, order=name, form=form, wrong=wrong, status=422)
    assert amount is not None
    actor = acting(request).name
    order = RefundOrder(saga_id=row.saga_id, amount=amount, reason=reason, actor=actor, seen=seen, order=name)
    verdict = await order_refund(context.engine, order)
    if verdict == "accepted":
        before = {"status": row.status, "refunded": row.refunded, "remaining": row.remaining}
        after = {"asked": amount, "currency": row.currency}
        await note(
            request, "payment.refund", f"saga {row.saga_id}", reason=reason, before=before, after=after
        )
        await context.views.settle()
    return back_to(transaction(row.saga_id), f"refund.{verdict}")


def reason_in(form: Form) -> str:
    """Why somebody does it, in one line."""
    return " ".join(text_in(form, "reason").split())[:LONGEST_REASON]


def read_seen(form: Form) -> int:
    """The number that a form carries. Raises Problem: invalid-request."""
    text = text_in(form, "seen")
    if not (text.isascii() and text.isdecimal() and len(text) <= 12):
        raise Problem("invalid-request", "The form is not one of ours: load the page again.")
    return int(text)


def _wrong(row: PaymentRow, amount: int | None, reason: str) -> str | None:
    if not reason:
        return "reason"
    if amount is None or amount <= 0:
        return "amount"
    return "left" if row.refundable and amount > row.remaining else None


async def _dialog(
    request: web.Request,
    row: PaymentRow,
    *,
    seen: int,
    order: str,
    form: Form | None = None,
    wrong: str | None = None,
    status: int = 200,
) -> web.StreamResponse:
    names: dict[str, Any] = {
        "row": row,
        "seen": seen,
        "order": order,
        "amount": typed(row.remaining, row.currency) if form is None else text_in(form, "amount"),
        "reason": "" if form is None else text_in(form, "reason"),
        "decimals": step(row.currency),
        "wrong": wrong,
        "action": f"{transaction(row.saga_id)}/refund",
    }
    return await show(request, "refund", names, status=status)
