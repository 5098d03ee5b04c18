"""What happens in a made-up shop's year: who buys what, how, and how it ends. The same dice give the same year. Pure."""

from __future__ import annotations

import random  # noqa: TID251  the seed is the user's, and the same seed must give the same year
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from engine.model import Json, Millis

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000

Ending = Literal[
    "paid", "declined", "left", "pending", "late", "parked", "paid later", "failed later", "paid after all",
    "refunded", "partly refunded", "refunded in parts", "refund pending",
]  # fmt: skip
T = TypeVar("T")

_ENDINGS: Mapping[Ending, int] = {
    "paid": 760,
    "declined": 65,
    "left": 20,
    "paid later": 55,
    "failed later": 15,
    "paid after all": 6,
    "refunded": 34,
    "partly refunded": 32,
    "refunded in parts": 13,
}
_LATELY: Sequence[tuple[Ending, Millis]] = (
    ("pending", 20 * MINUTE),
    ("pending", 5 * HOUR),
    ("pending", 26 * HOUR),
    ("late", 6 * DAY),
    ("parked", 3 * HOUR),
    ("parked", 2 * DAY),
    ("refund pending", 30 * HOUR),
)
"""What is open at the end of the year: how it stands, and how long before the end it began."""

_OPEN = frozenset(ending for ending, _ in _LATELY)

_ROUTES: Mapping[tuple[str, str], int] = {
    ("sandbox", "credit-cards"): 34,
    ("sandbox", "pay-pal"): 12,
    ("sandbox", "googlepay"): 6,
    ("sandbox", "applepay"): 6,
    ("stripe", "credit-cards"): 20,
    ("satispay", "satispay"): 12,
    ("paypal", "pay-pal"): 7,
    ("scalapay", "scalapay"): 3,
}
PROVIDERS = tuple(dict.fromkeys(provider for provider, _ in _ROUTES))

_CHANNELS: Mapping[str | None, int] = {"web": 58, "app": 30, "shop": 9, None: 3}
_CURRENCIES: Mapping[str, int] = {"EUR": 88, "GBP": 8, "CHF": 4}
_HOURS = (1, 1, 1, 1, 1, 1, 2, 3, 5, 7, 9, 10, 11, 10, 9, 9, 9, 10, 11, 12, 12, 10, 6, 3)
_ITEMS = (
    ("TEA-100", "Green tea, 100 g", 1_290), ("POT-1", "Teapot, cast iron", 4_990), ("CUP-2", "Two cups", 1_850),
    ("BOOK-7", "The tea book", 2_499), ("GIFT-50", "Gift card", 5_000), ("TIN-3", "Three tins", 890),
    ("KETTLE", "Kettle with thermometer", 7_990), ("SET-9", "Tea set for six", 12_900), ("FILTER", "Filters, 100", 590),
)  # fmt: skip
_FIRST = (
    "Anna",
    "Luca",
    "Giulia",
    "Marco",
    "Zoë",
    "Jürgen",
    "Chloé",
    "Søren",
    "María",
    "Piotr",
    "Aiko",
    "Tom",
    "Nadia",
    "Øystein",
)
_LAST = (
    "Rossi",
    "Bianchi",
    "Ferrari",
    "Müller",
    "O'Neill",
    "Dubois",
    "García",
    "Nowak",
    "Tanaka",
    "Smith",
    "Conti",
    "Ågren",
)
_PLANS = ((990, "MONTH", 1), (1_990, "MONTH", 1), (4_990, "MONTH", 3), (690, "DAY", 14))

_SPECIAL = range(1, 13)
"""Endings of amounts that the sandbox takes for an order; see docs/payment-machine.md."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """A payment: `event` begins it, `after` is how long what follows takes."""

    at: Millis
    metadata: Json
    event: str
    ending: Ending
    after: Millis
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A subscription. `cancelled`, `broken`: how long after its start it is cancelled, or its card stops working."""

    at: Millis
    metadata: Json
    cancelled: Millis | None
    broken: Millis | None


Story = Purchase | Plan


def stories(payments: int, *, seed: int, until: Millis, days: int) -> list[Story]:
    """About so many payments up to `until`, those of subscriptions among them, in the order they begin."""
    dice = random.Random(seed)  # noqa: S311  nothing secret is thrown
    plans = [_plan(dice, seed, number, until, days) for number in range(max(1, round(payments * 0.04)))]
    open_ones = list(_LATELY) if payments >= 10 * len(_LATELY) else []
    single = payments - round(payments * 0.2) - len(open_ones)
    moments = sorted(_moment(dice, until, days) for _ in range(max(1, single)))
    bought = [_purchase(dice, seed, number, at, _one(dice, _ENDINGS)) for number, at in enumerate(moments)]
    lately = [
        _purchase(dice, seed, len(moments) + nth, until - ago, ending)
        for nth, (ending, ago) in enumerate(open_ones)
    ]
    return sorted([*plans, *bought, *lately], key=lambda story: story.at)


