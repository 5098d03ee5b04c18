"""What stays of a saga's agenda when a state is left."""

from __future__ import annotations

from dataclasses import replace

from engine.definition.ir import Definition
from engine.machine.agenda import Agenda
from engine.model import Entry


def leave(agenda: Agenda, definition: Definition, *, business: bool) -> None:
    """Leave the current state; with `business`, its business state too.

    Timers, polls and commands go with the state that asked for them. A command with an undo stays,
    free of the state: done, it may have to be undone; unanswered, it may yet turn out to be done.
    """
    for entry in agenda.where(lambda e: _ends(e, business)):
        if entry.undoes is not None or _has_undo(definition, entry):
            agenda.change(_freed(entry))
        else:
            agenda.remove(entry.id)


def finish(agenda: Agenda) -> None:
    """A final state was entered: nothing will be compensated any more. Undos under way go on."""
    under_way = {entry.undoes for entry in agenda.where(lambda e: e.undoes is not None)}
    for entry in agenda.where(lambda e: e.kind != "effect" and e.undoes is None and e.id not in under_way):
        agenda.remove(entry.id)


def counts(entry: Entry) -> bool:
    """Whether compensation has to do with it: not what a person skipped (done, with order 0)."""
    return entry.status != "done" or entry.done > 0


def _has_undo(definition: Definition, entry: Entry) -> bool:
    return entry.kind == "command" and definition.commands[entry.name].undo is not None and counts(entry)


def _freed(entry: Entry) -> Entry:
    """Out of its state. A receiver that took the command on without a last word may have done it."""
    maybe = entry.status == "waiting" and entry.done > 0
    return replace(entry, state=None, status="done" if maybe else entry.status)


def _ends(entry: Entry, business: bool) -> bool:
    return entry.state is not None or (business and entry.business is not None)
