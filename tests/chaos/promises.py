"""What has to hold of the orders of load.py, whatever befell the daemons: asked of a daemon and of the receiver."""

from __future__ import annotations

from collections import Counter

from tests.chaos.client import Client
from tests.chaos.load import Load, Order
from tests.chaos.receiver import REPLIES, Receiver
from tests.chaos.world import history_of

PATH = ["CREATED", "PAID", "PACKED", "SHIPPING", "COOLING", "DONE"]


async def is_whole(client: Client, order: Order, *, page: int = 5) -> None:
    """Every acknowledged event is there, each was applied once, and the saga went its way to the end."""
    rows = await history_of(client, order.saga_id, page=page)
    document = await client.get(f"/api/v1/sagas/{order.saga_id}")
    ids = [row["id"] for row in rows if row["id"] is not None]
    assert set(order.events) <= set(ids), f"an acknowledged event of {order.saga_id} is gone"
    assert [state["state"] for state in document["history"]["states"]] == PATH
    assert (document["isFinal"], document["metadata"]["notes"]) == (True, 4)
    applied = Counter(row["event"] for row in rows if row["result"] == "applied")
    assert all(
        applied[event] == 1 for event in [*REPLIES.values(), "approved", "coolingEnded", "orderCreated"]
    )


def did_nothing_twice(load: Load, receiver: Receiver) -> None:
    """The receiver saw one body under each idempotency key, and one key for each thing asked."""
    assert load.surprises == []
    assert receiver.refused == []
    assert list(receiver.ledger.contradictions()) == [], "one key, one body"
    asked = Counter((receiver.ledger.first(key)["saga"], key.split()[0]) for key in receiver.ledger.keys)
    wanted = {(order.saga_id, name) for order in load.orders for name in (*REPLIES, "tell")}
    assert set(asked) == wanted
    assert set(asked.values()) == {1}, "one key for each thing asked"
