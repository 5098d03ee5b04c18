"""The fakes keep the promises of what they stand for: each passes the suite of its port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from adapters.stores.memory import MemoryStore
from engine.errors import StoreUnavailable
from engine.model import Delivery, Done, Failed, StoredDefinition
from engine.ports import Store
from tests.contract.channel_contract import SECRET, ChannelContract, Subject
from tests.contract.store_contract import StoreContract
from tests.fakes.channel import ScriptedChannel
from tests.fakes.faulty_store import Crash, When, fail, faulty, watched
from tests.fakes.ledger import Ledger
from tests.fakes.waiting import wait_until


class TestFaultyStore(StoreContract):
    async def open(self, folder: Path) -> Store:
        store, _ = watched(MemoryStore())
        return store


class TestScriptedChannel(ChannelContract):
    def open(self) -> AbstractAsyncContextManager[Subject]:
        return _channel()


@asynccontextmanager
async def _channel() -> AsyncIterator[Subject]:
    channel = ScriptedChannel({"broken": [Failed(reason="no such account")]})
    channel.hold("stalled")
    plain = Delivery(
        id="entry-1",
        saga_id="saga-1",
        entity_id="",
        machine="order",
        kind="command",
        name="pay",
        payload={"note": SECRET},
        replies={"done": "paid"},
    )

    def named(name: str) -> Delivery:
        return Delivery(
            id=name,
            saga_id="saga-1",
            entity_id="",
            machine="order",
            kind="command",
            name=name,
            payload=plain.payload,
        )

    subject = Subject(
        channel=channel,
        delivery=plain,
        broken=named("broken"),
        stalled=named("stalled"),
        reached=channel.arrived,
    )
    yield subject
    await channel.close()


@pytest.mark.parametrize(("when", "written"), [("before", False), ("after", True)])
def test_a_fault_before_is_not_written_and_one_after_is_written_without_a_word(
    when: When, written: bool
) -> None:
    async def body() -> None:
        inner = MemoryStore()
        store = faulty(inner, fail("deploy", when))
        kept = StoredDefinition(machine="m", version=1, content_hash="h", source="", deployed_at=0)
        with pytest.raises(StoreUnavailable):
            await store.deploy(kept)
        assert bool(await inner.definitions()) == written
        await store.deploy(kept)

    asyncio.run(body())


def test_after_a_crash_nothing_is_answered_any_more() -> None:
    async def body() -> None:
        death = Crash(2, "before")
        store = faulty(MemoryStore(), death)
        await store.next_due()
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                await store.next_due()
        assert (death.happened, death.method) == (True, "next_due")

    asyncio.run(body())


def test_a_script_is_followed_line_by_line_and_its_last_line_goes_on() -> None:
    async def body() -> None:
        channel = ScriptedChannel({"pay": [Failed(reason="x"), Done(reply="done")]})
        sent = Delivery(
            id="e", saga_id="s", entity_id="", machine="m", kind="command", name="pay", payload={}
        )
        answers = [await channel.send(sent) for _ in range(3)]
        assert answers == [Failed(reason="x"), Done(reply="done"), Done(reply="done")]
        assert channel.sent("pay") == [sent] * 3

    asyncio.run(body())


def test_a_ledger_knows_first_from_repeat_and_sees_contradictions() -> None:
    ledger = Ledger()
    assert [ledger.take("a", {"n": 1}), ledger.take("a", {"n": 1}), ledger.take("b", {})] == [
        True,
        False,
        True,
    ]
    assert (ledger.effects, ledger.repeats, list(ledger.contradictions())) == (2, 1, [])
    ledger.take("b", {"n": 2})
    assert list(ledger.contradictions()) == ["b"]


def test_waiting_in_vain_says_for_what() -> None:
    async def never() -> bool:
        return False

    with pytest.raises(AssertionError, match="for the moon to fall"):
        asyncio.run(wait_until(never, within=0.05, what="the moon to fall"))
