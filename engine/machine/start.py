"""The first step of a saga: its creation. Pure, as `step` is."""

from __future__ import annotations

import re

from engine.errors import PayloadInvalid
from engine.machine.plan import Machine
from engine.machine.turn import Turn
from engine.model import Event, Json, Millis, Saga, Step

SAGA_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")
"""What a saga may be called: it goes into URLs, message keys and idempotency headers as it is."""


def start(
    machine: Machine, *, saga_id: str, entity_id: str, metadata: Json, now: Millis, actor: str | None = None
) -> Step:
    """Create a saga in the machine's initial state.

    Raises:
        PayloadInvalid: The metadata do not fit the machine's schema, or the id is no saga id.
        ExpressionFailed: A template or a key has no value on this metadata.
    """
    _check(machine, saga_id, metadata)
    unborn = _unborn(machine, saga_id, entity_id, metadata, now)
    turn = Turn(machine, unborn, now)
    turn.begin(Event(name=machine.definition.creation_event, payload=metadata, actor=actor))
    return turn.step()


def _check(machine: Machine, saga_id: str, metadata: Json) -> None:
    if not SAGA_ID.fullmatch(saga_id):
        raise PayloadInvalid(
            "a saga id is 1 to 128 of the characters A-Z a-z 0-9 _ . : - and begins with a letter or digit"
        )
    contract = machine.definition.metadata_contract
    if contract is not None and (problems := contract.problems(metadata)):
        raise PayloadInvalid(
            f"metadata of a new {machine.definition.name!r} saga: {'; '.join(problems)}", problems
        )


def _unborn(machine: Machine, saga_id: str, entity_id: str, metadata: Json, now: Millis) -> Saga:
    """The saga before its first row: version 0, nowhere."""
    return Saga(
        saga_id=saga_id,
        machine=machine.definition.name,
        machine_version=machine.definition.version,
        version=0,
        entity_id=entity_id,
        state="",
        is_final=False,
        business_state="",
        business_state_id=0,
        business_state_description="",
        latest_event="",
        metadata=metadata,
        created_at=now,
        updated_at=now,
    )
