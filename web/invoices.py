"""Invoices and credit notes over HTTP: PDF, ZIP and lists. The BFF answers with `pdf_answer` and `zip_answer` too."""

from __future__ import annotations

import msgspec
from aiohttp import web

from engine.machine.names import iso
from hub.invoices import Issued, Printed
from web.answers import json_answer, raw_answer
from web.bodies import read_body
from web.context import context_of
from web.cursors import cursor_for, place_of
from web.file_answers import attachment
from web.invoice_shapes import InvoiceQuery, IssuedDocument, IssuedDocuments, PrintOrder, ZipOrder
from web.moments import moment
from web.problems import Problem
from web.reading import read_handle, read_name, read_query
from web.requests import MachineQuery, NoQuery

PDF, ZIP = "application/pdf", "application/zip"

_ORDER = msgspec.json.Decoder(PrintOrder)
_ZIP = msgspec.json.Decoder(ZipOrder)


async def print_sheet(request: web.Request) -> web.Response:
    """`POST /print-pdf`, as the original's invoice service has it: nothing is kept."""
    read_query(request, NoQuery)
    order = msgspec.to_builtins(await read_body(request, _ORDER))
    return raw_answer(await context_of(request).paperwork.invoices.sheet(order), PDF)


async def show_invoice(request: web.Request) -> web.Response:
    """`GET /api/v1/payments/{id}/invoice`: made when it is first asked for."""
    return pdf_answer(await context_of(request).paperwork.invoices.of(await _saga_id(request)))


async def show_credit_note(request: web.Request) -> web.Response:
    """`GET /api/v1/payments/{id}/credit-notes/{refund}`: made when it is first asked for."""
    saga_id, refund = await _saga_id(request), read_name(request, "refund")
    if not refund.isascii() or not refund.isdecimal() or len(refund) > 4:
        raise Problem("not-found", "Refunds are counted 1, 2, 3 in the order they were made.")
    return pdf_answer(await context_of(request).paperwork.invoices.credit_note(saga_id, int(refund)))


async def list_credit_notes(request: web.Request) -> web.Response:
    """`GET /api/v1/payments/{id}/credit-notes`: those that were made, oldest first."""
    made = await context_of(request).paperwork.invoices.credit_notes(await _saga_id(request))
    return json_answer(IssuedDocuments(items=[_shape(one) for one in made], next_cursor=None))


async def list_documents(request: web.Request) -> web.Response:
    """`GET /api/v1/invoices`."""
    query = read_query(request, InvoiceQuery)
    found = await context_of(request).paperwork.invoices.page(
        kind=query.type,
        saga_id=query.saga_id,
        since=moment("issuedFrom", query.issued_from),
        until=moment("issuedTo", query.issued_to),
        after=place_of(query.cursor),
        limit=query.limit + 1,
    )
    shown = found[: query.limit]
    cursor = cursor_for((shown[-1].issued, shown[-1].id)) if len(found) > len(shown) else None
    return json_answer(IssuedDocuments(items=[_shape(one) for one in shown], next_cursor=cursor))


async def zip_invoices(request: web.Request) -> web.Response:
    """`POST /api/v1/invoices/zip`: all of them or none."""
    read_query(request, NoQuery)
    order = await read_body(request, _ZIP)
    return zip_answer(await context_of(request).paperwork.invoices.several(order.saga_ids), "invoices.zip")


def pdf_answer(printed: Printed) -> web.Response:
    """A document as a file to be saved."""
    return attachment(raw_answer(printed.content, PDF), printed.issued.name)


def zip_answer(content: bytes, name: str) -> web.Response:
    """A ZIP as a file to be saved."""
    return attachment(raw_answer(content, ZIP), name)


async def _saga_id(request: web.Request) -> str:
    query = read_query(request, MachineQuery)
    return await context_of(request).engine.store.find(read_handle(request), query.machine)


def _shape(issued: Issued) -> IssuedDocument:
    return IssuedDocument(
        number=issued.number,
        type=issued.kind,
        saga_id=issued.saga_id,
        name=issued.name,
        file=issued.file,
        size=issued.size,
        location=issued.location,
        issued=iso(issued.issued),
        amount=issued.amount,
        currency=issued.currency,
        refund=issued.refund,
    )
