"""How much of a payment may still be given back, and what a refund leaves behind.

Pure arithmetic on integers in minor units; the saga's metadata is the ledger. Called by the gateway.
sum(refundedAmounts) == totalRefundedAmount <= amount holds after every refund.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeGuard

from engine.model import Json

_MOST_FAILED = 50
"""Refunds that failed and are remembered; an operator who tries more often has other troubles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What was paid and what was given back of it. `paid` None: the saga does not know.

    Attributes:
        ids, failed: The provider's ids of the refunds that were done and that failed, as far as it gave some.
    """

    paid: int | None
    parts: tuple[int, ...] = ()
    ids: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    @property
    def refunded(self) -> int:
        return sum(self.parts)

    @property
    def left(self) -> int | None:
        return None if self.paid is None else self.paid - self.refunded

    def after(self, amount: int, refund_id: str | None = None) -> Ledger:
        """With a refund that was done."""
        ids = (*self.ids, refund_id) if refund_id else self.ids
        failed = tuple(id_ for id_ in self.failed if id_ != refund_id)
        return replace(self, parts=(*self.parts, amount), ids=ids, failed=failed)

    def without(self, refund_id: str | None) -> Ledger:
        """With a refund that failed; nothing of the sums changes."""
        if not refund_id or refund_id in self.failed:
            return self
        return replace(self, failed=(*self.failed, refund_id)[-_MOST_FAILED:])

    def details(self) -> Json:
        ids = {"refundIds": self.ids, "failedRefundIds": self.failed}
        return {
            "totalRefundedAmount": self.refunded,
            "refundedAmounts": list(self.parts),
            **{name: list(known) for name, known in ids.items() if known},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A refund that may be asked for; `amount` None is all of a payment whose amount is not known."""

    amount: int | None
    total: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A refund that must not be asked for, and why, without values."""

    reason: str


def read_ledger(payload: Json) -> Ledger:
    """From `amount` and `refundDetails`. If their sums disagree the larger one counts: it is safer."""
    details = payload.get("refundDetails")
    details = details if isinstance(details, Mapping) else {}
    listed = details.get("refundedAmounts")
    parts = tuple(part for part in listed if _whole(part) and part > 0) if isinstance(listed, list) else ()
    total = details.get("totalRefundedAmount")
    missing = total - sum(parts) if _whole(total) else 0
    amount = payload.get("amount")
    return Ledger(
        paid=amount if _whole(amount) else None,
        parts=(*parts, missing) if missing > 0 else parts,
        ids=_texts(details.get("refundIds")),
        failed=_texts(details.get("failedRefundIds")),
    )


def weigh(payload: Json, ledger: Ledger) -> Ask | Refusal:
    """What to ask the provider for: `refundRequestData.amount`, or all that is left if there is none."""
    request = payload.get("refundRequestData")
    wanted = request.get("amount") if isinstance(request, Mapping) else None
    if wanted is None:
        wanted = ledger.left
    if wanted is None:
        return Ask(amount=None, total=True)
    if not _whole(wanted) or wanted <= 0:
        return Refusal(reason="nothing is left to refund" if ledger.left == 0 else "not an amount to refund")
    if ledger.left is None or wanted > ledger.left:
        return Refusal(reason="more than what is left of the payment")
    return Ask(amount=wanted, total=wanted == ledger.left)


def given_back(refunded: int | None, payload: Json) -> bool:
    """Whether the refund under way is in the sum that the provider gave back; False if it names no sum."""
    ask = weigh(payload, ledger := read_ledger(payload))
    wanted = ask.amount if isinstance(ask, Ask) else None
    return refunded is not None and wanted is not None and refunded >= ledger.refunded + wanted


def refund_event(ask: Ask) -> str:
    """What the saga is told of a refund that was done."""
    return "totalRefundExecuted" if ask.total else "partialRefundExecuted"


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
