"""Starting, showing and telling sagas under /api/v1."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from tests.http.daemon import NOON, Daemon, served
from tests.http.machines import STRICT


@served
async def test_a_new_saga_is_answered_as_a_whole_with_its_place(daemon: Daemon) -> None:
    body = {
        "machine": "order",
        "associatedEntityId": "cart-1",
        "metadata": {"orderNumber": "n1"},
        "sagaId": "o.1:a",
    }
    reply = await daemon.post("/api/v1/sagas", body, {"X-Actor": "shop"})
    assert reply.status == 201
    assert reply.headers["Location"] == "/api/v1/sagas/o.1%3Aa"
    shown = await daemon.get(reply.headers["Location"])
    assert shown.json == reply.json
    assert reply.json["sagaId"] == "o.1:a"
    assert reply.json["metadata"] == {"orderNumber": "n1"}
    assert reply.json["keys"] == [{"name": "metadata.orderNumber", "value": "n1"}]
    assert reply.json["createdAt"] == "2026-01-01T12:00:00.000Z"
    assert [entry["kind"] for entry in reply.json["agenda"]] == ["timer"]
    assert reply.json["history"]["events"][0]["actor"] == "shop"


@served
async def test_the_default_machine_is_started_when_none_is_named(daemon: Daemon) -> None:
    reply = await daemon.post("/api/v1/sagas", {"metadata": {"orderNumber": "n1"}})
    assert reply.json["machine"] == "order"


@served
async def test_a_repeated_creation_answers_the_saga_that_is_there_and_changes_nothing(daemon: Daemon) -> None:
    saga_id = await daemon.start("n1", sagaId="o1")
    before = await daemon.show(saga_id)
    for body in (
        {"sagaId": "o1", "metadata": {"orderNumber": "n2"}},
        {"metadata": {"orderNumber": "n1"}},
        {"sagaId": "other", "metadata": {"orderNumber": "n1", "more": 1}},
    ):
        again = await daemon.post("/api/v1/sagas", body)
        assert (again.status, again.json) == (200, before)
        assert "Location" not in again.headers
    assert (await daemon.get("/api/v1/counts")).json["items"][0]["sagas"] == 1


@served
async def test_creations_with_one_key_at_once_make_one_saga(daemon: Daemon) -> None:
    body = {"metadata": {"orderNumber": "n1"}}
    replies = await asyncio.gather(*(daemon.post("/api/v1/sagas", body) for _ in range(20)))
    assert sorted(reply.status for reply in replies) == [200] * 19 + [201]
    assert len({reply.json["sagaId"] for reply in replies}) == 1
    assert (await daemon.get("/api/v1/counts")).json["items"][0]["sagas"] == 1


@served
async def test_a_machine_that_rejects_duplicates_refuses_the_second_creation(daemon: Daemon) -> None:
    await daemon.deploy(STRICT)
    await daemon.start("n1", machine="strict", sagaId="o1")
    taken = {"machine": "strict", "metadata": {"orderNumber": "n1"}}
    key = await daemon.post("/api/v1/sagas", taken)
    assert (key.status, key.code) == (409, "key-taken")
    id_ = await daemon.post("/api/v1/sagas", {**taken, "metadata": {"orderNumber": "n2"}, "sagaId": "o1"})
    assert (id_.status, id_.code) == (409, "saga-exists")


@served
async def test_an_id_of_another_machine_is_taken_and_no_repetition(daemon: Daemon) -> None:
    await daemon.start("n1", sagaId="o1")
    body = {"machine": "ticket", "sagaId": "o1", "metadata": {"orderNumber": "n9"}}
    reply = await daemon.post("/api/v1/sagas", body)
    assert (reply.status, reply.code) == (409, "saga-exists")


@served
async def test_metadata_against_the_machines_schema_are_refused_with_every_problem(daemon: Daemon) -> None:
    reply = await daemon.post("/api/v1/sagas", {"metadata": {"orderNumber": 4_111_111}})
    assert (reply.status, reply.code) == (422, "payload-invalid")
    assert reply.json["problems"]
    assert "orderNumber" in str(reply.json["problems"])
    assert b"4111111" not in reply.body


@served
async def test_a_saga_is_found_by_any_key_that_a_url_can_hold(daemon: Daemon) -> None:
    for number in ("a/b", "50%", "%2F", "ä ö", "a+b", "x?y#z", "..", "日本"):
        saga_id = await daemon.start(number)
        place = f"/api/v1/sagas/{quote(number, safe='').replace('.', '%2E')}"
        assert (await daemon.get(place)).json["sagaId"] == saga_id, number
        answer = await daemon.post(
            f"{place}/events", {"name": "paymentExecuted", "payload": {"paymentId": "p"}}
        )
        assert answer.json["sagaId"] == saga_id


@served
async def test_a_key_of_two_machines_needs_the_machines_name(daemon: Daemon) -> None:
    order, ticket = await daemon.start("n1"), await daemon.start("n1", machine="ticket")
    reply = await daemon.get("/api/v1/sagas/n1")
    assert (reply.status, reply.code) == (409, "key-ambiguous")
    assert (await daemon.get("/api/v1/sagas/n1?machine=order")).json["sagaId"] == order
    assert (await daemon.get("/api/v1/sagas/n1?machine=ticket")).json["sagaId"] == ticket
    told = await daemon.post("/api/v1/sagas/n1/events?machine=ticket", {"name": "ticketClosed"})
    assert told.json["sagaId"] == ticket


@served
async def test_what_is_not_there_is_not_found(daemon: Daemon) -> None:
    for path in ("/api/v1/sagas/none", "/api/v1/sagas/none/history", "/api/v1/sagas/none/diagram?format=dot"):
        reply = await daemon.get(path)
        assert (reply.status, reply.code) == (404, "saga-not-found")
    assert (await daemon.post("/api/v1/sagas/none/events", {"name": "x"})).code == "saga-not-found"
    assert (await daemon.post("/api/v1/sagas", {"machine": "no", "metadata": {}})).code == "machine-not-found"


@served
async def test_an_event_is_answered_with_what_became_of_it(daemon: Daemon) -> None:
    saga_id = await daemon.start()
    sent = {"name": "paymentExecuted", "payload": {"paymentId": "p1"}, "id": "e1"}
    first = await daemon.post(f"/api/v1/sagas/{saga_id}/events", sent)
    assert first.status == 200
    assert first.json == {
        "sagaId": saga_id,
        "version": 2,
        "state": "PAID",
        "result": "applied",
        "event": "paymentExecuted",
        "repeated": False,
        "note": None,
    }
    again = await daemon.post(f"/api/v1/sagas/{saga_id}/events", sent)
    assert again.json == first.json | {"repeated": True}


@served
async def test_a_payload_against_its_schema_is_refused_and_not_quoted(daemon: Daemon) -> None:
    saga_id = await daemon.start()
    sent = {"name": "paymentExecuted", "payload": {"paymentId": 4_242_424_242}}
    reply = await daemon.post(f"/api/v1/sagas/{saga_id}/events", sent)
    assert (reply.status, reply.code) == (422, "payload-invalid")
    assert "paymentId" in str(reply.json["problems"])
    assert b"4242424242" not in reply.body


@served
async def test_a_guard_that_cannot_be_evaluated_is_an_error_and_not_a_no(daemon: Daemon) -> None:
    saga_id = await daemon.start()
    reply = await daemon.post(f"/api/v1/sagas/{saga_id}/events", {"name": "paymentPartlyExecuted"})
    assert (reply.status, reply.code) == (422, "expression-failed")


@served
async def test_the_engines_own_events_cannot_be_sent(daemon: Daemon) -> None:
    saga_id = await daemon.start()
    reply = await daemon.post(f"/api/v1/sagas/{saga_id}/events", {"name": "$move"})
    assert (reply.status, reply.code) == (409, "event-not-accepted")


@served
async def test_the_whole_history_comes_by_pages_though_the_document_is_bounded(daemon: Daemon) -> None:
    saga_id = await daemon.start(machine="ticket")
    for _ in range(520):
        daemon.clock.time += 1
        await daemon.tell(saga_id, "ticketTouched")
    saga = await daemon.show(saga_id)
    assert saga["version"] == 521
    assert [row["seq"] for row in saga["history"]["events"]] == list(range(22, 522))
    seen, after = [], 0
    while True:
        page = (await daemon.get(f"/api/v1/sagas/{saga_id}/history?after={after}&limit=100")).json
        seen += [row["seq"] for row in page["items"]]
        if page["nextAfter"] is None:
            break
        after = page["nextAfter"]
    assert seen == list(range(1, 522))
    assert (await daemon.get(f"/api/v1/sagas/{saga_id}/history?after=521")).json == {
        "items": [],
        "nextAfter": None,
    }


@served
async def test_events_sent_at_once_are_each_applied_once(daemon: Daemon) -> None:
    saga_id = await daemon.start(machine="ticket")
    sent = [{"name": "ticketTouched", "id": f"e{number % 10}"} for number in range(50)]
    replies = await asyncio.gather(*(daemon.post(f"/api/v1/sagas/{saga_id}/events", each) for each in sent))
    assert {reply.status for reply in replies} == {200}
    assert sum(not reply.json["repeated"] for reply in replies) == 10
    assert (await daemon.show(saga_id))["version"] == 11


@served
async def test_times_are_those_of_the_engines_clock(daemon: Daemon) -> None:
    saga_id = await daemon.start()
    daemon.clock.time = NOON + 1_500
    await daemon.pay(saga_id)
    saga = await daemon.show(saga_id)
    assert (saga["createdAt"], saga["updatedAt"]) == ("2026-01-01T12:00:00.000Z", "2026-01-01T12:00:01.500Z")
