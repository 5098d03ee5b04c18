"""How the tests of this folder answer what a saga asked for, and what they read of a step."""

from __future__ import annotations

from engine.machine.plan import Machine
from engine.machine.settling import answer_id
from engine.machine.step import step
from engine.model import Entry, Event, Json, Saga, Step
from tests.fakes.clock import START


def open_entry(saga: Saga, name: str) -> Entry:
    """The one unanswered entry of that name."""
    (entry,) = [entry for entry in saga.agenda if entry.name == name and entry.status != "done"]
    return entry


def replied(
    machine: Machine,
    saga: Saga,
    command: str,
    reply: str = "done",
    payload: Json | None = None,
    *,
    uncertain: bool = False,
    now: int = START,
) -> Step:
    """The step that a reply to the open `command` makes."""
    entry = open_entry(saga, command)
    event = Event(
        name=machine.reply_event(entry, reply) or f"unnamed.{reply}",
        payload=payload or {},
        id=answer_id(entry, reply),
        entry=entry.id,
        reply=reply,
        uncertain=uncertain,
    )
    return step(machine, saga, event, now)


def fired(machine: Machine, saga: Saga, timer: str, *, now: int = START) -> Step:
    """The step that a timer makes."""
    entry = open_entry(saga, timer)
    return step(machine, saga, Event(name=timer, id=entry.id, entry=entry.id, actor="engine"), now)


def events(step: Step) -> list[str]:
    """The names in the rows of a step."""
    return [row.event for row in step.rows]


def statuses(saga: Saga) -> dict[str, str]:
    """What is owed, by name."""
    return {entry.name: entry.status for entry in saga.agenda}
