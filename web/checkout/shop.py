"""The demo shop: a few things with a price in each currency, two plans, and what of an order stands in an address. Pure.

Prices are the shop's: an address says which things and how many. The amount that may be typed in is for trying out
what the sandbox does with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from engine.model import Json
from providers.money import decimal_text, minor_units

CURRENCIES = ("EUR", "USD", "GBP", "JPY", "KWD")
MOST = 9
"""Of one thing."""

_LARGEST = 99_999_999
Prices = Mapping[str, int]

THINGS: Mapping[str, Prices] = {
    "coffee": {"EUR": 1290, "USD": 1390, "GBP": 1120, "JPY": 2150, "KWD": 4250},
    "mug": {"EUR": 950, "USD": 1050, "GBP": 825, "JPY": 1580, "KWD": 3150},
    "grinder": {"EUR": 8900, "USD": 9700, "GBP": 7700, "JPY": 14800, "KWD": 29500},
}
PLANS: Mapping[str, tuple[str, int, Prices]] = {
    "monthly": ("MONTH", 1, {"EUR": 1190, "USD": 1290, "GBP": 1020, "JPY": 1980, "KWD": 3900}),
    "yearly": ("MONTH", 12, {"EUR": 11900, "USD": 12900, "GBP": 10200, "JPY": 19800, "KWD": 39000}),
}
"""Name -> interval, how many of them, price of each period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`name` None: the amount that was typed in."""

    name: str | None
    quantity: int
    price: int

    @property
    def total(self) -> int:
        return self.quantity * self.price


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """What is bought. `wrong`: the typed amount is none of the currency."""

    currency: str
    lines: tuple[Line, ...] = ()
    typed: str = ""
    wrong: bool = False

    @property
    def total(self) -> int:
        """Minor units."""
        return sum(line.total for line in self.lines)

    @property
    def query(self) -> str:
        """The cart as a part of an address."""
        things = {line.name: str(line.quantity) for line in self.lines if line.name}
        return urlencode(
            {"currency": self.currency, **things, **({"amount": self.typed} if self.typed else {})}
        )

    def items(self, names: Mapping[str, str]) -> list[Json]:
        """As a payment keeps them; `names` are the descriptions."""
        return [
            {
                "itemId": line.name or "amount",
                "description": names[line.name or "amount"],
                "quantity": line.quantity,
                "amount": line.price,
            }
            for line in self.lines
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A subscription that can be had."""

    name: str
    interval: str
    count: int
    currency: str
    price: int

    @property
    def query(self) -> str:
        """The plan as a part of an address."""
        return urlencode({"plan": self.name, "currency": self.currency})


def read_cart(query: Mapping[str, str]) -> Cart:
    """The cart in an address; what is no thing of the shop is left out."""
    currency = _currency(query)
    found = [
        Line(name=name, quantity=quantity, price=prices[currency])
        for name, prices in THINGS.items()
        if (quantity := _quantity(query.get(name, "")))
    ]
    typed = query.get("amount", "").strip().replace(",", ".")[:20]
    amount = minor_units(typed, currency) if typed else None
    wrong = bool(typed) and (amount is None or not 0 < amount <= _LARGEST)
    if amount is not None and not wrong:
        found.append(Line(name=None, quantity=1, price=amount))
    return Cart(currency=currency, lines=tuple(found), typed=typed, wrong=wrong)


def read_plan(query: Mapping[str, str]) -> Plan | None:
    """The plan in an address; None: it names none."""
    name = query.get("plan", "")
    return plan_of(name, _currency(query)) if name in PLANS else None


def plan_of(name: str, currency: str) -> Plan:
    """A plan at its price. Raises KeyError."""
    interval, count, prices = PLANS[name]
    return Plan(name=name, interval=interval, count=count, currency=currency, price=prices[currency])


def typed_example(currency: str) -> str:
    """An amount that the sandbox leads to its page with: it ends in 03."""
    return decimal_text(2503, currency)


def _currency(query: Mapping[str, str]) -> str:
    given = query.get("currency", "")
    return given if given in CURRENCIES else CURRENCIES[0]


def _quantity(text: str) -> int:
    return min(int(text), MOST) if text.isascii() and text.isdigit() and len(text) < 4 else 0
