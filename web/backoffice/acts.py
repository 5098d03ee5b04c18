"""What else is done to one payment: its buyer told again, its invoice downloaded."""

from __future__ import annotations

from aiohttp import web

from hub.views.rows import PAYMENT
from web.acts import note
from web.backoffice.frame import TRANSACTIONS, back_to, transaction
from web.backoffice.refunds import read_seen, reason_in
from web.backoffice.telling import tell
from web.backoffice.transactions import chosen
from web.context import context_of
from web.invoices import pdf_answer, zip_answer
from web.pages.forms import read_form
from web.reading import read_name

MOST_INVOICES = 100


async def send_notification(request: web.Request) -> web.StreamResponse:
    """`POST /backoffice/transactions/{id}/notification`."""
    form = await read_form(request)
    row = await context_of(request).views.payment(read_name(request, "id"))
    reason = reason_in(form)
    told = await tell(request, row.saga_id, PAYMENT, "sendNotification", seen=read_seen(form), reason=reason)
    if told == "accepted":
        await note(
            request, "payment.notify", f"saga {row.saga_id}", reason=reason, after={"status": row.status}
        )
    return back_to(transaction(row.saga_id), f"notification.{told}")


async def download_invoice(request: web.Request) -> web.StreamResponse:
    """`GET /backoffice/transactions/{id}/invoice`: the PDF; made if it is not there yet."""
    context = context_of(request)
    row = await context.views.payment(read_name(request, "id"))
    return pdf_answer(await context.paperwork.invoices.of(row.saga_id))


async def download_invoices(request: web.Request) -> web.StreamResponse:
    """`GET /backoffice/invoices?saga=&saga=`: a ZIP of those that were chosen and are paid."""
    context, ids = context_of(request), chosen(request.query, "saga")
    if not ids:
        return back_to(TRANSACTIONS, "chosen.none")
    rows = [await context.views.payment(saga_id) for saga_id in ids[:MOST_INVOICES]]
    paid = [row.saga_id for row in rows if row.invoiceable]
    if not paid:
        return back_to(TRANSACTIONS, "invoices.none")
    return zip_answer(await context.paperwork.invoices.several(paid), "invoices.zip")
