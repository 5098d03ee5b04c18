"""What becomes of a try: reply, later try, parked, waiting. One sentence a test."""

from __future__ import annotations

import asyncio

import pytest

from adapters.stores.memory import MemoryStore
from engine.errors import StoreUnavailable
from engine.model import Delivery, Done, Failed, Later
from tests.fakes.channel import Answer, ScriptedChannel
from tests.fakes.clock import START, CountingIds
from tests.fakes.engine import Bench, engine_for
from tests.fakes.faulty_store import fail, faulty, watched
from tests.fakes.machines import sample
from tests.fakes.waiting import turn

STATES = """
A:
  businessState: OPEN
  command: pay
  on: {paid: Z, payFailed: F, pending: {set: {pending: true}}, cancelled: Z, again: A}
Z: {businessState: SHUT, final: true}
F: {businessState: SHUT, final: true}
"""
RETRY = "retry: {attempts: 3, delay: 1s, factor: 3, maxDelay: 1m, jitter: 0.5}"
BOTH = f"commands: {{pay: {{channel: outside, replies: {{done: paid, failed: payFailed}}, {RETRY}}}}}"
WITH_TIMEOUT = BOTH.replace("channel: outside,", "channel: outside, timeout: 10s,")
NO_FAILED = f"commands: {{pay: {{channel: outside, replies: {{done: paid}}, {RETRY}}}}}"


async def _bench(
    *lines: Answer, top: str = BOTH, jitter: float = 0.0, room: int = 512
) -> tuple[Bench, ScriptedChannel]:
    channel = ScriptedChannel({"pay": lines})
    bench = await engine_for(
        sample(STATES, top=top),
        channels={"outside": channel},
        ids=CountingIds("daemon-1", jitter=jitter),
        room=room,
    )
    await bench.start({"total": 5}, saga_id="s1", entity_id="customer-1")
    return bench, channel


def test_a_channel_is_told_all_it_may_need_and_nothing_else() -> None:
    async def body() -> None:
        bench, channel = await _bench(Done(reply="done"))
        await bench.run()
        assert channel.deliveries == [
            Delivery(
                id="s1.1.0",
                saga_id="s1",
                entity_id="customer-1",
                machine="sample",
                kind="command",
                name="pay",
                payload={"total": 5},
                attempt=1,
                uncertain=False,
                replies={"done": "paid", "failed": "payFailed"},
            )
        ]

    asyncio.run(body())


@pytest.mark.parametrize(
    ("outcome", "state", "metadata"),
    [
        (Done(reply="done", payload={"id": 1}), "Z", {"total": 5, "id": 1}),
        (Done(reply="failed", payload={"why": "no"}), "F", {"total": 5, "why": "no"}),
        (Done(event="paid"), "Z", {"total": 5}),
        (Failed(reason="HTTP 400", payload={"code": 7}), "F", {"total": 5, "code": 7}),
    ],
)
def test_an_answer_becomes_the_event_that_the_command_names(
    outcome: Answer, state: str, metadata: object
) -> None:
    async def body() -> None:
        bench, _ = await _bench(outcome)
        await bench.run()
        saga = await bench.saga("s1")
        assert (saga.state, saga.metadata, saga.agenda) == (state, metadata, ())
        row = (await bench.history("s1"))[-1]
        assert (row.event_id, row.actor) == ("s1.1.0", "engine")

    asyncio.run(body())


def test_the_reason_of_a_failure_stands_in_the_history() -> None:
    async def body() -> None:
        bench, _ = await _bench(Failed(reason="HTTP 400"))
        await bench.run()
        assert (await bench.history("s1"))[-1].reason == "HTTP 400"

    asyncio.run(body())


def test_a_try_that_may_be_repeated_is_repeated_with_growing_delays() -> None:
    async def body() -> None:
        bench, channel = await _bench(Later(reason="HTTP 503"), Later(reason="HTTP 503"), Done(reply="done"))
        await bench.run()
        entry = await bench.owed("s1", "pay")
        assert (entry.due - START, entry.attempts, entry.reason, entry.owner) == (1_000, 1, "HTTP 503", None)
        await bench.wait(999)
        assert len(channel.deliveries) == 1
        await bench.wait(1)
        assert (await bench.owed("s1", "pay")).due - START == 4_000
        await bench.wait(3_000)
        assert (await bench.saga("s1")).state == "Z"
        assert [(d.id, d.attempt, d.uncertain) for d in channel.deliveries] == [
            ("s1.1.0", 1, False),
            ("s1.1.0", 2, True),
            ("s1.1.0", 3, True),
        ]

    asyncio.run(body())


