"""A saga's history in the words of a payment: what happened when, who did it, and how much a refund gave back. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.model import HistoryRow, Millis, Saga
from hub.refunds import read_ledger
from hub.views.rows import PAYMENT, SUBSCRIPTION

_STATUSES = {
    PAYMENT: {0: "CREATED", 1: "PAID", 2: "PARTIALLY_REFUNDED", 3: "TOTALLY_REFUNDED", 1000: "FAILED"},
    SUBSCRIPTION: {0: "CREATED", 1: "ACTIVE", 10: "ON_HOLD", 1000: "EXPIRED", 1001: "ABORTED"},
}
"""By machine: the status of a business state's id, which is all of it that a history keeps."""

_GIVEN_BACK = frozenset(("partialRefundExecuted", "totalRefundExecuted"))


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """One step. `refunded`: what it gave back, in minor units; None if it was no refund."""

    at: Millis
    event: str
    state: str
    status: str
    refunded: int | None
    ignored: bool
    actor: str | None
    reason: str | None
    note: str | None


def lines_of(saga: Saga, rows: Sequence[HistoryRow]) -> list[HistoryLine]:
    """Newest first; `rows` are oldest first. The refunds stand in the ledger in the order they were done."""
    parts = iter(read_ledger(saga.metadata).parts)
    statuses = _STATUSES.get(saga.machine, {})
    lines = [
        _line(row, statuses.get(row.business_state_id, ""), next(parts, None) if _gave_back(row) else None)
        for row in rows
    ]
    return lines[::-1]


def _gave_back(row: HistoryRow) -> bool:
    return row.event in _GIVEN_BACK and row.result == "applied" and row.source != row.state


def _line(row: HistoryRow, status: str, refunded: int | None) -> HistoryLine:
    return HistoryLine(
        at=row.at,
        event=row.event,
        state=row.state,
        status=status,
        refunded=refunded,
        ignored=row.result == "ignored",
        actor=row.actor,
        reason=row.reason,
        note=row.note,
    )
