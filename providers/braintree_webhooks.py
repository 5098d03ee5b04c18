"""Braintree's webhooks: whom to believe and what they say. Pure; providers/braintree.py calls it.

bt_signature covers bt_payload whole, which is XML in base64. The payload's time is not held against it: Braintree sends
the same notification again for 24 hours, until it hears 2xx.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha1
from urllib.parse import parse_qs

from engine.model import Millis
from providers import braintree_wire as wire
from providers.braintree_xml import Node, parsed
from providers.callbacks import About, CallbackRequest, Notice, Refused, Told, Word
from providers.harmless import plain_id, shown
from providers.signatures import hmac_digest, same_text

_CHALLENGE = re.compile(r"[a-f0-9]{20,32}")
_PAYLOAD = re.compile(r"[A-Za-z0-9+/=\n]+")

_CHARGES: Mapping[str, Word] = {
    "subscription_charged_successfully": "ACCEPTED",
    "subscription_charged_unsuccessfully": "FAILED",
}
_TRANSACTIONS: Mapping[str, Word] = {
    "transaction_settled": "ACCEPTED",
    "transaction_settlement_declined": "FAILED",
    "refund_failed": "FAILED",
}
_SUBSCRIPTIONS: Mapping[str, tuple[Word, str]] = {
    "subscription_went_active": ("ACCEPTED", "ACTIVE"),
    "subscription_went_past_due": ("PENDING", "PAST_DUE"),
    "subscription_canceled": ("FAILED", "CANCELED"),
    "subscription_expired": ("FAILED", "EXPIRED"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The pair that signs; the public key only names the private one."""

    public: str
    private: str = field(repr=False)

    def sign(self, message: str) -> str:
        key = sha1(self.private.encode(), usedforsecurity=False).digest()
        return hmac_digest(key, message.encode(), "sha1").hex()


def read(request: CallbackRequest, keys: Keys) -> Told | Refused:
    """GET proves to Braintree that the address is ours, POST is a notification."""
    if request.method == "GET":
        return _challenged(request.query.get("bt_challenge", ""), keys)
    form = _form(request.body)
    payload = form.get("bt_payload", "")
    if not _signed(form.get("bt_signature", ""), payload, keys):
        return Refused(reason="wrong or missing bt_signature")
    notification = _opened(payload)
    if notification is None or notification.name != "notification":
        return Refused(reason="a notification that cannot be read", status=400)
    return Told(notices=_notices(notification))


def _challenged(challenge: str, keys: Keys) -> Told | Refused:
    if not _CHALLENGE.fullmatch(challenge):
        return Refused(reason="no challenge of Braintree", status=400)
    return Told(notices=(), body=f"{keys.public}|{keys.sign(challenge)}".encode())


def _form(body: bytes) -> dict[str, str]:
    try:
        return {name: values[0] for name, values in parse_qs(body.decode("ascii"), max_num_fields=10).items()}
    except ValueError:
        return {}


def _signed(signature: str, payload: str, keys: Keys) -> bool:
    """Braintree signs with every key pair of the account, and at times with a line break after the payload."""
    if not _PAYLOAD.fullmatch(payload):
        return False
    pairs = (pair.split("|", 1) for pair in signature.split("&") if "|" in pair)
    ours = next((signed for public, signed in pairs if public == keys.public), None)
    return ours is not None and any(same_text(keys.sign(it), ours) for it in (payload, payload + "\n"))


def _opened(payload: str) -> Node | None:
    try:
        return parsed(b64decode(payload.replace("\n", ""), validate=True))
    except ValueError:
        return None


def _notices(notification: Node) -> tuple[Notice, ...]:
    kind, subject = notification.at("kind"), notification.find("subject") or Node("")
    if kind == "check":
        return ()
    happened = _moment(notification.at("timestamp"))
    subscription, transaction = subject.find("subscription"), subject.find("transaction")
    if kind in _CHARGES and subscription is not None:
        return (_charge(kind, subscription, happened),)
    if kind in _SUBSCRIPTIONS and subscription is not None:
        return (_subscription(kind, subscription, happened),)
    if kind in _TRANSACTIONS and transaction is not None:
        return (_transaction(kind, transaction, happened),)
    return (_other(kind, subject, happened),)


def _charge(kind: str, subscription: Node, happened: Millis | None) -> Notice:
    charges = subscription.find("transactions")
    latest = charges.children[0] if charges and charges.children else Node("")
    token, payment_id = plain_id(subscription.at("id")), plain_id(latest.at("id"))
    return Notice(
        id=f"{kind}:{token}:{payment_id}",
        about="payment",
        word=_CHARGES[kind],
        payment_id=payment_id or None,
        subscription_token=token or None,
        renewal=subscription.at("current_billing_cycle") not in ("0", "1"),
        amount=wire.amount_of(latest),
        currency=latest.at("currency_iso_code") or None,
        happened=happened,
        description=shown(f"{kind} {latest.at('processor_response_text')}"),
    )


def _subscription(kind: str, subscription: Node, happened: Millis | None) -> Notice:
    word, standing = _SUBSCRIPTIONS[kind]
    token = plain_id(subscription.at("id"))
    return Notice(
        id=f"{kind}:{token}:{happened}",
        about="subscription",
        word=word,
        subscription_token=token or None,
        happened=happened,
        description=kind,
        keep={"subscriptionStatus": standing},
    )


def _transaction(kind: str, transaction: Node, happened: Millis | None) -> Notice:
    given_back = kind == "refund_failed" or transaction.at("type") == "credit"
    about: About = "refund" if given_back else "payment"
    own, of_payment = plain_id(transaction.at("id")), plain_id(transaction.at("refunded_transaction_id"))
    return Notice(
        id=f"{kind}:{own}",
        about=about,
        word=_TRANSACTIONS[kind],
        payment_id=(of_payment if given_back else own) or None,
        shop_transaction_id=wire.shop_transaction_id(transaction.at("order_id")),
        subscription_token=plain_id(transaction.at("subscription_id")) or None,
        refund_id=own if given_back else None,
        amount=wire.amount_of(transaction),
        currency=transaction.at("currency_iso_code") or None,
        happened=happened,
        description=kind,
    )


def _other(kind: str, subject: Node, happened: Millis | None) -> Notice:
    """Disputes, disbursements, reviews and what Braintree may add: for a person."""
    of = next(iter(subject.children), Node(""))
    payment_id = plain_id(of.at("transaction", "id")) or plain_id(of.at("transaction_id"))
    return Notice(
        id=f"{shown(kind)}:{plain_id(of.at('id'))}:{happened}",
        about="other",
        word=None,
        payment_id=payment_id or (plain_id(of.at("id")) if of.name == "transaction" else "") or None,
        happened=happened,
        description=shown(f"{kind} {of.at('reason')}"),
    )


def _moment(text: str) -> Millis | None:
    try:
        moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(moment.timestamp()) * 1000
