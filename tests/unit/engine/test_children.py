"""Channel `sagas`: a saga starts another one, or tells it an event, once however often it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from adapters.stores.memory import MemoryStore
from engine.children import CHANNEL, SagasChannel
from engine.errors import StoreUnavailable
from engine.model import Delivery, Done, Failed, Json, Later, Outcome
from engine.ports import Channel
from tests.fakes.engine import Bench, engine_for
from tests.fakes.faulty_store import Call, faulty

PART = """
machine: part
version: 1
initialState: OPEN
creationEvent: begun
keys: [metadata.number]
metadata: {schema: {type: object, required: [parent]}}
businessStates: {OPEN: {id: 0}, SHUT: {id: 1}}
commands:
  report: {channel: sagas, payload: {tell: "{{ metadata.parent }}", event: partEnded, payload: {part: "{{ saga.id }}"}, machine: whole}, retry: {attempts: 2}}
states:
  OPEN: {businessState: OPEN, on: {ended: TELLING, stopped: STOPPED}}
  TELLING: {businessState: OPEN, command: report, on: {$done: ENDED, $failed: STOPPED}}
  ENDED: {businessState: SHUT, final: true}
  STOPPED: {businessState: SHUT, final: true}
"""
WHOLE = """
machine: whole
version: 1
initialState: STARTING
creationEvent: begun
businessStates: {OPEN: {id: 0}, SHUT: {id: 1}}
commands:
  startPart:
    channel: sagas
    payload: {start: "{{ metadata.machine }}", metadata: {parent: "{{ saga.id }}", number: "{{ metadata.number }}"}}
    replies: {done: partStarted, failed: partFailed}
    undo: stopPart
  stopPart: {channel: sagas, payload: {tell: "{{ metadata.childSagaId }}", event: stopped}}
states:
  STARTING: {businessState: OPEN, command: startPart, on: {partStarted: WAITING, partFailed: FAILED}}
  WAITING: {businessState: OPEN, on: {partEnded: ENDED, cancelled: UNDOING}}
  UNDOING: {businessState: OPEN, compensate: all, on: {$compensated: FAILED}}
  ENDED: {businessState: SHUT, final: true}
  FAILED: {businessState: SHUT, final: true}