@pytest.mark.parametrize(("jitter", "delay"), [(-1.0, 500), (0.5, 1_250)])
def test_jitter_moves_the_next_try(jitter: float, delay: int) -> None:
    async def body() -> None:
        bench, _ = await _bench(Later(reason="busy"), jitter=jitter)
        await bench.run()
        assert (await bench.owed("s1", "pay")).due - START == delay

    asyncio.run(body())


def test_a_receiver_that_asks_for_patience_gets_it() -> None:
    async def body() -> None:
        bench, _ = await _bench(Later(reason="HTTP 429", delay=90_000))
        await bench.run()
        assert (await bench.owed("s1", "pay")).due - START == 90_000

    asyncio.run(body())


def test_when_tries_run_out_the_failed_reply_is_given() -> None:
    async def body() -> None:
        bench, channel = await _bench(Later(reason="HTTP 503"))
        await bench.wait(60_000)
        assert (await bench.saga("s1")).state == "F"
        assert len(channel.deliveries) == 3
        assert (await bench.history("s1"))[-1].reason == "HTTP 503"

    asyncio.run(body())


@pytest.mark.parametrize("outcome", [Later(reason="HTTP 503"), Failed(reason="HTTP 503")])
def test_a_command_without_a_failed_reply_is_parked_instead(outcome: Answer) -> None:
    async def body() -> None:
        bench, channel = await _bench(outcome, top=NO_FAILED)
        await bench.wait(60_000)
        entry = await bench.owed("s1", "pay")
        assert (entry.status, entry.reason, entry.attempts) == ("parked", "HTTP 503", len(channel.deliveries))
        assert (await bench.saga("s1")).state == "A"

    asyncio.run(body())


def test_what_is_parked_waits_for_a_person() -> None:
    async def body() -> None:
        bench, channel = await _bench(Failed(reason="no"), top=NO_FAILED)
        await bench.wait(30 * 86_400_000)
        assert len(channel.deliveries) == 1
        assert [due.entry.id for due in await bench.store.agenda(parked=True)] == ["s1.1.0"]

    asyncio.run(body())


def test_a_channel_that_is_not_bound_parks_the_entry_and_says_so() -> None:
    async def body() -> None:
        bench = await engine_for(sample(STATES, top=BOTH))
        await bench.start(saga_id="s1")
        await bench.run()
        entry = await bench.owed("s1", "pay")
        assert (entry.status, entry.reason) == ("parked", "channel 'outside' is not bound in config.yaml")

    asyncio.run(body())


