"""machines/order.yaml run by the engine with the sandbox and the demo channels: every edge is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from adapters.channels.python import PythonChannel
from engine.definition.reader import check_file
from engine.errors import EventNotAccepted, PayloadInvalid
from engine.model import Delivery, Event, Json
from hub.callbacks import sandbox_callback
from tests.flow.journey import DAY, MACHINES, Edge, Journey, edges_of, journey, step_of

CHANNELS = {"payments", "notifications", "warehouse", "couriers"}


def order(total: int = 1200, **more: Any) -> Json:
    return {"orderNumber": "A-1", "total": total, "currency": "EUR", **more}


Path = tuple[Json, str, list[tuple[Any, str]]]

# The data, the state once all that needs nobody has happened, and what is sent from there.
PATHS: list[Path] = [
    (order(), "ORDER_DELIVERED", []),
    (order(1203), "ORDER_CREATED", [(("paymentExecuted", {"paymentId": "sbx_1"}), "ORDER_DELIVERED")]),
    (order(1202), "ORDER_CREATED", [("paymentFailed", "ORDER_UNPAID"), (7 * DAY, "ORDER_FAILED")]),
    (order(1202), "ORDER_CREATED", [(DAY, "ORDER_UNPAID"), (7 * DAY, "ORDER_FAILED")]),
    (order(1201), "ORDER_UNPAID", [(7 * DAY, "ORDER_FAILED")]),
    (order(1201), "ORDER_UNPAID", [(("paymentExecuted", {"paymentId": "sbx_1"}), "ORDER_FAILED")]),
    (
        order(1202),
        "ORDER_CREATED",
        [(DAY, "ORDER_UNPAID"), (("paymentExecuted", {"paymentId": "sbx_1"}), "ORDER_FAILED")],
    ),
    (order(demoFails=["prepareOrder"]), "ORDER_FAILED", []),
    (order(demoFails=["deliverOrder"]), "ORDER_FAILED", []),
]


async def walk(metadata: Json, first: str, steps: list[tuple[Any, str]]) -> set[Edge]:
    async with journey("order", metadata) as it:
        assert await it.state() == first
        for what, expected in steps:
            state = await (it.wait(what) if isinstance(what, int) else it.send(*step_of(what)))
            assert state == expected, what
        return await it.edges()


@pytest.mark.parametrize(("metadata", "first", "steps"), PATHS)
def test_a_path_through_the_machine(metadata: Json, first: str, steps: list[tuple[Any, str]]) -> None:
    assert asyncio.run(walk(metadata, first, steps))


async def unsigned() -> set[Edge]:
    """Nobody is at home at the couriers' first visit."""
    visits: list[str] = []

    async def couriers(delivery: Delivery) -> Json:
        visits.append(delivery.id)
        return {"signedBy": "a neighbour"} if len(visits) > 1 else {}

    async with journey("order", order(), {"couriers": PythonChannel(couriers)}) as it:
        assert await it.state() == "ORDER_DELIVERED"
        assert len(set(visits)) == 2, "the second visit is a command of its own"
        return await it.edges()


def test_the_couriers_come_again_until_somebody_signs() -> None:
    assert ("ORDER_PREPARED", "orderDelivered", "ORDER_PREPARED") in asyncio.run(unsigned())


def test_the_paths_take_every_edge() -> None:
    async def body() -> set[Edge]:
        taken = await unsigned()
        for metadata, first, steps in PATHS:
            taken |= await walk(metadata, first, steps)
        return taken

    definition = check_file(MACHINES / "order.yaml").definition
    assert definition is not None
    assert asyncio.run(body()) == edges_of(definition)


def test_the_machine_checks_without_a_finding() -> None:
    assert check_file(MACHINES / "order.yaml", channels=CHANNELS).findings == ()


def on(metadata: Json, body: Callable[[Journey], Awaitable[None]]) -> None:
    async def run() -> None:
        async with journey("order", metadata) as it:
            await body(it)

    asyncio.run(run())


def test_an_order_is_delivered_with_what_each_channel_answered_and_the_customer_told() -> None:
    async def body(it: Journey) -> None:
        saga = await it.saga()
        assert (saga.business_state, saga.is_final) == ("DELIVERED", True)
        assert saga.metadata["paymentId"].startswith("sbx_executed_")
        assert saga.metadata["preparedBy"] == "demo warehouse"
        assert saga.metadata["signedBy"] == "demo customer"
        assert it.notifications.sent == ["tellCustomer"]

    on(order(), body)


def test_what_was_done_is_undone_in_reverse_when_the_couriers_fail() -> None:
    async def body(it: Journey) -> None:
        states = [row.state for row in await it.history() if row.entered]
        assert states == [
            "ORDER_CREATED",
            "ORDER_PAID",
            "ORDER_PREPARED",
            "RESTOCKING",
            "REFUNDING",
            "ORDER_FAILED",
        ]

    on(order(demoFails=["deliverOrder"]), body)


def test_the_providers_callback_finds_the_order_by_its_payment() -> None:
    async def body(it: Journey) -> None:
        payment_id = (await it.metadata())["paymentId"]
        handle, event = sandbox_callback({"paymentId": payment_id, "result": "executed"})
        assert await it.deliver(handle, event) == "ORDER_DELIVERED"

    on(order(1203), body)


def test_what_cannot_be_undone_waits_for_a_person() -> None:
    async def body(it: Journey) -> None:
        assert await it.state() == "RESTOCKING"
        [entry] = await it.parked()
        assert entry.name == "restock"
        await it.runner.answer(it.saga_id, reply="done", payload={}, actor="ann", reason="put back by hand")
        await it.dispatcher.idle()
        assert await it.state() == "ORDER_FAILED"

    on(order(demoFails=["deliverOrder", "restock"]), body)


def test_an_order_can_be_addressed_by_its_number_and_refuses_what_does_not_fit() -> None:
    async def body(it: Journey) -> None:
        with pytest.raises(EventNotAccepted):
            await it.deliver("A-1", Event(name="orderDelivered", payload={"signedBy": "ann"}))

    on(order(1202), body)


@pytest.mark.parametrize(
    "metadata", [{}, order(0), {**order(), "currency": "euro"}, {"total": 1, "currency": "EUR"}], ids=str
)
def test_an_order_that_cannot_be_is_not_created(metadata: Json) -> None:
    async def body() -> None:
        with pytest.raises(PayloadInvalid):
            async with journey("order", metadata):
                raise AssertionError("it was created")

    asyncio.run(body())
