"""How much of a payment may still be given back, and what a refund leaves behind.

Pure arithmetic on integers in minor units; the saga's metadata is the ledger. Called by the gateway.
sum(refundedAmounts) == totalRefundedAmount <= amount holds after every refund.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeGuard

from engine.model import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What was paid and what was given back of it. `paid` None: the saga does not know."""

    paid: int | None
    parts: tuple[int, ...] = ()

    @property
    def refunded(self) -> int:
        return sum(self.parts)

    @property
    def left(self) -> int | None:
        return None if self.paid is None else self.paid - self.refunded

    def after(self, amount: int) -> Ledger:
        return Ledger(paid=self.paid, parts=(*self.parts, amount))

    def details(self) -> Json:
        return {"totalRefundedAmount": self.refunded, "refundedAmounts": list(self.parts)}


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
    return Ledger(paid=amount if _whole(amount) else None, parts=(*parts, missing) if missing > 0 else parts)


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


def _whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
