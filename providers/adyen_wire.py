"""What Adyen's Checkout API v71 is sent and how its answers read. Pure; providers/adyen.py speaks it.

Sources: Adyen's documentation: Checkout API v71, result codes, refusal reasons, currency codes, API idempotency.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from providers.base import Payment, PayRequest, Rejected, Result, Unknown
from providers.harmless import plain_id, shown
from providers.json_reading import Doc, at, text
from providers.money import exponent

_DECIMALS = {"CLP": 2, "CVE": 0, "IDR": 0, "ISK": 2}
"""Where Adyen's decimals are not those of ISO 4217."""

_CARD = (
    "encryptedCardNumber",
    "encryptedExpiryMonth",
    "encryptedExpiryYear",
    "encryptedSecurityCode",
    "holderName",
)
_SHOPPER = (
    "billingAddress", "browserInfo", "channel", "countryCode", "deliveryAddress", "deviceFingerprint", "origin",
    "shopperEmail", "shopperIP", "shopperLocale", "shopperName", "shopperReference", "telephoneNumber",
)  # fmt: skip
"""What of providerData is passed on; anything else stays here, so that a stray field does no harm."""

_RESULTS: Mapping[str, Result] = {
    "Authorised": "OK",
    "Refused": "KO",
    "Error": "KO",
    "Cancelled": "KO",
    "RedirectShopper": "REDIRECT_TO_URL",
}
"""All others leave it open: Pending, Received, PresentToShopper, IdentifyShopper, ChallengeShopper and new ones."""

_SOFT = frozenset("2 3 4 9 10 12 21 23 27 28 29 38 39 42".split())
"""Refusals after which another provider may well collect: generic ones, technical ones, limits, authentication.

The rest is hard: blocked (5), expired (6), invalid number (8), fraud (14, 20, 22, 31), cancelled (15, 16), PIN and CVC
(17 to 19, 24), restricted (25), revoked (26), AVS (32), excessive retries (46), and what is not known.
"""


def to_adyen(amount: int, currency: str) -> int | None:
    """In Adyen's minor units; None if the amount is finer than they are."""
    shift = _DECIMALS.get(currency, exponent(currency)) - exponent(currency)
    if shift >= 0:
        return amount * int(10**shift)
    whole, rest = divmod(amount, int(10**-shift))
    return None if rest else whole


def from_adyen(value: int, currency: str) -> int | None:
    """In the minor units of ISO 4217; None if they are coarser, or the currency is none of ISO 4217."""
    try:
        shift = exponent(currency) - _DECIMALS.get(currency, exponent(currency))
    except KeyError:
        return None
    if shift >= 0:
        return value * int(10**shift)
    whole, rest = divmod(value, int(10**-shift))
    return None if rest else whole


def amount_of(amount: int, currency: str) -> dict[str, Any] | Rejected:
    """An amount object of Adyen's; Rejected if the amount is finer than its minor units."""
    value = to_adyen(amount, currency)
    if value is None:
        return Rejected(reason=f"Adyen takes {currency} without decimals only", elsewhere=True)
    return {"value": value, "currency": currency}


def ordered(request: PayRequest, merchant: str) -> dict[str, Any] | Rejected:
    """What every way of collecting has in common."""
    amount = amount_of(request.amount, request.currency)
    if isinstance(amount, Rejected):
        return amount
    body = {
        "merchantAccount": merchant,
        "amount": amount,
        "reference": request.shop_transaction_id,
        **{name: request.provider_data[name] for name in _SHOPPER if name in request.provider_data},
    }
    if request.success_url:
        body["returnUrl"] = request.success_url
    return body


def card_of(provider_data: Mapping[str, Any]) -> dict[str, Any] | None:
    """The encrypted card fields, at the top or under `paymentMethod`; None without a card number."""
    nested = provider_data.get("paymentMethod")
    fields = {**provider_data, **nested} if isinstance(nested, Mapping) else provider_data
    card = {name: fields[name] for name in _CARD if isinstance(fields.get(name), str)}
    return {"type": "scheme", **card} if "encryptedCardNumber" in card else None


def read_payment(answer: Doc, request: PayRequest, token: str | None) -> Payment | Unknown:
    """What became of POST /payments."""
    code = text(answer, "resultCode")
    # a payment that the customer is still to confirm may have no reference of Adyen's yet
    payment_id = plain_id(answer.get("pspReference")) or request.shop_transaction_id
    if not code:
        return Unknown(reason="Adyen's answer has no resultCode")
    result = _RESULTS.get(code, "PENDING")
    if result == "KO":
        return _refused(code, answer, payment_id)
    redirect = None
    if result == "REDIRECT_TO_URL":
        redirect = text(answer, "action", "url")
        if not redirect or at(answer, "action", "method") not in (None, "GET"):
            description = "Adyen asks for a redirect by form, which cannot be done"
            return Payment(result="KO", payment_id=payment_id, description=description, elsewhere=True)
    return Payment(
        result=result,
        payment_id=payment_id,
        description="" if result == "OK" else shown(code),
        redirect_to_url=redirect,
        subscription_token=token,
    )


def _refused(code: str, answer: Doc, payment_id: str) -> Payment:
    reason = text(answer, "refusalReasonCode")
    words = shown(answer.get("refusalReason"))
    return Payment(
        result="KO",
        payment_id=payment_id,
        description=f"{shown(code)}: {words} ({shown(reason)})" if words else shown(code),
        elsewhere=reason in _SOFT or (code == "Error" and not reason),
    )
