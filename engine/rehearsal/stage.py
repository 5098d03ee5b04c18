"""A saga run in memory, on a clock that is a number. No store, no channel, nothing waits.

The steps are the engine's own. What a channel would do, the caller says: which command is answered
with what. Retries are left out: a failure is the last one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from engine.errors import ActionNotPossible, ExpressionFailed
from engine.machine import interventions
from engine.machine.interventions import Hand
from engine.machine.plan import Machine
from engine.machine.start import start
from engine.machine.step import step
from engine.model import Entry, Event, HistoryRow, Json, Millis, Saga, Step
from engine.rehearsal.edges import Edge, recording, shown
from engine.rehearsal.outside import asked_again, child_of

START: Millis = 1_767_225_600_000
"""2026-01-01T00:00:00Z: when a rehearsal begins, unless it is told otherwise."""

_IN_ONE_WAIT = 5_000
"""What falls due in one wait; more is a machine whose timers go round, or a wait to be cut into pieces."""

_AT_ONCE = 1_000
"""Timers that may fire in one moment; more is a machine that goes round without an event."""


class Rehearsal:
    """One saga. An act raises what the engine raises; time that has passed until then has passed.

    Attributes:
        saga: As it stands; side effects are taken off its agenda at once.
        taken, rows, effects: The edges, the history and the side effects so far, in order.
    """

    def __init__(self, machine: Machine, *, metadata: Json, entity_id: str = "", now: Millis = START) -> None:
        """Start the saga.

        Raises:
            PayloadInvalid, ExpressionFailed: As `start`.
        """
        self._noted: list[Edge] = []
        self.machine = recording(machine, self._noted.append)
        self.now = now
        self.taken: list[Edge] = []
        self.rows: list[HistoryRow] = []
        self.effects: list[str] = []
        self.saga: Saga
        name = machine.definition.saga_id_prefix or machine.definition.name
        begun = partial(start, self.machine, saga_id=f"{name}-1", entity_id=entity_id)
        self._apply(lambda: begun(metadata=metadata, now=now))
        self.pass_time(0)

    def send(self, event: str, payload: Json) -> None:
        """An event from outside."""
        self._told(Event(name=event, payload=payload))

    def reply(self, command: str, reply: str, payload: Json, *, uncertain: bool = False) -> None:
        """What the receiver of a command says, or, with `failed`, what is known after the last try.

        Raises:
            ActionNotPossible: No such command is open, or it has no such reply.
        """
        entry = self.open(command)
        declared = self.machine.definition.commands[command].replies
        event = self.machine.reply_event(entry, reply)
        if reply not in (*declared, "done", "failed") or (reply == "done" and event is None and declared):
            raise ActionNotPossible(f"{command} has no reply {reply} (it has {', '.join(declared)})")
        if reply == "failed" and (entry.undoes is not None or event is None):
            self.park(command)
        elif event is None:
            self._forget(entry)
        else:
            self._hear(entry, event, reply, payload, uncertain)

    def pass_time(self, amount: Millis) -> None:
        """Move the clock, firing what becomes due on the way, in order."""
        until, fired, in_all, moment = self.now + amount, 0, 0, self.now
        while (due := self._next(until)) is not None:
            fired, in_all = (fired + 1 if due.due <= moment else 0), in_all + 1
            moment = self.now = max(self.now, due.due)
            if fired > _AT_ONCE:
                raise ExpressionFailed(f"timers go round without any event in state {self.saga.state}")
            if in_all > _IN_ONE_WAIT:
                where = f"in state {self.saga.state}"
                raise ExpressionFailed(f"more than {_IN_ONE_WAIT:,} timers fell due in one wait, {where}")
            self._ask(due) if due.kind == "poll" else self._fire(due)
        self.now = until

    def park(self, command: str) -> None:
        """The command does not succeed and nobody is told: it waits for a person. Of an undo, `$stuck` is raised."""
        entry = self.open(command)
        if entry.undoes is None:
            self._put(replace(entry, status="parked", reason="failed"))
            return
        stuck = partial(interventions.stuck, self.machine, self.saga, entry, "failed")
        self._do(lambda: stuck(event_id=f"{entry.id}.stuck.{self.saga.version}", now=self.now))

    def retry(self, command: str) -> None:
        """A person has the command tried again."""
        entry = self.open(command)
        self._do(lambda: interventions.retry(self.machine, self.saga, [entry], self._hand()))

    def skip(self, command: str) -> None:
        """A person gives the command up."""
        entry = self.open(command)
        self._do(lambda: interventions.skip(self.machine, self.saga, entry, self._hand()))

    def answer(self, command: str, reply: str, payload: Json) -> None:
        """A person answers in the receiver's place."""
        entry, hand = self.open(command), self._hand()
        answered = partial(interventions.answer, self.machine, self.saga, entry, hand)
        self._do(lambda: answered(reply=reply, payload=payload))

    def move(self, state: str) -> None:
        """A person puts the saga into a state."""
        self._do(lambda: interventions.move(self.machine, self.saga, state, self._hand()))

    def open(self, command: str) -> Entry:
        """The oldest entry of the command that is not answered.

        Raises:
            ActionNotPossible: There is none.
        """
        named = [entry for entry in self.requests() if entry.name == command]
        if named:
            return named[0]
        known = ", ".join(dict.fromkeys(entry.name for entry in self.requests())) or "none"
        raise ActionNotPossible(f"no command {command} is open in state {self.saga.state} (open: {known})")

    def requests(self) -> list[Entry]:
        """Commands without an answer, parked ones too, and polls that have asked and were not answered yet."""
        return [
            entry
            for entry in self.saga.agenda
            if (entry.kind == "command" and entry.status != "done")
            or (entry.kind == "poll" and entry.status in ("waiting", "parked"))
        ]

    def commands(self) -> list[str]:
        """The names of what waits for an answer, in the order of asking."""
        return [entry.name for entry in self.requests() if entry.status != "parked"]

    def parked(self) -> list[str]:
        return [entry.name for entry in self.requests() if entry.status == "parked"]

    def timers(self) -> list[Entry]:
        """The timers that run, soonest first."""
        return sorted((e for e in self.saga.agenda if e.kind == "timer"), key=lambda e: e.due)

    def timer_name(self, timer: Entry) -> str:
        """As an author would call it: the name of its event, else its time."""
        return shown(self.machine, self.saga.state, timer.name)

    def _hear(self, entry: Entry, event: str, reply: str, payload: Json, uncertain: bool) -> None:
        if entry.kind == "poll":
            self._put(replace(entry, status="due"))
        said = child_of(entry, reply) | payload
        self._told(replace(_by_engine(entry, event), payload=said, reply=reply, uncertain=uncertain))

    def _told(self, event: Event) -> None:
        self._do(lambda: step(self.machine, self.saga, event, self.now))

    def _do(self, make: Callable[[], Step]) -> None:
        self._apply(make)
        self.pass_time(0)

    def _apply(self, make: Callable[[], Step]) -> None:
        self._noted.clear()
        made = make()
        self.saga = replace(made.saga, agenda=tuple(e for e in made.saga.agenda if e.kind != "effect"))
        self.taken += self._noted
        self.rows += made.rows
        self.effects += [entry.name for entry in made.added if entry.kind == "effect"]

    def _next(self, until: Millis) -> Entry | None:
        due = [e for e in self.saga.agenda if e.kind in ("timer", "poll") and e.due <= until]
        return min(due, key=lambda e: e.due, default=None)

    def _fire(self, timer: Entry) -> None:
        event = _by_engine(timer, timer.name)
        self._apply(lambda: step(self.machine, self.saga, event, self.now))

    def _ask(self, poll: Entry) -> None:
        rule = self.machine.definition.states[self.saga.state].poll
        self._put(asked_again(poll, rule, self.now))

    def _put(self, entry: Entry) -> None:
        agenda = tuple(entry if each.id == entry.id else each for each in self.saga.agenda)
        self.saga = replace(self.saga, agenda=agenda)

    def _forget(self, entry: Entry) -> None:
        self.saga = replace(self.saga, agenda=tuple(e for e in self.saga.agenda if e.id != entry.id))

    def _hand(self) -> Hand:
        return Hand(actor="rehearsal", reason="rehearsed", now=self.now)


def _by_engine(entry: Entry, name: str) -> Event:
    return Event(name=name, id=entry.id, entry=entry.id, actor="engine")
