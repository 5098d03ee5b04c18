"""What becomes of a payment or refund at the sandbox: decided by its amount and method. Pure.

The table of docs/payment-machine.md, as values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from providers.base import PayRequest, Result
from providers.callbacks import Word

Fate = Literal["executed", "declined", "pending", "redirect"]

Script = Literal["decline", "lose_answer", "fail", "unauthorised", "throttle", "pending"]
"""What happens to the next request whatever its amount says; for tests."""

METHODS = frozenset(
    "credit-cards applepay googlepay pay-pal satispay scalapay wire-transfer redirect".split()
)

RESULTS: Mapping[Fate, Result] = {
    "executed": "OK",
    "declined": "KO",
    "pending": "PENDING",
    "redirect": "REDIRECT_TO_URL",
}
REFUND_RESULTS: Mapping[Word, Literal["OK", "KO", "PENDING"]] = {
    "ACCEPTED": "OK",
    "FAILED": "KO",
    "PENDING": "PENDING",
}
STANDINGS: Mapping[str, Word] = {
    "executed": "ACCEPTED",
    "declined": "FAILED",
    "pending": "PENDING",
    "redirect": "PENDING",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A callback that the sandbox sends by itself, `after` so many times its delay."""

    word: Word
    after: int


LATE = (Call(word="ACCEPTED", after=1),)
REPEATED = (Call(word="ACCEPTED", after=1), Call(word="ACCEPTED", after=1))
REORDERED = (Call(word="ACCEPTED", after=1), Call(word="PENDING", after=2))
LATE_SUCCESS = (Call(word="FAILED", after=1), Call(word="ACCEPTED", after=2))
AT_ONCE = (Call(word="ACCEPTED", after=0),)
REFUSED = (Call(word="FAILED", after=1),)

# By the last two digits of the amount in minor units; all other amounts are executed.
_FATES: Mapping[int, Fate] = {
    1: "declined",
    2: "pending",
    3: "redirect",
    8: "pending",
    9: "pending",
    10: "pending",
    11: "pending",
}
_FATE_BY_METHOD: Mapping[str, Fate] = {"wire-transfer": "pending", "redirect": "redirect"}
_LOSES_ANSWER = (4, 12)
_BREAKS = 5
_CALLS: Mapping[int, tuple[Call, ...]] = {
    8: LATE,
    9: REPEATED,
    10: REORDERED,
    11: LATE_SUCCESS,
    12: AT_ONCE,
}
_REFUND_FATES: Mapping[int, Fate] = {6: "declined", 7: "pending", 8: "pending", 9: "pending"}
_REFUND_CALLS: Mapping[int, tuple[Call, ...]] = {8: LATE, 9: REFUSED}


def fate_of(request: PayRequest) -> Fate:
    """What becomes of a payment at first."""
    return _FATES.get(request.amount % 100) or _FATE_BY_METHOD.get(request.method, "executed")


def calls_of(amount: int) -> tuple[Call, ...]:
    """The callbacks that follow a payment of this amount."""
    return _CALLS.get(amount % 100, ())


def refund_fate_of(amount: int | None) -> Fate:
    """What becomes of a refund at first."""
    return "executed" if amount is None else _REFUND_FATES.get(amount % 100, "executed")


def refund_calls_of(amount: int | None) -> tuple[Call, ...]:
    """The callbacks that follow a refund of this amount."""
    return () if amount is None else _REFUND_CALLS.get(amount % 100, ())


def script_of(amount: int | None, *, again: bool) -> Script | None:
    """What the amount does to the answer itself: lost the first time, or never given."""
    ending = None if amount is None else amount % 100
    if ending == _BREAKS:
        return "fail"
    return "lose_answer" if ending in _LOSES_ANSWER and not again else None
