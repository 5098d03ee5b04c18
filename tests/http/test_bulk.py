"""The same intervention on many sagas, by filter: with a dry run, a limit, and a report."""

from __future__ import annotations

import pytest

from engine.model import Done, Failed, Json
from tests.http.daemon import Daemon, Reply, served


async def orders(daemon: Daemon, count: int) -> list[str]:
    """Orders whose command is parked, oldest first."""
    daemon.shop.outcome = Failed(reason="the shop is shut")
    made = []
    for number in range(count):
        daemon.clock.time += 1_000
        saga_id = await daemon.start(f"n{number}")
        await daemon.pay(saga_id)
        made.append(saga_id)
    return made


async def bulk(daemon: Daemon, action: str, **body: object) -> Reply:
    sent = {"action": action, "reason": "the shop is open", **body}
    return await daemon.post("/api/v1/bulk", sent, {"X-Actor": "Ada"})


async def states(daemon: Daemon, sagas: list[str]) -> list[str]:
    return [(await daemon.show(saga_id))["currentState"] for saga_id in sagas]


@served
async def test_a_retry_is_for_what_is_parked_and_stands_in_every_history(daemon: Daemon) -> None:
    parked = await orders(daemon, 3)
    waiting = await daemon.start("other")
    daemon.shop.outcome = Done(reply="done")
    reply = await bulk(daemon, "retry", filter={"machine": "order"})
    assert reply.status == 200
    report = reply.json
    assert (report["matched"], report["done"], report["failed"], report["more"]) == (3, 3, [], False)
    assert [one["sagaId"] for one in report["sagas"]] == parked[::-1]
    await daemon.engine.dispatcher.idle()
    assert await states(daemon, [*parked, waiting]) == ["PREPARED"] * 3 + ["CREATED"]
    for saga_id in parked:
        rows = (await daemon.show(saga_id))["history"]["events"]
        assert ("$retry", "Ada", "the shop is open") in [
            (row["event"], row["actor"], row["reason"]) for row in rows
        ]


@served
async def test_a_dry_run_says_what_would_happen(daemon: Daemon) -> None:
    parked = await orders(daemon, 2)
    before = [await daemon.show(saga_id) for saga_id in parked]
    report = (await bulk(daemon, "move", arguments={"state": "EXPIRED"}, dryRun=True)).json
    assert report["dryRun"]
    assert [(one["from"], one["to"]) for one in report["sagas"]] == [("PAID", "EXPIRED")] * 2
    assert [await daemon.show(saga_id) for saga_id in parked] == before


@served
async def test_the_limit_holds_and_the_cursor_goes_on_behind_it(daemon: Daemon) -> None:
    parked = await orders(daemon, 5)
    first = (await bulk(daemon, "skip", limit=2)).json
    assert (first["done"], first["more"]) == (2, True)
    assert [(await daemon.show(saga_id))["parked"] for saga_id in parked] == [True] * 3 + [False] * 2
    second = (await bulk(daemon, "skip", limit=3, cursor=first["nextCursor"])).json
    assert (second["done"], second["more"], second["nextCursor"]) == (3, False, None)
    assert (await bulk(daemon, "skip")).json["matched"] == 0


@served
async def test_what_cannot_be_done_is_told_by_saga_and_counted_by_reason(daemon: Daemon) -> None:
    sagas = [await daemon.start(f"n{number}") for number in range(3)]
    report = (await bulk(daemon, "retry", filter={"parked": False})).json
    assert (report["matched"], report["done"]) == (3, 0)
    assert {one["sagaId"] for one in report["failed"]} == set(sagas)
    assert report["reasons"] == [
        {"code": "action-not-possible", "detail": "saga ID has no parked entry", "sagas": 3}
    ]


@served
async def test_an_answer_and_edited_data_go_to_all(daemon: Daemon) -> None:
    parked = await orders(daemon, 2)
    arguments = {"reply": "done", "payload": {"box": 7}}
    assert (await bulk(daemon, "answer", arguments=arguments)).json["done"] == 2
    assert await states(daemon, parked) == ["PREPARED"] * 2
    assert [(await daemon.show(saga_id))["metadata"]["box"] for saga_id in parked] == [7, 7]


@served
async def test_all_of_a_filter_are_paused_and_resumed(daemon: Daemon) -> None:
    sagas = [await daemon.start(f"n{number}") for number in range(3)]
    other = await daemon.start("n1", machine="ticket")
    assert (await bulk(daemon, "pause", filter={"machine": "order"})).json["done"] == 3
    assert (await bulk(daemon, "pause", filter={"machine": "order"})).json["matched"] == 0
    paused = (await daemon.get("/api/v1/sagas?paused=true")).json["items"]
    assert {one["sagaId"] for one in paused} == set(sagas)
    assert not (await daemon.show(other))["paused"]
    assert (await bulk(daemon, "resume")).json["done"] == 3
    assert (await daemon.get("/api/v1/sagas?paused=true")).json["items"] == []


@served
async def test_a_move_leaves_sagas_alone_that_have_ended(daemon: Daemon) -> None:
    (ended,) = await orders(daemon, 1)
    await bulk(daemon, "move", arguments={"state": "EXPIRED"})
    assert (await daemon.show(ended))["isFinal"]
    assert (await bulk(daemon, "move", arguments={"state": "CREATED"})).json["matched"] == 0
    again = await bulk(daemon, "move", arguments={"state": "CREATED"}, filter={"isFinal": True})
    assert again.json["done"] == 1


@pytest.mark.parametrize(
    ("action", "body", "code"),
    [
        ("answer", {}, "invalid-request"),
        ("move", {"arguments": {}}, "invalid-request"),
        ("pause", {"arguments": {"state": "PAID"}}, "invalid-request"),
        ("destroy", {}, "invalid-request"),
        ("skip", {"limit": 0}, "invalid-request"),
        ("skip", {"limit": 1001}, "invalid-request"),
        ("skip", {"filter": {"nonsense": 1}}, "invalid-request"),
        ("skip", {"filter": {"createdFrom": "soon"}}, "invalid-query"),
        ("skip", {"cursor": "!"}, "invalid-cursor"),
        ("skip", {"reason": ""}, "invalid-request"),
    ],
)
@served
async def test_an_order_that_makes_no_sense_is_refused(
    daemon: Daemon, action: str, body: Json, code: str
) -> None:
    await orders(daemon, 1)
    assert (await bulk(daemon, action, **body)).code == code
