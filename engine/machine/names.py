"""What expressions of a machine may speak of, and times as people write them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from engine.definition.expressions import Names
from engine.model import Json, Millis, Saga


def iso(at: Millis) -> str:
    """`2026-01-31T09:30:00.000Z`: UTC, milliseconds, so that text order is time order."""
    return f"{_second(at // 1000)}.{at % 1000:03d}Z"


@lru_cache(maxsize=4_096)
def _second(at: int) -> str:
    """Formatting is dear, and a step asks for the same few seconds again and again."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}"


def names_for(
    saga: Saga, event: str, payload: Json, metadata: Json, now: Millis, variables: Mapping[str, Any]
) -> Names:
    """The names of a guard, a template or a `set` line while `event` is applied to `saga`."""
    return {
        "metadata": metadata,
        "payload": payload,
        "event": event,
        "now": iso(now),
        "variables": variables,
        "saga": {
            "id": saga.saga_id,
            "state": saga.state,
            "businessState": saga.business_state,
            "entityId": saga.entity_id,
            "createdAt": iso(saga.created_at),
        },
    }
