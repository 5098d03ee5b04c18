"""The history is enough: replaying its events gives the document that the store holds, whatever came in which order."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.document import document
from engine.errors import Invalid, Refused
from engine.machine import interventions
from engine.machine.interventions import Hand
from engine.machine.plan import Machine
from engine.machine.start import start
from engine.machine.step import step
from engine.model import Delivery, Done, Entry, Event, Failed, HistoryRow, Json, Outcome, Saga, Step
from tests.fakes.channel import ScriptedChannel
from tests.fakes.engine import Bench, engine_for
from tests.properties.engine_lives import Act, acts
from tests.properties.engine_machines import START_DATA, machines

STEADY = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
BY = {"actor": "ann", "reason": "tried"}


@dataclass
class World:
    """The engine's surroundings, with all that it was ever told: what came from outside, and each answer.

    Attributes:
        answers: What each request was, and what it was answered, by its key.
        told: event id -> the event from outside.
        by_hand: What a person did, in order: the act, and the entry or state that it meant.
    """

    script: deque[Act]
    answers: dict[str, tuple[Delivery, Outcome]] = field(default_factory=dict)
    told: dict[str, Event] = field(default_factory=dict)
    by_hand: deque[tuple[str, str]] = field(default_factory=deque)

    def answer(self, delivery: Delivery) -> Outcome:
        """As the script goes on; at its end the receiver only accepts, so that nothing goes round for ever."""
        outcome = self._scripted(delivery) if self.script and delivery.kind != "effect" else Done()
        assert delivery.id not in self.answers or delivery.kind == "effect", "nothing is asked twice here"
        self.answers[delivery.id] = (delivery, outcome)
        return outcome

    def _scripted(self, delivery: Delivery) -> Outcome:
        act = self.script.popleft()
        reply = {"uncertain": "failed"}.get(act.reply, act.reply)
        if reply in delivery.replies:
            return Done(reply=reply, payload=act.payload)
        return Failed(reason="no", payload=act.payload) if reply == "failed" else Done()


async def _live(data: Json, history: list[Act]) -> tuple[Bench, World]:
    """The engine driven through a history."""
    world = World(script=deque(act for act in history if act.kind == "reply"))
    bench = await engine_for(json.dumps(data), channels={"outside": ScriptedChannel(otherwise=world.answer)})
    await bench.start(START_DATA, saga_id="s1")
    for number, act in enumerate(history):
        bench.clock.advance(act.later)
        try:
            await _happens(bench, world, act, f"t{number % 9}")
        except (Refused, Invalid):
            continue
        finally:
            await bench.dispatcher.idle()
    return bench, world


async def _happens(bench: Bench, world: World, act: Act, id_: str) -> None:
    if act.kind in ("tell", "next", "late"):
        event = Event(name=act.name if act.kind != "next" else "next", payload=act.payload, id=id_)
        answer = await bench.runner.handle("s1", event)
        assert answer.repeated == (id_ in world.told), "an event id is applied once"
        world.told.setdefault(id_, event)
    elif act.kind in ("skip", "move", "pause", "resume"):
        await _by_hand(bench, world, act)
    else:
        await bench.dispatcher.tick()


async def _by_hand(bench: Bench, world: World, act: Act) -> None:
    saga = await bench.saga("s1")
    what = ""
    if act.kind == "skip":
        entries = [e for e in saga.agenda if e.kind in ("command", "poll") and e.status != "done"]
        if not entries:
            return
        what = entries[act.pick % len(entries)].id
        await bench.mending.skip("s1", what, **BY)
    elif act.kind == "move":
        states = list(bench.deployments.latest("random").definition.states)
        what = states[act.pick % len(states)]
        await bench.mending.move("s1", what, **BY)
    else:
        await getattr(bench.mending, act.kind)("s1", **BY)
    world.by_hand.append((act.kind, what))


def _replayed(bench: Bench, rows: Sequence[HistoryRow], world: World) -> Saga:
    """The saga that the rows of the history make; those that the engine raised come by themselves."""
    machine = bench.deployments.latest("random")
    made = start(machine, saga_id="s1", entity_id="", metadata=START_DATA, now=rows[0].at)
    acts, left = deque(world.by_hand), deque(rows)
    while True:
        for row in made.rows:
            assert left.popleft() == row
        if not left:
            return made.saga
        made = _again(machine, made.saga, left[0], world, acts)


def _again(machine: Machine, saga: Saga, row: HistoryRow, world: World, acts: deque[tuple[str, str]]) -> Step:
    id_, owed = row.event_id or "", {entry.id: entry for entry in saga.agenda}
    if row.actor == "ann":
        return _again_by_hand(machine, saga, row, owed, acts.popleft())
    if ".stuck." in id_:
        undo = owed[id_.split(".stuck.")[0]]
        reason = row.reason or ""
        return interventions.stuck(machine, saga, undo, reason, event_id=id_, now=row.at)
    if id_ in world.told:
        return step(machine, saga, world.told[id_], row.at)
    request = id_ if id_ in world.answers else id_.rsplit(".", 1)[0]
    if request not in world.answers:  # a timer
        fired = Event(name=owed[id_].name, id=id_, entry=id_, actor=row.actor)
        return step(machine, saga, fired, row.at)
    return step(machine, saga, _reply(row, *world.answers[request]), row.at)


def _reply(row: HistoryRow, asked: Delivery, outcome: Outcome) -> Event:
    entry = asked.id.rsplit(".", 1)[0] if asked.kind == "poll" else asked.id
    reply = "failed" if isinstance(outcome, Failed) else getattr(outcome, "reply", None) or "done"
    payload = getattr(outcome, "payload", {})
    return Event(name=row.event, payload=payload, id=row.event_id, entry=entry, reply=reply, actor=row.actor)


def _again_by_hand(
    machine: Machine, saga: Saga, row: HistoryRow, owed: Mapping[str, Entry], act: tuple[str, str]
) -> Step:
    hand = Hand(actor="ann", reason="tried", now=row.at)
    match act:
        case ("skip", entry):
            return interventions.skip(machine, saga, owed[entry], hand)
        case ("move", state):
            return interventions.move(machine, saga, state, hand)
        case ("pause", _):
            return interventions.pause(machine, saga, hand)
    return interventions.resume(machine, saga, hand)


def _shown(saga: Saga, rows: Sequence[HistoryRow]) -> Json:
    """The document, but for what only the store knows: how far a request has come."""
    shown = document(saga, rows)
    owed = [(entry["id"], entry["name"], entry["state"], entry["undoes"]) for entry in shown["agenda"]]
    effects = {entry.id for entry in saga.agenda if entry.kind == "effect"}  # gone when they are delivered
    return {**shown, "agenda": sorted((e for e in owed if e[0] not in effects), key=str), "parked": None}


@STEADY
@given(machines(), acts(at_most=30))
def test_replaying_the_history_gives_the_document(data: Json, history: list[Act]) -> None:
    async def body() -> None:
        bench, world = await _live(data, history)
        rows, kept = await bench.history("s1"), await bench.saga("s1")
        again = _replayed(bench, rows, world)
        assert [row.seq for row in rows] == list(range(1, kept.version + 1))
        assert _shown(again, rows) == _shown(kept, rows)

    asyncio.run(body())


@STEADY
@given(machines(), acts(at_most=20), st.randoms(use_true_random=False))
def test_repeats_in_any_order_change_nothing(data: Json, history: list[Act], dice: Random) -> None:
    async def body() -> None:
        bench, world = await _live(data, history)
        before = await bench.saga("s1")
        repeats = list(world.told.values())
        dice.shuffle(repeats)
        for happened in repeats:
            assert (await bench.runner.handle("s1", happened)).repeated
        assert await bench.saga("s1") == before

    asyncio.run(body())
