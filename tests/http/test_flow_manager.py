"""Callers of the original Flow Manager need no change."""

from __future__ import annotations

import asyncio

from tests.http.daemon import Daemon, daemon, served
from tests.http.machines import TRIP


def event(key: str, label: str, payload: object = None) -> dict[str, object]:
    message = (
        {"messageLabel": label} if payload is None else {"messageLabel": label, "messagePayload": payload}
    )
    return {"key": key, "value": message}


@served
async def test_a_saga_is_created_on_the_default_machine(daemon: Daemon) -> None:
    body = {"associatedEntityId": "cart-1", "metadata": {"orderNumber": "n1"}}
    reply = await daemon.post("/saga", body)
    assert reply.status == 200
    assert list(reply.json) == ["sagaId"]
    saga = await daemon.show(reply.json["sagaId"])
    assert (saga["machine"], saga["associatedEntityId"], saga["currentState"]) == (
        "order",
        "cart-1",
        "CREATED",
    )


@served
async def test_a_saga_is_created_on_the_machine_that_the_query_names(daemon: Daemon) -> None:
    reply = await daemon.post("/saga?machine=ticket", {"metadata": {"orderNumber": "t1"}})
    assert (await daemon.show(reply.json["sagaId"]))["machine"] == "ticket"


def test_without_a_default_machine_the_caller_has_to_name_one() -> None:
    async def body() -> None:
        async with daemon(default_machine=None) as given:
            reply = await given.post("/saga", {"metadata": {}})
            assert (reply.status, reply.code) == (400, "machine-required")
            assert (await given.get("/machine-definition")).code == "machine-required"

    asyncio.run(body())


@served
async def test_a_creation_that_is_repeated_answers_the_saga_of_the_first_one(daemon: Daemon) -> None:
    first = await daemon.post("/saga", {"metadata": {"orderNumber": "n1"}})
    again = await daemon.post("/saga", {"metadata": {"orderNumber": "n1"}, "associatedEntityId": "late"})
    assert (first.status, again.status) == (200, 200)
    assert again.json == first.json
    assert (await daemon.show(first.json["sagaId"]))["associatedEntityId"] == ""


@served
async def test_a_state_that_sends_several_commands_lists_them_all(daemon: Daemon) -> None:
    await daemon.deploy(TRIP)
    states = (await daemon.get("/machine-definition?machine=trip")).json["states"]
    booking, booked = states[0], states[1]
    assert [one["label"] for one in booking["outputCommands"]] == ["bookFlight", "bookHotel"]
    assert "outputCommand" not in booking
    assert not {"outputCommand", "outputCommands"} & set(booked)
    shown = (await daemon.get("/api/v1/machines/trip")).json
    assert shown["states"][0]["commands"] == ["bookFlight", "bookHotel"]
    assert shown["states"][2]["compensate"] == ["all"]
    assert [one["undo"] for one in shown["commands"]] == ["cancelFlight", None, None]


@served
async def test_an_event_moves_the_saga(daemon: Daemon) -> None:
    saga_id = await daemon.start()
    reply = await daemon.post("/event", event(saga_id, "paymentExecuted", {"paymentId": "p1"}))
    assert reply.status == 200
    assert reply.json == {"sagaId": saga_id, "currentState": "PAID", "result": "applied"}
    assert (await daemon.show(saga_id))["metadata"]["paymentId"] == "p1"


@served
async def test_an_event_finds_its_saga_by_key(daemon: Daemon) -> None:
    saga_id = await daemon.start("n/42")
    reply = await daemon.post("/event?machine=order", event("n/42", "paymentExecuted", {"paymentId": "p1"}))
    assert reply.json["sagaId"] == saga_id


@served
async def test_an_event_without_payload_or_with_null_is_taken(daemon: Daemon) -> None:
    saga_id = await daemon.start(machine="ticket")
    assert (await daemon.post("/event", event(saga_id, "ticketTouched"))).status == 200
    null = {"key": saga_id, "value": {"messageLabel": "ticketTouched", "messagePayload": None}}
    assert (await daemon.post("/event", null)).status == 200


@served
async def test_a_repeat_with_the_same_idempotency_key_is_applied_once(daemon: Daemon) -> None:
    saga_id = await daemon.start()
    sent = event(saga_id, "paymentExecuted", {"paymentId": "p1"})
    replies = [await daemon.post("/event", sent, {"Idempotency-Key": "evt-1"}) for _ in range(3)]
    assert [reply.body for reply in replies] == [replies[0].body] * 3
    assert (await daemon.show(saga_id))["events"] == ["orderCreated", "paymentExecuted"]


@served
async def test_an_event_that_the_machine_ignores_is_answered_and_recorded(daemon: Daemon) -> None:
    saga_id = await daemon.start(machine="ticket")
    reply = await daemon.post("/event", event(saga_id, "nonsense"))
    assert reply.json == {"sagaId": saga_id, "currentState": "NEW", "result": "ignored"}


@served
async def test_an_event_that_the_state_does_not_take_is_refused(daemon: Daemon) -> None:
    saga_id = await daemon.start()
    before = await daemon.show(saga_id)
    reply = await daemon.post("/event", event(saga_id, "orderPrepared"))
    assert (reply.status, reply.code) == (409, "event-not-accepted")
    assert await daemon.show(saga_id) == before


@served
async def test_the_actor_stands_in_the_history(daemon: Daemon) -> None:
    saga_id = await daemon.start(machine="ticket")
    await daemon.post("/event", event(saga_id, "ticketTouched"), {"X-Actor": "Zoë"})
    await daemon.post("/event", event(saga_id, "ticketTouched"))
    rows = (await daemon.show(saga_id))["history"]["events"]
    assert [row["actor"] for row in rows] == ["api", "Zoë", "api"]


@served
async def test_the_machine_definition_has_the_flow_managers_shape(daemon: Daemon) -> None:
    reply = await daemon.get("/machine-definition")
    assert reply.status == 200
    found = reply.json
    states = {state["id"]: state for state in found.pop("states")}
    assert found == {
        "initialState": "CREATED",
        "creationEvent": "orderCreated",
        "businessStates": [
            {"id": 0, "description": "The order is being worked on"},
            {"id": 1, "description": "The order is done"},
        ],
        "businessEvents": [{"id": 7, "description": "The money arrived"}],
    }
    transitions = states["CREATED"].pop("outgoingTransitions")
    assert states["CREATED"] == {
        "id": "CREATED",
        "description": "Waits for the money",
        "isFinal": False,
        "businessStateId": 0,
        "sideEffects": [],
    }
    assert [(each["inputEvent"], each["targetState"], each["businessEventId"]) for each in transitions] == [
        ("paymentExecuted", "PAID", 7),
        ("paymentPartlyExecuted", "PAID", None),
        ("paymentPartlyExecuted", "CREATED", None),
    ]
    assert transitions[0]["payloadValidationSchema"]["required"] == ["paymentId"]
    assert states["PAID"]["outputCommand"] == {"channel": "shop", "label": "prepareOrder"}
    assert states["PREPARED"]["sideEffects"] == [{"channel": "shop", "label": "tellCustomer"}]
    assert states["PREPARED"]["isFinal"]


@served
async def test_the_machine_definition_of_another_machine_is_asked_for_by_name(daemon: Daemon) -> None:
    assert (await daemon.get("/machine-definition?machine=ticket")).json["initialState"] == "NEW"
    assert (await daemon.get("/machine-definition?machine=none")).code == "machine-not-found"
