"""The history is enough: replaying its events gives the saga that the store holds, whatever came in which order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import EventNotAccepted
from engine.machine.start import start
from engine.machine.step import step
from engine.model import Done, Event, HistoryRow, Json, Saga
from tests.fakes.channel import ScriptedChannel
from tests.fakes.engine import Bench, engine_for
from tests.properties.engine_machines import START_DATA, Told, histories, machines

STEADY = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


async def _live(data: Json, history: list[Told]) -> tuple[Bench, dict[str, Event]]:
    """The engine driven through a history, with what it was told by event id."""
    # A channel that answers nothing at once, so that no machine can go round for ever by itself.
    channel = ScriptedChannel(otherwise=Done())
    bench = await engine_for(json.dumps(data), channels={"outside": channel})
    saga = await bench.start(START_DATA, saga_id="s1")
    told: dict[str, Event] = {}
    for each in history:
        bench.clock.advance(each.later)
        await bench.dispatcher.idle()
        if each.name is None:
            await bench.dispatcher.tick()
            await bench.dispatcher.idle()
            continue
        happened = Event(name=each.name, payload=each.payload, id=each.id)
        try:
            answer = await bench.runner.handle(saga.saga_id, happened)
        except EventNotAccepted:
            continue
        if not answer.repeated:
            assert each.id not in told, "an event id is applied once"
            told[each.id] = happened
    await bench.dispatcher.idle()
    return bench, told


def _replayed(bench: Bench, rows: Sequence[HistoryRow], told: dict[str, Event]) -> Saga:
    machine = bench.deployments.latest("random")
    saga = start(machine, saga_id="s1", entity_id="", metadata=START_DATA, now=rows[0].at).saga
    for row in rows[1:]:
        # A timer has no payload, and its id is that of its entry.
        entry = next((e for e in saga.agenda if e.id == row.event_id), None)
        happened = (
            told[row.event_id or ""] if entry is None else Event(name=entry.name, id=entry.id, entry=entry.id)
        )
        saga = step(machine, saga, happened, row.at).saga
    return saga


@STEADY
@given(machines(), histories(at_most=20))
def test_replaying_the_history_gives_the_saga(data: Json, history: list[Told]) -> None:
    async def body() -> None:
        bench, told = await _live(data, history)
        rows = await bench.history("s1")
        kept = await bench.saga("s1")
        again = _replayed(bench, rows, told)
        assert [row.seq for row in rows] == list(range(1, kept.version + 1))
        assert (again.state, again.metadata, again.version) == (kept.state, kept.metadata, kept.version)
        assert {e.id for e in kept.agenda} <= {e.id for e in again.agenda}, "only what was delivered is gone"

    asyncio.run(body())


@STEADY
@given(machines(), histories(at_most=12), st.randoms(use_true_random=False))
def test_repeats_in_any_order_change_nothing(data: Json, history: list[Told], dice: object) -> None:
    async def body() -> None:
        bench, told = await _live(data, history)
        before = await bench.saga("s1")
        repeats = list(told.values())
        dice.shuffle(repeats)  # type: ignore[attr-defined]
        for happened in repeats:
            assert (await bench.runner.handle("s1", happened)).repeated
        assert await bench.saga("s1") == before

    asyncio.run(body())
