"""The channel of parcel.yaml: a ferry that sails for those whose payload says so. The daemon of the browser tests loads it."""

from __future__ import annotations

from engine.model import Delivery, Done, Failed, Outcome


async def ferry(delivery: Delivery) -> Outcome:
    """Without a `failed` reply a refusal is parked, and a person goes on from there."""
    if delivery.payload.get("sails") is True:
        return Done(reply="done", payload={"ship": "Ostia"})
    return Failed(reason="the ferry does not sail")
