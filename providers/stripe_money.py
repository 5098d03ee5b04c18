"""Which currencies Stripe takes, and how it counts their minor units. Pure.

Source: Stripe's documentation, "Supported currencies" (zero-decimal, three-decimal and special cases).
"""

from __future__ import annotations

from providers.money import CURRENCIES

_NOT_TAKEN = frozenset("BTN CUP ERN GHS IQD IRR KPW LYD MGA MRU SDG SSP STN SVC SYP TMT VED VES ZWG".split())
"""Not among its currencies; MGA is, but as one without decimals, so that 0.50 MGA cannot be asked for."""

_THREE_DECIMALS = frozenset("BHD JOD KWD OMR TND".split())
_TIMES_HUNDRED = frozenset(("ISK", "UGX"))
"""Without decimals, yet Stripe wants them counted in hundredths."""

STRIPE_CURRENCIES = CURRENCIES - _NOT_TAKEN - {"CLF", "UYW"}


def amount_problem(amount: int, currency: str) -> str | None:
    """Why Stripe cannot take an amount of a currency that it takes; None if it can."""
    if currency in _THREE_DECIMALS and amount % 10:
        return "Stripe takes currencies of three decimals only with a last digit of 0"
    return None


def to_stripe(amount: int, currency: str) -> int:
    """Minor units of ISO 4217 -> what Stripe's `amount` counts."""
    return amount * 100 if currency in _TIMES_HUNDRED else amount


def from_stripe(amount: int | None, currency: str) -> int | None:
    """The way back; None stays None."""
    return amount // 100 if amount is not None and currency in _TIMES_HUNDRED else amount
