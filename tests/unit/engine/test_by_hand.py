"""Retry, skip, answer and move through the runner: on the entries as the store has them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.errors import ActionNotPossible, EntryNotFound, SagaNotFound, StateNotFound
from engine.model import Done, Failed, Later
from tests.fakes.channel import ScriptedChannel
from tests.fakes.engine import Bench, engine_for
from tests.fakes.machines import sample

MACHINE = sample(
    """
    A:
      businessState: OPEN
      command: pay
      sideEffects: [greet]
      on: {paid: B, said: {description: It stays}}
    B: {businessState: OPEN, on: {ended: Z}}
    Z: {businessState: SHUT, final: true}
    """,
    top="""
    commands: {pay: {channel: outside, replies: {done: paid}, retry: {attempts: 2}}}
    sideEffects: {greet: {channel: outside}}
    """,
)
BY: dict[str, Any] = {"actor": "ann", "reason": "the bank called"}


async def _parked() -> tuple[Bench, ScriptedChannel]:
    """A saga whose command and side effect are both parked."""
    channel = ScriptedChannel(
        {
            "pay": [Failed(reason="no such account"), Done(reply="done")],
            "greet": [Failed(reason="no"), Done()],
        }
    )
    bench = await engine_for(MACHINE, channels={"outside": channel})
    await bench.start(saga_id="s1")
    await bench.run()
    assert {e.status for e in (await bench.saga("s1")).agenda} == {"parked"}
    return bench, channel


def test_a_retry_without_a_name_does_every_parked_entry_again_under_its_own_key() -> None:
    async def body() -> None:
        bench, channel = await _parked()
        answer = await bench.mending.retry("s1", **BY)
        assert (answer.event, answer.result) == ("$retry", "applied")
        await bench.run()
        saga = await bench.saga("s1")
        assert (saga.state, saga.agenda) == ("B", ())
        first, second = channel.sent("pay")
        assert (first.id, first.payload) == (second.id, second.payload)
        assert (second.attempt, second.uncertain) == (1, True)

    asyncio.run(body())


def test_a_retry_of_one_entry_leaves_the_other_parked() -> None:
    async def body() -> None:
        bench, channel = await _parked()
        await bench.mending.retry("s1", (await bench.owed("s1", "greet")).id, **BY)
        await bench.run()
        saga = await bench.saga("s1")
        assert [(e.name, e.status) for e in saga.agenda] == [("pay", "parked")]
        assert len(channel.sent("pay")) == 1

    asyncio.run(body())


def test_what_was_done_by_hand_stands_in_the_history_with_who_and_why() -> None:
    async def body() -> None:
        bench, _ = await _parked()
        await bench.mending.skip("s1", (await bench.owed("s1", "greet")).id, **BY)
        await bench.mending.answer("s1", reply="done", payload={"paymentId": "p"}, **BY)
        await bench.mending.move("s1", "A", **BY)
        rows = (await bench.history("s1"))[1:]
        assert [row.event for row in rows] == ["$skip", "paid", "$move"]
        assert {(row.actor, row.reason) for row in rows} == {("ann", "the bank called")}
        assert (await bench.saga("s1")).metadata == {"paymentId": "p"}

    asyncio.run(body())


def test_a_skip_without_a_name_needs_to_know_which_one() -> None:
    async def body() -> None:
        bench, _ = await _parked()
        with pytest.raises(ActionNotPossible, match="name one of"):
            await bench.mending.skip("s1", **BY)
        assert len(await bench.history("s1")) == 1

    asyncio.run(body())


def test_a_move_sends_the_command_of_the_state_it_leads_to() -> None:
    async def body() -> None:
        bench, channel = await _parked()
        await bench.mending.move("s1", "B", **BY)
        await bench.mending.move("s1", "A", **BY)
        await bench.run()
        assert len({delivery.id for delivery in channel.sent("pay")}) == 2
        assert await bench.path("s1") == ["A", "B", "A", "B"]

    asyncio.run(body())


def test_actions_on_what_is_not_there_change_nothing() -> None:
    async def body() -> None:
        bench, _ = await _parked()
        with pytest.raises(SagaNotFound):
            await bench.mending.retry("s2", **BY)
        with pytest.raises(EntryNotFound):
            await bench.mending.retry("s1", "s1.1.7", **BY)
        with pytest.raises(StateNotFound):
            await bench.mending.move("s1", "NOWHERE", **BY)
        assert len(await bench.history("s1")) == 1

    asyncio.run(body())


def test_an_action_sees_what_became_of_the_entries_since_the_saga_was_last_read() -> None:
    """The copy in memory was read when only one of the two was parked."""

    async def body() -> None:
        channel = ScriptedChannel(
            {
                "pay": [Failed(reason="no"), Done(reply="done")],
                "greet": [Later(reason="busy"), Failed(reason="no"), Done()],
            }
        )
        bench = await engine_for(MACHINE, channels={"outside": channel})
        other = await engine_for(MACHINE, store=bench.store, clock=bench.clock, owner="d2")
        await bench.start(saga_id="s1")
        await bench.run()
        await other.send("s1", "said", id="e1")
        await bench.send("s1", "said", id="e2")
        await bench.wait(10_000)
        assert {e.status for e in (await bench.saga("s1")).agenda} == {"parked"}
        await bench.mending.retry("s1", **BY)
        await bench.run()
        saga = await bench.saga("s1")
        assert (saga.state, saga.agenda) == ("B", ())

    asyncio.run(body())
