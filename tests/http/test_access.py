"""The login: sessions, forms and who may see which page."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import pytest
from aiohttp import web

from hub.access.access import House, open_access
from hub.access.sessions import LASTS
from hub.access.throttle import FREE
from tests.http.daemon import Daemon, daemon, served
from tests.http.people import PASSWORD, cookie_of, log_in, logged_in, post_form
from web.app import build_app
from web.server import serve_http
from web.turned_away import local

ELSEWHERE = (
    "https://evil.example/x",
    "//evil.example/x",
    "/\\evil.example",
    "/\t/evil.example",
    "\\\\evil.example",
    "javascript:alert(1)",
    "evil.example",
    "/login?next=/login",
    "/logout",
    "",
)


@served
async def test_a_page_leads_to_the_login_and_the_login_back_to_it(daemon: Daemon) -> None:
    reply = await daemon.get("/access/audit?actor=anna")
    assert (reply.status, reply.headers["Location"]) == (303, "/login?next=/access/audit%3Factor%3Danna")
    form = await daemon.get(reply.headers["Location"])
    assert b'name="next" value="/access/audit?actor=anna"' in form.body
    await daemon.access.users.add("anna", PASSWORD, "viewer")
    reply = await log_in(daemon, "Anna ", next="/access/audit?actor=anna")
    assert (reply.status, reply.headers["Location"]) == (303, "/access/audit?actor=anna")
    page = await daemon.get("/access/audit", Cookie=cookie_of(reply))
    assert page.status == 200


def test_the_cookie_is_for_the_daemon_alone() -> None:
    async def flags(house: House) -> set[str]:
        async with daemon(house=house) as one:
            await one.access.users.add("anna", PASSWORD, "viewer")
            reply = await log_in(one, "anna")
            return {part.strip() for part in reply.headers["Set-Cookie"].split(";")[1:]}

    usual = {"HttpOnly", "SameSite=Strict", "Path=/", f"Max-Age={LASTS // 1000}"}
    assert asyncio.run(flags(House())) == usual
    assert asyncio.run(flags(House(secure=True))) == usual | {"Secure"}


@pytest.mark.parametrize("target", ELSEWHERE)
@served
async def test_the_login_leads_to_no_other_site(daemon: Daemon, target: str) -> None:
    await daemon.access.users.add("anna", PASSWORD, "viewer")
    reply = await log_in(daemon, "anna", next=target)
    assert (reply.status, reply.headers["Location"]) == (303, "/")
    reply = await post_form(daemon, "/preferences", {"next": target, "language": "it"})
    assert reply.headers["Location"] == "/"


def test_paths_of_the_daemon_are_gone_on_to() -> None:
    for path in ("/backoffice", "/console/sagas?state=PAID&cursor=x%2F", "/payment/a//b"):
        assert local(path) == path


@served
async def test_a_wrong_password_and_an_unknown_name_are_told_the_same(daemon: Daemon) -> None:
    await daemon.access.users.add("anna", PASSWORD, "viewer")
    wrong, nobody = (
        await log_in(daemon, "anna", "not this one at all"),
        await log_in(daemon, "anne", PASSWORD),
    )
    assert wrong.status == nobody.status == 403
    assert "Set-Cookie" not in wrong.headers
    told = {
        re.sub(rb'nonce"?[=:] ?"[^"]+|value="ann."|Nonce": "[^"]+', b"", one.body) for one in (wrong, nobody)
    }
    assert len(told) == 1


@served
async def test_whoever_guesses_has_to_wait_and_is_told_how_long(daemon: Daemon) -> None:
    await daemon.access.users.add("anna", PASSWORD, "viewer")
    for _ in range(FREE):
        assert (await log_in(daemon, "anna", "a wrong guess here")).status == 403
    held = await log_in(daemon, "anna", PASSWORD)
    assert (held.status, held.headers["Retry-After"]) == (429, "2")
    assert b"Try again in 2 s" in held.body
    daemon.clock.time += 2_000
    assert (await log_in(daemon, "anna", PASSWORD)).status == 303
    assert (await log_in(daemon, "anna", "a wrong guess here")).status == 403


@served
async def test_guesses_at_many_names_from_one_address_have_to_wait_too(daemon: Daemon) -> None:
    for number in range(FREE):
        await log_in(daemon, f"name{number}", PASSWORD)
    assert (await log_in(daemon, "another", PASSWORD)).status == 429


@served
async def test_guesses_at_once_are_not_free(daemon: Daemon) -> None:
    await daemon.access.users.add("anna", PASSWORD, "viewer")
    replies = await asyncio.gather(*(log_in(daemon, "anna", "a wrong guess here") for _ in range(3 * FREE)))
    assert sum(reply.status == 403 for reply in replies) == FREE


def test_behind_a_proxy_the_address_is_what_the_proxy_says() -> None:
    async def body() -> None:
        async with daemon(house=House(behind_proxy=True)) as one:
            for number in range(FREE):
                fields = {"name": f"name{number}", "password": PASSWORD}
                await post_form(one, "/login", fields, {"X-Forwarded-For": "198.51.100.1, 203.0.113.7"})
            fields = {"name": "another", "password": PASSWORD}
            same = await post_form(one, "/login", fields, {"X-Forwarded-For": "203.0.113.7"})
            other = await post_form(one, "/login", fields, {"X-Forwarded-For": "203.0.113.8"})
            assert (same.status, other.status) == (429, 403)

    asyncio.run(body())


@served
async def test_a_session_is_over_after_a_working_day(daemon: Daemon) -> None:
    anna = await logged_in(daemon, "viewer")
    daemon.clock.time += LASTS - 1
    assert (await anna.get("/account")).status == 200
    daemon.clock.time += 1
    assert (await anna.get("/account")).headers["Location"] == "/login?next=/account"


@served
async def test_a_form_of_a_session_that_is_over_changes_nothing_and_leads_to_the_login(
    daemon: Daemon,
) -> None:
    admin = await logged_in(daemon, "admin")
    daemon.clock.time += LASTS
    page = f"http://127.0.0.1:{daemon.server.port}/access/users?x=1"
    reply = await admin.send("/access/users", {"name": "ben", "role": "admin"}, {"Referer": page})
    assert (reply.status, reply.headers["Location"]) == (303, "/login?next=/access/users%3Fx%3D1")
    assert await daemon.access.users.get("ben") is None


@served
async def test_a_fragment_of_a_session_that_is_over_sends_the_whole_page_to_the_login(daemon: Daemon) -> None:
    current = f"http://127.0.0.1:{daemon.server.port}/access/audit?to=2026-01-01"
    reply = await daemon.call(
        "GET", "/access/audit", headers={"HX-Request": "true", "HX-Current-URL": current}
    )
    assert reply.status == 401
    assert reply.headers["HX-Redirect"] == "/login?next=/access/audit%3Fto%3D2026-01-01"


@served
async def test_a_link_from_a_mail_is_followed_once_more_with_the_cookie(daemon: Daemon) -> None:
    reply = await daemon.call("GET", "/access/audit?a=1", headers={"Sec-Fetch-Site": "cross-site"})
    assert reply.status == 200
    assert b'content="0;url=/access/audit?a=1"' in reply.body


@served
async def test_logging_out_ends_the_session_for_good(daemon: Daemon) -> None:
    anna = await logged_in(daemon, "viewer")
    reply = await anna.send("/logout")
    assert (reply.status, reply.headers["Location"]) == (303, "/login")
    assert 'sagaloom_session=""' in reply.headers["Set-Cookie"]
    assert (await anna.get("/account")).status == 303


@pytest.mark.parametrize("token", ["", "0" * 64, "é"])
@served
async def test_a_form_without_the_session_s_token_changes_nothing(daemon: Daemon, token: str) -> None:
    admin = await logged_in(daemon, "admin")
    reply = await admin.send("/access/keys", {"csrf": token, "name": "shop", "role": "admin"})
    assert reply.status == 403
    assert b"Form refused" in reply.body
    assert await daemon.access.keys.list() == []


@served
async def test_the_token_of_another_session_does_not_fit(daemon: Daemon) -> None:
    admin, other = await logged_in(daemon, "admin"), await logged_in(daemon, "admin", "other")
    assert (
        await admin.send("/access/keys", {"csrf": other.csrf, "name": "x", "role": "viewer"})
    ).status == 403


@served
async def test_the_token_may_stand_in_a_header(daemon: Daemon) -> None:
    admin = await logged_in(daemon, "admin")
    fields = {"csrf": "", "name": "shop", "role": "viewer"}
    assert (await admin.send("/access/keys", fields, {"X-CSRF-Token": admin.csrf})).status == 201


@served
async def test_a_page_of_another_origin_cannot_log_anybody_in(daemon: Daemon) -> None:
    fields = {"name": "anna", "password": PASSWORD}
    reply = await post_form(daemon, "/login", fields, {"Origin": "https://evil.example"})
    assert reply.status == 403


@served
async def test_a_role_that_is_too_small_sees_a_page_that_says_so(daemon: Daemon) -> None:
    for role in ("viewer", "operator"):
        person = await logged_in(daemon, role)
        for path in ("/access/users", "/access/keys"):
            reply = await person.get(path)
            assert reply.status == 403
            assert b"Not allowed" in reply.body
        assert (await person.send("/access/users", {"name": "ben", "role": "admin"})).status == 403
        assert (await person.get("/access/audit")).status == 200
    assert await daemon.access.users.get("ben") is None


@served
async def test_language_and_theme_are_kept_and_lead_back(daemon: Daemon) -> None:
    reply = await post_form(
        daemon,
        "/preferences",
        {"language": "it", "theme": "dark", "next": "/access/audit?language=en&actor=a"},
    )
    assert (reply.status, reply.headers["Location"]) == (303, "/access/audit?actor=a")
    kept = reply.headers.getall("Set-Cookie")  # type: ignore[attr-defined]
    assert {one.partition(";")[0] for one in kept} == {"sagaloom_language=it", "sagaloom_theme=dark"}
    page = await daemon.get("/login", Cookie="sagaloom_language=it; sagaloom_theme=dark")
    assert b'<html lang="it" data-theme="dark">' in page.body
    assert "Accedi a Sagaloom" in page.body.decode()


@served
async def test_a_login_at_one_daemon_is_one_at_every_daemon_of_the_store(daemon: Daemon) -> None:
    anna = await logged_in(daemon, "admin", "anna")
    key = await daemon.access.keys.add("shop", "viewer")
    other = await serve_http(build_app(daemon.engine, default_machine=None, max_body=1_000), "127.0.0.1", 0)
    try:
        elsewhere = replace(daemon, server=other)
        assert (await elsewhere.get("/account", Cookie=anna.cookie)).status == 200
        assert (await elsewhere.get("/api/v1/counts", secret=key)).status == 200
        assert (await anna.send("/logout")).status == 303
        assert (await elsewhere.get("/account", Cookie=anna.cookie)).status == 303
    finally:
        await other.stop()


@served
async def test_a_route_that_nobody_gave_a_role_is_for_admins(daemon: Daemon) -> None:
    async def secret(_: web.Request) -> web.Response:
        return web.Response(text="secret")

    access = open_access(daemon.store.records, daemon.clock, daemon.engine.ids, House(asks=True))
    app = build_app(daemon.engine, default_machine=None, max_body=1_000, access=access)
    app.router.add_get("/hidden", secret)
    other = await serve_http(app, "127.0.0.1", 0)
    try:
        elsewhere = replace(daemon, server=other)
        assert (await elsewhere.get("/hidden")).code == "login-required"
        operator = await daemon.access.keys.add("ops", "operator")
        assert (await elsewhere.get("/hidden", secret=operator)).code == "not-allowed"
    finally:
        await other.stop()


@served
async def test_the_log_has_who_logged_in(daemon: Daemon) -> None:
    await logged_in(daemon, "viewer", "anna")
    [row] = await daemon.access.audit.list(action="user.login")
    assert (row.actor, row.target, row.after) == ("anna", "user anna", {"address": "127.0.0.1"})