"""
METADATA = {"machine": "part", "number": "n1"}


class _Late:
    """The channel needs the runner, and the bench makes that: bound once there is one."""

    inner: Channel

    async def send(self, delivery: Delivery) -> Outcome:
        return await self.inner.send(delivery)

    async def close(self) -> None: ...


async def _bench(store: MemoryStore | None = None) -> Bench:
    late = _Late()
    bench = await engine_for(WHOLE, PART, channels={CHANNEL: late}, store=store)
    late.inner = SagasChannel(bench.runner)
    return bench


def _delivery(payload: Json, *, replies: tuple[str, ...] = ("done",)) -> Delivery:
    return Delivery(
        id="p1.1.0",
        saga_id="p1",
        entity_id="e1",
        machine="whole",
        kind="command",
        name="startPart",
        payload=payload,
        replies={reply: reply for reply in replies},
    )


def _run(body: Callable[[Bench], Awaitable[None]]) -> None:
    async def run() -> None:
        await body(await _bench())

    asyncio.run(run())


async def _sent(bench: Bench, payload: Json) -> Outcome:
    return await SagasChannel(bench.runner).send(_delivery(payload))


def test_a_child_is_started_does_its_work_and_tells_its_parent() -> None:
    async def body(bench: Bench) -> None:
        await bench.start(METADATA, saga_id="p1")
        await bench.run()
        parent = await bench.saga("p1")
        child = await bench.saga(parent.metadata["childSagaId"])
        assert (parent.state, child.machine, child.metadata["parent"]) == ("WAITING", "part", "p1")
        await bench.send(child.saga_id, "ended")
        await bench.run()
        assert (await bench.saga("p1")).state == "ENDED"
        assert (await bench.saga("p1")).metadata["part"] == child.saga_id
        assert (await bench.saga(child.saga_id)).state == "ENDED"

    _run(body)


def test_the_undo_of_a_child_tells_it_to_stop() -> None:
    async def body(bench: Bench) -> None:
        await bench.start(METADATA, saga_id="p1")
        await bench.run()
        await bench.send("p1", "cancelled")
        await bench.run()
        child = (await bench.saga("p1")).metadata["childSagaId"]
        assert [(await bench.saga(id_)).state for id_ in ("p1", child)] == ["FAILED", "STOPPED"]

    _run(body)


def test_the_childs_history_says_which_saga_started_it_and_told_it() -> None:
    async def body(bench: Bench) -> None:
        await bench.start(METADATA, saga_id="p1")
        await bench.run()
        await bench.send("p1", "cancelled")
        await bench.run()
        rows = await bench.history((await bench.saga("p1")).metadata["childSagaId"])
        assert [row.actor for row in rows] == ["saga p1", "saga p1"]

    _run(body)


def test_asked_twice_it_starts_one_child() -> None:
    async def body(bench: Bench) -> None:
        asked = {"start": "part", "metadata": {"parent": "p1"}}
        first, second = await _sent(bench, asked), await _sent(bench, asked)
        assert first == second == Done(reply="done", payload={"childSagaId": "p1.1.0"})
        assert len(await bench.history("p1.1.0")) == 1

    _run(body)


def test_a_child_may_have_an_id_and_an_entity_of_its_own() -> None:
    async def body(bench: Bench) -> None:
        asked = {"start": "part", "metadata": {"parent": "p1"}, "sagaId": "mine", "entityId": "car"}
        await _sent(bench, asked)
        assert (await bench.saga("mine")).entity_id == "car"
        await _sent(bench, {**asked, "sagaId": None, "entityId": None})
        assert (await bench.saga("p1.1.0")).entity_id == "e1"

    _run(body)


def test_an_event_told_twice_counts_once() -> None:
    async def body(bench: Bench) -> None:
        await bench.runner.start("part", metadata={"parent": "p1"}, saga_id="c1")
        asked = {"tell": "c1", "event": "stopped"}
        assert [await _sent(bench, asked) for _ in range(2)] == [Done(reply="done")] * 2
        assert [row.event for row in await bench.history("c1")] == ["begun", "stopped"]

    _run(body)


def test_a_saga_is_told_by_its_key_too() -> None:
    async def body(bench: Bench) -> None:
        await bench.runner.start("part", metadata={"parent": "p1", "number": "n7"}, saga_id="c1")
        assert await _sent(bench, {"tell": "n7", "event": "stopped", "machine": "part"}) == Done(reply="done")
        assert (await bench.saga("c1")).is_final

    _run(body)


def test_what_cannot_be_done_fails_for_good_and_says_why() -> None:
    async def body(bench: Bench) -> None:
        await bench.runner.start("part", metadata={"parent": "p1"}, saga_id="c1")
        wrong: dict[str, Json] = {
            "machine-not-found": {"start": "nothing", "metadata": {}},
            "payload-invalid": {"start": "part", "metadata": {}},
            "saga-not-found": {"tell": "nobody", "event": "stopped"},
            "event-not-accepted": {"tell": "c1", "event": "sung"},
            "neither": {"event": "stopped"},
        }
        for why, asked in wrong.items():
            outcome = await _sent(bench, asked)
            assert isinstance(outcome, Failed)
            assert why in outcome.reason

    _run(body)


def test_a_parent_hears_that_its_child_could_not_be_started() -> None:
    async def body(bench: Bench) -> None:
        await bench.start({**METADATA, "machine": "nothing"}, saga_id="p1")
        await bench.run()
        assert (await bench.saga("p1")).state == "FAILED"

    _run(body)


def test_a_store_that_is_away_is_asked_again_later() -> None:
    async def body() -> None:
        def away(call: Call) -> None:
            if call.method == "create":
                raise StoreUnavailable("away")

        bench = await _bench(faulty(MemoryStore(), away))  # type: ignore[arg-type]
        outcome = await _sent(bench, {"start": "part", "metadata": {"parent": "p1"}})
        assert isinstance(outcome, Later)
        assert outcome.uncertain

    asyncio.run(body())


def test_without_a_done_reply_being_accepted_is_enough() -> None:
    async def body(bench: Bench) -> None:
        asked = _delivery({"start": "part", "metadata": {"parent": "p1"}}, replies=())
        outcome = await SagasChannel(bench.runner).send(asked)
        assert outcome == Done(payload={"childSagaId": "p1.1.0"})

    _run(body)
