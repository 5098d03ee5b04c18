"""What a person does to a saga by hand: retry, skip, answer, move. Pure steps, with actor and reason.

Each is a step like any other: it bumps the version and leaves a row in the history. The saga given
must be freshly loaded, since what became of its entries decides what is possible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.errors import ActionNotPossible, EntryNotFound, StateNotFound
from engine.machine.landing import Landing, placed
from engine.machine.names import names_for
from engine.machine.plan import Machine
from engine.machine.step import step
from engine.model import Entry, Event, HistoryRow, Json, Millis, Saga, Step

RETRY, SKIP, MOVE = "$retry", "$skip", "$move"


def chosen(saga: Saga, entry_id: str | None) -> tuple[Entry, ...]:
    """The entries a person means: the named one, or every parked one.

    Raises:
        EntryNotFound: The saga owes no such entry.
        ActionNotPossible: None was named and none is parked.
    """
    if entry_id is not None:
        if named := tuple(e for e in saga.agenda if e.id == entry_id):
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


def retry(saga: Saga, entries: Sequence[Entry], *, now: Millis, actor: str, reason: str) -> Step:
    """Make the entries due now, with their tries counted from zero.

    Raises:
        ActionNotPossible: One of them is a timer.
    """
    for entry in entries:
        _must_be_a_request(saga, entry)
    fresh = tuple(
        replace(e, status="due", due=now, attempts=0, owner=None, lease_until=0, reason=None) for e in entries
    )
    ids = {e.id for e in fresh}
    agenda = tuple(e for e in saga.agenda if e.id not in ids) + fresh
    note = f"retried by hand: {_listed(entries)}"
    return _by_hand(saga, RETRY, now, actor, reason, note, agenda=agenda, added=fresh)


def skip(saga: Saga, entry: Entry, *, now: Millis, actor: str, reason: str) -> Step:
    """Give the entry up: it is no longer owed, and the saga stays where it is."""
    _must_be_a_request(saga, entry)
    agenda = tuple(e for e in saga.agenda if e.id != entry.id)
    note = f"skipped by hand: {_listed([entry])}"
    return _by_hand(saga, SKIP, now, actor, reason, note, agenda=agenda, removed=(entry.id,))


def answer(
    machine: Machine,
    saga: Saga,
    entry: Entry,
    *,
    reply: str,
    payload: Json,
    now: Millis,
    actor: str,
    reason: str,
) -> Step:
    """Give the command's reply in its receiver's place.

    Raises:
        ActionNotPossible: The entry is no command, or the command has no such reply.
        PayloadInvalid, ExpressionFailed: As `step`.
    """
    command = machine.definition.commands.get(entry.name) if entry.kind == "command" else None
    event = command.replies.get(reply) if command else None
    if event is None:
        known = ", ".join(command.replies) if command and command.replies else "none"
        raise ActionNotPossible(f"{entry.kind} {entry.name!r} has no reply {reply!r} (it has: {known})")
    given = Event(name=event, payload=payload, entry=entry.id, id=entry.id, actor=actor, reason=reason)
    return step(machine, saga, given, now)


def move(machine: Machine, saga: Saga, state: str, *, now: Millis, actor: str, reason: str) -> Step:
    """Put the saga into `state`, as if a transition had led there; what the old state owed is dropped.

    Raises:
        StateNotFound: The machine has no such state.
        ExpressionFailed: The state's command has a payload that these metadata do not give.
    """
    definition = machine.definition
    if state not in definition.states:
        where = f"machine {definition.name!r} version {definition.version}"
        raise StateNotFound(f"{where} has no state {state!r}")
    landed = placed(definition, saga, state)
    landing = Landing(
        definition=definition,
        saga_id=saga.saga_id,
        version=saga.version + 1,
        now=now,
        names=names_for(landed, MOVE, {}, saga.metadata, now),
    )
    added = landing.entries(definition.states[state], ())
    gone = tuple(e.id for e in saga.agenda if e.state is not None)
    agenda = tuple(e for e in saga.agenda if e.id not in gone) + added
    note = f"moved by hand from {saga.state} to {state}"
    return _by_hand(
        landed, MOVE, now, actor, reason, note, agenda=agenda, added=added, removed=gone, source=saga.state
    )


def _must_be_a_request(saga: Saga, entry: Entry) -> None:
    if entry.kind == "timer":
        raise ActionNotPossible(f"entry {entry.id} of saga {saga.saga_id} is a timer, not a request")


def _listed(entries: Sequence[Entry]) -> str:
    return ", ".join(f"{e.kind} {e.name}" for e in entries)


def _by_hand(
    saga: Saga,
    action: str,
    now: Millis,
    actor: str,
    reason: str,
    note: str,
    *,
    agenda: tuple[Entry, ...],
    added: tuple[Entry, ...] = (),
    removed: tuple[str, ...] = (),
    source: str | None = None,
) -> Step:
    after = replace(saga, version=saga.version + 1, updated_at=now, latest_event=action, agenda=agenda)
    row = HistoryRow(
        seq=after.version,
        at=now,
        event=action,
        source=source or saga.state,
        state=after.state,
        entered=source is not None,
        business_state_id=after.business_state_id,
        business_state_description=after.business_state_description,
        actor=actor,
        reason=reason,
        note=note,
    )
    return Step(saga=after, row=row, added=added, removed=removed)
