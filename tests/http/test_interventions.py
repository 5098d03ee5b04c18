"""A person mends a saga: retry, skip, answer, move; and sees what is owed."""

from __future__ import annotations

import pytest

from engine.model import Done, Failed, Json
from tests.http.daemon import Daemon, Reply, served


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
