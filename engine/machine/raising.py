"""The events that the engine itself raises: `$done`, `$failed`, `$compensated`."""

from __future__ import annotations

from collections.abc import Sequence

from engine.definition.ir import Definition, State
from engine.machine.agenda import Agenda
from engine.machine.engine_events import COMPENSATED, DONE, FAILED
from engine.machine.plan import Machine
from engine.machine.settling import Answered
from engine.model import Entry


def joined(machine: Machine, state: State, agenda: Agenda, answered: Answered) -> str | None:
    """What the answer to one of `state`'s commands means for all of them; None: others are awaited."""
    if (
        not machine.joins(state.name)
        or answered.entry is None
        or answered.entry.state != state.name
        or answered.entry.kind != "command"
    ):
        return None
    if answered.reply == "failed":
        return FAILED
    # Looked for from the end: with a thousand commands the first look mostly finds one that is out.
    if any(_open(entry) and entry.state == state.name for entry in agenda.latest()):
        return None
    done = agenda.where(lambda e: e.kind == "command" and e.state == state.name and e.status == "done")
    return DONE if len(done) == len(state.commands) else None


def next_undo(state: State, definition: Definition, agenda: Agenda) -> Entry | str | None:
    """The done command to undo next; `$compensated` when none is left; None while one is awaited.

    Nothing is undone while a command is out that may yet turn out to be done, so that the order is
    latest first whatever arrives when.
    """
    if agenda.where(lambda e: e.undoes is not None):
        return None
    commands = definition.commands
    if agenda.where(lambda e: _open(e) and commands[e.name].undo is not None and _meant(state, e.name)):
        return None
    done = agenda.where(lambda e: e.status == "done" and e.done > 0 and _meant(state, e.name))
    return max(done, key=lambda e: e.done) if done else COMPENSATED


def _open(entry: Entry) -> bool:
    return entry.kind == "command" and entry.status != "done"


def _meant(state: State, command: str) -> bool:
    wanted: str | Sequence[str] | None = state.compensate
    return wanted == "all" or (wanted is not None and command in wanted)