def _moment(dice: random.Random, until: Millis, days: int) -> Millis:
    """More of them lately than at first, in the evening than at night, and before Christmas."""
    while True:
        day = int(days * dice.random() ** 0.8)
        hour = dice.choices(range(24), _HOURS)[0]
        midnight = until // DAY * DAY - (days - 1 - day) * DAY
        at = midnight + hour * HOUR + dice.randrange(HOUR)
        if until - days * DAY <= at < until - HOUR:
            return at


def _purchase(dice: random.Random, seed: int, number: int, at: Millis, ending: Ending) -> Purchase:
    (provider, method), currency = _one(dice, _ROUTES), _one(dice, _CURRENCIES)
    is_link = ending in ("paid", "paid later") and dice.random() < 0.06
    if ending in _OPEN or is_link:  # a daemon on the store has the sandbox, whatever else it has
        provider, method = "sandbox", "credit-cards"
    items = _basket(dice, broken=ending == "parked")
    buyer = _buyer(dice)
    return Purchase(
        at=at,
        metadata={
            "shopTransactionId": f"ORD-{seed:02d}{number:05d}",
            "amount": _total(items),
            "currency": currency,
            "provider": provider,
            "paymentMethod": method,
            "type": "PAY_BY_LINK" if is_link else "DIRECT",
            "additionalData": {
                "buyer": buyer,
                "items": items,
                "notificationChannels": ["email"],
                **_given(channel=_one(dice, _CHANNELS)),
            },
        },
        event="linkRequested" if is_link else "scheduleRequested",
        ending=ending,
        after=dice.randrange(2 * MINUTE, 9 * HOUR),
        who=dice.choice(("maria", "support", "paolo")),
    )


def _plan(dice: random.Random, seed: int, number: int, until: Millis, days: int) -> Plan:
    amount, interval, count = dice.choice(_PLANS)
    fate = dice.random()
    lasts = dice.randrange(40, 300) * DAY
    return Plan(
        at=_moment(dice, until, days),
        metadata={
            "shopSubscriptionId": f"SUB-{seed:02d}{number:04d}",
            "amount": amount,
            "currency": "EUR",
            "provider": "sandbox",
            "paymentMethod": "credit-cards",
            "interval": interval,
            "intervalCount": count,
            "additionalData": {"buyer": _buyer(dice), "channel": "web", "notificationChannels": ["email"]},
        },
        cancelled=lasts if fate < 0.2 else None,
        broken=lasts if 0.2 <= fate < 0.35 else None,
    )


def _basket(dice: random.Random, *, broken: bool) -> list[Json]:
    """`broken`: of an amount that the sandbox never answers for."""
    while True:
        chosen = dice.sample(_ITEMS, dice.choices((1, 2, 3), (60, 30, 10))[0])
        items = [_item(dice, *one) for one in chosen]
        total = _total(items)
        if broken:
            return [
                *items,
                {"itemId": "POST", "description": "Postage", "quantity": 1, "amount": 305 + -total % 100},
            ]
        if total % 100 not in _SPECIAL:
            return items


def _item(dice: random.Random, id_: str, name: str, price: int) -> Json:
    quantity = dice.choices((1, 2, 3), (80, 15, 5))[0]
    return {"itemId": id_, "description": name, "quantity": quantity, "amount": price}


def _total(items: Sequence[Json]) -> int:
    return sum(int(item["amount"]) * int(item["quantity"]) for item in items)


def _buyer(dice: random.Random) -> Json:
    first, last = dice.choice(_FIRST), dice.choice(_LAST)
    mail = f"{first}.{last}".lower().translate(str.maketrans("ëüéøíáåñ", "eueoiaan", "'"))
    number = dice.randrange(1, 60)
    return {"id": f"u-{mail}-{number}", "name": f"{first} {last}", "email": f"{mail}{number}@example.org"}


def _one(dice: random.Random, weights: Mapping[T, int]) -> T:
    return dice.choices(list(weights), list(weights.values()))[0]


def _given(**values: Any) -> Json:
    return {name: value for name, value in values.items() if value is not None}
