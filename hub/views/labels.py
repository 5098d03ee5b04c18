"""Names of payment methods for people: trade names, the same in every language. Pure."""

from __future__ import annotations

METHOD_LABELS = {
    "applepay": "Apple Pay",
    "credit-cards": "Credit Card",
    "googlepay": "Google Pay",
    "pay-pal": "PayPal",
    "safecharge": "SafeCharge",
    "satispay": "Satispay",
    "scalapay": "Scalapay",
    "soisy": "Soisy",
    "stripe": "Stripe",
    "wire-transfer": "Wire Transfer",
}


def method_label(method: str | None, provider: str | None) -> str:
    """`external` is told together with its provider; a method without a name of its own is told as it is."""
    if method is None:
        return ""
    if method == "external":
        return f"External - {provider}" if provider else "External"
    return METHOD_LABELS.get(method) or method.replace("-", " ").capitalize()
