"""People mend single sagas in the console: once, with a reason, as themselves, and with a row in the audit log."""

from __future__ import annotations

import asyncio

from engine.model import Done
from tests.http.console import HTMX, act, field, home, page, parked, plain, text
from tests.http.daemon import Daemon, served
from tests.http.people import logged_in


async def history(daemon: Daemon, saga_id: str) -> list[tuple[str, str | None, str | None]]:
    return [(row.event, row.actor, row.reason) for row in await daemon.store.history(saga_id)]


@served
async def test_a_retry_sends_the_same_request_again_and_is_told_as_done(daemon: Daemon) -> None:
    saga_id = await parked(daemon)
    person = await logged_in(daemon, "operator", "ada")
    daemon.shop.outcome = Done(reply="done")
    reply = await act(person, saga_id, "retry")
    assert (reply.status, reply.headers["Location"]) == (303, f"{home(saga_id)}?done=retry")
    await daemon.engine.dispatcher.idle()
    assert (await daemon.show(saga_id))["currentState"] == "PREPARED"
    assert len({sent.id for sent in daemon.shop.seen if sent.name == "prepareOrder"}) == 1
    assert ("$retry", "ada", "looked at it") in await history(daemon, saga_id)
    assert "It is being tried again" in plain(await page(person, f"{home(saga_id)}?done=retry"))


@served
async def test_a_retry_with_other_data_is_another_request(daemon: Daemon) -> None:
    saga_id = await parked(daemon)
    person = await logged_in(daemon, "operator")
    entry = (await daemon.show(saga_id))["agenda"][0]["id"]
    await act(person, saga_id, "retry", entry=entry, payload='{"number": "n1"}')
    await daemon.engine.dispatcher.idle()
    await act(person, saga_id, "retry", payload='{"number": "n7"}')
    await daemon.engine.dispatcher.idle()
    sent = [(one.payload["number"], one.id) for one in daemon.shop.seen if one.name == "prepareOrder"]
    assert [number for number, _ in sent] == ["n1", "n1", "n7"]
    assert len({id_ for _, id_ in sent}) == 2


@served
async def test_skip_answer_move_pause_and_resume_do_what_they_say(daemon: Daemon) -> None:
    person = await logged_in(daemon, "operator")
    skipped, answered, moved = [await parked(daemon, f"n{number}") for number in range(3)]
    assert (await act(person, skipped, "skip")).status == 303
    assert (await daemon.show(skipped))["agenda"] == []
    assert (await act(person, answered, "answer", reply="done", payload='{"box": 3}')).status == 303
    shown = await daemon.show(answered)
    assert (shown["currentState"], shown["metadata"]["box"]) == ("PREPARED", 3)
    assert (await act(person, moved, "move", state="EXPIRED")).status == 303
    assert (await daemon.show(moved))["currentState"] == "EXPIRED"
    assert (await act(person, skipped, "pause")).status == 303
    assert (await daemon.show(skipped))["paused"]
    assert (await act(person, skipped, "resume")).status == 303
    assert not (await daemon.show(skipped))["paused"]


@served
async def test_a_form_that_is_sent_twice_is_done_once(daemon: Daemon) -> None:
    saga_id = await parked(daemon)
    person = await logged_in(daemon, "operator")
    path = f"{home(saga_id)}/act/move"
    fields = {
        "seen": field(await page(person, path), "seen"),
        "reason": "once",
        "sure": "1",
        "state": "CREATED",
    }
    replies = await asyncio.gather(*(person.send(path, fields) for _ in range(3)))
    assert {reply.status for reply in replies} == {303}
    assert [event for event, _, _ in await history(daemon, saga_id)].count("$move") == 1


@served
async def test_a_form_for_a_saga_that_went_on_changes_nothing_and_says_why(daemon: Daemon) -> None:
    saga_id = await daemon.start("n1")
    person = await logged_in(daemon, "operator")
    path = f"{home(saga_id)}/act/move"
    seen = field(await page(person, path), "seen")
    await daemon.pay(saga_id)
    reply = await person.send(path, {"seen": seen, "reason": "too late", "sure": "1", "state": "EXPIRED"})
    assert reply.status == 409
    assert "went on since this form was made" in text(reply)
    assert "too late" in text(reply)
    assert (await daemon.show(saga_id))["currentState"] == "PAID"


