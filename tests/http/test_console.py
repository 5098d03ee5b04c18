"""The console shows every machine and saga: overview, lists, one saga, what waits for a person."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from urllib.parse import quote

import pytest

from engine.definition.findings import Finding
from engine.model import Step, StoredDefinition
from tests.http.console import HTMX, home, page, parked, plain, text
from tests.http.daemon import AWAY, Daemon, served
from tests.http.machines import ORDER_2, SLOW
from tests.http.people import Person, logged_in

PAGES = (
    "/console",
    "/console/sagas",
    "/console/parked",
    "/console/machines",
    "/console/machines/order/1",
    "/console/editor",
)
XSS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}",
    "javascript:alert(1)",
    "' onload='x",
)


async def viewer(daemon: Daemon) -> Person:
    return await logged_in(daemon, "viewer")


@served
async def test_nobody_sees_the_console_without_a_login(daemon: Daemon) -> None:
    for path in PAGES:
        reply = await daemon.get(path)
        assert (reply.status, reply.headers["Location"].partition("?")[0]) == (303, "/login")


@served
async def test_a_viewer_sees_every_page_in_both_languages_and_no_button_that_changes_something(
    daemon: Daemon,
) -> None:
    saga_id = await parked(daemon)
    person = await viewer(daemon)
    for path in (*PAGES, home(saga_id)):
        english, italian = await page(person, path), await page(person, f"{path}?language=it")
        assert '<html lang="en"' in english
        assert '<html lang="it"' in italian
        assert plain(english) != plain(italian)
        assert "data-act=" not in english
        assert "/console/bulk" not in english
    assert (await person.get(f"{home(saga_id)}/act/retry")).status == 403
    assert (await person.get("/console/bulk")).status == 403


@served
async def test_the_overview_counts_sagas_by_machine_and_tells_what_is_amiss(daemon: Daemon) -> None:
    await parked(daemon)
    await daemon.start("n2")
    shown = await page(await viewer(daemon), "/console")
    assert "order" in plain(shown)
    assert "2 sagas" in plain(shown)
    assert "1 wait for a person" in plain(shown)
    assert 'id="s-PAID"' in shown


@served
async def test_the_counts_of_a_version_follow_every_step_without_the_store_being_counted_again(
    daemon: Daemon,
) -> None:
    person = await viewer(daemon)
    saga_id = await daemon.start("n1")
    path = "/console/machines/order/1/states"
    assert counts(await page(person, path)) == {"CREATED": "1"}
    counted, count = [], daemon.store.counts

    async def watched(machine: str | None = None) -> object:
        counted.append(machine)
        return await count(machine)

    daemon.store.counts = watched  # type: ignore[method-assign,assignment]
    await daemon.start("n2")
    await daemon.pay(saga_id)
    assert counts(await page(person, path)) == {"CREATED": "1", "PAID": "1"}
    assert counted == []


@served
async def test_a_step_whose_outcome_is_not_known_has_the_store_counted_again(daemon: Daemon) -> None:
    person = await viewer(daemon)
    path = "/console/machines/order/1/states"
    assert counts(await page(person, path)) == {}
    tallies, daemon.engine.runner.on_step[:] = list(daemon.engine.runner.on_step), []
    await daemon.start("n1")
    daemon.engine.runner.on_step[:] = tallies
    for told in daemon.engine.runner.on_doubt:
        told("n1")
    daemon.clock.time += 4_000
    assert counts(await page(person, path)) == {}
    daemon.clock.time += 1_000
    assert counts(await page(person, path)) == {"CREATED": "1"}


@served
async def test_a_state_leads_to_the_list_of_its_sagas(daemon: Daemon) -> None:
    person = await viewer(daemon)
    saga_id = await daemon.start("n1")
    shown = await page(person, "/console/machines/order/1")
    found = re.search(r'data-state="CREATED"[^>]*data-href="([^"]+)"', shown)
    assert found is not None
    assert saga_id in await page(person, found[1].replace("&amp;", "&"))


def counts(html: str) -> dict[str, str]:
    rows = re.findall(r'data-state="(\w+)" data-count="(\d*)"', html)
    return {state: count for state, count in rows if count}


@served
async def test_the_list_filters_by_what_the_url_says(daemon: Daemon) -> None:
    waiting = await parked(daemon, "n1")
    fresh = await daemon.start("n2", associatedEntityId="shop-7")
    ticket = await daemon.start("n3", machine="ticket")
    person = await viewer(daemon)
    everything = {waiting, fresh, ticket}
    for filters, wanted in (
        ("", everything),
        ("?machine=order&state=&version=", {waiting, fresh}),
        ("?state=CREATED", {fresh}),
        ("?businessState=OPEN&machine=ticket", {ticket}),
        ("?parked=1", {waiting}),
        ("?paused=1", set()),
        ("?late=1", set()),
        ("?entity=shop-7", {fresh}),
        ("?ended=yes", set()),
        ("?createdFrom=2020-01-01&createdTo=2099-01-01", everything),
        ("?createdTo=2020-01-01", set()),
        ("?version=2", set()),
    ):
        shown = await page(person, f"/console/sagas{filters}")
        assert {one for one in everything if one in shown} == wanted, filters


@served
async def test_pages_of_the_list_go_on_by_cursor_newest_first(daemon: Daemon) -> None:
    ids = [await daemon.start(f"n{number}") for number in range(60)]
    person = await viewer(daemon)
    first = await page(person, "/console/sagas?machine=order")
    found = re.search(r'id="next" href="([^"]+)"', first)
    assert found is not None
    second = await page(person, found[1].replace("&amp;", "&"))
    pages = [[one for one in ids if one in shown] for shown in (first, second)]
    assert (len(pages[0]), len(pages[1])) == (50, 10)
    assert set(pages[0]).isdisjoint(pages[1])
    assert 'id="next"' not in second


@pytest.mark.parametrize(
    "query",
    [
        "state=" + "x" * 300,
        "version=two",
        "createdFrom=yesterday",
        "cursor=nonsense",
        "q=%00",
        "parked=maybe",
    ],
)
def test_a_filter_that_makes_no_sense_is_told(query: str) -> None:
    @served
    async def told(daemon: Daemon) -> None:
        reply = await (await viewer(daemon)).get(f"/console/sagas?{query}")
        assert reply.status == 400
        assert 'class="problem"' in reply.body.decode()

    told()


@served
async def test_the_search_finds_by_id_key_and_entity(daemon: Daemon) -> None:
    one = await daemon.start("n1", associatedEntityId="shop-7")
    other = await daemon.start("n2", associatedEntityId="shop-7")
    ticket = await daemon.start("n2", machine="ticket")
    person = await viewer(daemon)
    for asked in (one, "n1"):
        reply = await person.get(f"/console/sagas?q={asked}")
        assert (reply.status, reply.headers["Location"]) == (303, home(one))
    entity = await page(person, "/console/sagas?q=shop-7")
    assert one in entity
    assert other in entity
    shared = await page(person, "/console/sagas?q=n2")
    assert other in shared
    assert ticket in shared
    assert "No saga matches" in await page(person, "/console/sagas?q=nothing")


@served
async def test_a_saga_shows_its_way_its_history_in_words_and_what_it_owes(daemon: Daemon) -> None:
    saga_id = await parked(daemon)
    shown = await page(await viewer(daemon), home(saga_id))
    said = plain(shown)
    assert "It began (orderCreated): it stands in CREATED" in said
    assert "paymentExecuted: it moved from CREATED to PAID" in said
    assert "Command prepareOrder over shop waits for a person no such product 1" in said
    assert re.search(r'id="s-PAID" class="visited current ', shown)
    assert re.search(r'id="e-\d+" class="taken ', shown)
    assert "&#34;orderNumber&#34;: &#34;n1&#34;" in shown


@served
async def test_the_live_part_answers_only_when_something_changed_and_rests_when_all_is_over(
    daemon: Daemon,
) -> None:
    person = await viewer(daemon)
    saga_id = await daemon.start("n1")
    seen = re.search(r"live\?seen=(\w+)", await page(person, home(saga_id)))
    assert seen is not None
    live = f"{home(saga_id)}/live?seen={seen[1]}"
    assert (await person.get(live, HTMX)).status == 204
    await daemon.pay(saga_id)
    moved = await person.get(live, HTMX)
    assert (moved.status, 'data-state="PAID"' in moved.body.decode()) == (200, True)
    await daemon.tell(saga_id, "orderRefused")
    assert "hx-trigger" not in (await person.get(live, HTMX)).body.decode()


@served
async def test_a_saga_or_machine_that_is_not_there_gets_a_clear_page(daemon: Daemon) -> None:
    person = await viewer(daemon)
    for path in (
        "/console/sagas/nobody",
        "/console/sagas/nobody/live",
        "/console/machines/none",
        "/console/machines/order/9",
        "/console/machines/order/x",
        "/console?machine=none",
        "/console/editor?machine=none",
    ):
        reply = await person.get(path)
        assert reply.status == 404, path
        assert 'class="problem"' in reply.body.decode()


@served
async def test_a_version_that_no_longer_loads_says_so_and_its_sagas_can_be_looked_at(daemon: Daemon) -> None:
    saga_id = await daemon.start("n1")
    broken = "machine: order\nversion: 1\nnonsense: true\n"
    kept = (await daemon.store.definitions("order"))[0]
    await daemon.store.deploy(
        StoredDefinition(
            machine="order", version=1, content_hash="other", source=broken, deployed_at=kept.deployed_at
        ),
        replace=True,
    )
    await daemon.deploy(ORDER_2)
    daemon.engine.deployments._machines.pop(("order", 1))  # as after a restart on another release
    person = await viewer(daemon)
    machine = plain(await page(person, "/console/machines/order/1"))
    assert "does not load in this release" in machine
    assert "nonsense" in machine
    shown = await page(person, home(saga_id))
    assert 'data-testid="not-loading"' in shown
    assert "orderNumber" in shown
    assert (await page(person, "/console")).count("order") > 0


@served
async def test_what_is_wrong_with_the_machine_files_stands_above_the_machines(daemon: Daemon) -> None:
    daemon.engine.reload.problems = (
        Finding(
            code="unknown-state", severity="error", message="there is no state X", file="order.yaml", line=3
        ),
    )
    assert "there is no state X" in await page(await viewer(daemon), "/console/machines")


@served
async def test_time_in_state_is_told_with_its_percentiles_and_how_it_came_about(daemon: Daemon) -> None:
    for number in range(20):
        saga_id = await daemon.start(f"n{number}")
        daemon.clock.time += (number + 1) * 1_000
        await daemon.pay(saga_id)
    shown = plain(await page(await viewer(daemon), "/console/machines/order/1/times"))
    assert "CREATED 20 10 s 19 s 20 s" in shown
    assert "newest 20 sagas" in shown


@served
async def test_late_and_paused_sagas_are_counted_and_found(daemon: Daemon) -> None:
    await daemon.deploy(SLOW)
    late = (await daemon.post("/api/v1/sagas", {"machine": "slow", "metadata": {}})).json["sagaId"]
    daemon.clock.time += 3_600_000
    await daemon.engine.dispatcher.tick()
    await daemon.engine.dispatcher.idle()
    person = await viewer(daemon)
    assert "1 late" in plain(await page(person, "/console"))
    assert late in await page(person, "/console/sagas?late=1&ended=no")
    assert "It was not out of its state in time" in plain(await page(person, home(late)))


@served
async def test_what_callers_give_is_shown_as_text_wherever_it_stands(daemon: Daemon) -> None:
    person = await viewer(daemon)
    for number, nasty in enumerate(XSS):
        saga_id = await nasty_saga(daemon, nasty, number)
        await daemon.engine.mending.pause(saga_id, actor=nasty, reason=nasty)
        asked = quote(nasty, safe="")
        for path in (home(saga_id), "/console/sagas", f"/console/sagas?entity={asked}&state={asked}"):
            shown = await page(person, path)
            harmless(shown)
            assert nasty in unescape(shown)


async def nasty_saga(daemon: Daemon, nasty: str, number: int) -> str:
    """A saga whose every part is what somebody gave, its id too, which the daemon itself would not take."""
    steps: list[Step] = []
    daemon.engine.runner.on_step.append(steps.append)
    metadata = {"orderNumber": f"{nasty}-{number}", nasty: nasty}
    await daemon.engine.runner.start("order", metadata=metadata, entity_id=nasty, actor=nasty)
    daemon.engine.runner.on_step.remove(steps.append)
    saga = replace(steps[0].saga, saga_id=f"{nasty.strip('{}')}{number}", keys=(), agenda=())
    await daemon.store.create(replace(steps[0], saga=saga, added=(), claimed=()))
    return saga.saga_id


def harmless(html: str) -> None:
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert not re.search(r"""<[^>"']*\sonload=""", html)
    assert ">49<" not in html
    assert 'href="javascript:' not in html


@served
async def test_every_hx_attribute_stands_beside_the_nonce_of_the_page(daemon: Daemon) -> None:
    saga_id = await parked(daemon)
    person = await logged_in(daemon, "admin")
    for path in (*PAGES, home(saga_id)):
        reply = await person.get(path)
        nonce = re.search(r"script-src 'nonce-([^']+)'", reply.headers["Content-Security-Policy"])
        assert nonce is not None
        shown = reply.body.decode()
        for tag in re.findall(r"<[^>]*\shx-(?:get|post)=[^>]*>", shown):
            assert f'hx-nonce="{nonce[1]}"' in tag
        assert " style=" not in shown
        assert not re.search(r"<[^>]*\son\w+=", shown)


@served
async def test_a_store_that_does_not_answer_is_a_page_too(daemon: Daemon) -> None:
    person = await viewer(daemon)
    await page(person, "/console")
    find = daemon.store.list

    async def away(query: object) -> object:
        raise AWAY

    daemon.store.list = away  # type: ignore[method-assign,assignment]
    reply = await person.get("/console/sagas")
    daemon.store.list = find  # type: ignore[method-assign]
    assert reply.status == 503
    assert "does not answer" in text(reply)
