"""Updates as MongoDB takes them: every one is a pipeline, so that the helper fields are right in the same write.

Sends nothing. Every value is wrapped in `$literal`: none of a payload or of a name is ever taken for an expression.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adapters.stores.mongo_values import (
    MADE_PER_STEP,
    digest,
    entry_fields,
    payload_field,
    row_fields,
    saga_fields,
    slot,
    state_fields,
)
from engine.model import Entry, Millis, Step

Pipeline = Sequence[Mapping[str, Any]]

OPEN = ["due", "waiting"]
"""Of entries that can be claimed."""

LONG_AGO = -(1 << 62)
"""Before every due time: `$gte` it asks for sagas that have the field, which a sparse index answers."""

REMOVE = "$$REMOVE"
GONE = {"owner": None, "leaseUntil": 0, "reason": None}


def entries_where(*conditions: Any) -> dict[str, Any]:
    """Expression: of the agenda's entries, as `$$e.k` and `$$e.v`, those for which all holds."""
    agenda = {"$objectToArray": {"$ifNull": ["$agenda", {}]}}
    return {"$filter": {"input": agenda, "as": "e", "cond": {"$and": list(conditions)}}}


def has_status(*statuses: str) -> dict[str, Any]:
    """Expression: the entry `$$e.v` has one of these."""
    return {"$in": ["$$e.v.status", list(statuses)]}


def _of_each(entries: Mapping[str, Any], value: Any) -> dict[str, Any]:
    return {"$map": {"input": entries, "as": "e", "in": value}}


def _if_any(values: Mapping[str, Any], given: str) -> dict[str, Any]:
    """Expression: `given` of the list `$$all`, no field if it is empty."""
    some = {"$cond": [{"$gt": [{"$size": "$$all"}, 0]}, {given: "$$all"}, REMOVE]}
    return {"$let": {"vars": {"all": values}, "in": some}}


_HELD = entries_where({"$gt": ["$$e.v.owner", None]})
_LEASED = entries_where(has_status(*OPEN), {"$gt": ["$$e.v.leaseUntil", "$$e.v.due"]})
_PARKED = entries_where(has_status("parked"))
_FREE_AT = {"$max": ["$$e.v.due", "$$e.v.leaseUntil"]}
HELPERS: Mapping[str, Any] = {
    "$set": {
        "nextDue": _if_any(_of_each(entries_where(has_status(*OPEN)), _FREE_AT), "$min"),
        "leasedUntil": _if_any(_of_each(_LEASED, "$$e.v.leaseUntil"), "$min"),
        "owners": _if_any(_of_each(_HELD, "$$e.v.owner"), "$setUnion"),
        "parked": _if_any(_PARKED, "$size"),
        "parkedDue": _if_any(_of_each(_PARKED, "$$e.v.due"), "$min"),
    }
}
"""The stage that ends every update of an agenda: what the indexes on it are made of (docs/stores.md)."""

WAKE: Mapping[str, Any] = {"wake": {"$add": [{"$ifNull": ["$wake", 0]}, 1]}}
"""Changes the field that other daemons watch: something here is due that nobody has in hand."""

SOON: Millis = 1_000
"""What a step leaves to others for later than this they find by looking, in time."""


def literal(value: Any) -> dict[str, Any]:
    """Expression: this value, whatever is in it."""
    return {"$literal": value}


def helpers(entries: Sequence[Entry]) -> dict[str, Any]:
    """What HELPERS would set for a new document."""
    open_ = [entry for entry in entries if entry.status in OPEN]
    parked = [entry.due for entry in entries if entry.status == "parked"]
    lists: Mapping[str, Sequence[Any]] = {
        "nextDue": [max(entry.due, entry.lease_until) for entry in open_],
        "leasedUntil": [entry.lease_until for entry in open_ if entry.lease_until > entry.due],
        "parkedDue": parked,
    }
    owners = sorted({entry.owner for entry in entries if entry.owner is not None})
    return {
        **{name: min(values) for name, values in lists.items() if values},
        **({"owners": owners} if owners else {}),
        **({"parked": len(parked)} if parked else {}),
    }


def leaves_work(step: Step) -> bool:
    """Whether the step owes something soon that its daemon did not take in hand itself."""
    soon = step.rows[0].at + SOON
    return any(entry.owner is None and entry.status in OPEN and entry.due <= soon for entry in step.added)