def test_a_defect_of_an_adapter_parks_the_entry_and_its_text_goes_nowhere(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def body() -> None:
        bench, _ = await _bench(ValueError("card 4111111111111111"))
        await bench.run()
        entry = await bench.owed("s1", "pay")
        assert (entry.status, entry.reason) == (
            "parked",
            "ValueError in channel 'outside': a defect, see the log",
        )

    asyncio.run(body())
    written = "".join(capsys.readouterr())
    assert "ValueError" in written
    assert "4111111111111111" not in written


def test_a_channel_that_finds_the_store_or_a_provider_away_is_asked_again() -> None:
    async def body() -> None:
        bench, _ = await _bench(StoreUnavailable("away"), Done(reply="done"))
        await bench.wait(1_000)
        assert (await bench.saga("s1")).state == "Z"

    asyncio.run(body())


def test_an_answer_that_the_command_does_not_know_parks_it() -> None:
    async def body() -> None:
        bench, _ = await _bench(Done(reply="maybe"))
        await bench.run()
        entry = await bench.owed("s1", "pay")
        assert (entry.status, entry.reason) == (
            "parked",
            "the channel replied 'maybe', the command knows done, failed",
        )

    asyncio.run(body())


def test_an_answer_may_not_speak_for_the_engine() -> None:
    async def body() -> None:
        bench, _ = await _bench(Done(event="$after.1h"))
        await bench.run()
        assert (await bench.owed("s1", "pay")).status == "parked"
        assert len(await bench.history("s1")) == 1

    asyncio.run(body())


def test_an_answer_that_breaks_the_events_contract_parks_the_command_with_the_rule_and_the_try() -> None:
    async def body() -> None:
        bench, _ = await _bench(
            Done(reply="done", payload={"id": "secret"}),
            top=BOTH + "\nevents: {paid: {payload: {type: object, properties: {id: {type: integer}}}}}",
        )
        await bench.run()
        entry = await bench.owed("s1", "pay")
        assert (entry.status, entry.attempts) == ("parked", 1)
        assert "/id" in (entry.reason or "")
        assert "secret" not in (entry.reason or "")

    asyncio.run(body())


def test_an_accepted_command_with_a_time_limit_waits_for_its_reply() -> None:
    async def body() -> None:
        bench, channel = await _bench(Done(), top=WITH_TIMEOUT)
        await bench.run()
        entry = await bench.owed("s1", "pay")
        assert (entry.status, entry.due - START, entry.attempts) == ("waiting", 10_000, 1)
        assert (await bench.send("s1", "paid", id="r1")).state == "Z"
        await bench.wait(60_000)
        assert len(channel.deliveries) == 1

    asyncio.run(body())


def test_a_reply_that_does_not_come_in_time_makes_the_command_go_out_again_and_at_last_fail() -> None:
    async def body() -> None:
        bench, channel = await _bench(Done(), top=WITH_TIMEOUT)
        await bench.wait(30_000)
        assert [d.attempt for d in channel.deliveries] == [1, 2, 3]
        assert len({d.id for d in channel.deliveries}) == 1
        assert (await bench.saga("s1")).state == "F"
        assert (await bench.history("s1"))[-1].reason == "no reply came in time"

    asyncio.run(body())


def test_an_accepted_command_without_a_time_limit_waits_and_its_reply_may_come_whenever() -> None:
    async def body() -> None:
        bench, channel = await _bench(Done())
        await bench.wait(86_400_000)
        assert [entry.status for entry in (await bench.saga("s1")).agenda] == ["waiting"]
        assert (await bench.send("s1", "paid")).state == "Z"
        assert len(channel.deliveries) == 1

    asyncio.run(body())


def test_a_reply_that_came_already_under_the_same_key_settles_the_command() -> None:
    """A receiver may answer by an event that carries the idempotency key as its id."""

    async def body() -> None:
        bench, channel = await _bench(Done(reply="done"))
        gate = channel.hold("pay")
        await channel.arrived.wait()
        await bench.send("s1", "pending", id="s1.1.0")
        gate.set()
        await bench.run()
        saga = await bench.saga("s1")
        assert (saga.state, saga.agenda) == ("A", ())
        await bench.wait(86_400_000)
        assert len(channel.deliveries) == 1

    asyncio.run(body())


def test_a_reply_to_a_state_that_was_left_meanwhile_is_recorded_as_ignored() -> None:
    async def body() -> None:
        bench, channel = await _bench(Done(reply="done"))
        gate = channel.hold("pay")
        await channel.arrived.wait()
        await bench.send("s1", "cancelled")
        gate.set()
        await bench.run()
        row = (await bench.history("s1"))[-1]
        assert (row.event, row.result, row.event_id) == ("paid", "ignored", "s1.1.0")

    asyncio.run(body())


def test_the_same_payload_goes_out_on_every_try_though_the_metadata_change() -> None:
    async def body() -> None:
        bench, channel = await _bench(Later(reason="busy"), Later(reason="busy"), Done(reply="done"))
        await bench.run()
        await bench.send("s1", "pending", {"total": 99})
        await bench.wait(60_000)
        assert [d.payload for d in channel.deliveries] == [{"total": 5}] * 3
        assert (await bench.saga("s1")).metadata["total"] == 99

    asyncio.run(body())


def test_a_command_that_is_due_waits_for_the_next_tick_when_hands_are_full() -> None:
    async def body() -> None:
        bench, channel = await _bench(Done(reply="done"), room=2)
        gate = channel.hold("pay")
        for number in range(2, 6):
            await bench.start({"total": number}, saga_id=f"s{number}")
        assert await bench.dispatcher.tick() == 0
        await channel.arrived.wait()
        assert len(channel.deliveries) == 2
        gate.set()
        await bench.run()
        assert sorted(d.saga_id for d in channel.deliveries) == ["s1", "s2", "s3", "s4", "s5"]

    asyncio.run(body())


def test_what_another_daemon_has_in_hand_is_left_to_it_until_its_lease_ends() -> None:
    async def body() -> None:
        store = MemoryStore()
        machine = sample(STATES, top=WITH_TIMEOUT)
        stuck, other = ScriptedChannel(), ScriptedChannel()
        stuck.hold("pay")
        one = await engine_for(machine, store=store, channels={"outside": stuck}, owner="d1")
        two = await engine_for(machine, store=store, channels={"outside": other}, owner="d2", clock=one.clock)
        await one.start(saga_id="s1")
        await stuck.arrived.wait()
        one.clock.advance(39_999)
        assert await two.dispatcher.tick() == 0
        one.clock.advance(1)
        assert await two.dispatcher.tick() == 1
        await two.dispatcher.idle()
        assert (await two.saga("s1")).state == "Z"
        assert [d.uncertain for d in other.deliveries] == [True]
        await one.dispatcher.drain(0)

    asyncio.run(body())


def test_who_lost_its_lease_can_no_longer_change_the_entry() -> None:
    async def body() -> None:
        store = MemoryStore()
        machine = sample(STATES, top=BOTH)
        slow, quick = (
            ScriptedChannel({"pay": [Failed(reason="x")]}),
            ScriptedChannel({"pay": [Later(reason="busy")]}),
        )
        gate = slow.hold("pay")
        one = await engine_for(
            machine.replace("failed: payFailed", "no: payFailed"),
            store=store,
            channels={"outside": slow},
            owner="d1",
        )
        two = await engine_for(
            machine.replace("failed: payFailed", "no: payFailed"),
            store=store,
            channels={"outside": quick},
            owner="d2",
            clock=one.clock,
        )
        await one.start(saga_id="s1")
        await slow.arrived.wait()
        one.clock.advance(60_000)
        await two.dispatcher.tick()
        await two.dispatcher.idle()
        gate.set()
        await one.dispatcher.idle()
        assert (await one.owed("s1", "pay")).status == "due"

    asyncio.run(body())


def test_draining_lets_what_is_in_hand_finish_and_begins_nothing_more() -> None:
    async def body() -> None:
        bench, channel = await _bench(Done(reply="done"))
        gate = channel.hold("pay")
        await channel.arrived.wait()
        draining = asyncio.create_task(bench.dispatcher.drain(60_000))
        await turn()
        await bench.start(saga_id="s2")
        gate.set()
        await draining
        assert (await bench.saga("s1")).state == "Z"
        assert await bench.dispatcher.tick() == 0
        assert [d.saga_id for d in channel.deliveries] == ["s1"]
        assert (await bench.owed("s2", "pay")).owner is None

    asyncio.run(body())


def test_draining_gives_back_what_does_not_finish_in_time_so_another_may_have_it_at_once() -> None:
    async def body() -> None:
        bench, channel = await _bench(Done(reply="done"))
        channel.hold("pay")
        await channel.arrived.wait()
        await bench.dispatcher.drain(0)
        assert (await bench.owed("s1", "pay")).lease_until == 0
        quick = ScriptedChannel()
        other = await engine_for(
            sample(STATES, top=BOTH),
            store=bench.store,
            channels={"outside": quick},
            owner="d2",
            clock=bench.clock,
        )
        await other.run()
        assert (await other.saga("s1")).state == "Z"
        assert [d.uncertain for d in quick.deliveries] == [True]

    asyncio.run(body())


def test_a_claim_that_comes_back_while_draining_is_given_back_and_not_begun() -> None:
    async def body() -> None:
        store, _ = watched(MemoryStore())
        channel = ScriptedChannel()
        bench = await engine_for(sample(STATES, top=BOTH), store=store, channels={"outside": channel}, room=0)
        await bench.start(saga_id="s1")
        late = await engine_for(
            sample(STATES, top=BOTH),
            store=store,
            channels={"outside": channel},
            owner="d2",
            clock=bench.clock,
        )
        ticking = asyncio.create_task(late.dispatcher.tick())
        await turn()
        await late.dispatcher.drain(1_000)
        await ticking
        await late.dispatcher.idle()
        assert channel.deliveries == []
        assert (await late.owed("s1", "pay")).owner is None

    asyncio.run(body())


@pytest.mark.parametrize("method", ["commit", "claim", "postpone"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_store_that_is_away_for_a_moment_costs_time_and_nothing_else(method: str, when: str) -> None:
    async def body() -> None:
        channel = ScriptedChannel({"pay": [Later(reason="busy"), Done(reply="done")]})
        fault = fail(method, "before" if when == "before" else "after")
        bench = await engine_for(
            sample(STATES, top=BOTH), store=faulty(MemoryStore(), fault), channels={"outside": channel}
        )
        await bench.start(saga_id="s1")
        await bench.run()
        bench.clock.advance(120_000)
        await bench.run()
        bench.clock.advance(120_000)
        await bench.run()
        assert await bench.path("s1") == ["A", "Z"]
        assert len({d.id for d in channel.deliveries}) == 1

    asyncio.run(body())


def test_a_definition_that_no_longer_knows_the_command_parks_the_entry() -> None:
    """`--dev` takes a changed file under the same version, whatever sagas still owe."""

    async def body() -> None:
        bench, channel = await _bench(Later(reason="busy"))
        await bench.run()
        changed = sample(
            STATES.replace("command: pay", "command: settle"), top=BOTH.replace("pay:", "settle:")
        )
        dev = await engine_for(
            changed, store=bench.store, channels={"outside": channel}, clock=bench.clock, owner="d2", dev=True
        )
        await dev.wait(1_000)
        entry = await dev.owed("s1", "pay")
        assert (entry.status, entry.reason) == ("parked", "KeyError in the engine: a defect, see the log")

    asyncio.run(body())
