"""Payments, subscriptions, their sums and their files over HTTP."""

from __future__ import annotations

import asyncio
import csv
import io
import zipfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import aiohttp
import orjson
import pytest

from engine.model import Event, Json
from hub.views.keeping import record_of
from hub.views.views import BATCH
from tests.http.daemon import AWAY, NOON, Daemon, daemon

MACHINES = [(Path("machines") / f"{name}.yaml").read_text() for name in ("payment", "subscription")]
DAY = 86_400_000


def paid(test: Callable[[Daemon], Awaitable[None]]) -> Callable[[], None]:
    """A test on a daemon with four payments and a subscription."""

    def run() -> None:
        async def body() -> None:
            async with daemon(*MACHINES) as it:
                await fill(it)
                await test(it)

        asyncio.run(body())

    run.__name__ = test.__name__
    return run


async def payment(it: Daemon, number: str, amount: int, *events: tuple[str, Json], **metadata: Any) -> None:
    data = {
        "shopTransactionId": number,
        "amount": amount,
        "currency": "EUR",
        "paymentMethod": "satispay",
        **metadata,
    }
    await it.engine.runner.start("payment", metadata=data, saga_id=f"payment-{number}")
    for name, payload in events:
        await it.engine.runner.handle(f"payment-{number}", Event(name=name, payload=payload, actor="test"))


PAID = ("paymentExecuted", {"paymentId": "pi_1"})


async def fill(it: Daemon) -> None:
    it.clock.time = NOON - 366 * DAY
    await payment(it, "old", 700, ("paymentExecuted", {}))
    it.clock.time = NOON
    buyer = {"name": "=Ann", "email": "ann@example.org"}
    refund = ("refundRequested", {"refundRequestData": {"amount": 299}})
    given = (
        "partialRefundExecuted",
        {"refundDetails": {"totalRefundedAmount": 299, "refundedAmounts": [299]}},
    )
    await payment(it, "T-1", 1_299, PAID, refund, given, additionalData={"channel": "web", "buyer": buyer})
    await payment(it, "T-2", 500, ("paymentFailed", {"error": "declined"}))
    await payment(
        it, "-T-3", 4_200, currency="JPY", paymentMethod="pay-pal", subscriptionId="sb-1", type="SUBSCRIPTION"
    )
    sub = {"shopSubscriptionId": "S-1", "amount": 990, "currency": "EUR", "provider": "sandbox",
           "paymentMethod": "credit-cards", "interval": "MONTH", "intervalCount": 1}  # fmt: skip
    await it.engine.runner.start("subscription", metadata=sub, saga_id="sb-1")
    await it.views.settle(days=True)


async def ids(it: Daemon, query: str = "") -> list[str]:
    reply = await it.get(f"/api/v1/payments{query}")
    assert reply.status == 200, reply.body
    return [item["shopTransactionId"] for item in reply.json["items"]]


@paid
async def test_payments_are_listed_by_filter_and_page(it: Daemon) -> None:
    assert await ids(it) == ["T-2", "T-1", "-T-3", "old"]
    assert await ids(it, "?status=PARTIALLY_REFUNDED") == ["T-1"]
    assert await ids(it, "?channel=unknown&currency=EUR&since=2026-01-01") == ["T-2"]
    assert await ids(it, "?search=t-&amountTo=600") == ["T-2"]
    assert await ids(it, "?subscriptionId=sb-1&type=SUBSCRIPTION") == ["-T-3"]
    page = (await it.get("/api/v1/payments?limit=3&counts=true")).json
    assert page["counts"] == {
        "CREATED": 1,
        "PAID": 1,
        "PARTIALLY_REFUNDED": 1,
        "TOTALLY_REFUNDED": 0,
        "FAILED": 1,
    }
    assert await ids(it, f"?limit=3&cursor={page['nextCursor']}") == ["old"]
    filtered = (await it.get("/api/v1/payments?counts=true&status=PAID&currency=JPY")).json
    assert (filtered["items"], filtered["counts"]["CREATED"]) == ([], 1)
    assert (await it.get("/api/v1/payments?counts=true&amountFrom=1")).json["counts"] is None


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?status=LOST", "invalid-query"),
        ("?since=yesterday", "invalid-query"),
        ("?amountFrom=-1", "invalid-query"),
        ("?currency=eur", "invalid-query"),
        ("?colour=red", "invalid-query"),
        ("?cursor=x", "invalid-cursor"),
    ],
)
def test_bad_filters_are_refused(query: str, code: str) -> None:
    async def body() -> None:
        async with daemon() as it:
            assert (await it.get(f"/api/v1/payments{query}")).code == code

    asyncio.run(body())


