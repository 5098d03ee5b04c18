"""The sagas of one version moved to another, through the engine and its store."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from engine.bulk import Bulk, Report
from engine.errors import ActionNotPossible, MachineNotFound, StateNotFound
from engine.migration import Change, Migration
from engine.model import Query
from tests.fakes.engine import Bench, engine_for
from tests.fakes.machines import sample

V1 = sample(
    """
    A: {businessState: OPEN, on: {go: B}, after: {1h: Z}}
    B: {businessState: OPEN, on: {go: Z}}
    Z: {businessState: SHUT, final: true}
    """
)
V2 = V1.replace("version: 1", "version: 2").replace("B:", "C:").replace("go: B", "go: C")


async def _bench() -> Bench:
    """Two sagas in A, one in B, one that has ended; all of version 1."""
    old = await engine_for(V1)
    for number, events in enumerate(([], [], ["go"], ["go", "go"])):
        await old.start(saga_id=f"s{number}")
        for event in events:
            await old.send(f"s{number}", event)
        old.clock.advance(1_000)
    return await engine_for(V2, store=old.store, clock=old.clock, owner="daemon-2")


async def _migrate(
    bench: Bench,
    *,
    states: Mapping[str, str] | None = None,
    dry: bool = False,
    query: Query | None = None,
    source: int = 1,
    target: int = 2,
    machine: str = "sample",
) -> Report:
    migration = Migration(bench.deployments, Bulk(bench.store, bench.runner))
    change = Change(
        machine=machine, source=source, target=target, states=states or {}, query=query or Query(), dry=dry
    )
    return await migration.do(change, actor="ann", reason="new flow")


async def _versions(bench: Bench) -> list[int]:
    return [(await bench.saga(f"s{number}")).machine_version for number in range(4)]


def test_those_that_can_go_go_and_those_that_cannot_are_named_with_the_reason() -> None:
    async def body() -> None:
        bench = await _bench()
        report = await _migrate(bench)
        assert [one.saga_id for one in report.done] == ["s1", "s0"]
        assert [(one.saga_id, one.detail) for one in report.failed] == [
            ("s2", "version 2 has no state B: map it to one")
        ]
        assert await _versions(bench) == [2, 2, 1, 1]
        assert len(await bench.history("s2")) == 2

    asyncio.run(body())


def test_with_a_map_all_of_them_go_on_by_the_new_version() -> None:
    async def body() -> None:
        bench = await _bench()
        await _migrate(bench, states={"B": "C"})
        assert await _versions(bench) == [2, 2, 2, 1]
        assert (await bench.send("s2", "go")).state == "Z"
        assert (await bench.send("s0", "go")).state == "C"
        row = (await bench.history("s2"))[2]
        assert (row.event, row.source, row.state, row.actor, row.reason) == (
            "$migrate",
            "B",
            "C",
            "ann",
            "new flow",
        )
        await bench.wait(3_600_000)
        assert (await bench.saga("s1")).state == "Z"

    asyncio.run(body())


def test_a_dry_run_changes_nothing_and_tells_the_same() -> None:
    async def body() -> None:
        bench = await _bench()
        dry = await _migrate(bench, dry=True)
        assert await _versions(bench) == [1, 1, 1, 1]
        real = await _migrate(bench)
        assert (dry.done, dry.failed) == (real.done, real.failed)

    asyncio.run(body())


def test_sagas_that_have_ended_go_only_when_they_are_asked_for() -> None:
    async def body() -> None:
        bench = await _bench()
        report = await _migrate(bench, query=Query(is_final=True))
        assert [one.saga_id for one in report.done] == ["s3"]
        assert (await bench.saga("s3")).is_final

    asyncio.run(body())


def test_it_can_be_done_again_and_back() -> None:
    async def body() -> None:
        bench = await _bench()
        await _migrate(bench, states={"B": "C"})
        assert (await _migrate(bench, states={"B": "C"})).matched == 0
        back = await _migrate(bench, states={"C": "B"}, source=2, target=1)
        assert len(back.done) == 3
        assert await _versions(bench) == [1, 1, 1, 1]

    asyncio.run(body())


def test_an_event_between_the_list_and_the_move_is_not_lost() -> None:
    async def body() -> None:
        bench = await _bench()
        report, answer, _ = await asyncio.gather(
            _migrate(bench, states={"B": "C"}), bench.send("s0", "go"), bench.send("s1", "go")
        )
        assert len(report.done) == 3
        assert answer.result == "applied"
        saga = await bench.saga("s0")
        assert (saga.machine_version, saga.state) == (2, "C")

    asyncio.run(body())


def test_what_is_not_there_is_refused_before_anything_is_done() -> None:
    async def body() -> None:
        bench = await _bench()
        with pytest.raises(MachineNotFound, match="version 7 is deployed nowhere"):
            await _migrate(bench, target=7)
        with pytest.raises(MachineNotFound):
            await _migrate(bench, machine="other")
        with pytest.raises(StateNotFound, match="version 2 of 'sample' has no state 'X'"):
            await _migrate(bench, states={"B": "X"})
        with pytest.raises(ActionNotPossible, match="version 1 already"):
            await _migrate(bench, target=1)
        assert await _versions(bench) == [1, 1, 1, 1]

    asyncio.run(body())
