"""The trivial handlers behind bench/order.yaml, bound as `python` channels."""

from __future__ import annotations

from engine.model import Delivery, Json


async def pay(_: Delivery) -> Json:
    """The order is paid."""
    return {"status": "paid"}


async def prepare(_: Delivery) -> Json:
    """The order is prepared."""
    return {"status": "prepared"}


async def deliver(_: Delivery) -> Json:
    """The order is delivered."""
    return {"status": "delivered"}


async def complete(_: Delivery) -> None:
    """Nothing is left to do."""
