"""Builders of sample sagas, entries and steps for the store's suite. Times are small numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.model import Entry, HistoryRow, Key, Millis, Saga, Step


def saga(saga_id: str = "s1", **changes: Any) -> Saga:
    """A saga as it is after its creation at t=1000, owing nothing."""
    plain = Saga(
        saga_id=saga_id,
        machine="order",
        machine_version=1,
        version=1,
        entity_id="customer-1",
        state="CREATED",
        is_final=False,
        business_state="OPEN",
        business_state_id=0,
        business_state_description="Being worked on",
        latest_event="orderCreated",
        metadata={"orderNumber": "n1", "total": 1299},
        created_at=1_000,
        updated_at=1_000,
    )
    return replace(plain, **changes)


def entry(saga_id: str = "s1", number: int = 0, *, version: int = 1, **changes: Any) -> Entry:
    """A command of the saga's step `version`, due at t=1000 and free."""
    plain = Entry(
        id=f"{saga_id}.{version}.{number}",
        saga_id=saga_id,
        kind="command",
        name="payOrder",
        channel="payments",
        state="CREATED",
        due=1_000,
    )
    return replace(plain, **changes)


def created(
    saga_id: str = "s1", *, owes: tuple[Entry, ...] = (), keys: tuple[Key, ...] = (), **changes: Any
) -> Step:
    """The step that starts a saga."""
    started = saga(saga_id, keys=keys, agenda=owes, **changes)
    return Step(saga=started, rows=(_row(started, source=None),), added=owes, claimed=keys)


def followed(
    before: Saga,
    event: str = "paymentExecuted",
    *,
    event_id: str | None = None,
    at: Millis | None = None,
    owes: tuple[Entry, ...] = (),
    rewritten: tuple[Entry, ...] = (),
    removed: tuple[str, ...] = (),
    claimed: tuple[Key, ...] = (),
    dropped: tuple[Key, ...] = (),
    **changes: Any,
) -> Step:
    """The step that an event makes of `before`; `changes` are the saga's."""
    taken = {*removed, *(new.id for new in owes)}
    after = replace(
        before,
        version=before.version + 1,
        latest_event=event,
        updated_at=before.updated_at + 1 if at is None else at,
        agenda=(*(old for old in before.agenda if old.id not in taken), *owes),
        keys=(*(key for key in before.keys if key not in dropped), *claimed),
    )
    after = replace(after, **changes)
    return Step(
        saga=after,
        rows=(_row(after, source=before.state, event_id=event_id),),
        added=owes,
        rewritten=rewritten,
        removed=removed,
        claimed=claimed,
        dropped=dropped,
    )


def raised(step: Step, event: str = "$done", *, event_id: str | None = None, **changes: Any) -> Step:
    """The step with one row more: what the engine raised because of it."""
    before = step.saga
    after = replace(before, version=before.version + 1, latest_event=event, **changes)
    return replace(step, saga=after, rows=(*step.rows, _row(after, source=before.state, event_id=event_id)))


def key(value: str = "n1", *, machine: str = "order", name: str = "metadata.orderNumber") -> Key:
    return Key(machine=machine, name=name, value=value)


def _row(after: Saga, *, source: str | None, event_id: str | None = None) -> HistoryRow:
    return HistoryRow(
        seq=after.version,
        at=after.updated_at,
        event=after.latest_event,
        event_id=event_id,
        source=source,
        state=after.state,
        entered=after.state != source,
        business_state_id=after.business_state_id,
        business_state_description=after.business_state_description,
    )
