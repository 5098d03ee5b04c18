"""A person mends a saga: retry, skip, answer, move; and sees what is owed."""

from __future__ import annotations

import pytest

from engine.model import Done, Failed, Json
from tests.http.daemon import Daemon, Reply, served
from tests.http.machines import SLOW


async def parked(daemon: Daemon, number: str = "n1") -> str:
    """An order whose command failed for good."""
    daemon.shop.outcome = Failed(reason="no such product")
    saga_id = await daemon.start(number)
    await daemon.pay(saga_id)
    assert (await daemon.show(saga_id))["parked"]
    return saga_id


async def mend(daemon: Daemon, saga_id: str, action: str, **body: object) -> Reply:
    return await daemon.post(f"/api/v1/sagas/{saga_id}/{action}", body, {"X-Actor": "Ada"})


async def last_row(daemon: Daemon, saga_id: str) -> Json:
    row: Json = (await daemon.show(saga_id))["history"]["events"][-1]
    return row


@served
async def test_a_retry_sends_the_command_again_under_the_same_id(daemon: Daemon) -> None:
    saga_id = await parked(daemon)
    daemon.shop.outcome = Done(reply="done")
    reply = await mend(daemon, saga_id, "retry", reason="the product is back")
    assert reply.status == 200
    await daemon.engine.dispatcher.idle()
    assert (await daemon.show(saga_id))["currentState"] == "PREPARED"
    assert len({sent.id for sent in daemon.shop.seen if sent.name == "prepareOrder"}) == 1
    rows = (await daemon.show(saga_id))["history"]["events"]
    assert ("Ada", "the product is back") in [(row["actor"], row["reason"]) for row in rows]


@served
async def test_a_skip_gives_the_entry_up_and_leaves_the_saga_where_it_is(daemon: Daemon) -> None:
    saga_id = await parked(daemon)
    entry = (await daemon.show(saga_id))["agenda"][0]["id"]
    reply = await mend(daemon, saga_id, "skip", reason="done by phone", entry=entry)
    assert reply.status == 200
    saga = await daemon.show(saga_id)
    assert (saga["currentState"], saga["agenda"], saga["parked"]) == ("PAID", [], False)


@served
async def test_an_answer_stands_for_the_receivers_reply(daemon: Daemon) -> None:
    saga_id = await parked(daemon)
    reply = await mend(daemon, saga_id, "answer", reply="done", payload={"box": 3}, reason="packed by hand")
    assert (reply.status, reply.json["state"], reply.json["event"]) == (200, "PREPARED", "orderPrepared")
    assert (await daemon.show(saga_id))["metadata"]["box"] == 3


@served
async def test_a_move_puts_the_saga_into_a_state(daemon: Daemon) -> None:
    saga_id = await parked(daemon)
    reply = await mend(daemon, saga_id, "move", state="EXPIRED", reason="given up")
    assert (reply.status, reply.json["state"]) == (200, "EXPIRED")
    row = await last_row(daemon, saga_id)
    assert (row["actor"], row["reason"], row["from"], row["to"]) == ("Ada", "given up", "PAID", "EXPIRED")


@served
async def test_a_saga_is_mended_by_its_key_too(daemon: Daemon) -> None:
    await parked(daemon, "n/1")
    assert (await mend(daemon, "n%2F1", "move", state="EXPIRED", reason="r")).status == 200


@pytest.mark.parametrize(
    ("action", "body", "status", "code"),
    [
        ("retry", {"entry": "none"}, 404, "entry-not-found"),
        ("skip", {"entry": "none"}, 404, "entry-not-found"),
        ("answer", {"entry": "none", "reply": "done"}, 404, "entry-not-found"),
        ("answer", {"reply": "nonsense"}, 409, "action-not-possible"),
        ("move", {"state": "NOWHERE"}, 404, "state-not-found"),
    ],
)
@served
async def test_what_does_not_fit_is_refused_and_changes_nothing(
    daemon: Daemon, action: str, body: Json, status: int, code: str
) -> None:
    saga_id = await parked(daemon)
    before = await daemon.show(saga_id)
    reply = await mend(daemon, saga_id, action, reason="r", **body)
    assert (reply.status, reply.code) == (status, code)
    assert await daemon.show(saga_id) == before


