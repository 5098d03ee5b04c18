"""The first step of a saga: its creation. Pure, as `step` is."""

from __future__ import annotations

import re
from dataclasses import replace

from engine.errors import PayloadInvalid
from engine.machine.keys import keys_of
from engine.machine.landing import Landing
from engine.machine.names import names_for
from engine.machine.plan import Machine
from engine.model import HistoryRow, Json, Millis, Saga, Step

SAGA_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")
"""What a saga may be called: it goes into URLs, message keys and idempotency headers as it is."""

FIRST_VERSION = 1


def start(
    machine: Machine, *, saga_id: str, entity_id: str, metadata: Json, now: Millis, actor: str | None = None
) -> Step:
    """Create a saga in the machine's initial state.

    Raises:
        PayloadInvalid: The metadata do not fit the machine's schema, or the id is no saga id.
        ExpressionFailed: A template or a key has no value on this metadata.
    """
    _check(machine, saga_id, metadata)
    definition = machine.definition
    state = definition.states[definition.initial_state]
    saga = _first(machine, saga_id, entity_id, metadata, now)
    names = names_for(saga, definition.creation_event, metadata, metadata, now)
    landing = Landing(definition=definition, saga_id=saga_id, version=FIRST_VERSION, now=now, names=names)
    added = landing.entries(state, ())
    keys = keys_of(definition, names)
    return Step(
        saga=replace(saga, agenda=added, keys=keys),
        row=_row(machine, saga, now, actor),
        added=added,
        claimed=keys,
    )


def _check(machine: Machine, saga_id: str, metadata: Json) -> None:
    if not SAGA_ID.fullmatch(saga_id):
        raise PayloadInvalid(
            "a saga id is 1 to 128 of the characters A-Z a-z 0-9 _ . : - and begins with a letter or digit"
        )
    contract = machine.definition.metadata_contract
    if contract is not None and (problems := contract.problems(metadata)):
        raise PayloadInvalid(f"metadata of a new {machine.definition.name!r} saga: {'; '.join(problems)}", problems)


def _first(machine: Machine, saga_id: str, entity_id: str, metadata: Json, now: Millis) -> Saga:
    definition = machine.definition
    state = definition.states[definition.initial_state]
    business = definition.business_states[state.business_state]
    return Saga(
        saga_id=saga_id,
        machine=definition.name,
        machine_version=definition.version,
        version=FIRST_VERSION,
        entity_id=entity_id,
        state=state.name,
        is_final=state.final,
        business_state=business.name,
        business_state_id=business.id,
        business_state_description=business.description,
        latest_event=definition.creation_event,
        metadata=metadata,
        created_at=now,
        updated_at=now,
    )


def _row(machine: Machine, saga: Saga, now: Millis, actor: str | None) -> HistoryRow:
    spec = machine.definition.events.get(machine.definition.creation_event)
    business = spec and spec.business_event and machine.definition.business_events[spec.business_event]
    return HistoryRow(
        seq=FIRST_VERSION,
        at=now,
        event=saga.latest_event,
        source=None,
        state=saga.state,
        entered=True,
        business_state_id=saga.business_state_id,
        business_state_description=saga.business_state_description,
        business_event_id=business.id if business else None,
        business_event_description=business.description if business else None,
        actor=actor,
    )
