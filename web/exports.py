"""`GET /api/v1/exports/...`: the rows of a list, all of them, as a file that is sent while it is made."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import Any

import structlog
from aiohttp import web
from multidict import CIMultiDict

from adapters.spreadsheets import XLSX, Cell, SheetFailed
from engine.errors import EngineError
from hub.views.days import day_of
from hub.views.exports import (
    PAYMENT_TABLE,
    SUBSCRIPTION_TABLE,
    Batches,
    Format,
    Separator,
    Table,
    as_csv,
    as_excel,
    as_json_lines,
    payment_cells,
    subscription_cells,
)
from web.answers import SECURITY_HEADERS
from web.context import context_of
from web.problems import Problem
from web.reading import read_query
from web.view_shapes import PaymentsQuery, SubscriptionsQuery

_log = structlog.get_logger("sagaloom.web")

TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl", "xlsx": XLSX}


class PaymentExportQuery(PaymentsQuery):
    """The filters of the list. `separator` is of CSV."""

    format: Format = "csv"
    separator: Separator = "comma"


class SubscriptionExportQuery(SubscriptionsQuery):
    """The filters of the list. `separator` is of CSV."""

    format: Format = "csv"
    separator: Separator = "comma"


async def export_payments(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/exports/payments`."""
    query = read_query(request, PaymentExportQuery)
    rows = context_of(request).views.all_payments(query.filter())
    return await _sent(request, PAYMENT_TABLE, _cells(rows, payment_cells), query.format, query.separator)


async def export_subscriptions(request: web.Request) -> web.StreamResponse:
    """`GET /api/v1/exports/subscriptions`."""
    query = read_query(request, SubscriptionExportQuery)
    rows = context_of(request).views.all_subscriptions(query.filter())
    return await _sent(
        request, SUBSCRIPTION_TABLE, _cells(rows, subscription_cells), query.format, query.separator
    )


async def _cells(batches: AsyncIterator[Sequence[Any]], cells: Callable[[Any], list[Cell]]) -> Batches:
    async for rows in batches:
        yield [cells(row) for row in rows]


async def _sent(
    request: web.Request, table: Table, batches: Batches, format_: Format, separator: Separator
) -> web.StreamResponse:
    """Errors before the first piece are problems; after it the answer breaks off, so that nobody takes it for whole."""
    pieces = _pieces(table, batches, format_, separator)
    async with context_of(request).exporting, aclosing(pieces):  # type: ignore[type-var]
        first = await _first(pieces)
        name = f"{table.name.lower()}-{day_of(context_of(request).engine.clock.now())}.{format_}"
        headers = CIMultiDict(SECURITY_HEADERS)
        headers["Content-Type"] = TYPES[format_]
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        await _rest(request, response, first, pieces)
        return response


async def _rest(
    request: web.Request, response: web.StreamResponse, first: bytes, pieces: AsyncIterator[bytes]
) -> None:
    try:
        await response.write(first)
        async for piece in pieces:
            await response.write(piece)
        await response.write_eof()
    except ConnectionError:  # who asked has gone
        return
    except (EngineError, SheetFailed) as error:
        _log.warning("export.broken_off", error=type(error).__name__)
        if request.transport is not None:
            request.transport.abort()


def _pieces(table: Table, batches: Batches, format_: Format, separator: Separator) -> AsyncIterator[bytes]:
    if format_ == "xlsx":
        return as_excel(table, batches)
    return as_csv(table, batches, separator) if format_ == "csv" else as_json_lines(table, batches)


async def _first(pieces: AsyncIterator[bytes]) -> bytes:
    """Raises Problem: export-failed."""
    try:
        return await anext(pieces, b"")
    except SheetFailed as error:
        raise Problem("export-failed", str(error)) from error
