"""A provider and what stands for its servers: what a provider's own file adds to the conformance suite."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from providers.base import Provider
from providers.callbacks import CallbackRequest, Word

Script = Literal["decline", "lose_answer", "fail", "unauthorised", "throttle", "pending"]
"""How the server treats the next request for money (a payment or a refund), once each:

decline: refuses it as it would refuse a card. lose_answer: does it and closes the connection without an
answer. fail: does nothing and answers HTTP 500. unauthorised: HTTP 401 or the provider's own way of it.
throttle: HTTP 429 with Retry-After 7 or the provider's own way of it. pending: takes it on, undecided.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A payment or refund in the server's ledger, read from what came over the wire."""

    shop_transaction_id: str | None
    amount: int
    currency: str
    payment_id: str = ""


class World(Protocol):
    provider: Provider
    signed: bool
    """Callbacks are signed: what is not signed right is Refused. False: they are hints (`word` None)."""
    stamped: bool
    """The signature covers a time, and an old one is refused."""

    def script(self, what: Script) -> None: ...

    def payments(self) -> Sequence[Taken]:
        """Every payment (or hosted page, or link) that the server has made, in order."""
        ...

    def refunds(self) -> Sequence[Taken]: ...

    def settle(self, payment_id: str, word: Word) -> None:
        """The customer, or time, decided a payment."""
        ...

    def settle_refund(self, refund_id: str, word: Word) -> None:
        """The provider decided a refund that was pending."""
        ...

    def callback(self, payment_id: str, word: Word, *, key: str | None = None) -> CallbackRequest:
        """As the provider would send it now, signed with `key` instead of the right one if given."""
        ...


@runtime_checkable
class TellsRefunds(Protocol):
    """The world of a provider that settles refunds by callbacks alone, because it cannot be asked."""

    def refund_callback(self, refund_id: str, word: Word) -> CallbackRequest: ...


WorldMaker = AbstractAsyncContextManager[World]