def first_document(step: Step, metadata: bytes) -> dict[str, Any]:
    """The document of a new saga."""
    saga, number = step.saga, digest(step, metadata)
    fields = saga_fields(saga, metadata)
    made = enumerate(step.added, saga.version * MADE_PER_STEP)
    return {
        "_id": saga.saga_id,
        "sagaId": saga.saga_id,
        **{name: value for name, value in fields.items() if value is not None},
        "events": [row.event for row in step.rows],
        "history": {
            "states": [state_fields(row) for row in step.rows if row.entered],
            "events": [row_fields(row, number) for row in step.rows],
        },
        "agenda": {slot(entry.id, saga.saga_id): entry_fields(entry, at) for at, entry in made},
        **helpers(step.added),
        **({"wake": 1} if leaves_work(step) else {}),
    }


def step_update(step: Step, metadata: bytes, *, keep: int | None) -> Pipeline:
    """All that a step changes. `keep`: so many of the newest history rows stay, None: all."""
    number = digest(step, metadata)
    fields = saga_fields(step.saga, metadata)
    changes = {name: REMOVE if value is None else literal(value) for name, value in fields.items()}
    changes["events"] = _longer("$events", [row.event for row in step.rows], keep)
    changes["history.states"] = _longer(
        "$history.states", [state_fields(row) for row in step.rows if row.entered], keep
    )
    changes["history.events"] = _longer(
        "$history.events", [row_fields(row, number) for row in step.rows], keep
    )
    changes["fenced"] = REMOVE  # the version goes up, which shuts out all who wrote before
    return [{"$set": {**changes, **_agenda_changes(step), **(WAKE if leaves_work(step) else {})}}, HELPERS]


def entry_update(place: str, fields: Mapping[str, Any]) -> Pipeline:
    """New values of some fields of one entry."""
    return entries_update([place], fields)


def entries_update(places: Iterable[str], fields: Mapping[str, Any]) -> Pipeline:
    """The same new values for several entries of a saga."""
    changes = {f"agenda.{place}.{name}": literal(value) for place in places for name, value in fields.items()}
    return [{"$set": changes}, HELPERS]


def removal(place: str) -> Pipeline:
    """One entry goes."""
    return [{"$set": {f"agenda.{place}": REMOVE}}, HELPERS]


def claim_update(tokens: Mapping[str, tuple[int, Millis]], owner: str) -> Pipeline:
    """Entries of one saga get an owner, their new tokens and the ends of their leases."""
    changes: dict[str, Any] = {}
    for place, (token, until) in tokens.items():
        changes[f"agenda.{place}.owner"] = literal(owner)
        changes[f"agenda.{place}.token"] = literal(token)
        changes[f"agenda.{place}.leaseUntil"] = literal(until)
    return [{"$set": changes}, HELPERS]


def _longer(field: str, values: list[Any], keep: int | None) -> dict[str, Any]:
    whole = {"$concatArrays": [{"$ifNull": [field, []]}, literal(values)]}
    return whole if keep is None else {"$slice": [whole, -keep]}


def _agenda_changes(step: Step) -> dict[str, Any]:
    """Removed, then rewritten, then added: who comes later in this order has the last word."""
    saga_id, removed = step.saga.saga_id, set(step.removed)
    changes: dict[str, Any] = {}
    for entry in step.rewritten:
        changes[f"agenda.{slot(entry.id, saga_id)}"] = _rewritten(slot(entry.id, saga_id), entry)
    changes |= {f"agenda.{slot(id_, saga_id)}": REMOVE for id_ in removed}
    for made, entry in enumerate(step.added, step.saga.version * MADE_PER_STEP):
        place = slot(entry.id, saga_id)
        fields = entry_fields(entry, made)
        changes[f"agenda.{place}"] = literal(fields) if entry.id in removed else _put(place, fields)
    return changes


def _put(place: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The entry, with a token above that of one whose place it takes, in the order of that one's making."""
    above = {"$add": [{"$ifNull": [f"$agenda.{place}.token", fields["token"] - 1]}, 1]}
    kept = {
        "token": {"$max": [fields["token"], above]},
        "made": {"$ifNull": [f"$agenda.{place}.made", fields["made"]]},
    }
    return {"$mergeObjects": [literal(fields), kept]}


def _rewritten(place: str, entry: Entry) -> dict[str, Any]:
    """Its request and, if it is done now, all else too; one that is gone stays gone."""
    fields = {
        **payload_field(entry),
        "state": entry.state,
        "business": entry.business,
        "undoes": entry.undoes,
        **({"status": "done", "done": entry.done, **GONE} if entry.status == "done" else {}),
    }
    there = f"$agenda.{place}"
    merged = {"$mergeObjects": [there, literal(fields)]}
    return {"$cond": [{"$eq": [{"$type": there}, "missing"]}, REMOVE, merged]}
