"""What a person does to a saga by hand: retry, skip, answer, move, pause, resume. Pure steps.

Each is a step like any other: it bumps the version and leaves a row in the history, with actor and
reason. The saga given must be freshly loaded, since what became of its entries decides what is possible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.errors import ActionNotPossible, EntryNotFound, StaleLease, StateNotFound
from engine.machine import settling
from engine.machine.engine_events import STUCK
from engine.machine.metadata import merged
from engine.machine.pausing import freeze, frozen, thaw
from engine.machine.plan import Machine
from engine.machine.settling import NOTHING
from engine.machine.step import step
from engine.machine.turn import Turn
from engine.model import Entry, Event, Json, Millis, Saga, Step

RETRY, SKIP, MOVE, PAUSE, RESUME = "$retry", "$skip", "$move", "$pause", "$resume"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Who does it, when and why."""

    actor: str
    reason: str
    now: Millis

    def event(self, name: str, payload: Json | None = None) -> Event:
        return Event(name=name, payload=payload or {}, actor=self.actor, reason=self.reason)


def chosen(saga: Saga, entry_id: str | None) -> tuple[Entry, ...]:
    """The entries a person means: the named one, or every parked one.

    Raises:
        EntryNotFound: The saga owes no such entry.
        ActionNotPossible: None was named and none is parked.
    """
    if entry_id is not None:
        if named := tuple(e for e in saga.agenda if e.id == entry_id and e.status != "done"):
            return named
        raise EntryNotFound(f"saga {saga.saga_id} owes no entry {entry_id!r}")
    if parked := tuple(e for e in saga.agenda if e.status == "parked"):
        return parked
    raise ActionNotPossible(f"saga {saga.saga_id} has no parked entry")


def only(saga: Saga, entry_id: str | None) -> Entry:
    """The one entry a person means: as `chosen`, and there must be just one.

    Raises:
        ActionNotPossible: Several are parked; name one.
    """
    entries = chosen(saga, entry_id)
    if len(entries) > 1:
        names = ", ".join(e.id for e in entries)
        raise ActionNotPossible(f"saga {saga.saga_id} has several parked entries, name one of {names}")
    return entries[0]


def retry(
    machine: Machine,
    saga: Saga,
    entries: Sequence[Entry],
    hand: Hand,
    *,
    payload: Json | None = None,
    metadata: Json | None = None,
) -> Step:
    """Make the entries due now, with their tries counted from zero.

    Args:
        payload: Sent in place of what was sent so far, under an idempotency key of its own.
        metadata: Merged into the saga's, as the machine merges an event's payload.

    Raises:
        ActionNotPossible: One of them is a timer, or several would get the same payload.
    """
    for entry in entries:
        _must_be_a_request(entry)
    if payload is not None and len(entries) > 1:
        raise ActionNotPossible("a payload goes to one entry: name it")
    turn = Turn(machine, saga, hand.now)
    event = hand.event(RETRY)
    if metadata:
        turn.keep(merged(saga.metadata, metadata, machine.definition.merge))
    remade = payload is not None or bool(metadata)
    due = frozen(hand.now, hand.now) if saga.paused else hand.now
    for number, entry in enumerate(entries):
        turn.agenda.remove(entry.id) if remade else None
        request = turn.landing(event).remade(number, entry, payload) if remade else entry
        turn.agenda.add([replace(request, status="due", due=due, attempts=0, **_FREE)])
    turn.record(event, saga.state, note=f"retried by hand{', edited' * remade}: {_listed(entries)}")
    return turn.step()


_FREE: Any = {"owner": None, "lease_until": 0, "reason": None}


def skip(machine: Machine, saga: Saga, entry: Entry, hand: Hand) -> Step:
    """Give the entry up. Whoever waits for it (a join, a compensation) goes on as if it were done;
    else the saga stays where it is.

    Raises:
        ActionNotPossible: It is a timer.
    """
    _must_be_a_request(entry)
    turn = Turn(machine, saga, hand.now)
    answered = settling.give_up(machine, turn.agenda, saga, entry)
    turn.record(hand.event(SKIP), saga.state, note=f"skipped by hand: {_listed([entry])}")
    turn.follow(answered)
    return turn.step()


