"""What a message is about: its template, whom it is for, and the names that templates read. Pure.

Amounts become text in the buyer's language, with the decimals of their own currency. docs/messages.md lists the names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from adapters.locales import LANGUAGES, Language, money
from engine.model import Delivery, Json
from providers.money import EXPONENTS

Way = Literal["email", "sms"]
_WAYS: tuple[Way, ...] = get_args(Way)

_WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_PURPOSES = frozenset({"notify", "alert", "send"})
_LABELS: Mapping[str, Mapping[Language, str]] = {
    "payment-executed": {"en": "Payment Paid", "it": "Pagamento effettuato"},
    "payment-failed": {"en": "Payment Failed", "it": "Pagamento fallito"},
    "partial-refund": {"en": "Payment Partially Refunded", "it": "Pagamento rimborsato in parte"},
    "total-refund": {"en": "Payment Totally Refunded", "it": "Pagamento rimborsato"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """Whom a message is for; an empty text where nothing is known."""

    name: str = ""
    email: str = ""
    phone: str = ""
    language: str = ""
    ways: tuple[Way, ...] | None = None
    """None: the buyer's data say nothing of it."""


def template_of(delivery: Delivery, is_there: Callable[[str], bool]) -> str:
    """By the command's name, notifyPaymentExecuted -> payment-executed; if there is none, `template` of the payload.

    The name goes first because a payload may be the saga's metadata, which the merchant wrote.
    """
    named = template_named(delivery.name)
    asked = delivery.payload.get("template")
    if is_there(named) or not isinstance(asked, str) or not _NAME.fullmatch(asked):
        return named
    return asked


def template_named(name: str) -> str:
    """notifyPaymentExecuted and PAYMENT_EXECUTED -> payment-executed; the original's refunds -> ours."""
    words = [word.lower() for word in _WORDS.findall(name)]
    named = "-".join(words[1:] if len(words) > 1 and words[0] in _PURPOSES else words)
    return named.removesuffix("-executed") if named.endswith("-refund-executed") else named


def is_alert(delivery: Delivery) -> bool:
    """Whether it is for the operators: its name begins with `alert`."""
    return delivery.name.startswith("alert")


def buyer_of(payload: Json) -> Buyer:
    """`additionalData.buyer` and `additionalData.notificationChannels`."""
    more = _mapping(payload.get("additionalData"))
    buyer = _mapping(more.get("buyer"))
    asked = more.get("notificationChannels")
    ways: tuple[Way, ...] | None = None
    if isinstance(asked, list):
        ways = tuple(way for way in _WAYS if way in asked)
    return Buyer(
        name=_text(buyer.get("name")),
        email=_text(buyer.get("email")),
        phone=_text(buyer.get("phone")),
        language=_text(buyer.get("language")) or _text(more.get("language")),
        ways=ways,
    )


def language_of(buyer: Buyer, default: Language) -> Language:
    """The buyer's language, `it-IT` and the like included, if there are templates in it."""
    short = buyer.language[:2].lower()
    return next((one for one in LANGUAGES if one == short), default)


def names_of(
    payload: Json, *, template: str, saga_id: str, machine: str, shop: str, language: Language
) -> Json:
    """What a template may read."""
    buyer, details = buyer_of(payload), _mapping(payload.get("refundDetails"))
    amount, currency = payload.get("amount"), payload.get("currency")
    refunds, total = details.get("refundedAmounts"), details.get("totalRefundedAmount", 0)
    left = amount - total if isinstance(amount, int) and isinstance(total, int) else amount
    return {
        "shop": shop,
        "language": language,
        "saga": {"id": saga_id, "machine": machine},
        "user": {"name": buyer.name, "email": buyer.email, "phone": buyer.phone},
        "label": _LABELS.get(template, {}).get(language, template),
        "refund": _shown(refunds[-1], currency, language) if isinstance(refunds, list) and refunds else "",
        "left": _shown(left, currency, language),
        "data": _data(payload, language),
    }


def _data(payload: Json, language: Language) -> Json:
    """The payload, its amounts as text; a link that is none is left out."""
    currency = payload.get("currency")

    def shown(value: object) -> Any:
        return _shown(value, currency, language)

    data = {**payload, "amount": shown(payload.get("amount"))}
    request, details = _mapping(payload.get("refundRequestData")), _mapping(payload.get("refundDetails"))
    if "amount" in request:
        data["refundRequestData"] = {**request, "amount": shown(request["amount"])}
    if details:
        amounts = details.get("refundedAmounts")
        data["refundDetails"] = {
            **details,
            "totalRefundedAmount": shown(details.get("totalRefundedAmount")),
            "refundedAmounts": [shown(one) for one in (amounts if isinstance(amounts, list) else [])],
        }
    if not _text(payload.get("link")).startswith(("https://", "http://")):
        data.pop("link", None)
    return data


def _shown(amount: object, currency: object, language: Language) -> str:
    if not isinstance(amount, int) or isinstance(amount, bool):
        return "" if amount is None else str(amount)
    if not isinstance(currency, str) or currency not in EXPONENTS:
        return f"{amount} {currency or ''}".strip()
    return money(amount, currency, EXPONENTS[currency], language)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
