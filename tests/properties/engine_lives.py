"""Random lives of sagas of random machines: events, replies in any order and twice, timers, a person's acts.

The part of store and dispatcher is played without any I/O: an event id counts once, a side effect goes away when
it is delivered, a try raises the token, what nobody can answer is parked. Every step is kept for the properties.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from engine.errors import ActionNotPossible, EventNotAccepted
from engine.machine import interventions
from engine.machine.interventions import Hand
from engine.machine.plan import Machine
from engine.machine.settling import answer_id
from engine.machine.step import step
from engine.model import Entry, Event, Json, Millis, Saga, Step
from tests.fakes.clock import START
from tests.fakes.engine import machine_of
from tests.fakes.machines import first_step
from tests.properties.engine_machines import COMMANDS, EVENTS, START_DATA, UNDOS, machines

REPLIES = ("done", "done", "done", "failed", "uncertain", "pending")
BY_HAND = ("retry", "edit", "skip", "answer", "move", "pause", "resume")
ACTS = (*["reply"] * 12, *["tell"] * 5, *["timer"] * 3, "late", "stuck", "try", "deliver", "next", *BY_HAND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that may happen; `pick` chooses among what it may happen to."""

    kind: str
    name: str
    reply: str
    pick: int
    payload: Json
    later: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """A step of a life, and what made it.

    Attributes:
        event: None for what a person did; then `act` says what.
        entry: The request that was answered, skipped or parked, as it was before.
        again: Makes the step anew from any machine and saga.
    """

    before: Saga
    act: Act
    event: Event | None
    entry: Entry | None
    reply: str | None
    now: Millis
    made: Step
    again: Callable[[Machine, Saga], Step]


