"""The editor checks, draws and plays what somebody writes, and deploys only for an admin who confirms it by name."""

from __future__ import annotations

import re
from html import unescape

from tests.http.console import HTMX, page, plain, text
from tests.http.daemon import Daemon, Reply, served
from tests.http.machines import ORDER, ORDER_2, TRIP
from tests.http.people import Person, logged_in
from web.console.drafts import LONGEST


async def tried(person: Person, source: str, **fields: str) -> Reply:
    return await person.send("/console/editor", {"source": source, **fields}, HTMX)


def choices(reply: Reply) -> list[str]:
    """What the buttons of the simulation would send."""
    return [unescape(value) for value in re.findall(r'name="act" value="([^"]+)"', reply.body.decode())]


@served
async def test_a_draft_without_errors_is_drawn(daemon: Daemon) -> None:
    reply = await tried(await logged_in(daemon, "viewer"), TRIP)
    assert (reply.status, b'id="s-BOOKING"' in reply.body) == (200, True)
    assert "trip version 1 has no errors" in text(reply)
    assert "trip" not in daemon.engine.deployments.names()


@served
async def test_a_draft_with_errors_gets_findings_with_line_and_frame(daemon: Daemon) -> None:
    reply = await tried(await logged_in(daemon, "viewer"), ORDER.replace("to: PAID", "to: PAYD"))
    shown = text(reply)
    assert "there is no state PAYD" in shown
    assert re.search(r"line \d+", shown)
    assert "^^^^" in shown
    assert b"<svg" not in reply.body


@served
async def test_the_editor_begins_with_a_machine_that_was_asked_for(daemon: Daemon) -> None:
    person = await logged_in(daemon, "viewer")
    assert "machine: order" in await page(person, "/console/editor")
    assert "machine: ticket" in await page(person, "/console/editor?machine=ticket&version=1")


@served
async def test_a_draft_is_bounded_and_shown_as_text(daemon: Daemon) -> None:
    person = await logged_in(daemon, "viewer")
    assert (await tried(person, "x" * (LONGEST + 1))).status == 413
    for nasty in (
        "</textarea><script>alert(1)</script>",
        "machine: <img src=x onerror=alert(1)>",
        "a: &a [*a]",
        "\t",
    ):
        reply = await person.send("/console/editor", {"source": nasty})
        assert reply.status == 200
        assert b"<script>alert" not in reply.body
        assert b"<img src=x" not in reply.body


@served
async def test_a_simulation_is_walked_by_clicking(daemon: Daemon) -> None:
    person = await logged_in(daemon, "viewer")
    begun = await tried(person, ORDER, act="start")
    assert 'id="walk-state">CREATED<' in begun.body.decode()
    (paid,) = [line for line in choices(begun) if line.startswith("send paymentExecuted")]
    second = await tried(person, ORDER, act=paid, playing="1", lines="", metadata='{"orderNumber": "1"}')
    assert 'id="walk-state">PAID<' in second.body.decode()
    assert re.search(rb'id="s-PAID" class="visited current ', second.body)
    third = await tried(
        person, ORDER, act="reply prepareOrder done", playing="1", lines=paid, metadata='{"orderNumber": "1"}'
    )
    assert 'id="walk-state">PREPARED<' in third.body.decode()
    lines = f"{paid}\nreply prepareOrder done"
    back = await tried(person, ORDER, act="undo", playing="1", lines=lines, metadata='{"orderNumber": "1"}')
    assert 'id="walk-state">PAID<' in back.body.decode()
    assert b"simulation" not in (await tried(person, ORDER, act="stop", playing="1", lines=lines)).body
    assert await daemon.store.definitions("order")
    assert daemon.shop.seen == []


@served
async def test_what_cannot_happen_in_a_simulation_is_told_and_left_out(daemon: Daemon) -> None:
    person = await logged_in(daemon, "viewer")
    for line, said in (
        ("send nonsense", "nonsense"),
        ("explode everything", "not understood"),
        ("wait soon", "soon"),
        ("send paymentExecuted {", "not JSON"),
        ("send " + "x" * 20_000, "too long"),
    ):
        reply = await tried(person, ORDER, act=line, playing="1")
        assert said in text(reply), line
        assert 'id="walk-state">CREATED<' in reply.body.decode()
    for metadata, said in (("[", "not JSON"), ("[]", "not a JSON object"), ("{}", "orderNumber")):
        reply = await tried(person, ORDER, playing="1", metadata=metadata)
        assert (reply.status, said in text(reply)) == (200, True)


@served
async def test_only_an_admin_deploys_and_only_with_the_name_and_version(daemon: Daemon) -> None:
    operator, admin = await logged_in(daemon, "operator"), await logged_in(daemon, "admin", "ada")
    asked = {"source": ORDER_2, "confirm": "order 2", "reason": "new packaging"}
    for path in ("/console/editor/review", "/console/editor/deploy"):
        assert (await operator.send(path, asked)).status == 403
    review = await admin.send("/console/editor/review", {"source": ORDER_2})
    assert "order 2" in text(review)
    assert "+version: 2" in text(review)
    for wrong in ({"confirm": "order"}, {"confirm": "order 1"}, {"reason": ""}):
        assert (await admin.send("/console/editor/deploy", {**asked, **wrong})).status == 422
    assert daemon.engine.deployments.latest("order").definition.version == 1
    for _ in range(2):  # a double click
        done = await admin.send("/console/editor/deploy", asked)
        assert (done.status, done.headers["Location"]) == (303, "/console/machines/order/2?done=deploy")
    assert daemon.engine.deployments.latest("order").definition.version == 2
    (row,) = await daemon.access.audit.list(action="machine.deploy")
    assert (row.actor, row.target, row.reason) == ("ada", "machine order", "new packaging")
    assert "starts new sagas" in plain(await page(admin, "/console/machines/order/2"))


@served
async def test_a_changed_text_under_a_deployed_version_is_refused_on_the_page(daemon: Daemon) -> None:
    admin = await logged_in(daemon, "admin")
    changed = ORDER.replace("paid and delivered", "never paid")
    reply = await admin.send(
        "/console/editor/deploy", {"source": changed, "confirm": "order 1", "reason": "quietly"}
    )
    assert reply.status >= 400
    assert "bump version" in text(reply)
    assert (await admin.send("/console/editor/review", {"source": "machine: 7"})).status == 400
