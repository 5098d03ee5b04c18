"""The items of a payment as lines of its invoice, and the difference between them and what was paid. Pure.

Called by hub/invoice_contents.py. Items are `{itemId, description, quantity, amount, iva}` as the saga has them:
`amount` is the price of one in minor units, tax included, `iva` the tax rate in percent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from engine.errors import PayloadInvalid
from hub.invoice_sums import THOUSAND, WHOLE, Line, by_rate, shared

MOST_ITEMS = 500
_LONGEST = 500
_NUMBER = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,6})?")
_LARGEST = 10**14


def read_lines(items: object, *, rate: int) -> tuple[Line, ...]:
    """The lines of the items; none for None. `rate` is that of items which name none.

    Raises:
        PayloadInvalid: An item is not of this form; the problems say which, without its values.
    """
    if items is None:
        return ()
    if not isinstance(items, list) or len(items) > MOST_ITEMS:
        raise PayloadInvalid(f"items is a list of at most {MOST_ITEMS} items")
    problems = [
        f"items[{number}].{name} {why}" for number, item in enumerate(items) for name, why in _problems(item)
    ]
    if problems:
        raise PayloadInvalid("The items of the payment cannot be put on an invoice", problems)
    return tuple(_line(item, rate) for item in items)


def settled(lines: Sequence[Line], paid: int, *, rate: int, words: Mapping[str, str]) -> tuple[Line, ...]:
    """The lines, and further ones that make them add up to what was paid.

    Without lines one for the whole payment, at `rate`. What was paid beyond the lines is one more line at `rate`
    (delivery, a tip); what was paid less is a discount, shared among the rates in proportion.

    Args:
        words: Descriptions of these lines: payment, surcharge, discount.

    Raises:
        PayloadInvalid: A rate's lines come to less than nothing.
    """
    if not lines:
        return (_extra(words["payment"], paid, rate),)
    gross = by_rate(lines)
    if any(total < 0 for total in gross.values()):
        raise PayloadInvalid("The items of a tax rate come to less than nothing: an invoice cannot say that")
    difference = paid - sum(gross.values())
    if difference > 0:
        return (*lines, _extra(words["surcharge"], difference, rate))
    parts = shared(-difference, gross)
    return (*lines, *(_extra(words["discount"], -part, key) for key, part in parts.items() if part))


def _problems(item: object) -> list[tuple[str, str]]:
    if not isinstance(item, Mapping):
        return [("", "is not an object")]
    found = []
    if not isinstance(item.get("description"), str) or not item["description"].strip():
        found.append(("description", "is missing"))
    quantity = _number(item.get("quantity", 1))
    if quantity is None or not 0 < quantity < _LARGEST or quantity * THOUSAND % 1:
        found.append(("quantity", "is not a number above zero with at most three decimals"))
    amount = item.get("amount")
    if not isinstance(amount, int) or isinstance(amount, bool) or abs(amount) > _LARGEST:
        found.append(("amount", "is not a whole number of minor units"))
    if not found and quantity is not None and abs(quantity * item["amount"]) > _LARGEST:
        found.append(("amount", "times quantity is more than an invoice can hold"))
    if item.get("iva") is not None and rate_of(item["iva"]) is None:
        found.append(("iva", "is not a percentage from 0 to 100 with at most two decimals"))
    return found


def rate_of(written: object) -> int | None:
    """22, 22.5, "22" or "22%" in hundredths of a percent; None if it is no rate."""
    rate = _number(written.removesuffix("%").strip() if isinstance(written, str) else written)
    if rate is None or not 0 <= rate * 100 <= WHOLE or rate * 100 % 1:
        return None
    return int(rate * 100)


def _line(item: Mapping[str, Any], rate: int) -> Line:
    quantity, given = _number(item.get("quantity", 1)), rate_of(item.get("iva"))
    assert quantity is not None
    return Line(
        id=str(item.get("itemId") or "")[:_LONGEST],
        description=item["description"].strip()[:_LONGEST],
        quantity=int(quantity * THOUSAND),
        price=item["amount"],
        rate=rate if given is None else given,
    )


def _extra(description: str, price: int, rate: int) -> Line:
    return Line(id="", description=description, quantity=THOUSAND, price=price, rate=rate)


def _number(written: object) -> Decimal | None:
    if isinstance(written, bool) or not isinstance(written, str | int | float):
        return None
    return Decimal(str(written)) if _NUMBER.fullmatch(str(written)) else None