def acts(*, at_most: int) -> st.SearchStrategy[list[Act]]:
    """What happens to a saga, in order."""
    answers = [f"{name}.{reply}" for name in COMMANDS for reply in ("done", "failed")]
    return st.lists(
        st.builds(
            Act,
            kind=st.sampled_from(ACTS),
            name=st.sampled_from([*EVENTS, *answers]),
            reply=st.sampled_from(REPLIES),
            pick=st.integers(0, 11),
            payload=st.fixed_dictionaries({"p": st.booleans(), "n": st.integers(0, 3)}),
            later=st.sampled_from([0, 0, 1_000, 60_000]),
        ),
        min_size=at_most // 2,
        max_size=at_most,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """A saga from its creation on."""

    data: Json
    machine: Machine
    first: Step
    taken: tuple[Took, ...]
    refused: tuple[tuple[Saga, Event], ...]

    @property
    def steps(self) -> Iterator[Step]:
        yield self.first
        yield from (took.made for took in self.taken)


def lives(*, at_most: int = 30) -> st.SearchStrategy[Life]:
    """Random machines, each with a random life."""
    return st.builds(lived, machines(), acts(at_most=at_most))


def lived(data: Json, history: list[Act]) -> Life:
    """What comes of a machine's data and a history."""
    machine = machine_of(json.dumps(data))  # JSON is YAML
    first = first_step(machine, START_DATA)
    stage = _Stage(machine, first)
    for act in history:
        stage.play(act)
    return Life(
        data=data, machine=machine, first=first, taken=tuple(stage.taken), refused=tuple(stage.refused)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """How an act becomes a step."""

    make: Callable[[Machine, Saga], Step]
    event: Event | None = None
    entry: Entry | None = None
    reply: str | None = None


@dataclass
class _Stage:
    machine: Machine
    first: Step
    taken: list[Took] = field(default_factory=list)
    refused: list[tuple[Saga, Event]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.saga, self.now = self.first.saga, START
        self.heard: set[str] = set()
        self.ever = {entry.id: entry for entry in self.first.added}

    def play(self, act: Act) -> None:
        self.now += act.later
        planned = self._plan(act)
        if planned is None:
            return
        event = planned.event
        if event is not None and event.id in self.heard:
            return  # the store knows it
        try:
            made = planned.make(self.machine, self.saga)
        except (EventNotAccepted, ActionNotPossible):
            if event is not None:
                self.refused.append((self.saga, event))
            return
        self._keep(act, planned, made)

    def _keep(self, act: Act, planned: _Made, made: Step) -> None:
        self.taken.append(
            Took(
                before=self.saga,
                act=act,
                event=planned.event,
                entry=planned.entry,
                reply=planned.reply,
                now=self.now,
                made=made,
                again=planned.make,
            )
        )
        self.saga = made.saga
        self.ever |= {entry.id: entry for entry in made.added}
        self.heard |= {row.event_id for row in made.rows if row.event_id is not None}

    def _plan(self, act: Act) -> _Made | None:
        match act.kind:
            case "tell" | "next":
                return self._told(act)
            case "reply":
                return self._replied(act, self._requests())
            case "late":
                owed = {entry.id for entry in self.saga.agenda}
                return self._replied(
                    act, [e for e in self.ever.values() if e.kind != "timer" and e.id not in owed]
                )
            case "stuck":
                return self._stuck(act, [e for e in self._requests() if e.undoes is not None])
            case "timer":
                return self._fired(act)
            case "try" | "deliver":
                self._at_the_store(act)
                return None
        return self._by_hand(act)

    def _told(self, act: Act) -> _Made:
        name = "next" if act.kind == "next" else act.name
        event = Event(name=name, payload=act.payload, id=f"t{len(self.taken)}.{len(self.refused)}")
        asked = next((e for e in self._requests() if e.kind == "command" and name in self._answers(e)), None)
        reply = next((r for r, n in self._replies(asked).items() if n == name), None) if asked else None
        return self._by_event(event, asked, reply)

    def _replied(self, act: Act, entries: list[Entry]) -> _Made | None:
        entries = [entry for entry in entries if entry.kind != "effect"]
        if not entries:
            return None
        entry, uncertain = entries[act.pick % len(entries)], act.reply == "uncertain"
        reply = "failed" if uncertain else act.reply
        name = self.machine.reply_event(entry, reply)
        if name is None:
            return self._parked(entry)
        id_ = f"{entry.id}.p{len(self.taken)}" if entry.kind == "poll" else answer_id(entry, reply)
        told = Event(name=name, payload=act.payload, id=id_, entry=entry.id, reply=reply, uncertain=uncertain)
        return self._by_event(told, entry, reply)

    def _by_event(self, event: Event, entry: Entry | None, reply: str | None) -> _Made:
        now = self.now
        return _Made(
            make=lambda machine, saga: step(machine, saga, event, now), event=event, entry=entry, reply=reply
        )

    def _parked(self, entry: Entry) -> _Made | None:
        """Nobody takes the reply: a person has to look."""
        if entry.undoes is not None:
            return self._stuck_one(entry)
        self._change(
            replace(entry, status="parked", reason="no answer")
        ) if entry in self.saga.agenda else None
        return None

    def _stuck(self, act: Act, undos: list[Entry]) -> _Made | None:
        return self._stuck_one(undos[act.pick % len(undos)]) if undos else None

    def _stuck_one(self, undo: Entry) -> _Made | None:
        if all(entry.id != undo.id for entry in self.saga.agenda):
            return None
        now, id_ = self.now, f"{undo.id}.stuck.{len(self.taken)}"
        tried = replace(
            undo, payload=None, state="S0", attempts=undo.attempts + 1
        )  # as it was when it was taken
        return _Made(
            make=lambda machine, saga: interventions.stuck(machine, saga, tried, "no", event_id=id_, now=now),
            entry=undo,
            reply="stuck",
        )

    def _fired(self, act: Act) -> _Made | None:
        timers = [entry for entry in self.saga.agenda if entry.kind == "timer"]
        if not timers or self.saga.paused:
            return None
        timer = timers[act.pick % len(timers)]
        return self._by_event(Event(name=timer.name, id=timer.id, entry=timer.id), None, None)

    def _at_the_store(self, act: Act) -> None:
        kind = "effect" if act.kind == "deliver" else "command"
        found = [e for e in self.saga.agenda if e.kind == kind and e.status in ("due", "waiting")]
        if not found:
            return
        entry = found[act.pick % len(found)]
        if kind == "effect":
            self._change(entry, gone=True)
        else:
            self._change(replace(entry, attempts=entry.attempts + 1, token=entry.token + 1, status="waiting"))

    def _by_hand(self, act: Act) -> _Made | None:
        hand = Hand(actor="ann", reason="tried", now=self.now)
        requests = [*self._requests(), *(e for e in self.saga.agenda if e.kind == "effect")]
        entry = requests[act.pick % len(requests)] if requests else None
        simple = {"pause": interventions.pause, "resume": interventions.resume}
        if act.kind in simple:
            return _Made(make=lambda machine, saga: simple[act.kind](machine, saga, hand))
        if act.kind == "move":
            states = list(self.machine.definition.states)
            to = states[act.pick % len(states)]
            return _Made(make=lambda machine, saga: interventions.move(machine, saga, to, hand))
        if entry is None:
            return None
        return self._on(entry, act, hand)

    def _on(self, entry: Entry, act: Act, hand: Hand) -> _Made:
        edited = act.payload if act.kind == "edit" else None
        reply = {"uncertain": "failed"}.get(act.reply, act.reply)
        match act.kind:
            case "skip":
                return _Made(
                    make=lambda machine, saga: interventions.skip(machine, saga, entry, hand),
                    entry=entry,
                    reply="skip",
                )
            case "answer":
                payload = act.payload
                return _Made(
                    make=lambda machine, saga: interventions.answer(
                        machine, saga, entry, hand, reply=reply, payload=payload
                    ),
                    event=self._answered(entry, reply, payload, hand),
                    entry=entry,
                    reply=reply,
                )
        return _Made(
            make=lambda machine, saga: interventions.retry(
                machine, saga, [entry], hand, payload=edited, metadata=act.payload if act.pick % 2 else None
            )
        )

    def _answered(self, entry: Entry, reply: str, payload: Json, hand: Hand) -> Event:
        name = self.machine.reply_event(entry, reply) or "none"
        event = hand.event(name, payload)
        return replace(event, reply=reply, entry=entry.id, id=answer_id(entry, reply))

    def _change(self, entry: Entry, *, gone: bool = False) -> None:
        others = [entry if e.id == entry.id else e for e in self.saga.agenda]
        agenda = tuple(e for e in others if not (gone and e.id == entry.id))
        self.saga = replace(self.saga, agenda=agenda)

    def _requests(self) -> list[Entry]:
        return [e for e in self.saga.agenda if e.kind in ("command", "poll") and e.status != "done"]

    def _replies(self, entry: Entry) -> Json:
        return dict(self.machine.definition.commands[entry.name].replies)

    def _answers(self, entry: Entry) -> list[str]:
        return list(self._replies(entry).values())


def undo_of(entry: Entry) -> str | None:
    """The command that takes this one back, as the random machines have it."""
    return UNDOS.get(entry.name) if entry.kind == "command" else None
