"""Orders of the demo shop as sagas: their data, and ids that nobody can guess.

An id is made of a secret that the form carries and of what the form says: a form that is sent twice is one order.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from hashlib import sha256

from adapters.locales import Language
from engine.model import Json, Saga
from hub.cashier import Act, Cashier
from hub.views.rows import PAYMENT, SUBSCRIPTION
from web.checkout.buyer import Buyer
from web.checkout.face import ACTOR
from web.checkout.shop import Cart, Plan
from web.pages.texts import texts_in
from web.problems import Problem

CHANNEL = "web"
SOURCE = "checkout"
"""`additionalData.source` of what the demo shop itself began: only that is tried again here."""

SECRET_LENGTH = 32
_COPIED = ("amount", "currency", "additionalData")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A saga to begin."""

    machine: str
    saga_id: str
    metadata: Json

    async def begin(self, cashier: Cashier) -> Saga:
        """The saga; the one that is there if it was begun before."""
        return await cashier.begin(self.machine, self.metadata, Act(actor=ACTOR), saga_id=self.saga_id)


def check_secret(secret: str) -> str:
    """What a form of ours carries. Raises Problem: invalid-request."""
    if len(secret) != SECRET_LENGTH or not secret.isascii():
        raise Problem("invalid-request", "The form is not one of this page.")
    return secret


def order_of(cart: Cart, buyer: Buyer, secret: str, language: Language) -> Order:
    """A cart as a payment."""
    texts = texts_in(language)
    names = {line.name or "amount": texts(f"checkout.thing.{line.name or 'amount'}") for line in cart.lines}
    metadata: Json = {
        "amount": cart.total,
        "currency": cart.currency,
        "additionalData": {**_more(buyer, language), "items": cart.items(names)},
    }
    return _numbered(PAYMENT, "shopTransactionId", metadata, f"{secret}\0{cart.query}\0{_said(buyer)}")


def subscription_of(plan: Plan, buyer: Buyer, secret: str, language: Language, method: Json) -> Order:
    """A plan as a subscription; `method` is what it is paid with until the customer chooses."""
    name = texts_in(language)(f"checkout.plan.{plan.name}")
    item = {"itemId": plan.name, "description": name, "quantity": 1, "amount": plan.price}
    metadata: Json = {
        "amount": plan.price,
        "currency": plan.currency,
        "interval": plan.interval,
        "intervalCount": plan.count,
        "additionalData": {**_more(buyer, language), "items": [item]},
        **method,
    }
    return _numbered(SUBSCRIPTION, "shopSubscriptionId", metadata, f"{secret}\0{plan.query}\0{_said(buyer)}")


def again(failed: Saga) -> Order:
    """The same order once more. Only for what the demo shop began."""
    metadata = {name: failed.metadata[name] for name in _COPIED}
    return _numbered(PAYMENT, "shopTransactionId", metadata, f"again\0{failed.saga_id}")


def is_ours(saga: Saga) -> bool:
    """Whether the demo shop began it."""
    more = saga.metadata.get("additionalData")
    return saga.machine == PAYMENT and isinstance(more, dict) and more.get("source") == SOURCE


def _numbered(machine: str, key: str, metadata: Json, seed: str) -> Order:
    """The number is made of the same secret in another way: who is told it cannot find the id."""
    number = base64.b32encode(_digest(f"number\0{seed}")[:8]).decode().rstrip("=")
    prefix = "payment" if machine == PAYMENT else "sb"
    return Order(
        machine=machine,
        saga_id=f"{prefix}-{_digest(f'saga-{seed}').hex()[:40]}",
        metadata={key: f"WEB-{number}", **metadata},
    )


def _digest(text: str) -> bytes:
    return sha256(text.encode()).digest()


def _more(buyer: Buyer, language: Language) -> Json:
    return {"channel": CHANNEL, "source": SOURCE, "language": language, **buyer.data(language)}


def _said(buyer: Buyer) -> str:
    return f"{buyer.name}\0{buyer.email}\0{buyer.phone}"
