from __future__ import annotations

import asyncio

import pytest

from adapters.files import Desk
from adapters.stores.memory import MemoryStore
from engine.errors import ActionNotPossible, PayloadInvalid, StoreUnavailable
from hub.files import Files, checked_name
from tests.fakes.clock import FakeClock
from tests.fakes.faulty_store import FaultyStore, fail
from tests.http.daemon import CountedIds


def files(store: FaultyStore | MemoryStore | None = None, *, largest: int = 100) -> Files:
    return Files((store or MemoryStore()).records, Desk(), FakeClock(), CountedIds(), largest=largest)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_file_that_was_not_recorded_is_not_acknowledged_and_may_be_sent_again(when: str) -> None:
    async def body() -> None:
        kept = files(FaultyStore(MemoryStore(), fail("records.insert", when)))  # type: ignore[arg-type]  # from the list above
        with pytest.raises(StoreUnavailable):
            await kept.add(name="a.pdf", content=b"x", file="a-1.pdf")
        filed = await kept.add(name="a.pdf", content=b"x", file="a-1.pdf")
        assert await kept.read(filed.file) == b"x"
        assert len(await kept.page(limit=10)) == 1

    asyncio.run(body())


def test_a_file_that_is_too_large_is_refused() -> None:
    async def body() -> None:
        await files().add(name="a", content=b"x" * 100)
        with pytest.raises(PayloadInvalid):
            await files().add(name="a", content=b"x" * 101)

    asyncio.run(body())


def test_what_is_kept_cannot_be_removed() -> None:
    async def body() -> None:
        kept = files()
        filed = await kept.add(name="a.pdf", content=b"x", kept=True)
        with pytest.raises(ActionNotPossible):
            await kept.remove(filed.file)
        assert await kept.read(filed.file) == b"x"

    asyncio.run(body())


@pytest.mark.parametrize("name", ["", "/", "...", "\0", " . "])
def test_a_file_without_a_name_is_refused(name: str) -> None:
    with pytest.raises(PayloadInvalid):
        checked_name(name)
