"""Rows of the views as files: which columns there are, and the same cells as CSV, JSON lines or Excel, in pieces.

Amounts are numbers in major units beside their currency. Nothing that a spreadsheet would take for a formula is
written as it is. docs/exports.md has the columns.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

import orjson

from adapters.spreadsheets import FORMULAS, Cell, Column, open_sheet
from engine.model import Millis
from hub.views.rows import PaymentRow, SubscriptionRow
from providers.money import EXPONENTS

Format = Literal["csv", "xlsx", "jsonl"]
Separator = Literal["comma", "semicolon"]
SEPARATORS = {"comma": ",", "semicolon": ";"}
BOM = "\ufeff".encode()
"""Without it Excel does not take a CSV file for UTF-8."""

Batches = AsyncIterator[Sequence[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What is exported: its name, its columns and the keys that they have in JSON."""

    name: str
    columns: Sequence[Column]
    keys: Sequence[str]


PAYMENT_TABLE = Table(
    name="Transactions",
    columns=(
        Column(title="Status", width=20),
        Column(title="Date", kind="moment", width=20),
        Column(title="Transaction ID", width=28),
        Column(title="Amount", kind="money"),
        Column(title="Refunded amount", kind="money"),
        Column(title="Currency", width=9),
        Column(title="Method", width=18),
        Column(title="Provider"),
        Column(title="Channel"),
        Column(title="Name", width=26),
        Column(title="Email", width=30),
    ),
    keys=(
        "status",
        "date",
        "transactionId",
        "amount",
        "refundedAmount",
        "currency",
        "method",
        "provider",
        "channel",
        "name",
        "email",
    ),
)
SUBSCRIPTION_TABLE = Table(
    name="Subscriptions",
    columns=(
        Column(title="Status", width=12),
        Column(title="Date", kind="moment", width=20),
        Column(title="Subscription ID", width=28),
        Column(title="Amount", kind="money"),
        Column(title="Currency", width=9),
        Column(title="Method", width=18),
        Column(title="Provider"),
        Column(title="Interval", width=10),
        Column(title="Interval count", kind="number", width=14),
        Column(title="Next payment", width=22),
        Column(title="Expiration", width=22),
        Column(title="Name", width=26),
        Column(title="Email", width=30),
    ),
    keys=(
        "status",
        "date",
        "subscriptionId",
        "amount",
        "currency",
        "method",
        "provider",
        "interval",
        "intervalCount",
        "nextPayment",
        "expiration",
        "name",
        "email",
    ),
)


def payment_cells(row: PaymentRow) -> list[Cell]:
    """In the order of PAYMENT_TABLE; moments are milliseconds."""
    return [
        row.status,
        row.date,
        row.shop_transaction_id,
        major(row.amount, row.currency),
        major(row.refunded, row.currency),
        row.currency,
        row.method_label,
        row.provider,
        row.channel,
        row.buyer_name,
        row.buyer_email,
    ]


def subscription_cells(row: SubscriptionRow) -> list[Cell]:
    """In the order of SUBSCRIPTION_TABLE."""
    return [
        row.status,
        row.date,
        row.shop_subscription_id,
        major(row.amount, row.currency),
        row.currency,
        row.method_label,
        row.provider,
        row.interval,
        row.interval_count,
        row.next_payment_date,
        row.expiration_date,
        row.buyer_name,
        row.buyer_email,
    ]


async def as_csv(table: Table, batches: Batches, separator: Separator = "comma") -> AsyncIterator[bytes]:
    """RFC 4180 in UTF-8; a cell that looks like a formula has an apostrophe before it."""
    head = BOM + _lines([[column.title for column in table.columns]], separator)
    async for cells in batches:
        yield head + _lines((_texts(table, row) for row in cells), separator)
        head = b""
    if head:
        yield head


async def as_json_lines(table: Table, batches: Batches) -> AsyncIterator[bytes]:
    """An object a line, with the keys of the table."""
    async for cells in batches:
        rows = (dict(zip(table.keys, _plain(table, row), strict=True)) for row in cells)
        yield b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)


async def as_excel(table: Table, batches: Batches) -> AsyncIterator[bytes]:
    """Made in another process first, then sent: its first byte comes last. Raises SheetFailed."""
    async with open_sheet(table.name, table.columns) as sheet:
        async for cells in batches:
            await sheet.write(cells)
        async with aclosing(sheet.pieces()) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                yield piece


def major(amount: int, currency: str) -> float:
    """1299 EUR -> 12.99; of a currency that nobody knows the amount stays as it is."""
    return float(Decimal(amount).scaleb(-EXPONENTS.get(currency, 0)))


def harmless(text: str) -> str:
    """The text, so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(FORMULAS) else text


def _lines(rows: Iterable[Sequence[object]], separator: Separator) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=SEPARATORS[separator]).writerows(rows)
    return text.getvalue().encode()


def _texts(table: Table, row: Sequence[Cell]) -> list[Cell]:
    return [harmless(cell) if isinstance(cell, str) else cell for cell in _plain(table, row)]


def _plain(table: Table, row: Sequence[Cell]) -> list[Cell]:
    """Moments as ISO 8601."""
    return [
        _iso(cell) if column.kind == "moment" and isinstance(cell, int) else cell
        for column, cell in zip(table.columns, row, strict=True)
    ]


def _iso(at: Millis) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
