"""Amounts as people type them, in major units, to and from minor units. Exact: no binary fractions."""

from __future__ import annotations

import re

from providers.money import EXPONENTS, decimal_text, minor_units

_PLAIN = re.compile(r"[0-9]{1,15}([.,][0-9]{1,9})?")


def typed(amount: int, currency: str) -> str:
    """What a field is preset with: 1299 EUR -> "12.99"; a currency that nobody knows in its smallest unit."""
    return decimal_text(amount, currency) if currency in EXPONENTS else str(amount)


def parsed(text: str, currency: str) -> int | None:
    """12.99 or 12,99 EUR -> 1299; None if it is no plain amount or has more decimals than the currency."""
    plain = text.strip()
    if not plain.isascii() or not _PLAIN.fullmatch(plain):
        return None
    if currency not in EXPONENTS:
        return int(plain) if plain.isdigit() else None
    return minor_units(plain.replace(",", "."), currency)


def step(currency: str) -> int:
    """How many decimals may be typed."""
    return EXPONENTS.get(currency, 0)
