"""A warehouse and couriers that exist only here, so that machines/order.yaml runs out of the box.

Bound as `{type: python, handler: "adapters.channels.demo:warehouse"}`. Pure: an answer depends on the
delivery alone, so a repeat gets the same one. `demoFails` in the payload, a list of command names, says
which commands fail.
"""

from __future__ import annotations

from engine.model import Delivery, Done, Failed, Json, Outcome


async def warehouse(delivery: Delivery) -> Outcome:
    """Prepares and restocks."""
    return _answer(delivery, {"preparedBy": "demo warehouse"} if delivery.name == "prepareOrder" else {})


async def couriers(delivery: Delivery) -> Outcome:
    """Come when they are booked, and can be told not to; the customer always signs."""
    told = {"bookCourier": {"courier": "demo courier"}, "deliverOrder": {"signedBy": "demo customer"}}
    return _answer(delivery, told.get(delivery.name, {}))


def _answer(delivery: Delivery, payload: Json) -> Outcome:
    failing = delivery.payload.get("demoFails")
    if not isinstance(failing, list) or delivery.name not in failing:
        return Done(reply="done" if "done" in delivery.replies else None, payload=payload)
    if "failed" in delivery.replies:
        return Done(reply="failed")
    return Failed(reason="demoFails names this command")
