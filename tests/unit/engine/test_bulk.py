"""One intervention on many sagas: those that the filter finds, no more than the limit, each for itself."""

from __future__ import annotations

import asyncio

from engine.bulk import PAGE, Bulk, Order, Report
from engine.machine import interventions
from engine.mending import moving, retrying, skipping
from engine.model import Done, Failed, Query
from engine.runner import Intervention
from tests.fakes.channel import Answer, ScriptedChannel
from tests.fakes.engine import Bench, engine_for
from tests.fakes.machines import sample

MACHINE = sample(
    """
    A: {businessState: OPEN, commands: [pay], on: {paid: B}}
    B: {businessState: OPEN, on: {ended: Z}}
    Z: {businessState: SHUT, final: true}
    """,
    top="commands: {pay: {channel: outside, replies: {done: paid}, retry: {attempts: 1}}}",
)


async def _bench(sagas: int, *, working: int = 0) -> Bench:
    """Sagas s000, s001 ... a second apart, parked but for the first `working`."""
    done, failed = Done(reply="done"), Failed(reason="no")
    script: list[Answer] = [*[done] * working, *[failed] * (sagas - working), done]
    bench = await engine_for(MACHINE, channels={"outside": ScriptedChannel({"pay": script})})
    for number in range(sagas):
        await bench.start(saga_id=f"s{number:03d}")
        await bench.run()
        bench.clock.advance(1_000)
    return bench


async def _do(
    bench: Bench, decide: Intervention, *, limit: int = 100, dry: bool = False, **filters: object
) -> Report:
    query = Query(limit=limit, **filters)  # type: ignore[arg-type]
    order = Order(query=query, decide=decide, actor="ann", reason="all of them", dry=dry)
    return await Bulk(bench.store, bench.runner).do(order)


def test_every_saga_that_matches_is_done_with_its_own_row_in_the_history() -> None:
    async def body() -> None:
        bench = await _bench(5, working=2)
        report = await _do(bench, retrying(), parked=True)
        assert [one.saga_id for one in report.done] == ["s004", "s003", "s002"]
        assert (report.matched, report.failed, report.more) == (3, (), False)
        await bench.run()
        for number in range(5):
            assert (await bench.saga(f"s{number:03d}")).state == "B"
        row = (await bench.history("s003"))[1]
        assert (row.event, row.actor, row.reason) == ("$retry", "ann", "all of them")

    asyncio.run(body())


def test_never_more_than_the_limit_and_the_next_order_goes_on_behind_it() -> None:
    async def body() -> None:
        bench = await _bench(5)
        first = await _do(bench, moving("Z"), limit=2)
        assert ([one.saga_id for one in first.done], first.more) == (["s004", "s003"], True)
        second = await _do(bench, moving("Z"), limit=3, after=first.after)
        assert ([one.saga_id for one in second.done], second.more) == (["s002", "s001", "s000"], False)
        assert second.after is None

    asyncio.run(body())


def test_more_sagas_than_fit_a_page_are_all_reached() -> None:
    async def body() -> None:
        bench = await engine_for(MACHINE)
        for number in range(PAGE + 5):
            await bench.start(saga_id=f"s{number:03d}")
        report = await _do(bench, interventions.pause, limit=PAGE + 5)
        assert (len(report.done), report.more) == (PAGE + 5, False)

    asyncio.run(body())


def test_a_dry_run_says_what_would_happen_and_does_nothing() -> None:
    async def body() -> None:
        bench = await _bench(2)
        report = await _do(bench, moving("B"), dry=True)
        assert [(one.saga_id, one.source, one.state) for one in report.done] == [
            ("s001", "A", "B"),
            ("s000", "A", "B"),
        ]
        assert [len(await bench.history(id_)) for id_ in ("s000", "s001")] == [1, 1]
        assert (await bench.saga("s000")).state == "A"

    asyncio.run(body())


def test_what_cannot_be_done_is_told_by_saga_and_by_reason_and_the_rest_is_done() -> None:
    async def body() -> None:
        bench = await _bench(3, working=2)
        report = await _do(bench, skipping())
        assert [one.saga_id for one in report.done] == ["s002"]
        assert [(one.saga_id, one.code) for one in report.failed] == [
            ("s001", "action-not-possible"),
            ("s000", "action-not-possible"),
        ]
        assert report.reasons == [("action-not-possible", "saga ID has no parked entry", 2)]

    asyncio.run(body())


def test_done_again_it_finds_nothing_left() -> None:
    async def body() -> None:
        bench = await _bench(3)
        await _do(bench, interventions.pause, paused=False)
        again = await _do(bench, interventions.pause, paused=False)
        assert again.matched == 0

    asyncio.run(body())


def test_events_are_answered_while_it_is_under_way() -> None:
    async def body() -> None:
        bench = await engine_for(MACHINE)
        for number in range(100):
            await bench.start(saga_id=f"s{number:03d}")
        running = asyncio.ensure_future(_do(bench, interventions.pause))
        turns = 0
        while not running.done():
            await bench.store.next_due()
            await asyncio.wait([running], timeout=0)
            turns += 1
        assert turns > 3
        assert len(running.result().done) == 100

    asyncio.run(body())
