"""What an event answers: the entry it names, or the command that has it as a reply, is settled.

A command that was done is kept (status `done`) where something still asks for it: its state joins
several, or it has an undo. All else is no longer owed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.copying import changed
from engine.definition.ir import Definition
from engine.machine.agenda import Agenda
from engine.machine.engine_events import GIVE_UP
from engine.machine.pausing import NEVER
from engine.machine.plan import Machine
from engine.model import Entry, Event, Saga


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What an event settled.

    Attributes:
        entry: As it was before; None if the event answers nothing that is owed.
        reply: The name of the reply ("done", "failed", ...); None for a timer.
        expected: The saga waits for this answer whether or not a transition takes it.
    """

    entry: Entry | None = None
    reply: str | None = None
    expected: bool = False

    @property
    def refused_undo(self) -> bool:
        """Whether it says that an undo did not succeed."""
        return self.entry is not None and self.entry.undoes is not None and self.reply == "failed"


NOTHING = Answered()

LAST_WORDS = ("done", "failed")
"""After these nothing more is to come from the receiver."""


def settle(machine: Machine, agenda: Agenda, saga: Saga, event: Event, order: int) -> Answered:
    """Settle what `event` answers. `order` is the version that the saga reaches by it."""
    definition = machine.definition
    entry = agenda.get(event.entry) if event.entry is not None else _asked(definition, agenda, event)
    if entry is None:
        return NOTHING
    if entry.kind == "timer":
        _fired(agenda, entry)
        return Answered(entry=entry)
    if entry.kind == "poll":
        return Answered(entry=entry, reply=_reply(definition, entry, event), expected=True)
    reply = _reply(definition, entry, event)
    if entry.status == "done":
        return _done_after_all(definition, agenda, entry, reply, order)
    event = event if event.reply == reply else changed(event, reply=reply)
    _settle(machine, agenda, saga, entry, event, order)
    joins = entry.state == saga.state and machine.joins(saga.state)
    expected = joins or entry.undoes is not None or entry.state is None
    return Answered(entry=entry, reply=reply, expected=expected)


def taken_on(event: Event) -> bool:
    """Any other answer (`pending`: the money comes later): the last word is yet to come."""
    return event.reply not in LAST_WORDS


def answer_id(entry: Entry, reply: str | None) -> str:
    """The id of the event that answers `entry`: a last word counts once, others may come again."""
    last = reply == "done" or (reply == "failed" and entry.undoes is None)
    return entry.id if last and entry.kind == "command" else f"{entry.id}.{entry.token}"


def give_up(machine: Machine, agenda: Agenda, saga: Saga, entry: Entry) -> Answered:
    """A person skips the entry: whoever waits for it goes on as if it need not be done."""
    if entry.undoes is not None:
        _undone(agenda, entry)
    elif entry.state == saga.state and machine.joins(saga.state):
        agenda.change(_done(entry, 0))
    else:
        agenda.remove(entry.id)
    return Answered(entry=entry, reply="done", expected=True)


def _fired(agenda: Agenda, timer: Entry) -> None:
    agenda.remove(timer.id)
    if timer.name == GIVE_UP:
        for poll in agenda.where(lambda e: e.kind == "poll" and e.state == timer.state):
            agenda.remove(poll.id)


def _done_after_all(
    definition: Definition, agenda: Agenda, entry: Entry, reply: str | None, order: int
) -> Answered:
    """A second answer says nothing new, but that what a person skipped was done and is to be undone."""
    if reply != "done" or entry.done or definition.commands[entry.name].undo is None:
        return NOTHING
    agenda.change(_done(entry, order))
    return Answered(expected=True)


def _settle(machine: Machine, agenda: Agenda, saga: Saga, entry: Entry, event: Event, order: int) -> None:
    if entry.undoes is not None:
        _settle_undo(agenda, entry, event)
        return
    undoable = machine.definition.commands[entry.name].undo is not None
    joined = entry.state == saga.state and machine.joins(saga.state)
    if event.reply == "done" and (undoable or joined):
        agenda.change(_done(entry, order if undoable else 0))
    elif event.uncertain and undoable:  # free of its state: to be undone, and nothing for a join to count
        agenda.change(replace(_done(entry, order), state=None))
    elif taken_on(event) and undoable and entry.state is None:
        agenda.change(_done(entry, order))
    elif taken_on(event) and (undoable or joined):
        agenda.add([_waiting(entry, order if undoable else 0)])
    else:
        agenda.remove(entry.id)


def _settle_undo(agenda: Agenda, undo: Entry, event: Event) -> None:
    if event.reply == "done":
        _undone(agenda, undo)
    elif taken_on(event):
        agenda.add([_waiting(undo, 0)])
    else:
        reason = "the receiver could not undo it"
        agenda.add([replace(undo, status="parked", owner=None, lease_until=0, reason=reason)])


def _undone(agenda: Agenda, undo: Entry) -> None:
    agenda.remove(undo.id)
    if agenda.get(undo.undoes) is not None:
        agenda.remove(undo.undoes or "")


def _done(entry: Entry, order: int) -> Entry:
    """Kept for the join and, with an `order`, for compensation; what was sent is of no use any more."""
    return replace(entry, status="done", done=order, payload={}, owner=None, lease_until=0, reason=None)


def _waiting(entry: Entry, order: int) -> Entry:
    """Its state waits on for the last word; should it be left before, the command may have been done."""
    return replace(entry, status="waiting", due=NEVER, done=order, owner=None, lease_until=0, reason=None)


def _asked(definition: Definition, agenda: Agenda, event: Event) -> Entry | None:
    """The command that an event from outside answers: the oldest that has it as a reply."""
    owed = agenda.where(
        lambda e: (
            e.kind == "command"
            and e.status != "done"
            and event.name in definition.commands[e.name].replies.values()
        )
    )
    return owed[0] if owed else None


def _reply(definition: Definition, entry: Entry, event: Event) -> str | None:
    if event.reply is not None:
        return event.reply
    replies = definition.commands[entry.name].replies
    return next((reply for reply, name in replies.items() if name == event.name), None)
