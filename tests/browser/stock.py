"""What the store of the browser tests holds beforehand, made over the HTTP API; and the same looked up in a demo's store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.browser.house import House
from tests.fakes.waiting import wait_here

RULES: Sequence[dict[str, Any]] = (
    {
        "ruleId": "large baskets",
        "priority": 10,
        "type": "paymentMethods",
        "rules": [
            {"key": "/amount", "operator": "greater_than", "value": 100000},
            {"key": "/additionalData/channel", "operator": "in", "value": ["web", "app"]},
        ],
        "response": [{"provider": "sandbox", "paymentMethod": "wire-transfer"}],
    },
    {
        "ruleId": "default",
        "priority": 1000,
        "type": "paymentMethods",
        "rules": [],
        "response": [
            {"provider": "sandbox", "paymentMethod": method}
            for method in ("credit-cards", "pay-pal", "satispay", "scalapay")
        ],
    },
)
"""Without the default a payment that fits no other rule is offered no method."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """Saga ids, but for `rule` and `entry`, an entry that is parked."""

    fresh: str
    paid: str
    failed: str
    pending: str
    subscription: str
    parked: str
    entry: str
    rule: str


def stocked(house: House) -> Stock:
    """One of each."""
    paid = pay(house, "STOCK-PAID", 4900)
    failed = pay(house, "STOCK-FAILED", 1201)
    pending = pay(house, "STOCK-PENDING", 2202)
    subscription = subscribe(house, "STOCK-SUB")
    parked = start(house, "parcel", {})
    for rule in RULES:
        house.call("POST", "/api/v1/checkout-rules", rule)
    reaches(house, paid, "PAYMENT_EXECUTED")
    reaches(house, failed, "PAYMENT_FAILED")
    reaches(house, pending, "PAYMENT_PENDING")
    return Stock(
        fresh=start(house, "payment", payment("STOCK-FRESH", 1500)),
        paid=paid,
        failed=failed,
        pending=pending,
        subscription=subscription,
        parked=parked,
        entry=parked_entry(house, parked),
        rule=RULES[0]["ruleId"],
    )


def payment(number: str, amount: int, **more: Any) -> dict[str, Any]:
    """The metadata of a payment by card, of somebody who buys coffee."""
    buyer = {"id": "customer-7", "name": "Ada Rossi", "email": "ada@example.com", "phone": "+390612345678"}
    items = [{"itemId": "coffee", "description": "Coffee", "quantity": 1, "amount": amount}]
    return {
        "shopTransactionId": number,
        "amount": amount,
        "currency": "EUR",
        "provider": "sandbox",
        "paymentMethod": "credit-cards",
        "additionalData": {"channel": "web", "buyer": buyer, "items": items},
        **more,
    }


def start(house: House, machine: str, metadata: dict[str, Any], *, entity: str | None = None) -> str:
    """The id of a new saga."""
    of = {} if entity is None else {"associatedEntityId": entity}
    body = {"machine": machine, "metadata": metadata, **of}
    return str(house.call("POST", "/api/v1/sagas", body)["sagaId"])


def tell(house: House, saga_id: str, event: str) -> None:
    house.call("POST", f"/api/v1/sagas/{saga_id}/events", {"name": event, "payload": {}})


def pay(house: House, number: str, amount: int, **more: Any) -> str:
    """A payment that was asked for; the sandbox decides by the amount."""
    saga_id = start(house, "payment", payment(number, amount, **more))
    tell(house, saga_id, "scheduleRequested")
    return saga_id


def subscribe(house: House, number: str, **more: Any) -> str:
    """A subscription that is active."""
    metadata = payment(number, 1190, **more)
    metadata["shopSubscriptionId"] = metadata.pop("shopTransactionId")
    saga_id = start(house, "subscription", {**metadata, "interval": "MONTH", "intervalCount": 1})
    tell(house, saga_id, "start")
    reaches(house, saga_id, "ACTIVE", of="businessState")
    return saga_id


def reaches(house: House, saga_id: str, state: str, *, of: str = "currentState") -> None:
    """Wait until the saga stands there."""
    path = f"/api/v1/sagas/{saga_id}"
    wait_here(lambda: house.call("GET", path)[of] == state, within=30, what=f"{saga_id} in {state}")


def parked_entry(house: House, saga_id: str) -> str:
    """The id of what this saga owes and a person has to look at."""

    def found() -> str | None:
        items = house.call("GET", "/api/v1/agenda?parked=true")["items"]
        return next((str(one["id"]) for one in items if one["sagaId"] == saga_id), None)

    return wait_here(found, within=30, what=f"a parked entry of {saga_id}")