def answer(machine: Machine, saga: Saga, entry: Entry, hand: Hand, *, reply: str, payload: Json) -> Step:
    """Give the command's reply in its receiver's place.

    Raises:
        ActionNotPossible: The entry is no command, or the command has no such reply.
        PayloadInvalid, ExpressionFailed: As `step`.
    """
    name = machine.reply_event(entry, reply)
    if name is None:
        command = machine.definition.commands.get(entry.name)
        known = ", ".join(command.replies) if command and command.replies else "none"
        raise ActionNotPossible(f"{entry.kind} {entry.name!r} has no reply {reply!r} (it has: {known})")
    given = replace(
        hand.event(name, payload), reply=reply, entry=entry.id, id=settling.answer_id(entry, reply)
    )
    return step(machine, saga, given, hand.now)


def move(machine: Machine, saga: Saga, state: str, hand: Hand) -> Step:
    """Put the saga into `state`, as if a transition had led there; what the old state owed goes with it.

    Raises:
        StateNotFound: The machine has no such state.
        ExpressionFailed: The state's command has a payload that these metadata do not give.
    """
    definition = machine.definition
    if state not in definition.states:
        where = f"machine {definition.name!r} version {definition.version}"
        raise StateNotFound(f"{where} has no state {state!r}")
    turn = Turn(machine, saga, hand.now)
    event = hand.event(MOVE)
    turn.land(event, state)
    turn.record(event, saga.state, entered=True, note=f"moved by hand from {saga.state} to {state}")
    turn.follow(NOTHING)
    return turn.step()


def stuck(machine: Machine, saga: Saga, undo: Entry, reason: str, *, event_id: str, now: Millis) -> Step:
    """Park an undo that does not succeed, and raise `$stuck`: where no transition takes it, it waits here.

    Raises:
        StaleLease: The saga no longer owes it.
    """
    turn = Turn(machine, saga, now)
    owed = turn.agenda.get(undo.id)
    if owed is None:
        raise StaleLease(f"saga {saga.saga_id} no longer owes entry {undo.id}")
    # Steps may have changed what is asked since it was taken; what became of it is in `undo`.
    known = replace(owed, due=undo.due, attempts=undo.attempts, token=undo.token, reason=reason)
    turn.agenda.add([replace(known, status="parked", owner=None, lease_until=0)])
    turn.raise_stuck(Event(name=STUCK, id=event_id, actor="engine", reason=reason))
    return turn.step()


def pause(machine: Machine, saga: Saga, hand: Hand) -> Step:
    """Let nothing of the saga become due until it is resumed; its timers keep what is left of them.

    Raises:
        ActionNotPossible: It is paused already.
    """
    if saga.paused:
        raise ActionNotPossible(f"saga {saga.saga_id} is paused already")
    turn = Turn(machine, replace(saga, paused=True), hand.now)
    freeze(turn.agenda, hand.now)
    turn.record(hand.event(PAUSE), saga.state, note="paused by hand")
    return turn.step()


def resume(machine: Machine, saga: Saga, hand: Hand) -> Step:
    """Go on after a pause.

    Raises:
        ActionNotPossible: It is not paused.
    """
    if not saga.paused:
        raise ActionNotPossible(f"saga {saga.saga_id} is not paused")
    turn = Turn(machine, replace(saga, paused=False), hand.now)
    thaw(turn.agenda, hand.now)
    turn.record(hand.event(RESUME), saga.state, note="resumed by hand")
    return turn.step()


def _must_be_a_request(entry: Entry) -> None:
    if entry.kind == "timer":
        raise ActionNotPossible(f"entry {entry.id} is a timer, not a request")


def _listed(entries: Sequence[Entry]) -> str:
    return ", ".join(f"{e.kind} {e.name}" for e in entries)
