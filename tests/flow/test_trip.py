"""The trip of the chaos test through the whole engine in process: what receivers say, and what a person does."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from engine.model import Done, Failed, Later
from tests.fakes.channel import Answer, ScriptedChannel
from tests.fakes.engine import Bench, engine_for

TRIP = (Path(__file__).parents[1] / "chaos" / "trip.yaml").read_text()
BY: dict[str, Any] = {"actor": "ann", "reason": "by phone"}
MINUTE = 60_000


async def _trip(text: str = TRIP, **script: list[Answer]) -> tuple[Bench, ScriptedChannel]:
    """A trip as far as it goes by itself in a minute."""
    shop = ScriptedChannel(script)
    bench = await engine_for(text, channels={"shop": shop})
    await bench.start({"traveller": "Ada"}, saga_id="t1")
    await bench.wait(MINUTE)
    return bench, shop


def _order(shop: ScriptedChannel, prefix: str) -> list[str]:
    sent = [delivery.name for delivery in shop.deliveries if delivery.name.startswith(prefix)]
    return list(dict.fromkeys(sent))


def test_flight_and_hotel_at_once_and_the_car_after_both() -> None:
    async def body() -> None:
        bench, shop = await _trip()
        assert await bench.path("t1") == ["BOOKING", "CAR", "BOOKED"]
        assert _order(shop, "book")[2] == "bookCar"
        assert _order(shop, "cancel") == []

    asyncio.run(body())


def test_without_a_car_all_is_cancelled_latest_first() -> None:
    async def body() -> None:
        bench, shop = await _trip(bookCar=[Done(reply="failed")])
        assert (await bench.saga("t1")).state == "NOT_BOOKED"
        booked = [row.event for row in await bench.history("t1") if row.event.endswith("Booked")]
        assert [f"{name.removeprefix('cancel').lower()}Booked" for name in _order(shop, "cancel")] == booked[
            ::-1
        ]

    asyncio.run(body())


def test_a_car_of_which_nobody_knows_is_cancelled_as_well() -> None:
    async def body() -> None:
        _, shop = await _trip(bookCar=[Later(reason="no answer", uncertain=True)])
        assert _order(shop, "cancel")[0] == "cancelCar"

    asyncio.run(body())


def test_a_hotel_that_cannot_be_cancelled_waits_for_a_person_who_skips_it() -> None:
    async def body() -> None:
        bench, shop = await _trip(bookCar=[Done(reply="failed")], cancelHotel=[Failed(reason="HTTP 400")])
        saga = await bench.saga("t1")
        assert (saga.state, saga.metadata["stuck"]) == ("UNDOING", True)
        await bench.mending.skip("t1", **BY)
        await bench.run()
        saga = await bench.saga("t1")
        assert (saga.state, saga.agenda) == ("NOT_BOOKED", ())
        assert set(_order(shop, "cancel")) == {"cancelFlight", "cancelHotel"}

    asyncio.run(body())


def test_a_flight_that_is_still_out_is_waited_for_and_undone_when_it_was_booked() -> None:
    async def body() -> None:
        patient = TRIP.replace("timeout: 700ms, retry: &some", "retry: &some")
        bench, shop = await _trip(patient, bookFlight=[Done()], bookHotel=[Done(reply="failed")])
        assert ((await bench.saga("t1")).state, _order(shop, "cancel")) == ("UNDOING", [])
        await bench.send("t1", "flightBooked", id="f1")
        await bench.run()
        assert ((await bench.saga("t1")).state, _order(shop, "cancel")) == ("NOT_BOOKED", ["cancelFlight"])

    asyncio.run(body())


def test_a_request_that_was_taken_on_and_is_repeated_by_hand_still_counts_when_it_is_done() -> None:
    """Both answers are to the same request; the first is not its last word."""

    async def body() -> None:
        asked = TRIP.replace("done: hotelBooked,", "done: hotelBooked, pending: hotelAsked,")
        taken_on: list[Answer] = [Done(reply="pending"), Done(reply="pending"), Done(reply="done")]
        bench, _ = await _trip(asked, bookHotel=taken_on)
        for _ in range(2):
            hotel = await bench.owed("t1", "bookHotel")
            assert hotel.status == "waiting"
            await bench.mending.retry("t1", hotel.id, **BY)
            await bench.run()
        assert (await bench.saga("t1")).state == "BOOKED"

    asyncio.run(body())


def test_a_person_may_answer_what_was_only_taken_on() -> None:
    async def body() -> None:
        asked = TRIP.replace("done: hotelBooked,", "done: hotelBooked, pending: hotelAsked,")
        bench, _ = await _trip(asked, bookHotel=[Done(event="hotelAsked")])
        hotel = await bench.owed("t1", "bookHotel")
        await bench.mending.answer("t1", hotel.id, reply="done", payload={}, **BY)
        await bench.run()
        assert (await bench.saga("t1")).state == "BOOKED"

    asyncio.run(body())


def test_an_answer_that_is_none_of_the_replies_does_not_make_a_booking_forgotten() -> None:
    async def body() -> None:
        bench, _ = await _trip(bookHotel=[Done(event="whatever")])
        assert (await bench.owed("t1", "bookHotel")).status == "waiting"
        await bench.send("t1", "hotelBooked")
        await bench.run()
        assert (await bench.saga("t1")).state == "BOOKED"

    asyncio.run(body())


def test_an_undo_is_parked_though_its_saga_cannot_take_stuck() -> None:
    async def body() -> None:
        broken = TRIP.replace(
            "$stuck: {set: {stuck: true}}", '$stuck: {set: {stuck: "{{ metadata.nobody }}"}}'
        )
        bench, _ = await _trip(
            broken, bookCar=[Done(reply="failed")], cancelHotel=[Failed(reason="HTTP 400")]
        )
        assert (await bench.owed("t1", "cancelHotel")).status == "parked"

    asyncio.run(body())
