"""A daemon that starts again on its own file goes on at once: nobody else can have what the dead one had in hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from adapters.stores.sqlite import open_sqlite
from engine.model import Done
from engine.ports import Store
from tests.fakes.channel import ScriptedChannel
from tests.fakes.clock import FakeClock
from tests.fakes.engine import Bench, engine_for
from tests.fakes.faulty_store import Crash
from tests.fakes.lives import live
from tests.fakes.machines import ORDER, sample

METADATA = {"orderNumber": "n1", "total": 5}


@asynccontextmanager
async def _file(folder: Path) -> AsyncIterator[Store]:
    store = await open_sqlite({"path": "sagas.db"}, folder)
    yield store
    await store.close()


def test_what_was_in_hand_when_the_daemon_died_is_done_at_once_by_the_next_one(tmp_path: Path) -> None:
    stuck, quick = ScriptedChannel(), ScriptedChannel({"prepare": [Done()]})
    stuck.hold("pay")
    clock = FakeClock()

    async def dies(bench: Bench) -> None:
        await bench.start(METADATA, saga_id="s1")
        await stuck.arrived.wait()

    async def goes_on(bench: Bench) -> None:
        await bench.run()
        assert await bench.path("s1") == ["CREATED", "PAID"]

    for owner, client, channel in (("d1", dies, stuck), ("d2", goes_on, quick)):
        live(
            ORDER,
            client,
            opened=partial(_file, tmp_path),
            channels={"outside": channel},
            clock=clock,
            death=Crash(0, "before"),
            owner=owner,
        )
    (first,), (again,) = stuck.sent("pay"), quick.sent("pay")
    assert (again.id, again.payload) == (first.id, first.payload)
    assert again.uncertain, "the first try may have had its effect"


def test_a_timer_that_fell_due_while_no_daemon_ran_fires_when_one_does(tmp_path: Path) -> None:
    clock = FakeClock()

    async def starts(bench: Bench) -> None:
        await bench.start(METADATA, saga_id="s1")
        await bench.run()

    async def goes_on(bench: Bench) -> None:
        await bench.run()
        assert [row.event for row in await bench.history("s1")] == ["orderCreated", "orderExpired"]

    for owner, client in (("d1", starts), ("d2", goes_on)):
        live(
            ORDER,
            client,
            opened=partial(_file, tmp_path),
            channels={"outside": ScriptedChannel({"pay": [Done()]})},
            clock=clock,
            death=Crash(0, "before"),
            owner=owner,
        )
        clock.advance(86_400_000)


def test_a_saga_started_by_a_daemon_that_is_gone_keeps_its_machine_though_the_file_is_gone_too(
    tmp_path: Path,
) -> None:
    asyncio.run(_without_the_file(tmp_path))


async def _without_the_file(folder: Path) -> None:

    async with _file(folder) as store:
        await (await engine_for(ORDER, store=store)).start(METADATA, saga_id="s1")
    other = sample("A: {businessState: OPEN, on: {go: Z}}\nZ: {businessState: SHUT, final: true}")
    async with _file(folder) as store:
        bench = await engine_for(other, store=store)
        assert (await bench.send("s1", "paid", id="e1")).state == "PAID"
