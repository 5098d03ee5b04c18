"""Side effects: fire and forget, but not forgotten."""

from __future__ import annotations

import asyncio

from engine.model import Done, Failed, Later
from tests.fakes.channel import Answer, ScriptedChannel
from tests.fakes.engine import Bench, engine_for
from tests.fakes.machines import sample

MACHINE = sample(
    "A: {businessState: OPEN, on: {ended: Z}}\nZ: {businessState: SHUT, final: true, sideEffects: [tell]}",
    top="sideEffects: {tell: {channel: mail, retry: {attempts: 3, delay: 1s, factor: 2, jitter: 0}}}",
)


async def _ended(*lines: Answer) -> tuple[Bench, ScriptedChannel]:
    channel = ScriptedChannel({"tell": lines})
    bench = await engine_for(MACHINE, channels={"mail": channel})
    await bench.start({"a": 1}, saga_id="s1")
    await bench.send("s1", "ended", {"b": 2})
    await bench.wait(60_000)
    return bench, channel


def test_a_side_effect_goes_out_and_leaves_no_trace_in_the_saga() -> None:
    async def body() -> None:
        bench, channel = await _ended(Done(reply="done", payload={"x": 1}, event="ended"))
        saga = await bench.saga("s1")
        assert (saga.agenda, saga.metadata, saga.version) == ((), {"a": 1, "b": 2}, 2)
        assert [(d.kind, d.payload, d.replies) for d in channel.deliveries] == [
            ("effect", {"a": 1, "b": 2}, {})
        ]

    asyncio.run(body())


def test_a_side_effect_that_does_not_get_through_is_tried_again() -> None:
    async def body() -> None:
        bench, channel = await _ended(Later(reason="busy"), Later(reason="busy"), Done())
        assert (await bench.saga("s1")).agenda == ()
        assert [d.attempt for d in channel.deliveries] == [1, 2, 3]

    asyncio.run(body())


def test_a_side_effect_whose_tries_run_out_is_parked_though_the_saga_has_ended() -> None:
    async def body() -> None:
        bench, channel = await _ended(Later(reason="busy"))
        assert ((await bench.owed("s1", "tell")).status, len(channel.deliveries)) == ("parked", 3)
        await bench.mending.retry("s1", actor="ann", reason="mail server is back")
        await bench.wait(60_000)
        assert len(channel.deliveries) == 6

    asyncio.run(body())


def test_a_side_effect_that_fails_for_good_is_parked_at_once() -> None:
    async def body() -> None:
        bench, _ = await _ended(Failed(reason="no such address"))
        entry = await bench.owed("s1", "tell")
        assert (entry.status, entry.reason, entry.attempts) == ("parked", "no such address", 1)

    asyncio.run(body())


def test_side_effects_that_were_delivered_do_not_pile_up_in_a_saga_with_many_events() -> None:
    """Else every event would cost more than the one before."""
    machine = sample(
        "A: {businessState: OPEN, on: {said: {sideEffects: [tell]}, ended: Z}}\nZ: {businessState: SHUT, final: true}",
        top="sideEffects: {tell: {channel: mail}}",
    )

    async def body() -> None:
        carried: list[int] = []
        bench = await engine_for(machine, channels={"mail": ScriptedChannel()})
        bench.runner.on_step.append(lambda step: carried.append(len(step.saga.agenda)))
        await bench.start(saga_id="s1")
        for _ in range(20):
            await bench.send("s1", "said")
            await bench.run()
        assert max(carried) == 1

    asyncio.run(body())


def test_a_side_effect_in_hand_is_not_lost_when_the_saga_goes_on() -> None:
    machine = sample(
        "A: {businessState: OPEN, on: {said: {sideEffects: [tell]}, ended: Z}}\nZ: {businessState: SHUT, final: true}",
        top="sideEffects: {tell: {channel: mail, retry: {attempts: 9, delay: 1m, jitter: 0}}}",
    )

    async def body() -> None:
        channel = ScriptedChannel({"tell": [Later(reason="busy"), Done()]})
        bench = await engine_for(machine, channels={"mail": channel})
        await bench.start(saga_id="s1")
        await bench.send("s1", "said", {"n": 1})
        await bench.run()
        await bench.send("s1", "said", {"n": 2})
        await bench.send("s1", "ended", {"n": 3})
        assert [e.payload for e in (await bench.saga("s1")).agenda] == [{"n": 1}, {"n": 2}]
        await bench.wait(60_000)
        assert [d.payload["n"] for d in channel.deliveries] == [1, 2, 1]
        assert (await bench.saga("s1")).agenda == ()

    asyncio.run(body())
