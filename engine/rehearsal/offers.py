"""What may happen next in a rehearsal, as acts: what `simulate` offers a person and what a random walk chooses from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from engine.model import Entry, Millis
from engine.rehearsal.acts import Act
from engine.rehearsal.configurations import outside
from engine.rehearsal.stage import Rehearsal

Kind = Literal["answer", "failure", "mending", "giving up", "timer", "event"]

_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One thing that may happen, and the event that it is, where that is known.

    `giving up`: a person skips what nobody else waits for, and then has to move the saga.
    """

    act: Act
    kind: Kind
    event: str | None = None


def offers(stage: Rehearsal) -> list[Offer]:
    """All of it, answers first. Empty when nothing can move the saga any more."""
    if stage.saga.is_final:
        return []
    requests = {entry.name: entry for entry in reversed(stage.requests())}
    found = [offer for entry in reversed(requests.values()) for offer in _of_request(stage, entry)]
    answers = {offer.event for offer in found}
    found += _time(stage)
    found += (
        Offer(act=Act(kind="send", value=event), kind="event", event=event)
        for event in outside(stage.machine, stage.saga.state)
        if event not in answers
    )
    return found


def duration_text(amount: Millis) -> str:
    """Milliseconds as a duration of the language, in the largest unit that leaves no rest."""
    name, size = next((name, size) for name, size in _UNITS if amount % size == 0)
    return f"{amount // size}{name}"


def _of_request(stage: Rehearsal, entry: Entry) -> Iterator[Offer]:
    if entry.status == "parked":
        waited_for = entry.undoes is not None or stage.machine.joins(entry.state or "")
        yield Offer(act=Act(kind="retry", value=entry.name), kind="mending")
        yield Offer(act=Act(kind="skip", value=entry.name), kind="mending" if waited_for else "giving up")
        return
    declared = stage.machine.definition.commands[entry.name].replies
    for reply in dict.fromkeys((*declared, "done")):
        event = stage.machine.reply_event(entry, reply)
        if reply != "failed" and (event is not None or not declared):
            yield Offer(act=Act(kind="reply", value={entry.name: reply}), kind="answer", event=event)
    if entry.kind != "poll" or "failed" in declared:
        event = stage.machine.reply_event(entry, "failed") if entry.undoes is None else None
        yield Offer(act=Act(kind="reply", value={entry.name: "failed"}), kind="failure", event=event)


def _time(stage: Rehearsal) -> Iterator[Offer]:
    """Time passes until something is due: the next poll, or one of the timers and all before it."""
    polls = [entry for entry in stage.saga.agenda if entry.kind == "poll"]
    for entry in sorted([*stage.timers(), *polls], key=lambda each: each.due):
        event = stage.timer_name(entry) if entry.kind == "timer" else entry.name
        wait = Act(kind="wait", value=duration_text(entry.due - stage.now))
        yield Offer(act=wait, kind="timer", event=event)
