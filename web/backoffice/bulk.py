"""Refund of many payments: what would be refunded, the order, and how far it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from aiohttp import web

from engine.errors import SagaNotFound
from hub.bulk_refunds import MOST, BulkRefund, Item
from hub.refund_orders import last_refund
from hub.views.rows import PaymentRow
from web.acts import note
from web.backoffice.desk import desk_of
from web.backoffice.filters import payments_asked
from web.backoffice.frame import REFUNDS, TRANSACTIONS, back_to, elsewhere, path_part, show
from web.backoffice.refunds import reason_in
from web.backoffice.transactions import chosen
from web.context import context_of
from web.cursors import cursor_for, place_of
from web.pages.forms import read_form, text_in
from web.problems import Problem
from web.reading import acting, read_name

_PAGE = 50
_STATUSES = ("PAID", "PARTIALLY_REFUNDED")


async def show_order(request: web.Request) -> web.StreamResponse:
    """`GET /backoffice/refunds/new`: what was chosen (`saga`), or all that the filter finds (`all`)."""
    everything = request.query.get("all") == "1"
    rows, left_out = await (_found(request) if everything else _chosen(request))
    if not rows and not left_out:
        return elsewhere(request, TRANSACTIONS, "chosen.none")
    store = context_of(request).engine.store
    sums: Counter[str] = Counter()
    for row in rows:
        sums[row.currency] += row.remaining
    names = {
        "rows": rows,
        "seen": {row.saga_id: await last_refund(store, row.saga_id) for row in rows},
        "left_out": left_out,
        "sums": sorted(sums.items()),
        "most": MOST,
        "order": context_of(request).engine.ids.new(),
    }
    return await show(request, "refund_many", names)


async def order(request: web.Request) -> web.StreamResponse:
    """`POST /backoffice/refunds`: the job is kept, then on to its page."""
    form, context = await read_form(request), context_of(request)
    reason, id_ = reason_in(form), text_in(form, "order")
    if not reason:
        raise Problem("invalid-request", "Say why these payments are refunded.")
    if not id_.isprintable() or not 0 < len(id_) <= 100:
        raise Problem("invalid-request", "The form is not one of ours: load the page again.")
    items = [await _item(request, text) for text in chosen(form, "item")[:MOST]]
    if not items:
        return back_to(TRANSACTIONS, "chosen.none")
    is_new = await desk_of(request).refunds.find(id_) is None
    job = await desk_of(request).refunds.order(id_, items, acting(request), reason)
    if is_new:
        sums: Counter[str] = Counter()
        for item in job.items:
            sums[item.currency] += item.amount
        after = {"payments": len(job.items), "sums": dict(sums)}
        await note(request, "payments.refund", f"bulk {job.id}", reason=reason, after=after)
    await context.views.settle()
    return back_to(f"{REFUNDS}/{path_part(job.id)}", "bulk.accepted")


async def show_jobs(request: web.Request) -> web.StreamResponse:
    """`GET /backoffice/refunds`: every job, newest first."""
    found = await desk_of(request).refunds.newest(
        after=place_of(request.query.get("after") or None), limit=21
    )
    shown = found[:20]
    after = cursor_for((shown[-1].at, shown[-1].id)) if len(found) > len(shown) else None
    return await show(request, "jobs", {"jobs": shown, "next": f"{REFUNDS}?after={after}" if after else None})


async def show_job(request: web.Request) -> web.StreamResponse:
    """`GET /backoffice/refunds/{id}`: each payment with what became of it; loaded again while it goes on."""
    job = await desk_of(request).refunds.find(read_name(request, "id"))
    if job is None:
        raise Problem("not-found", "There is no bulk refund of this id.")
    text = request.query.get("page", "1")
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else 1
    items = job.items[(number - 1) * _PAGE : number * _PAGE]
    rows = {item.saga_id: await _now(request, item.saga_id) for item in items}
    names = {
        "job": job,
        "items": items,
        "rows": rows,
        "number": number,
        "pages": -(-len(job.items) // _PAGE),
        "lively": _is_lively(job, list(rows.values())),
        "here_path": f"{REFUNDS}/{path_part(job.id)}?page={number}",
    }
    return await show(request, "job", names)


def _is_lively(job: BulkRefund, rows: Sequence[PaymentRow | None]) -> bool:
    return job.is_open or any(row is not None and row.state.endswith("REFUND_REQUESTED") for row in rows)


async def _chosen(request: web.Request) -> tuple[list[PaymentRow], int]:
    found = [await _now(request, saga_id) for saga_id in chosen(request.query, "saga")[:MOST]]
    rows = [row for row in found if row is not None and row.refundable]
    return rows, len(found) - len(rows)


async def _found(request: web.Request) -> tuple[list[PaymentRow], int]:
    views, (_, wanted) = context_of(request).views, payments_asked(request)
    rows: list[PaymentRow] = []
    for status in _STATUSES if wanted.status is None else (wanted.status,):
        async for batch in views.all_payments(replace(wanted, status=status)):
            rows += [row for row in batch if row.refundable]
            if len(rows) >= MOST:
                return rows[:MOST], 0
    return rows, 0


async def _item(request: web.Request, text: str) -> Item:
    """What the form says of a payment: `seen:amount:saga id`. Raises Problem: invalid-request."""
    seen, _, rest = text.partition(":")
    amount, _, saga_id = rest.partition(":")
    if not (seen.isascii() and seen.isdecimal() and amount.isascii() and amount.isdecimal() and saga_id):
        raise Problem("invalid-request", "The form is not one of ours: load the page again.")
    row = await _now(request, saga_id)
    return Item(
        saga_id=saga_id,
        transaction=row.shop_transaction_id if row else saga_id,
        amount=int(amount),
        currency=row.currency if row else "",
        seen=int(seen),
        result="" if row else "gone",
    )


async def _now(request: web.Request, saga_id: str) -> PaymentRow | None:
    try:
        return await context_of(request).views.payment(saga_id)
    except SagaNotFound:
        return None