@served
async def test_nothing_parked_is_nothing_to_retry(daemon: Daemon) -> None:
    saga_id = await daemon.start()
    for action in ("retry", "skip"):
        assert (await mend(daemon, saga_id, action, reason="r")).code == "action-not-possible"
    assert (await mend(daemon, "none", "retry", reason="r")).code == "saga-not-found"


@served
async def test_a_reason_is_required(daemon: Daemon) -> None:
    saga_id = await parked(daemon)
    bodies: dict[str, Json] = {
        "retry": {},
        "skip": {},
        "answer": {"reply": "done"},
        "move": {"state": "EXPIRED"},
    }
    for action, body in bodies.items():
        assert (await mend(daemon, saga_id, action, **body)).code == "invalid-request"
        assert (await mend(daemon, saga_id, action, reason="", **body)).code == "invalid-request"


@served
async def test_the_agenda_lists_what_is_parked_and_what_is_not(daemon: Daemon) -> None:
    stuck = await parked(daemon)
    waiting = await daemon.start("n2")
    reply = await daemon.get("/api/v1/agenda?parked=true&machine=order")
    [entry] = reply.json["items"]
    assert (entry["sagaId"], entry["name"], entry["status"], entry["sagaState"]) == (
        stuck,
        "prepareOrder",
        "parked",
        "PAID",
    )
    assert entry["reason"] == "no such product"
    others = (await daemon.get("/api/v1/agenda?parked=false")).json["items"]
    assert [(entry["sagaId"], entry["kind"]) for entry in others] == [(waiting, "timer")]
    assert (await daemon.get("/api/v1/agenda?machine=ticket")).json == {"items": [], "nextCursor": None}


@served
async def test_the_agenda_comes_by_pages_in_order_of_due_time(daemon: Daemon) -> None:
    sagas = []
    for number in range(7):
        daemon.clock.time += 1_000
        sagas.append(await daemon.start(f"n{number}"))
    first = (await daemon.get("/api/v1/agenda?limit=5")).json
    second = (await daemon.get(f"/api/v1/agenda?limit=5&cursor={first['nextCursor']}")).json
    assert [entry["sagaId"] for entry in first["items"] + second["items"]] == sagas
    assert second["nextCursor"] is None


@served
async def test_counts_tell_how_many_stand_where(daemon: Daemon) -> None:
    await daemon.start("n1")
    await daemon.start("n2")
    await daemon.start("n1", machine="ticket")
    counts = {
        (row["machine"], row["state"]): row["sagas"]
        for row in (await daemon.get("/api/v1/counts")).json["items"]
    }
    assert counts == {("order", "CREATED"): 2, ("ticket", "NEW"): 1}
    assert len((await daemon.get("/api/v1/counts?machine=ticket")).json["items"]) == 1


@served
async def test_a_retry_with_other_data_asks_anew_under_an_id_of_its_own(daemon: Daemon) -> None:
    saga_id = await parked(daemon)
    daemon.shop.outcome = Done(reply="done")
    await mend(daemon, saga_id, "retry", reason="the number was wrong", metadata={"orderNumber": "n9"})
    await daemon.engine.dispatcher.idle()
    first, second = [sent for sent in daemon.shop.seen if sent.name == "prepareOrder"]
    assert (first.payload, second.payload) == ({"number": "n1"}, {"number": "n9"})
    assert first.id != second.id
    saga = await daemon.show(saga_id)
    assert (saga["currentState"], saga["metadata"]["orderNumber"]) == ("PREPARED", "n9")


