"""A saga's history in plain words: what happened, where that led, who did it and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.machine.pausing import FROZEN, NEVER
from engine.machine.plan import Machine
from engine.model import Entry, HistoryRow, Millis, Saga
from engine.rehearsal.edges import shown
from web.pages.texts import Texts

_BY_ITSELF = (None, "engine")


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """A line of the timeline. `stayed` is how long the saga had stood still before it."""

    row: HistoryRow
    what: str
    where: str
    actor: str | None
    stayed: Millis | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """An entry of the agenda: what it is about, and how it stands.

    Attributes:
        tone: A class of chips: ok, info, warn, bad, muted.
        at: When something happens next; None if nothing is planned.
    """

    entry: Entry
    what: str
    standing: str
    tone: str
    at: Millis | None


def timeline(rows: Sequence[HistoryRow], machine: Machine | None, texts: Texts) -> list[Happening]:
    """The rows, newest first."""
    before = [None, *(row.at for row in rows[:-1])]
    lines = (
        [_happening(row, at, machine, texts) for row, at in zip(rows, before, strict=True)] if rows else []
    )
    return lines[::-1]


def _happening(row: HistoryRow, before: Millis | None, machine: Machine | None, texts: Texts) -> Happening:
    return Happening(
        row=row,
        what=_what(row, machine, texts),
        where=_where(row, texts),
        actor=None if row.actor in _BY_ITSELF else row.actor,
        stayed=None if before is None else row.at - before,
    )


def _what(row: HistoryRow, machine: Machine | None, texts: Texts) -> str:
    if row.source is None:
        return texts("console.what.began", event=row.event)
    if not row.event.startswith("$"):
        return texts("console.what.event", event=row.event)
    known = texts.or_none(f"console.what.{row.event[1:]}")
    return known or texts("console.what.timer", timer=_timer(row.source, row.event, machine))


def _timer(state: str, event: str, machine: Machine | None) -> str:
    """By the author's word for it."""
    return event.partition(".")[2] or event if machine is None else shown(machine, state, event)


def _where(row: HistoryRow, texts: Texts) -> str:
    if row.result == "ignored":
        return texts("console.where.ignored", state=row.state)
    if row.source is None:
        return texts("console.where.began", state=row.state)
    if row.source != row.state:
        return texts("console.where.moved", source=row.source, state=row.state)
    return texts("console.where.again" if row.entered else "console.where.stayed", state=row.state)


def owed(saga: Saga, machine: Machine | None, now: Millis, texts: Texts) -> list[Owed]:
    """What the saga owes, parked first, then by time; what is done and kept for a compensation comes last."""
    order = {"parked": 0, "waiting": 1, "due": 1, "done": 2}
    entries = sorted(saga.agenda, key=lambda entry: (order[entry.status], entry.due))
    return [_owed(entry, saga, machine, now, texts) for entry in entries]


def _owed(entry: Entry, saga: Saga, machine: Machine | None, now: Millis, texts: Texts) -> Owed:
    standing, tone = _standing(entry, saga, now)
    name = entry.name
    if entry.kind == "timer":
        name = _timer(saga.state, entry.name, machine)
    planned = entry.due < FROZEN and entry.status in ("due", "waiting")
    return Owed(
        entry=entry,
        what=texts(f"console.kind.{'undo' if entry.undoes else entry.kind}", name=name),
        standing=texts(f"console.standing.{standing}"),
        tone=tone,
        at=entry.due if planned else None,
    )


def _standing(entry: Entry, saga: Saga, now: Millis) -> tuple[str, str]:
    if entry.status == "parked":
        return "parked", "bad"
    if entry.status == "done":
        return "done", "ok"
    if FROZEN <= entry.due < NEVER or saga.paused:
        return "paused", "warn"
    if entry.status == "waiting":
        return "waiting", "info"
    if entry.owner is not None and entry.lease_until > now:
        return "running", "info"
    if entry.kind == "timer":
        return "timer", "muted"
    return ("again", "warn") if entry.attempts else ("next", "info")
