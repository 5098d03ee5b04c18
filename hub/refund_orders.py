"""A refund that a person orders: taken at most once for what the person saw, however many press the button.

The event's id is made of the refund before it, so that a double click, a form sent again and two people on the same
screen are one event, and the engine takes an event once. Called by the backoffice, alone and in bulk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from engine.model import Event, HistoryRow, Saga
from engine.ports import Store
from engine.runner import Runner
from hub.views.rows import PAYMENT, payment_row

REFUND = "refundRequested"

Verdict = Literal["accepted", "repeated", "overtaken", "impossible", "too-much"]
"""accepted: the provider will be asked; repeated: this very order was taken before; overtaken: another refund was
asked for since the person looked; impossible: the payment cannot be refunded now; too-much: more than is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOrder:
    """`amount` in minor units. `seen` is what `last_refund` answered when the person looked; `order` names this
    order, so that its repeat is known from another one's.
    """

    saga_id: str
    amount: int
    reason: str
    actor: str
    seen: int
    order: str


class Running(Protocol):
    """What of an engine a refund needs."""

    @property
    def store(self) -> Store: ...

    @property
    def runner(self) -> Runner: ...


async def last_refund(store: Store, saga_id: str) -> int:
    """The number of the step that last asked for a refund; 0: none did."""
    return _last(await store.history(saga_id))


async def order_refund(engine: Running, order: RefundOrder) -> Verdict:
    """Tell the payment to be refunded. Safe to repeat.

    Raises:
        SagaNotFound, StoreUnavailable, PayloadInvalid: Nothing was asked for that is not told by a repeat.
    """
    event_id = f"refund-after-{order.seen}"
    if await engine.store.row_of(order.saga_id, event_id) is not None:
        return await _taken_before(engine.store, order)
    saga = await engine.store.load(order.saga_id)
    if verdict := _refused(saga, order, _last(await engine.store.history(order.saga_id))):
        return verdict
    event = Event(
        name=REFUND,
        payload={"refundRequestData": {"amount": order.amount, "reason": order.reason, "order": order.order}},
        id=event_id,
        actor=order.actor,
        reason=order.reason,
    )
    answer = await engine.runner.handle(order.saga_id, event, machine=PAYMENT)
    if answer.repeated:
        return await _taken_before(engine.store, order)
    return "accepted" if answer.result == "applied" else "impossible"


def _refused(saga: Saga, order: RefundOrder, last: int) -> Verdict | None:
    row = payment_row(saga)
    if saga.machine != PAYMENT or order.amount <= 0:
        return "impossible"
    if last != order.seen:
        return "overtaken"
    if not row.refundable:
        return "impossible"
    return "too-much" if order.amount > row.remaining else None


async def _taken_before(store: Store, order: RefundOrder) -> Verdict:
    saga = await store.load(order.saga_id)
    asked = saga.metadata.get("refundRequestData")
    mine = isinstance(asked, Mapping) and asked.get("order") == order.order
    return "repeated" if mine else "overtaken"


def _last(history: Sequence[HistoryRow]) -> int:
    return max((row.seq for row in history if row.event == REFUND and row.result == "applied"), default=0)
