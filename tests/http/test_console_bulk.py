"""Many sagas at once in the console: a preview first, then one run, its progress and what became of each saga."""

from __future__ import annotations

from engine.model import Done, Failed, Json
from tests.http.console import field, page, parked, plain, text
from tests.http.daemon import AWAY, Daemon, Reply, served
from tests.http.people import Person, logged_in
from web.console.bulk_runs import QUIET

RETRY = {"act": "retry", "machine": "order", "parked": "1", "reason": "the shop is back"}


async def preview(person: Person, **fields: str) -> Reply:
    return await person.send("/console/bulk", {"step": "preview", **fields})


async def run(person: Person, **fields: str) -> str:
    """Confirm the preview and see it through; the page of the run."""
    shown = (await preview(person, **fields)).body.decode()
    sent = {**fields, "step": "run", "run": field(shown, "run"), "sure": "1"}
    for _ in range(2):  # a double click
        reply = await person.send("/console/bulk", sent)
        assert reply.status == 303, text(reply)
    location = reply.headers["Location"]
    await ended(person, location)
    return location


async def ended(person: Person, location: str) -> str:
    """The run's page when it is over."""
    while 'data-status="running"' in (shown := await page(person, f"{location}/progress")):
        continue
    return shown


async def acts(daemon: Daemon, saga_id: str, event: str) -> int:
    return [row.event for row in await daemon.store.history(saga_id)].count(event)


@served
async def test_a_preview_tells_what_would_become_of_each_saga_and_does_nothing(daemon: Daemon) -> None:
    ids = [await parked(daemon, f"n{number}") for number in range(3)]
    person = await logged_in(daemon, "operator")
    reply = await preview(person, **RETRY)
    assert "It can be done to 3 sagas, and not to 0" in text(reply)
    assert all(saga_id in reply.body.decode() for saga_id in ids)
    assert [await acts(daemon, saga_id, "$retry") for saga_id in ids] == [0, 0, 0]


@served
async def test_a_run_is_done_once_however_often_it_is_confirmed(daemon: Daemon) -> None:
    ids = [await parked(daemon, f"n{number}") for number in range(30)]
    person = await logged_in(daemon, "operator", "ada")
    daemon.shop.outcome = Done(reply="done")
    location = await run(person, **RETRY)
    assert [await acts(daemon, saga_id, "$retry") for saga_id in ids] == [1] * 30
    shown = plain(await page(person, location))
    assert "Finished. Done: 30. Not done: 0." in shown
    assert "the shop is back" in shown
    (row,) = await daemon.access.audit.list(action="bulk.retry")
    assert (row.actor, row.after) == ("ada", {"done": 30, "failed": 0})


@served
async def test_sagas_that_it_cannot_be_done_to_are_named_with_the_reason(daemon: Daemon) -> None:
    await parked(daemon, "n1")
    ticket = await daemon.start("n2", machine="ticket")
    person = await logged_in(daemon, "operator")
    location = await run(person, act="move", target="EXPIRED", reason="clean up", ended="no")
    shown = plain(await page(person, location))
    assert "Done: 1. Not done: 1." in shown
    assert f"{ticket} not done machine 'ticket' version 1 has no state 'EXPIRED'" in shown
    assert "PAID → EXPIRED" in shown


@served
async def test_a_limit_holds_and_the_rest_can_be_gone_on_with(daemon: Daemon) -> None:
    for number in range(5):
        await parked(daemon, f"n{number}")
    person = await logged_in(daemon, "operator")
    daemon.shop.outcome = Failed(reason="still not there")
    shown = await page(person, await run(person, **RETRY, limit="2"))
    assert "Done: 2." in plain(shown)
    assert "More sagas match" in plain(shown)
    assert "cursor=" in shown


@served
async def test_what_the_form_lacks_is_told(daemon: Daemon) -> None:
    person = await logged_in(daemon, "operator")
    for fields, status, said in (
        ({**RETRY, "reason": ""}, 422, "Say why"),
        ({**RETRY, "act": "move"}, 400, "`move` needs the argument state"),
        ({**RETRY, "payload": "["}, 400, "not a JSON object"),
        ({**RETRY, "limit": "100000"}, 400, "<= 1000"),
        ({**RETRY, "act": "explode"}, 400, "explode"),
        ({**RETRY, "step": "run"}, 422, "Confirm"),
        ({**RETRY, "step": "run", "sure": "1"}, 400, "id of its run"),
    ):
        reply = await preview(person, **fields)
        assert (reply.status, said in text(reply)) == (status, True), text(reply)
    assert (await person.get("/console/bulk/nothing")).status == 404


@served
async def test_a_run_that_the_store_breaks_off_says_so(daemon: Daemon) -> None:
    await parked(daemon)
    person = await logged_in(daemon, "operator")
    shown = (await preview(person, **RETRY)).body.decode()
    listed = daemon.store.list

    async def away(query: object) -> object:
        raise AWAY

    daemon.store.list = away  # type: ignore[method-assign,assignment]
    reply = await person.send(
        "/console/bulk", {**RETRY, "step": "run", "run": field(shown, "run"), "sure": "1"}
    )
    assert "does not answer" in plain(await ended(person, reply.headers["Location"]))
    daemon.store.list = listed  # type: ignore[method-assign]


@served
async def test_a_run_of_a_daemon_that_stopped_is_told_as_standing_still(daemon: Daemon) -> None:
    await parked(daemon)
    person = await logged_in(daemon, "operator")
    location = await run(person, **RETRY)
    await unfinished(daemon, location.rpartition("/")[2])
    assert "Under way" in plain(await page(person, f"{location}/progress"))
    daemon.clock.time += QUIET + 1
    assert "stands still" in plain(await page(person, f"{location}/progress"))


async def unfinished(daemon: Daemon, id_: str) -> None:
    """The record as a daemon leaves it that is killed."""
    record = await daemon.store.records.get("bulk_runs", id_)
    assert record is not None
    body: Json = {**record.body, "status": "running"}
    await daemon.store.records.replace(type(record)(**{**_fields(record), "body": body}))


def _fields(record: object) -> Json:
    return {name: getattr(record, name) for name in ("kind", "id", "version", "at", "tags", "body")}