@served
async def test_two_operators_at_once_do_it_once(daemon: Daemon) -> None:
    saga_id = await parked(daemon)
    ada, ben = await logged_in(daemon, "operator", "ada"), await logged_in(daemon, "operator", "ben")
    path = f"{home(saga_id)}/act/skip"
    seen = field(await page(ada, path), "seen")
    fields = {"seen": seen, "reason": "by phone", "sure": "1"}
    replies = await asyncio.gather(ada.send(path, fields), ben.send(path, fields))
    assert sorted(reply.status for reply in replies) == [303, 409]
    assert [event for event, _, _ in await history(daemon, saga_id)].count("$skip") == 1


@served
async def test_what_a_form_lacks_is_told_and_nothing_is_done(daemon: Daemon) -> None:
    saga_id = await parked(daemon)
    person = await logged_in(daemon, "operator")
    for said, fields in (
        ("Say why", {"reason": "  "}),
        ("Say why", {"reason": "x" * 1_001}),
        ("Confirm", {"sure": ""}),
        ("not a JSON object", {"payload": "[1]"}),
        ("not a JSON object", {"payload": "{"}),
    ):
        reply = await act(person, saga_id, "retry", **fields)
        assert (reply.status, said in text(reply)) == (422, True), fields
    for name, fields in (("answer", {"reply": "nonsense"}), ("resume", {}), ("skip", {"entry": "nothing"})):
        assert (await act(person, saga_id, name, **fields)).status in (404, 409)
    assert (await act(person, saga_id, "move", state="NOWHERE")).status == 404
    assert not [event for event, _, _ in await history(daemon, saga_id) if event.startswith("$")]


@served
async def test_an_act_is_refused_without_the_role_or_the_token_of_the_login(daemon: Daemon) -> None:
    saga_id = await parked(daemon)
    viewer, operator = await logged_in(daemon, "viewer"), await logged_in(daemon, "operator")
    path = f"{home(saga_id)}/act/skip"
    fields = {"seen": "2", "reason": "why", "sure": "1"}
    assert (await viewer.send(path, fields)).status == 403
    assert (await operator.send(path, {**fields, "csrf": "other"})).status == 403
    assert (await operator.send(f"{home(saga_id)}/act/explode", fields)).status == 404
    assert (await operator.send(f"{home('gone')}/act/skip", fields)).status == 404
    assert (await daemon.show(saga_id))["parked"]


@served
async def test_every_act_is_in_the_audit_log_with_before_and_after(daemon: Daemon) -> None:
    saga_id = await parked(daemon)
    await act(
        await logged_in(daemon, "operator", "ada"), saga_id, "move", state="EXPIRED", reason="the shop closed"
    )
    (row,) = await daemon.access.audit.list(action="saga.move")
    assert (row.actor, row.target, row.reason) == ("ada", f"saga {saga_id}", "the shop closed")
    assert (row.before["state"], row.after["state"]) == ("PAID", "EXPIRED")


@served
async def test_a_form_comes_as_a_fragment_for_the_dialog_and_as_a_page_without_javascript(
    daemon: Daemon,
) -> None:
    saga_id = await parked(daemon)
    person = await logged_in(daemon, "operator")
    path = f"{home(saga_id)}/act/retry"
    fragment, whole = await person.get(path, HTMX), await person.get(path)
    assert b"<html" not in fragment.body
    assert b"<html" in whole.body
    assert b"data-once" in fragment.body


@served
async def test_what_waits_for_a_person_is_listed_over_all_machines_with_its_acts(daemon: Daemon) -> None:
    saga_id = await parked(daemon)
    person = await logged_in(daemon, "operator")
    shown = await page(person, "/console/parked")
    assert "prepareOrder over shop" in plain(shown)
    assert "no such product" in plain(shown)
    assert f"{home(saga_id)}/act/retry?entry=" in shown
    assert "Nothing waits for a person" in await page(person, "/console/parked?machine=ticket")
