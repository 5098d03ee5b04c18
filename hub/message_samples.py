"""What messages are checked and previewed with: a payment as it may be when it is told of, in full and bare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.locales import Language
from engine.model import Json
from hub.message_data import names_of

_FULL: Json = {
    "shopTransactionId": "order-1042",
    "paymentId": "pay_7Zb2",
    "amount": 129900,
    "currency": "EUR",
    "provider": "sandbox",
    "paymentMethod": "credit-cards",
    "type": "PAY_BY_LINK",
    "link": "https://pay.example.org/l/7Zb2",
    "linkExpiresAt": "2026-01-31T09:30:00.000Z",
    "error": "declined",
    "refundRequestData": {"amount": 25000},
    "refundDetails": {"totalRefundedAmount": 25000, "refundedAmounts": [25000]},
    "shopSubscriptionId": "sub-77",
    "orderNumber": "1042",
    "additionalData": {
        "notificationChannels": ["email", "sms"],
        "buyer": {"name": "Anna Bianchi", "email": "anna@example.org", "phone": "+393331234567"},
        "items": [{"itemId": "1", "description": "Bicycle", "quantity": 1, "amount": 129900}],
    },
}
_LEAST: Json = {"shopTransactionId": "1", "amount": 1, "currency": "JPY"}
_LINKED: Json = {"link": _FULL["link"], "linkExpiresAt": _FULL["linkExpiresAt"]}
"""What a link's message always has."""


def sample(template: str, language: Language, **more: Any) -> Sequence[Json]:
    """The names for a template: of a payment that has everything, and of one that has the least."""
    least = {**_LEAST, **(_LINKED if template == "pay-by-link" else {})}
    return [
        names_of(
            {**payload, **more},
            template=template,
            saga_id="payment-0001",
            machine="payment",
            shop="Example Shop",
            language=language,
        )
        for payload in (_FULL, least)
    ]
