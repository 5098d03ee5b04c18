"""What the tests of the backoffice share: payments that are paid, and people who look at them."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from engine.model import Event
from hub.access.roles import Role
from tests.http.console import field, page
from tests.http.daemon import Daemon, Reply
from tests.http.people import FORM, Person, logged_in
from tests.http.shop import Shop

HOME = "/backoffice"
TRANSACTIONS = f"{HOME}/transactions"


async def person(shop: Shop, role: Role, name: str | None = None) -> Person:
    """Somebody with this role; the same one at every call."""
    name = name or role
    if name not in PEOPLE or PEOPLE[name].daemon is not shop.it:
        PEOPLE[name] = await logged_in(shop.it, role, name)
    return PEOPLE[name]


PEOPLE: dict[str, Person] = {}


async def paid(shop: Shop, number: str, amount: int = 5_000, currency: str = "EUR", **more: Any) -> str:
    """A payment that the sandbox took; its saga's id. `more` goes into `additionalData`."""
    saga_id = await created(shop, number, amount, currency, **more)
    await shop.it.engine.runner.handle(saga_id, Event(name="scheduleRequested", actor="test"))
    await settled(shop.it)
    return saga_id


async def created(shop: Shop, number: str, amount: int = 5_000, currency: str = "EUR", **more: Any) -> str:
    """A payment that nobody paid yet."""
    buyer = {"id": "u1", "name": "Anna Rossi", "email": f"{number}@example.com", "phone": "+39 1"}
    metadata = {
        "shopTransactionId": number,
        "amount": amount,
        "currency": currency,
        "type": "DIRECT",
        "provider": "sandbox",
        "paymentMethod": "credit-cards",
        "additionalData": {"channel": "web", "notificationChannels": ["email"], "buyer": buyer, **more},
    }
    started = await shop.it.engine.runner.start("payment", metadata=metadata)
    await settled(shop.it)
    return started.saga.saga_id


async def subscribed(shop: Shop, number: str) -> str:
    """A subscription whose first payment was taken; its saga's id."""
    metadata = {
        "shopSubscriptionId": number,
        "amount": 990,
        "currency": "EUR",
        "provider": "sandbox",
        "paymentMethod": "credit-cards",
        "interval": "MONTH",
        "intervalCount": 1,
    }
    runner = shop.it.engine.runner
    saga_id = (await runner.start("subscription", metadata=metadata)).saga.saga_id
    await runner.handle(saga_id, Event(name="start", actor="test"))
    await settled(shop.it)
    return saga_id


async def settled(daemon: Daemon) -> None:
    """Everything that is due was done, and stands in the lists."""
    await daemon.engine.dispatcher.idle()
    await daemon.views.settle(days=True)


async def refund_form(who: Person, saga_id: str) -> dict[str, str]:
    """The fields of the dialog as they come, without a reason."""
    html = await page(who, f"{TRANSACTIONS}/{saga_id}/refund")
    return {name: field(html, name) for name in ("seen", "order", "amount")}


async def refund(who: Person, saga_id: str, fields: dict[str, str]) -> str:
    """What is said after the form was sent."""
    reply = await who.send(f"{TRANSACTIONS}/{saga_id}/refund", {"reason": "broken", **fields})
    assert reply.status == 303, reply.body
    return reply.headers["Location"].partition("?said=")[2]


async def send_many(who: Person, path: str, pairs: list[tuple[str, str]]) -> Reply:
    """A form with fields that come several times."""
    body = urlencode([("csrf", who.csrf), *pairs]).encode()
    return await who.daemon.call("POST", path, body=body, headers={**FORM, "Cookie": who.cookie})


def rows(html: str) -> list[str]:
    """The saga ids of a list, in order."""
    return re.findall(r'<tr data-saga="([^"]*)"', html)
