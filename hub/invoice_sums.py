"""The arithmetic of an invoice: lines, taxes by rate, and what a refund takes back of them. Pure, in integers.

Amounts are in minor units and hold their tax, rates in hundredths of a percent (22 % is 2200), quantities in thousandths.
Half a unit is rounded away from zero. Tax is rounded once for each rate and never for a line, so that net and tax
of every rate add up to its gross, and the rates to the total, without a cent over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WHOLE = 10_000
"""100 % in hundredths of a percent."""

THOUSAND = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What was bought.

    Attributes:
        quantity: In thousandths; at least 1.
        price: Of one; below zero for a discount.
    """

    id: str
    description: str
    quantity: int
    price: int
    rate: int

    @property
    def total(self) -> int:
        return divided(self.quantity * self.price, THOUSAND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    """One row of the tax summary; net + tax == gross."""

    rate: int
    net: int
    tax: int

    @property
    def gross(self) -> int:
        return self.net + self.tax


def divided(number: int, by: int) -> int:
    """The quotient, half a unit away from zero."""
    half = (2 * abs(number) + by) // (2 * by)
    return half if number >= 0 else -half


def included_in(gross: int, rate: int) -> int:
    """The tax in an amount that holds it: 122.00 at 22 % -> 22.00."""
    return divided(gross * rate, WHOLE + rate)


def taxes_of(lines: Sequence[Line]) -> tuple[Tax, ...]:
    """The summary by rate, the highest first."""
    return tuple(
        Tax(rate=rate, net=gross - (tax := included_in(gross, rate)), tax=tax)
        for rate, gross in sorted(by_rate(lines).items(), reverse=True)
    )


def by_rate(lines: Sequence[Line]) -> dict[int, int]:
    """The lines' totals by rate."""
    totals: dict[int, int] = {}
    for line in lines:
        totals[line.rate] = totals.get(line.rate, 0) + line.total
    return totals


def shared(amount: int, weights: Mapping[int, int]) -> dict[int, int]:
    """The amount divided in proportion to the weights; the parts add up to it, and none is above its weight.

    Needs 0 <= amount <= sum of the weights, none of them below zero. Units that are left over after rounding down go
    to the largest remainders, the first of equal ones.
    """
    whole = sum(weights.values())
    if whole == 0:
        return dict.fromkeys(weights, 0)
    parts = {key: amount * weight // whole for key, weight in weights.items()}
    ranked = sorted(weights, key=lambda key: amount * weights[key] % whole, reverse=True)
    for key in ranked[: amount - sum(parts.values())]:
        parts[key] += 1
    return parts


def credited(gross: Mapping[int, int], refunds: Sequence[int]) -> tuple[Tax, ...]:
    """What the last of the refunds takes back at each rate of an invoice whose rates have these gross amounts.

    It is shared in proportion to what the refunds before it left of each rate; so refunds that give all back take
    back each rate's gross and tax exactly, in however many parts.
    """
    left, part = dict(gross), dict.fromkeys(gross, 0)
    for refund in refunds:
        part = shared(refund, left)
        left = {rate: left[rate] - part[rate] for rate in left}
    rows = []
    for rate in sorted(part, reverse=True):
        after = gross[rate] - left[rate]
        tax = included_in(after, rate) - included_in(after - part[rate], rate)
        rows.append(Tax(rate=rate, net=part[rate] - tax, tax=tax))
    return tuple(row for row in rows if row.gross)
