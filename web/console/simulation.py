"""A walk through a draft: the lines of what happened so far are played again each time, and the next things offered.

The lines are those of `sagaloom simulate`. Nothing is kept between two clicks, and nothing goes outside.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from engine.drawing.graph import Move
from engine.errors import EngineError
from engine.machine.plan import Machine
from engine.model import Entry, HistoryRow, Json, Millis, Saga
from engine.rehearsal.acts import perform
from engine.rehearsal.offers import Kind, Offer, offers
from engine.rehearsal.samples import STEADY, first_metadata, payload_for
from engine.rehearsal.stage import Rehearsal
from engine.rehearsal.typed import NotUnderstood, understood

MOST_LINES = 200
LONGEST_LINE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What may happen next: the line that says it, and its parts for a button."""

    line: str
    kind: Kind
    label: str
    event: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    name: str
    left: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """Where the saga stands. `problem`: why the last line, or the start, could not be done; "" if all could."""

    metadata: str
    lines: tuple[str, ...]
    problem: str = ""
    saga: Saga | None = None
    now: Millis = 0
    rows: tuple[HistoryRow, ...] = ()
    effects: tuple[str, ...] = ()
    asked: tuple[Entry, ...] = ()
    timers: tuple[Timer, ...] = ()
    choices: tuple[Choice, ...] = ()

    @property
    def way(self) -> list[Move]:
        """The moves, for the diagram."""
        return [(row.source or "", row.event, row.state) for row in self.rows if row.result == "applied"]


async def walked(machine: Machine, metadata: str, lines: Sequence[str], slots: asyncio.Semaphore) -> Walk:
    """The walk that these lines make; empty metadata are made up."""
    async with slots:
        return await asyncio.to_thread(walk, machine, metadata, lines)


def walk(machine: Machine, metadata: str, lines: Sequence[str]) -> Walk:
    """Play them: what cannot be done is left out and told, with what comes after it."""
    text = (
        metadata.strip() or orjson.dumps(first_metadata(machine, STEADY), option=orjson.OPT_INDENT_2).decode()
    )
    done: list[str] = []
    stage, problem = _begun(machine, text)
    for line in lines[:MOST_LINES] if stage else ():
        problem = _played(stage, line) if stage else ""
        if problem:
            stage = _again(machine, text, done)
            break
        done.append(line)
    if stage is None:
        return Walk(metadata=text, lines=(), problem=problem)
    return _shown(stage, text, done, problem)


def _begun(machine: Machine, text: str) -> tuple[Rehearsal | None, str]:
    try:
        metadata = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return None, f"the metadata are not JSON: {error}"
    if not isinstance(metadata, dict):
        return None, "the metadata are not a JSON object"
    try:
        return Rehearsal(machine, metadata=metadata), ""
    except EngineError as error:
        return None, str(error)


def _played(stage: Rehearsal, line: str) -> str:
    """Do one line; what is wrong with it, "" if nothing is."""
    if len(line) > LONGEST_LINE:
        return "the line is too long"
    try:
        perform(stage, understood(line, ()))
    except (EngineError, NotUnderstood) as error:
        return str(error)
    return ""


def _again(machine: Machine, text: str, lines: Sequence[str]) -> Rehearsal | None:
    """A line that failed may have let time pass before: play those that went well once more."""
    stage, _ = _begun(machine, text)
    for line in lines if stage else ():
        _played(stage, line) if stage else None
    return stage


def _shown(stage: Rehearsal, metadata: str, lines: Sequence[str], problem: str) -> Walk:
    return Walk(
        metadata=metadata,
        lines=tuple(lines),
        problem=problem,
        saga=stage.saga,
        now=stage.now,
        rows=tuple(stage.rows),
        effects=tuple(stage.effects),
        asked=tuple(stage.requests()),
        timers=tuple(Timer(name=stage.timer_name(t), left=t.due - stage.now) for t in stage.timers()),
        choices=tuple(_choice(stage, offer) for offer in offers(stage)),
    )


def _choice(stage: Rehearsal, offer: Offer) -> Choice:
    act = offer.act
    if act.kind == "reply":
        label = f"{act.command}: {act.value[act.command]}"
        line = f"reply {act.command} {act.value[act.command]}"
    else:
        label = str(act.value)
        line = f"{act.kind} {act.value}"
    payload = _payload(stage, offer)
    given = f" {orjson.dumps(payload).decode()}" if payload else ""
    return Choice(line=line + given, kind=offer.kind, label=label, event=offer.event)


def _payload(stage: Rehearsal, offer: Offer) -> Json:
    """Made-up data that the event asks for."""
    if offer.event is None or offer.act.kind not in ("send", "reply"):
        return {}
    return payload_for(stage.machine, stage.saga.state, offer.event, STEADY)
