"""machines/order.yaml run by the engine with the sandbox and the demo channels: every edge is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from adapters.channels.demo import couriers
from adapters.channels.python import PythonChannel
from engine.definition.reader import check_file
from engine.errors import EventNotAccepted, PayloadInvalid
from engine.model import Delivery, Done, Event, HistoryRow, Json, Later, Outcome
from tests.flow.journey import DAY, MACHINES, Edge, Journey, edges_of, journey, step_of

CHANNELS = {"payments", "notifications", "warehouse", "couriers"}


def order(total: int = 1200, **more: Any) -> Json:
    return {"orderNumber": "A-1", "total": total, "currency": "EUR", **more}


Path = tuple[Json, str, list[tuple[Any, str]]]
PAID_LATE = ("paymentExecuted", {"paymentId": "sbx_1"})

# The data, the state once all that needs nobody has happened, and what is sent from there.
PATHS: list[Path] = [
    (order(), "ORDER_DELIVERED", []),
    (order(1203), "ORDER_CREATED", [(PAID_LATE, "ORDER_DELIVERED")]),
    (order(1202), "ORDER_CREATED", [("paymentFailed", "ORDER_UNPAID"), (7 * DAY, "ORDER_FAILED")]),
    (order(1202), "ORDER_CREATED", [(DAY, "ORDER_UNPAID"), (7 * DAY, "ORDER_FAILED")]),
    (order(1202), "ORDER_CREATED", [(DAY, "ORDER_UNPAID"), (PAID_LATE, "ORDER_FAILED")]),
    (order(1201), "ORDER_UNPAID", [(7 * DAY, "ORDER_FAILED")]),
    (order(1201), "ORDER_UNPAID", [(PAID_LATE, "ORDER_FAILED")]),
    (order(demoFails=["prepareOrder"]), "ORDER_FAILED", []),
    (order(demoFails=["bookCourier"]), "ORDER_FAILED", []),
    (order(demoFails=["deliverOrder"]), "ORDER_FAILED", []),
    (order(demoFails=["deliverOrder", "restock"]), "UNDOING", []),
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

    async def nobody_at_home(delivery: Delivery) -> Outcome:
        if delivery.name != "deliverOrder":
            return await couriers(delivery)
        visits.append(delivery.id)
        return Done(reply="done", payload={"signedBy": "a neighbour"} if len(visits) > 1 else {})

    async with journey("order", order(), {"couriers": PythonChannel(nobody_at_home)}) as it:
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
    assert edges_of(definition) - asyncio.run(body()) == set()


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


def events(rows: list[HistoryRow]) -> list[str]:
    return [row.event for row in rows]


def test_what_was_done_is_undone_latest_first_when_the_couriers_fail() -> None:
    async def body(it: Journey) -> None:
        rows = await it.history()
        assert [row.state for row in rows if row.entered] == [
            "ORDER_CREATED",
            "ORDER_PAID",
            "ORDER_PREPARED",
            "UNDOING",
            "ORDER_FAILED",
        ]
        done = [
            each for each in events(rows) if each in ("paymentExecuted", "orderPrepared", "courierBooked")
        ]
        undone = [each for each in events(rows) if each in UNDONE.values()]
        assert undone == [UNDONE[each] for each in reversed(done)]
        assert (await it.saga()).agenda == ()

    on(order(demoFails=["deliverOrder"]), body)


UNDONE = {
    "paymentExecuted": "orderRefunded",
    "orderPrepared": "orderRestocked",
    "courierBooked": "courierCancelled",
}


def test_goods_and_courier_are_asked_for_at_once() -> None:
    async def body(it: Journey) -> None:
        seen = events(await it.history())
        assert set(seen[seen.index("paymentExecuted") + 1 : seen.index("$done")]) == {
            "orderPrepared",
            "courierBooked",
        }

    on(order(), body)


@pytest.mark.parametrize(
    ("failing", "undone"),
    [
        ("prepareOrder", {"courierCancelled", "orderRefunded"}),
        ("bookCourier", {"orderRestocked", "orderRefunded"}),
    ],
)
def test_if_one_fails_the_other_is_undone_too_whichever_answers_first(failing: str, undone: set[str]) -> None:
    async def body(it: Journey) -> None:
        assert await it.state() == "ORDER_FAILED"
        assert set(events(await it.history())) & set(UNDONE.values()) == undone

    on(order(demoFails=[failing]), body)


def test_money_that_the_customer_paid_on_the_providers_page_is_given_back_as_well() -> None:
    async def body(it: Journey) -> None:
        payment_id = (await it.metadata())["paymentId"]
        executed = {"paymentId": payment_id}
        handle, event = payment_id, Event(name="paymentExecuted", payload=executed, id="sandbox:1")
        assert await it.deliver(handle, event) == "ORDER_FAILED"
        assert events(await it.history()).count("orderRefunded") == 1

    on(order(1203, demoFails=["deliverOrder"]), body)


def test_late_money_is_given_back_once() -> None:
    async def body(it: Journey) -> None:
        assert await it.wait(DAY) == "ORDER_UNPAID"
        assert await it.send(*PAID_LATE) == "ORDER_FAILED"
        assert events(await it.history()).count("orderRefunded") == 1

    on(order(1202), body)


def test_a_delivery_that_takes_too_long_is_marked_late_once_for_the_state_and_once_for_the_order() -> None:
    async def away(delivery: Delivery) -> Outcome:
        """Nobody comes for weeks."""
        return (
            await couriers(delivery) if delivery.name != "deliverOrder" else Later(reason="", delay=21 * DAY)
        )

    async def run() -> None:
        async with journey("order", order(), {"couriers": PythonChannel(away)}) as it:
            assert (await it.saga()).late == ""
            assert await it.wait(2 * DAY) == "ORDER_PREPARED"
            assert ((await it.saga()).late, it.notifications.sent) == ("$sla", ["alertOperators"])
            assert await it.wait(5 * DAY) == "ORDER_PREPARED"
            assert ((await it.saga()).late, it.notifications.sent) == ("$businessSla", 2 * ["alertOperators"])
            assert await it.wait(14 * DAY) == "ORDER_PREPARED"
            assert len(it.notifications.sent) == 2

    asyncio.run(run())


def test_the_providers_callback_finds_the_order_by_its_payment() -> None:
    async def body(it: Journey) -> None:
        payment_id = (await it.metadata())["paymentId"]
        executed = {"paymentId": payment_id}
        handle, event = payment_id, Event(name="paymentExecuted", payload=executed, id="sandbox:1")
        assert await it.deliver(handle, event) == "ORDER_DELIVERED"

    on(order(1203), body)


def test_what_cannot_be_undone_alerts_and_waits_for_a_person_and_then_the_rest_is_undone() -> None:
    async def body(it: Journey) -> None:
        assert await it.state() == "UNDOING"
        [entry] = await it.parked()
        assert entry.name == "restock"
        assert it.notifications.sent == ["alertOperators"]
        assert "orderRefunded" not in events(await it.history())
        await it.mending.skip(it.saga_id, actor="ann", reason="put back by hand")
        await it.dispatcher.idle()
        assert await it.state() == "ORDER_FAILED"
        assert "orderRefunded" in events(await it.history())

    on(order(demoFails=["deliverOrder", "restock"]), body)


def test_an_undo_that_is_refused_is_not_taken_for_done() -> None:
    async def refusing(delivery: Delivery) -> Outcome:
        return Done(reply="failed") if delivery.name == "cancelCourier" else await couriers(delivery)

    async def run() -> None:
        bound = {"couriers": PythonChannel(refusing)}
        async with journey("order", order(demoFails=["deliverOrder"]), bound) as it:
            assert await it.state() == "UNDOING"
            assert [entry.name for entry in await it.parked()] == ["cancelCourier"]
            assert it.notifications.sent == ["alertOperators"]

    asyncio.run(run())


def test_the_same_order_number_again_is_the_order_that_is_there() -> None:
    async def body(it: Journey) -> None:
        again = await it.runner.start("order", metadata=order())
        assert (again.existed, again.saga.saga_id) == (True, it.saga_id)

    on(order(), body)


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