@paid
async def test_a_payment_is_shown_with_its_history(it: Daemon) -> None:
    shown = (await it.get("/api/v1/payments/T-1")).json
    assert shown["currentStatus"] == "PARTIALLY_REFUNDED"
    assert (shown["totalRefundedAmount"], shown["remainingAmount"], shown["refundable"]) == (299, 1_000, True)
    assert shown["paymentMethod"] == "Satispay"
    assert next((line["event"], line["refundedAmount"]) for line in shown["history"]) == (
        "partialRefundExecuted",
        299,
    )
    assert (await it.get("/api/v1/payments/payment-T-2")).json["error"] == "declined"
    assert (await it.get("/api/v1/payments/sb-1")).code == "saga-not-found"


@paid
async def test_subscriptions_are_listed_and_shown_with_their_payments(it: Daemon) -> None:
    page = (await it.get("/api/v1/subscriptions?active=true&search=s-1")).json
    assert [item["shopSubscriptionId"] for item in page["items"]] == ["S-1"]
    assert (await it.get("/api/v1/subscriptions?active=false")).json["items"] == []
    shown = (await it.get("/api/v1/subscriptions/sb-1")).json
    assert [one["shopTransactionId"] for one in shown["transactions"]] == ["-T-3"]
    assert (await it.get("/api/v1/subscriptions/T-1")).code == "saga-not-found"


@paid
async def test_charts_are_of_one_currency_and_net_of_refunds(it: Daemon) -> None:
    it.clock.time = NOON + DAY
    days = (await it.get("/api/v1/analytics/amount-by-day")).json
    assert (days["currency"], days["from"], days["to"]) == ("EUR", "2026-01-01", "2026-01-02")
    assert [(day["day"], day["net"], day["gross"], day["count"]) for day in days["items"]] == [
        ("2026-01-01", 1_000, 1_299, 2),
        ("2026-01-02", 0, 0, 0),
    ]
    span = "from=2024-12-31&to=2026-01-01"
    year = (await it.get(f"/api/v1/analytics/amount-by-day?{span}")).json["items"]
    assert (len(year), year[0]["net"], year[-2]["netLastYear"]) == (367, 700, 700)
    methods = (await it.get(f"/api/v1/analytics/by-method?{span}")).json["items"]
    assert methods == [{"name": "satispay", "net": 1_700, "gross": 1_999, "refunded": 299, "count": 3}]
    channels = (await it.get("/api/v1/analytics/by-channel?currency=EUR")).json["items"]
    assert [(one["name"], one["net"]) for one in channels] == [("web", 1_000), ("unknown", 0)]
    statuses = (await it.get("/api/v1/analytics/by-status")).json
    assert [(one["status"], one["percent"]) for one in statuses["items"]] == [
        ("CREATED", 33.34), ("PAID", 0.0), ("PARTIALLY_REFUNDED", 33.33), ("TOTALLY_REFUNDED", 0.0), ("FAILED", 33.33),
    ]  # fmt: skip
    for bad in ("from=2026-02-30", "from=2026-02-01&to=2026-01-01", "from=1980-01-01"):
        assert (await it.get(f"/api/v1/analytics/by-status?{bad}")).code == "invalid-query"