@served
async def test_a_retry_can_send_something_else_once_without_changing_the_saga(daemon: Daemon) -> None:
    saga_id = await parked(daemon)
    await mend(daemon, saga_id, "retry", reason="by its old number", payload={"number": "old"})
    await daemon.engine.dispatcher.idle()
    assert daemon.shop.seen[-1].payload == {"number": "old"}
    assert (await daemon.show(saga_id))["metadata"]["orderNumber"] == "n1"


@served
async def test_a_paused_saga_lets_nothing_become_due_and_keeps_what_is_left_of_its_timers(
    daemon: Daemon,
) -> None:
    saga_id = await daemon.start()
    daemon.clock.time += 3_600_000
    reply = await mend(daemon, saga_id, "pause", reason="the customer called")
    assert (reply.status, reply.json["event"]) == (200, "$pause")
    saga = await daemon.show(saga_id)
    assert (saga["paused"], [(one["status"], one["due"]) for one in saga["agenda"]]) == (
        True,
        [("paused", None)],
    )
    daemon.clock.time += 7 * 24 * 3_600_000
    assert await daemon.engine.dispatcher.tick() == 0
    await mend(daemon, saga_id, "resume", reason="it is settled")
    saga = await daemon.show(saga_id)
    assert (saga["paused"], saga["agenda"][0]["due"]) == (False, "2026-01-09T12:00:00.000Z")
    row = await last_row(daemon, saga_id)
    assert (row["event"], row["actor"], row["reason"]) == ("$resume", "Ada", "it is settled")


@served
async def test_a_paused_saga_takes_events_and_sends_what_comes_of_them_when_it_is_resumed(
    daemon: Daemon,
) -> None:
    saga_id = await daemon.start()
    await mend(daemon, saga_id, "pause", reason="r")
    await daemon.pay(saga_id)
    assert (daemon.shop.seen, (await daemon.show(saga_id))["currentState"]) == ([], "PAID")
    await mend(daemon, saga_id, "resume", reason="r")
    await daemon.engine.dispatcher.tick()
    await daemon.engine.dispatcher.idle()
    assert [sent.name for sent in daemon.shop.seen] == ["prepareOrder"]


@served
async def test_only_what_runs_can_be_paused_and_only_what_is_paused_resumed(daemon: Daemon) -> None:
    saga_id = await daemon.start()
    assert (await mend(daemon, saga_id, "resume", reason="r")).code == "action-not-possible"
    await mend(daemon, saga_id, "pause", reason="r")
    assert (await mend(daemon, saga_id, "pause", reason="r")).code == "action-not-possible"
    assert (await mend(daemon, "none", "pause", reason="r")).code == "saga-not-found"


@served
async def test_a_saga_that_ran_over_its_sla_is_listed_as_late(daemon: Daemon) -> None:
    await daemon.deploy(SLOW)
    late = await daemon.start("n1", machine="slow")
    daemon.clock.time += 3_600_000
    on_time = await daemon.start("n2", machine="slow")
    await daemon.engine.dispatcher.tick()
    await daemon.engine.dispatcher.idle()
    listed = (await daemon.get("/api/v1/sagas?late=true")).json["items"]
    assert [one["sagaId"] for one in listed] == [late]
    row = await last_row(daemon, late)
    assert (row["event"], row["note"], row["to"]) == ("$sla", "late", "NEW")
    assert not (await daemon.show(on_time))["late"]


@served
async def test_a_retry_of_a_paused_saga_waits_until_it_is_resumed(daemon: Daemon) -> None:
    saga_id = await parked(daemon)
    sent = len(daemon.shop.seen)
    await mend(daemon, saga_id, "pause", reason="r")
    await mend(daemon, saga_id, "retry", reason="r")
    assert (await daemon.engine.dispatcher.tick(), len(daemon.shop.seen)) == (0, sent)
    await mend(daemon, saga_id, "resume", reason="r")
    await daemon.engine.dispatcher.tick()
    await daemon.engine.dispatcher.idle()
    assert len(daemon.shop.seen) == sent + 1
