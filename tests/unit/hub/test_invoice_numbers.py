from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.stores.memory import MemoryStore
from engine.errors import StoreUnavailable
from engine.records import Record, Records
from hub.invoice_numbers import KIND, NumberBook
from tests.fakes.clock import FakeClock
from tests.fakes.faulty_store import Call, FaultyStore

NEW_YEAR = 1_798_758_000_000
"""2026-12-31T23:00:00Z: midnight of the new year in Rome."""


def book(records: Records, clock: FakeClock, zone: str = "UTC") -> NumberBook:
    return NumberBook(records, clock, zone=zone)


async def take(numbers: NumberBook, about: str, series: str = "INV") -> Record:
    return await numbers.take(about, series, {"sagaId": about}, {"saga": about})


async def taken(records: Records) -> list[tuple[str, str]]:
    """(number, what it is about) of all documents, in the order of their times."""
    return [(record.body["number"], record.tags["about"]) for record in await records.find(KIND, limit=1_000)]


def are_gapless(rows: Sequence[tuple[str, str]], abouts: Sequence[str]) -> None:
    assert [number for number, _ in rows] == [f"INV-2026-{count:06}" for count in range(1, len(rows) + 1)]
    assert sorted(about for _, about in rows) == sorted(set(abouts))


def test_numbers_follow_each_other_in_every_series() -> None:
    async def body() -> None:
        numbers = book(MemoryStore().records, FakeClock(NEW_YEAR - 7_200_000))
        got = [
            (await take(numbers, about, series)).body["number"]
            for about, series in (("a", "INV"), ("b", "CN"), ("c", "INV"), ("a", "INV"))
        ]
        assert got == ["INV-2026-000001", "CN-2026-000001", "INV-2026-000002", "INV-2026-000001"]

    asyncio.run(body())


def test_a_year_begins_when_it_does_where_the_company_is() -> None:
    async def body() -> None:
        clock = FakeClock(NEW_YEAR - 1)
        numbers = book(MemoryStore().records, clock, "Europe/Rome")
        first = await take(numbers, "a")
        clock.advance(1)
        assert [one.body["number"] for one in (first, await take(numbers, "b"))] == [
            "INV-2026-000001",
            "INV-2027-000001",
        ]

    asyncio.run(body())


def test_a_later_number_has_a_later_time_also_of_a_daemon_whose_clock_is_slow() -> None:
    async def body() -> None:
        records = MemoryStore().records
        right, slow = (book(records, FakeClock(NEW_YEAR - behind)) for behind in (60_000, 65_000))
        first, second, third = [
            await take(numbers, about) for numbers, about in ((right, "a"), (slow, "b"), (slow, "c"))
        ]
        assert first.at < second.at < third.at

    asyncio.run(body())


def test_daemons_whose_clocks_disagree_about_the_year_give_no_payment_two_numbers() -> None:
    async def body() -> None:
        store = FaultyStore(MemoryStore(), lambda _: None, unhurried=True)
        books = [book(store.records, FakeClock(now)) for now in (NEW_YEAR + 3_600_000, NEW_YEAR + 3_599_900)]
        abouts = [f"payment/{count}" for count in range(6)]
        await asyncio.gather(*(take(numbers, about) for about in abouts for numbers in books))
        rows = await taken(store.records)
        assert sorted(about for _, about in rows) == abouts
        years = [number[4:8] for number, _ in rows]
        assert years == sorted(years)
        for year in set(years):
            counts = [number[9:] for number, _ in rows if number[4:8] == year]
            assert counts == [f"{count:06}" for count in range(1, len(counts) + 1)]

    asyncio.run(body())


@pytest.mark.parametrize("daemons", [1, 2, 5])
def test_daemons_that_number_the_same_payments_at_once_leave_no_gap_and_no_double(daemons: int) -> None:
    async def body() -> None:
        store = FaultyStore(MemoryStore(), lambda _: None, unhurried=True)
        clock = FakeClock(NEW_YEAR - 7_200_000)
        books = [book(store.records, clock) for _ in range(daemons)]
        abouts = [f"payment/{count}" for count in range(12)]
        await asyncio.gather(*(take(numbers, about) for about in abouts for numbers in books))
        are_gapless(await taken(store.records), abouts)

    asyncio.run(body())


@given(st.lists(st.tuples(st.integers(1, 60), st.sampled_from(["before", "after"])), max_size=8))
def test_a_store_that_fails_at_any_call_leaves_no_gap_and_no_double(faults: list[tuple[int, str]]) -> None:
    """`after`: it was written, and the one who asked did not hear; as if it had been killed there."""
    failing = set(faults)

    def fault(call: Call) -> None:
        if (call.number, call.when) in failing:
            raise StoreUnavailable("gone")

    async def insistent(numbers: NumberBook, about: str) -> None:
        while True:
            try:
                await take(numbers, about)
            except StoreUnavailable:
                continue
            return

    async def body() -> None:
        store = FaultyStore(MemoryStore(), fault, unhurried=True)
        clock = FakeClock(NEW_YEAR - 7_200_000)
        books = [book(store.records, clock) for _ in range(2)]
        abouts = [f"payment/{count}" for count in range(5)]
        await asyncio.gather(*(insistent(numbers, about) for about in abouts for numbers in books))
        failing.clear()
        are_gapless(await taken(store.records), abouts)

    asyncio.run(body())