@paid
async def test_the_original_s_charts_are_rows_in_major_units(it: Daemon) -> None:
    async def rows(chart: str) -> Any:
        return (await it.get(f"/analytics/{chart}/json")).json

    assert await rows("amount-transactions-by-day-this-year") == [["2026-01-01", 10.0]]
    assert len(await rows("amount-transactions-by-day-last-year")) == 365
    assert await rows("amount-by-channel") == [["web", 10.0], ["unknown", 0.0]]
    reply = await it.get("/analytics/amount-by-method/json?transactionDateFrom=2024-01-01T00:00:00Z")
    assert reply.json == [["satispay", 17.0]]
    assert (await rows("percentage-by-status"))[0] == ["CREATED", 33.34]


@paid
async def test_a_csv_export_is_the_list_with_amounts_as_numbers_and_no_formulas(it: Daemon) -> None:
    reply = await it.get("/api/v1/exports/payments?since=2026-01-01")
    assert reply.headers["Content-Disposition"] == 'attachment; filename="transactions-2026-01-01.csv"'
    text = reply.body.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["Status", "Date", "Transaction ID", "Amount", "Refunded amount", "Currency", "Method",
                       "Provider", "Channel", "Name", "Email"]  # fmt: skip
    assert rows[2] == ["PARTIALLY_REFUNDED", "2026-01-01T12:00:00Z", "T-1", "12.99", "2.99", "EUR", "Satispay",
                       "", "web", "'=Ann", "ann@example.org"]  # fmt: skip
    assert [row[2] for row in rows[1:]] == ["T-2", "T-1", "'-T-3"]
    assert rows[3][3] == "4200.0"
    assert b";" in (await it.get("/api/v1/exports/subscriptions?separator=semicolon")).body


@paid
async def test_json_lines_hold_the_values_as_they_are(it: Daemon) -> None:
    reply = await it.get("/api/v1/exports/payments?format=jsonl&search=t-1")
    (row,) = [orjson.loads(line) for line in reply.body.splitlines()]
    assert (row["amount"], row["refundedAmount"], row["currency"], row["name"]) == (
        12.99,
        2.99,
        "EUR",
        "=Ann",
    )
    assert (await it.get("/api/v1/exports/payments?format=jsonl&search=nobody")).body == b""


NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@paid
async def test_an_excel_export_has_numbers_and_texts_and_no_formulas(it: Daemon) -> None:
    reply = await it.get("/api/v1/exports/payments?format=xlsx&status=PARTIALLY_REFUNDED")
    with zipfile.ZipFile(io.BytesIO(reply.body)) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        assert b'quotePrefix="1"' in book.read("xl/styles.xml")
    assert list(sheet.iter(f"{NS}f")) == []
    texts = ["".join(cell.itertext()) for cell in sheet.iter(f"{NS}c")]
    assert texts[11:] == ["PARTIALLY_REFUNDED", "46023.5", "T-1", "12.99", "2.99", "EUR", "Satispay", "web", "=Ann",
                          "ann@example.org"]  # fmt: skip
    assert (await it.get("/api/v1/exports/subscriptions?format=xlsx&active=false")).body[:2] == b"PK"


@paid
async def test_a_store_that_is_away_is_told(it: Daemon) -> None:
    it.store.fault = AWAY
    assert (await it.get("/api/v1/payments/T-1")).code == "store-unavailable"


class GoneAfterAPage:
    """Records that answer the first page of a list, and no more."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._pages = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def find(self, *args: Any, **named: Any) -> Any:
        self._pages += 1
        if self._pages > 1:
            raise AWAY
        return await self._inner.find(*args, **named)


@paid
async def test_a_file_that_cannot_be_finished_breaks_off_and_one_that_cannot_begin_is_a_problem(
    it: Daemon,
) -> None:
    row = await it.views.payment("T-1")
    for number in range(BATCH):
        more = replace(row, saga_id=f"p-{number}", shop_transaction_id=f"more-{number}")
        await it.store.records.insert(record_of(more))
    it.views._records = GoneAfterAPage(it.store.records)
    with pytest.raises(aiohttp.ClientError):
        await it.get("/api/v1/exports/payments")
    for format_ in ("csv", "jsonl", "xlsx"):
        assert (await it.get(f"/api/v1/exports/payments?format={format_}")).code == "store-unavailable"
