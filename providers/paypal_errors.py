"""What PayPal's issues mean for a payment or a refund: declined, not possible, ours to mend.

The table is docs/providers/paypal.md. Source: PayPal's "Orders v2 errors" and "Payments v2 errors".
"""

from __future__ import annotations

from providers.base import Payment, Refund, Rejected
from providers.paypal_wire import Issue

DECLINES = frozenset(
    """
    CARD_EXPIRED COMPLIANCE_VIOLATION DECLINED_DUE_TO_RELATED_TXN INSTRUMENT_DECLINED
    MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED PAYEE_BLOCKED_TRANSACTION PAYER_ACCOUNT_LOCKED_OR_CLOSED
    PAYER_ACCOUNT_RESTRICTED PAYER_CANNOT_PAY REDIRECT_PAYER_FOR_ALTERNATE_FUNDING
    TRANSACTION_BLOCKED_BY_PAYEE TRANSACTION_LIMIT_EXCEEDED TRANSACTION_RECEIVING_LIMIT_EXCEEDED
    TRANSACTION_REFUSED
    """.split()
)
_ELSEWHERE = frozenset(
    """
    INSTRUMENT_DECLINED PAYER_CANNOT_PAY REDIRECT_PAYER_FOR_ALTERNATE_FUNDING TRANSACTION_LIMIT_EXCEEDED
    TRANSACTION_RECEIVING_LIMIT_EXCEEDED
    """.split()
)
"""PayPal or this way of paying is at its end, not the customer. Its suspicions are not to be passed by."""

_OURS = frozenset(
    """
    CONSENT_NEEDED INVALID_ACCOUNT_STATUS NOT_AUTHORIZED PAYEE_ACCOUNT_INVALID
    PAYEE_ACCOUNT_LOCKED_OR_CLOSED PAYEE_ACCOUNT_RESTRICTED PAYEE_NOT_CONSENTED PERMISSION_DENIED
    """.split()
)


def declined_payment(issue: Issue) -> Payment | Rejected:
    """A refusal to let this customer pay is a decline; anything else was not begun."""
    if issue.word in DECLINES:
        return Payment(
            result="KO",
            payment_id="",
            description=f"declined: {issue.word}",
            elsewhere=issue.word in _ELSEWHERE,
        )
    return refused(issue)


def declined_refund(issue: Issue) -> Refund | Rejected:
    """PayPal says no to this refund; a capture that it does not have, or our fault, is no such answer."""
    if issue.status == 404 or issue.word in _OURS:
        return refused(issue)
    return Refund(
        result="KO", refund_id="", description=f"PayPal refuses the refund: {issue.word or 'no reason'}"
    )


def refused(issue: Issue) -> Rejected:
    """What a request that PayPal does not take means: try elsewhere, mend the account, or neither."""
    return Rejected(
        reason=f"PayPal refuses the request: HTTP {issue.status} {issue.word}".rstrip(),
        ours=issue.word in _OURS,
        elsewhere=issue.word in _OURS or issue.word == "CURRENCY_NOT_SUPPORTED",
    )
