"""The sandbox's books: every payment and refund that it took on, for as long as the process lives.

Double-entry checks and the fake hosted page read it. Pure but for its own memory.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from providers.base import PayRequest, RefundRequest
from providers.callbacks import Word
from providers.sandbox_outcomes import Script

_MOST_PAYMENTS = 10_000


@dataclass(slots=True, kw_only=True)
class BookedRefund:
    """Money given back, or to be given back."""

    refund_id: str
    key: str
    amount: int
    standing: Word


@dataclass(slots=True, kw_only=True)
class BookedPayment:
    """One payment. `amount` None: it is from before the process started, only its id is known.

    Attributes:
        callback_url: Where what becomes of it is told; None: nowhere.
    """

    payment_id: str
    key: str = ""
    standing: Word
    amount: int | None = None
    currency: str | None = None
    shop_transaction_id: str | None = None
    callback_url: str | None = None
    success_url: str | None = None
    failure_url: str | None = None
    redirected: bool = False
    token: str | None = None
    refunds: dict[str, BookedRefund] = field(default_factory=dict)

    @property
    def refunded(self) -> int:
        """Minor units that were given back or may still be."""
        return sum(refund.amount for refund in self.refunds.values() if refund.standing != "FAILED")


class SandboxLedger:
    """`payments` in the order of their making, the oldest forgotten after ten thousand."""

    def __init__(self) -> None:
        self.payments: dict[str, BookedPayment] = {}
        self.cancelled: set[str] = set()
        self._ids: dict[str, str] = {}
        self._scripts: deque[Script] = deque()

    def script(self, what: Script) -> None:
        """Do this to the next request for money, whatever its amount says."""
        self._scripts.append(what)

    def next_script(self) -> Script | None:
        return self._scripts.popleft() if self._scripts else None

    def by_key(self, key: str) -> BookedPayment | None:
        """The payment that this idempotency key made."""
        return self.payments.get(self._ids.get(key, ""))

    def open(self, payment_id: str, standing: Word, request: PayRequest) -> BookedPayment:
        """Take a payment into the books."""
        payment = BookedPayment(
            payment_id=payment_id,
            key=request.key,
            standing=standing,
            amount=request.amount,
            currency=request.currency,
            shop_transaction_id=request.shop_transaction_id,
            callback_url=request.callback_url,
            success_url=request.success_url,
            failure_url=request.failure_url,
        )
        return self.keep(payment)

    def keep(self, payment: BookedPayment) -> BookedPayment:
        self.payments[payment.payment_id] = payment
        self._ids[payment.key] = payment.payment_id
        while len(self.payments) > _MOST_PAYMENTS:
            oldest = self.payments.pop(next(iter(self.payments)))
            self._ids.pop(oldest.key, None)
        return payment

    def refund(self, refund_id: str, standing: Word, request: RefundRequest) -> BookedRefund:
        """Take a refund into the books of its payment, as far as that is known; once per id."""
        payment = self.payments.get(request.payment_id)
        left = 0 if payment is None else (payment.amount or 0) - payment.refunded
        amount = left if request.amount is None else request.amount
        refund = BookedRefund(refund_id=refund_id, key=request.key, amount=amount, standing=standing)
        return refund if payment is None else payment.refunds.setdefault(refund_id, refund)

    def settle(self, payment_id: str, word: Word) -> None:
        """A payment that was taken stays so, whatever is said later."""
        payment = self.payments[payment_id]
        if payment.standing != "ACCEPTED":
            payment.standing = word

    def settle_refund(self, refund_id: str, word: Word) -> BookedPayment:
        """The payment whose refund was decided. Raises KeyError for a refund that is not there."""
        for payment in self.payments.values():
            if refund := payment.refunds.get(refund_id):
                refund.standing = word
                return payment
        raise KeyError(refund_id)
