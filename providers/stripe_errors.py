"""What Stripe's refusals mean for a payment or a refund: declined, not possible, ours to mend.

The table is docs/providers/stripe.md. Source: Stripe's documentation, "Decline codes" and "Error codes".
"""

from __future__ import annotations

from providers.base import Payment, Refund, Rejected
from providers.stripe_wire import Refusal

_ELSEWHERE = frozenset(
    """
    approve_with_id card_declined card_not_supported currency_not_supported do_not_honor generic_decline
    issuer_not_available no_action_taken processing_error reenter_transaction service_not_allowed
    transaction_not_allowed try_again_later
    """.split()
)
"""Soft declines, and faults on the way to the issuer. The customer's own limits are the same everywhere."""

_CONCEALED = frozenset(
    "fraudulent lost_card merchant_blacklist pickup_card restricted_card stolen_card".split()
)
"""Stripe asks not to tell the customer more than that the card was declined."""

_AMOUNTS = frozenset("amount_too_large amount_too_small invalid_charge_amount".split())
_OURS = frozenset(
    """
    account_invalid api_key_expired livemode_mismatch parameter_missing parameter_unknown
    payment_method_unactivated payment_method_unexpected_state platform_api_key_expired
    secret_key_required testmode_charges_only tls_version_unsupported
    """.split()
)


def declined_payment(refusal: Refusal) -> Payment | Rejected:
    """A card error is a decline; anything else that Stripe refuses was not begun."""
    if refusal.status == 402 or refusal.kind == "card_error":
        code = refusal.decline_code or refusal.code
        return Payment(
            result="KO", payment_id=refusal.intent, description=said(code), elsewhere=code in _ELSEWHERE
        )
    return refused(refusal)


def declined_refund(refusal: Refusal) -> Refund | Rejected:
    """Stripe says no to this refund; a payment that it does not have, or our fault, is no such answer."""
    if refusal.status == 404 or refusal.code in _OURS:
        return refused(refusal)
    return Refund(
        result="KO", refund_id="", description=f"Stripe refuses the refund: {refusal.code or 'no code'}"
    )


def refused(refusal: Refusal) -> Rejected:
    """What a request that Stripe does not take means: try elsewhere, mend the account, or neither."""
    code = refusal.code
    return Rejected(
        reason=f"Stripe refuses the request: HTTP {refusal.status} {code}".rstrip(),
        ours=code in _OURS,
        elsewhere=refusal.about_currency or code in _AMOUNTS or code == "payment_method_unactivated",
    )


def may_go_elsewhere(code: str) -> bool:
    """Whether another provider may well take what was declined with this code."""
    return code in _ELSEWHERE


def said(code: str) -> str:
    """A decline code in words that a customer may read."""
    return f"declined: {'generic_decline' if code in _CONCEALED else code or 'no reason given'}"
