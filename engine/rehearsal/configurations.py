"""Where an abstract saga stands, what may happen to it next, and whether it waits for anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from engine.definition.durations import milliseconds
from engine.machine import interventions
from engine.machine.interventions import Hand
from engine.machine.plan import Machine
from engine.machine.step import step
from engine.model import Entry, Event, Saga, Step
from engine.rehearsal.acts import Act

_HAND = Hand(actor="model check", reason="explored", now=0)
_MANY = 2
"""Equal entries that are told apart from more of them: sagas that go round would pile them up without end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """One thing that may happen: as a scenario's act, and what the engine makes of it.

    Attributes:
        answers: The event, if it answers a command.
        at_once: It is a timer without delay: nobody does anything.
    """

    act: Act
    make: Callable[[], Step | Saga]
    answers: str | None = None
    at_once: bool = False


def shape(saga: Saga) -> Hashable:
    """What distinguishes two configurations. Not the order in which commands were done: all are undone alike."""
    counted = Counter(_entry_shape(saga, entry) for entry in saga.agenda)
    return saga.state, frozenset((each, min(count, _MANY)) for each, count in counted.items())


def owed(saga: Saga) -> Saga:
    """The saga without its side effects, which move nothing."""
    return replace(saga, agenda=tuple(entry for entry in saga.agenda if entry.kind != "effect"))


def chances(machine: Machine, saga: Saga) -> Iterator[Chance]:
    """Everything that may happen: answers, failures, people at stuck undos, timers, events from outside."""
    if saga.is_final:
        return
    seen: set[Hashable] = set()
    for entry in saga.agenda:
        form = _entry_shape(saga, entry)
        if form not in seen and entry.status != "done":
            yield from _of_entry(machine, saga, entry)
        seen.add(form)
    answered = {
        event for entry in saga.agenda if entry.status != "done" for event in _replies(machine, entry)
    }
    for event in outside(machine, saga.state):
        if event not in answered:
            yield Chance(act=Act(kind="send", value=event), make=_step(machine, saga, Event(name=event)))


def outside(machine: Machine, state: str) -> list[str]:
    """The events that somebody outside may send: what the state takes, but for what only timers raise."""
    return [event for event in machine.accepted(state) if not _is_a_timers_own(machine, event)]


def waits(machine: Machine, saga: Saga) -> bool:
    """Whether something is under way that will come to an end by itself."""
    return any(
        entry.kind in ("command", "poll") or machine.alternatives(saga, entry.name)
        for entry in saga.agenda
        if entry.status != "done"
    )


def called(machine: Machine, saga: Saga) -> list[str]:
    """The events from outside that can be counted on: not answers of commands that the state itself sends."""
    commands = machine.definition.states[saga.state].commands
    own = {event for name in commands for event in machine.definition.commands[name].replies.values()}
    return [event for event in outside(machine, saga.state) if event not in own]


def joins(machine: Machine, saga: Saga) -> bool:
    """Whether the saga stands where several commands are answered to together."""
    return machine.joins(saga.state) and bool(machine.definition.states[saga.state].commands)


def _is_a_timers_own(machine: Machine, event: str) -> bool:
    """Whether each state that takes the event has a timer that raises it for `on` to decide."""
    raised = (
        key for key, timer in machine.timers.items() if timer.event == event and timer.transition is None
    )
    raising = {state for state, _ in raised}
    return bool(raising) and all(state in raising for state, taken in machine.plan if taken == event)


def _entry_shape(saga: Saga, entry: Entry) -> Hashable:
    waiting = entry.kind, entry.name, entry.state is not None, entry.business, entry.status, entry.done > 0
    return (*waiting, entry.undoes is not None, tuple(sorted(_sooner(saga, entry))))


def _sooner(saga: Saga, timer: Entry) -> list[str]:
    """The timers that began with this one and end before it. Of moments nobody knows."""
    if timer.kind != "timer" or timer.name.startswith("$at."):
        return []
    begun = timer.id.rsplit(".", 1)[0]
    return [
        each.name
        for each in saga.agenda
        if each.kind == "timer"
        and each.due < timer.due
        and each.id.rsplit(".", 1)[0] == begun
        and not each.name.startswith("$at.")
    ]


def _replies(machine: Machine, entry: Entry) -> list[str]:
    command = machine.definition.commands.get(entry.name) if entry.kind == "command" else None
    return list(command.replies.values()) if command else []


def _of_entry(machine: Machine, saga: Saga, entry: Entry) -> Iterator[Chance]:
    if entry.kind == "timer":
        if not _sooner(saga, entry) and machine.alternatives(saga, entry.name):
            yield _timer(machine, saga, entry)
    elif entry.undoes is not None:
        yield from _undo(machine, saga, entry)
    else:
        yield from _request(machine, saga, entry)


def _timer(machine: Machine, saga: Saga, entry: Entry) -> Chance:
    timer = machine.timers[saga.state, entry.name]
    event = Event(name=entry.name, id=entry.id, entry=entry.id)
    at_once = timer.moment is None and timer.delay == 0
    return Chance(act=_wait(timer.label), make=_step(machine, saga, event), at_once=at_once)


def _wait(label: str) -> Act:
    try:
        milliseconds(label)
    except ValueError:
        return Act(kind="wait", value="0ms", note=f"until {label}")
    return Act(kind="wait", value=label)


def _undo(machine: Machine, saga: Saga, entry: Entry) -> Iterator[Chance]:
    yield _reply(machine, saga, entry, "done")
    if entry.status == "parked":
        skip = Act(kind="skip", value=entry.name)
        yield Chance(act=skip, make=lambda: interventions.skip(machine, saga, entry, _HAND))
    else:
        stuck = Act(kind="stuck", value=entry.name)
        yield Chance(
            act=stuck,
            make=lambda: interventions.stuck(machine, saga, entry, "", event_id=entry.id, now=0),
        )


def _request(machine: Machine, saga: Saga, entry: Entry) -> Iterator[Chance]:
    command = machine.definition.commands[entry.name]
    asked = (
        dict.fromkeys((*command.replies, "done", "failed")) if entry.kind == "command" else command.replies
    )
    for reply in asked:
        if machine.reply_event(entry, reply) is not None:
            yield _reply(machine, saga, entry, reply)
    if entry.kind == "command" and command.undo and machine.reply_event(entry, "failed") is not None:
        yield _reply(machine, saga, entry, "failed", uncertain=True)
    if entry.kind == "command" and not command.replies and machine.reply_event(entry, "done") is None:
        heard = replace(saga, agenda=tuple(each for each in saga.agenda if each.id != entry.id))
        yield Chance(act=Act(kind="reply", value={entry.name: "done"}), make=lambda: heard)


def _reply(machine: Machine, saga: Saga, entry: Entry, reply: str, *, uncertain: bool = False) -> Chance:
    name = machine.reply_event(entry, reply)
    value: dict[str, Any] = {entry.name: reply} | ({"uncertain": True} if uncertain else {})
    event = Event(name=name or "", id=entry.id, entry=entry.id, reply=reply, uncertain=uncertain)
    make = _step(machine, saga, event)
    return Chance(act=Act(kind="reply", value=value), make=make, answers=name)


def _step(machine: Machine, saga: Saga, event: Event) -> Callable[[], Step]:
    return lambda: step(machine, saga, event, 0)
