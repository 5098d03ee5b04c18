"""Starting sagas and telling them events: durable, once, and never decided on an old copy."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from adapters.stores.memory import MemoryStore
from engine.errors import (
    EventNotAccepted,
    KeyTaken,
    MachineNotFound,
    PayloadInvalid,
    SagaExists,
    SagaNotFound,
    StoreUnavailable,
)
from engine.model import Done, Step
from tests.fakes.channel import ScriptedChannel
from tests.fakes.engine import Bench, engine_for
from tests.fakes.faulty_store import fail, faulty, watched
from tests.fakes.machines import ORDER, sample

ORDER_1 = {"orderNumber": "n1", "total": 5}
STRICT = ORDER.replace("version: 1", "version: 1\nonDuplicate: reject", 1)

TALK = sample(
    """
    A: {businessState: OPEN, on: {said: {description: It stays}, next: B, gone: {if: metadata.secret == payload.secret, to: Z}}}
    B: {businessState: OPEN, on: {back: A, ended: Z}}
    Z: {businessState: SHUT, final: true}
    """
)


def test_a_saga_that_was_started_is_in_the_store() -> None:
    async def body() -> None:
        bench = await engine_for(ORDER)
        saga = await bench.start(ORDER_1, entity_id="customer-7", actor="shop")
        kept = await bench.saga(saga.saga_id)
        assert (kept.state, kept.entity_id, kept.metadata) == ("CREATED", "customer-7", ORDER_1)
        (row,) = await bench.history(saga.saga_id)
        assert (row.seq, row.event, row.source, row.entered, row.actor) == (
            1,
            "orderCreated",
            None,
            True,
            "shop",
        )

    asyncio.run(body())


def test_ids_are_made_where_none_is_given_with_the_machines_prefix() -> None:
    async def body() -> None:
        bench = await engine_for(TALK.replace("version: 1", "version: 1\nsagaIdPrefix: talk"))
        assert (await bench.start()).saga_id.startswith("talk-daemon-1-")
        assert (await bench.start(saga_id="mine")).saga_id == "mine"

    asyncio.run(body())


def test_nothing_is_written_of_a_saga_that_cannot_be_started() -> None:
    async def body() -> None:
        bench = await engine_for(ORDER)
        with pytest.raises(MachineNotFound, match="no machine 'oder' is deployed"):
            await bench.runner.start("oder", metadata={})
        with pytest.raises(PayloadInvalid):
            await bench.start({}, saga_id="s1")
        with pytest.raises(SagaNotFound):
            await bench.saga("s1")

    asyncio.run(body())


def test_a_creation_under_an_id_that_is_taken_answers_the_saga_that_has_it() -> None:
    async def body() -> None:
        bench = await engine_for(ORDER)
        first = await bench.runner.start("order", metadata=ORDER_1, saga_id="s1")
        again = await bench.runner.start("order", metadata={"orderNumber": "n2", "total": 6}, saga_id="s1")
        assert (first.existed, again.existed, again.saga.metadata) == (False, True, ORDER_1)
        with pytest.raises(SagaNotFound):
            await bench.store.find("n2")

    asyncio.run(body())


def test_a_creation_that_repeats_a_key_answers_the_saga_that_has_it_as_it_stands_by_now() -> None:
    async def body() -> None:
        bench = await engine_for(ORDER)
        await bench.start(ORDER_1, saga_id="s1")
        await bench.send("s1", "paid")
        again = await bench.runner.start("order", metadata=ORDER_1)
        assert (again.existed, again.saga.saga_id, again.saga.version) == (True, "s1", 2)
        assert len(await bench.history("s1")) == 2

    asyncio.run(body())


def test_twins_of_a_creation_in_one_millisecond_are_one_saga_whose_command_goes_out_once() -> None:
    async def body() -> None:
        outside = ScriptedChannel({"pay": [Done()]})
        bench = await engine_for(ORDER, channels={"outside": outside})
        twins = [bench.runner.start("order", metadata=ORDER_1, saga_id="s1") for _ in range(4)]
        assert sorted(started.existed for started in await asyncio.gather(*twins)) == [
            False,
            True,
            True,
            True,
        ]
        await bench.dispatcher.idle()
        assert [delivery.name for delivery in outside.deliveries] == ["pay"]

    asyncio.run(body())


def test_an_id_that_is_taken_is_refused_where_the_machine_rejects_duplicates() -> None:
    async def body() -> None:
        bench = await engine_for(STRICT)
        await bench.start(ORDER_1, saga_id="s1")
        bench.clock.advance(1)
        with pytest.raises(SagaExists):
            await bench.start({"orderNumber": "n2", "total": 6}, saga_id="s1")
        assert (await bench.saga("s1")).metadata == ORDER_1
        assert await bench.store.find("n1") == "s1"

    asyncio.run(body())


def test_a_creation_that_repeats_a_key_is_refused_there_too_and_changes_nothing() -> None:
    async def body() -> None:
        bench = await engine_for(STRICT)
        await bench.start(ORDER_1, saga_id="s1")
        with pytest.raises(KeyTaken):
            await bench.start(ORDER_1, saga_id="s2")
        with pytest.raises(SagaNotFound):
            await bench.saga("s2")
        assert await bench.store.find("n1") == "s1"

    asyncio.run(body())


def test_an_event_may_address_the_saga_by_a_key() -> None:
    async def body() -> None:
        bench = await engine_for(ORDER)
        await bench.start(ORDER_1, saga_id="s1")
        answer = await bench.send("n1", "paid", id="e1")
        assert (
            answer.saga_id,
            answer.version,
            answer.state,
            answer.result,
            answer.event,
            answer.repeated,
        ) == (
            "s1",
            2,
            "PAID",
            "applied",
            "paid",
            False,
        )
        with pytest.raises(SagaNotFound):
            await bench.send("n2", "paid")

    asyncio.run(body())


def test_a_repeat_gets_the_first_answer_and_is_applied_once() -> None:
    async def body() -> None:
        bench = await engine_for(TALK)
        await bench.start(saga_id="s1")
        first = await bench.send("s1", "said", {"n": 1}, id="e1")
        again = await bench.send("s1", "said", {"n": 2}, id="e1")
        assert again == replace(first, repeated=True)
        assert (await bench.saga("s1")).metadata == {"n": 1}
        assert len(await bench.history("s1")) == 2

    asyncio.run(body())


@pytest.mark.parametrize("hot", [100, 0])
def test_a_repeat_gets_the_first_answer_also_where_the_saga_would_refuse_it_by_now(hot: int) -> None:
    async def body() -> None:
        bench = await engine_for(TALK, hot=hot)
        await bench.start(saga_id="s1")
        first = await bench.send("s1", "next", id="e1")
        await bench.send("s1", "ended", id="e2")
        assert await bench.send("s1", "next", id="e1") == replace(first, repeated=True)
        with pytest.raises(EventNotAccepted):
            await bench.send("s1", "next", id="e3")

    asyncio.run(body())


def test_a_repeat_gets_the_first_answer_also_where_its_guard_fails_by_now() -> None:
    async def body() -> None:
        bench = await engine_for(TALK)
        await bench.start({"secret": 1}, saga_id="s1")
        await bench.send("s1", "said", {"secret": 1}, id="e1")
        await bench.send("s1", "gone", {"secret": 1}, id="e2")
        assert (await bench.send("s1", "gone", {}, id="e2")).state == "Z"

    asyncio.run(body())


def test_many_copies_of_an_event_at_once_are_one_event() -> None:
    async def body() -> None:
        bench = await engine_for(TALK)
        await bench.start(saga_id="s1")
        answers = await asyncio.gather(*(bench.send("s1", "said", {"n": n}, id="e1") for n in range(20)))
        assert sorted(answer.repeated for answer in answers) == [False] + [True] * 19
        assert {answer.version for answer in answers} == {2}

    asyncio.run(body())


def test_events_without_an_id_are_each_an_event_of_their_own() -> None:
    async def body() -> None:
        bench = await engine_for(TALK)
        await bench.start(saga_id="s1")
        await asyncio.gather(*(bench.send("s1", "said") for _ in range(20)))
        assert [row.seq for row in await bench.history("s1")] == list(range(1, 22))

    asyncio.run(body())


def test_twins_without_an_id_that_two_daemons_take_in_one_millisecond_are_two_events() -> None:
    async def body() -> None:
        one, two = await _pair(TALK)
        await one.start(saga_id="s1")
        await two.send("s1", "said")
        assert not (await one.send("s1", "said")).repeated
        assert not (await two.send("s1", "said")).repeated  # made from the same version as the one before
        assert len({row.event_id for row in (await one.history("s1"))[1:]}) == 3

    asyncio.run(body())


def test_a_refused_event_leaves_no_trace_and_its_id_may_come_again() -> None:
    async def body() -> None:
        bench = await engine_for(TALK)
        await bench.start(saga_id="s1")
        with pytest.raises(EventNotAccepted):
            await bench.send("s1", "ended", id="e1")
        await bench.send("s1", "next")
        assert (await bench.send("s1", "ended", id="e1")).result == "applied"

    asyncio.run(body())


def test_events_that_begin_with_a_dollar_are_the_engines_own() -> None:
    async def body() -> None:
        bench = await engine_for(ORDER)
        await bench.start(ORDER_1, saga_id="s1")
        with pytest.raises(EventNotAccepted, match="engine's own"):
            await bench.send("s1", "$after.24h")

    asyncio.run(body())


async def _pair(text: str) -> tuple[Bench, Bench]:
    """Two daemons on one store."""
    store = MemoryStore()
    return await engine_for(text, store=store, owner="d1"), await engine_for(text, store=store, owner="d2")


def test_a_copy_that_another_daemon_made_old_is_loaded_anew() -> None:
    async def body() -> None:
        one, two = await _pair(TALK)
        await one.start(saga_id="s1")
        await two.send("s1", "said", {"from": "two"})
        await two.send("s1", "next")
        answer = await one.send("s1", "back")
        assert (answer.state, answer.version) == ("A", 4)
        assert (await one.saga("s1")).metadata == {"from": "two"}

    asyncio.run(body())


def test_a_refusal_is_never_decided_on_an_old_copy() -> None:
    async def body() -> None:
        one, two = await _pair(TALK)
        await one.start(saga_id="s1")
        await two.send("s1", "next")
        assert (await one.send("s1", "ended")).state == "Z"

    asyncio.run(body())


def test_a_repeat_that_comes_through_another_daemon_gets_the_first_answer() -> None:
    async def body() -> None:
        one, two = await _pair(TALK)
        await one.start(saga_id="s1")
        await two.send("s1", "said", id="e1")
        one.clock.advance(1)
        assert (await one.send("s1", "said", id="e1")).repeated
        assert len(await one.history("s1")) == 2

    asyncio.run(body())


def test_daemons_that_race_on_one_saga_lose_no_event() -> None:
    async def body() -> None:
        one, two = await _pair(TALK)
        await one.start(saga_id="s1")
        sent = [
            bench.send("s1", "said", {f"{n}": True}, id=f"e{n}") for n, bench in enumerate([one, two] * 10)
        ]
        await asyncio.gather(*sent)
        rows = await one.history("s1")
        assert [row.seq for row in rows] == list(range(1, 22))
        assert sorted(row.event_id or "" for row in rows[1:]) == sorted(f"e{n}" for n in range(20))
        assert len((await one.saga("s1")).metadata) == 20

    asyncio.run(body())


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_event_whose_outcome_is_unknown_may_be_repeated_under_its_id(when: str) -> None:
    async def body() -> None:
        store = faulty(MemoryStore(), fail("commit", "before" if when == "before" else "after"))
        bench = await engine_for(TALK, store=store)
        await bench.start(saga_id="s1")
        with pytest.raises(StoreUnavailable):
            await bench.send("s1", "next", id="e1")
        answer = await bench.send("s1", "next", id="e1")
        assert (answer.state, answer.version, answer.repeated) == ("B", 2, when == "after")
        assert len(await bench.history("s1")) == 2

    asyncio.run(body())


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_creation_whose_outcome_is_unknown_may_be_repeated_under_its_id(when: str) -> None:
    async def body() -> None:
        store = faulty(MemoryStore(), fail("create", "before" if when == "before" else "after"))
        bench = await engine_for(TALK, store=store)
        with pytest.raises(StoreUnavailable):
            await bench.start({"a": 1}, saga_id="s1")
        bench.clock.advance(1)
        again = await bench.runner.start(bench.machine, metadata={"a": 1}, saga_id="s1")
        assert again.existed == (when == "after")
        assert (await bench.saga("s1")).version == 1

    asyncio.run(body())


def test_the_next_event_of_a_saga_needs_no_read() -> None:
    async def body() -> None:
        store, calls = watched(MemoryStore())
        bench = await engine_for(TALK, store=store)
        await bench.start(saga_id="s1")
        calls.clear()
        for _ in range(10):
            await bench.send("s1", "said")
        assert dict(calls) == {"commit": 10}

    asyncio.run(body())


def test_events_of_one_saga_that_come_at_once_take_turns_instead_of_racing() -> None:
    async def body() -> None:
        store, calls = watched(MemoryStore())
        bench = await engine_for(TALK, store=store)
        await bench.start(saga_id="s1")
        await asyncio.gather(*(bench.send("s1", "said", id=f"e{number}") for number in range(20)))
        assert calls["commit"] == 20
        assert [row.event_id for row in (await bench.history("s1"))[1:]] == [
            f"e{number}" for number in range(20)
        ]

    asyncio.run(body())


def test_who_watches_steps_sees_each_durable_step_once() -> None:
    async def body() -> None:
        seen: list[Step] = []
        bench = await engine_for(TALK)
        bench.runner.on_step.append(seen.append)
        await bench.start(saga_id="s1")
        await bench.send("s1", "said", id="e1")
        await bench.send("s1", "said", id="e1")
        with pytest.raises(EventNotAccepted):
            await bench.send("s1", "ended")
        assert [step.row.event for step in seen] == ["begun", "said"]

    asyncio.run(body())


FAN_OUT = """
A: {businessState: OPEN, commands: [one, two], on: {$done: B, $failed: Z}}
B: {businessState: OPEN, on: {ended: Z}}
Z: {businessState: SHUT, final: true}
"""


def test_the_answer_tells_where_all_that_an_event_raised_has_led_also_when_it_is_repeated() -> None:
    async def body() -> None:
        top = "commands: {one: {channel: x, replies: {done: oneDone}}, two: {channel: x, replies: {done: twoDone}}}"
        bench = await engine_for(sample(FAN_OUT, top=top), channels={"x": ScriptedChannel({})})
        await bench.start(saga_id="s1")
        first = await bench.send("s1", "oneDone", id="e1")
        assert (first.state, first.version) == ("A", 2)
        last = await bench.send("s1", "twoDone", id="e2")
        assert (last.event, last.state, last.version) == ("twoDone", "B", 4)
        assert await bench.send("s1", "twoDone", id="e2") == replace(last, repeated=True)

    asyncio.run(body())
