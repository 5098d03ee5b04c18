"""Invoice numbers on MongoDB: two daemons, two connections, one series."""

from __future__ import annotations

import asyncio

from adapters.stores.mongo import open_mongo
from engine.ports import Store
from hub.invoice_numbers import KIND, NumberBook
from tests.contract import mongo_server
from tests.contract.mongo_suite import Database, on_mongo
from tests.fakes.clock import FakeClock


def test_two_daemons_number_the_same_payments_without_gap_and_double() -> None:
    async def body(store: Store, database: Database) -> None:
        options = {"uri": mongo_server.uri(), "database": database.name}
        other = await open_mongo(options, mongo_server.NOWHERE)
        try:
            books = [NumberBook(each.records, FakeClock(), zone="UTC") for each in (store, other)]
            abouts = [f"payment/{number}" for number in range(6)]
            tags = {"document": "invoice"}
            await asyncio.gather(*(book.take(about, "INV", {}, tags) for about in abouts for book in books))
        finally:
            await other.close()
        found = await store.records.find(KIND)
        assert [record.body["count"] for record in found] == [1, 2, 3, 4, 5, 6]
        assert sorted(record.tags["about"] for record in found) == abouts

    on_mongo(body)
