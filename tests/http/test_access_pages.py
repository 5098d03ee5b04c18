"""Account, users, keys and the audit log as people see them."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import web
from hub.access.roles import Actor
from tests.http.daemon import Daemon, Reply, served
from tests.http.people import PASSWORD, Person, cookie_of, log_in, logged_in

NASTY = "\"><script>alert(1)</script>' onload=x {{ 7*7 }}"


def secret_in(reply: Reply) -> str:
    found = re.search(r'<code class="secret">([^<]+)</code>', reply.body.decode())
    assert found is not None, reply.body
    return unescape(found.group(1))


@served
async def test_a_new_user_logs_in_with_the_password_that_is_shown_once(daemon: Daemon) -> None:
    admin = await logged_in(daemon, "admin")
    password = secret_in(await admin.send("/access/users", {"name": "Ben", "role": "operator"}))
    assert (await log_in(daemon, "ben", password)).status == 303
    assert password not in (await admin.get("/access/users")).body.decode()
    assert (await admin.send("/access/users", {"name": "ben", "role": "viewer"})).status == 409
    assert (await admin.send("/access/users", {"name": "not a name", "role": "viewer"})).status == 422


@served
async def test_a_user_who_is_changed_is_logged_out(daemon: Daemon) -> None:
    admin, ben = await logged_in(daemon, "admin"), await logged_in(daemon, "viewer", "ben")
    assert (await admin.send("/access/users/ben", {"do": "role", "role": "operator"})).status == 303
    assert (await ben.get("/account")).status == 303
    assert (await admin.send("/access/users/ben", {"do": "disable"})).status == 303
    assert (await log_in(daemon, "ben")).status == 403
    assert (await admin.send("/access/users/ben", {"do": "enable"})).status == 303
    assert (await log_in(daemon, "ben")).status == 303
    fresh = secret_in(await admin.send("/access/users/ben", {"do": "password"}))
    assert (await log_in(daemon, "ben", fresh)).status == 303


@served
async def test_somebody_stays_admin(daemon: Daemon) -> None:
    admin = await logged_in(daemon, "admin")
    for fields in ({"do": "disable"}, {"do": "role", "role": "viewer"}):
        refused = await admin.send("/access/users/admin", fields)
        assert refused.status == 422
        assert b"Somebody has to stay admin" in refused.body
    assert (await admin.send("/access/users/nobody", {"do": "disable"})).status == 404
    assert (await admin.send("/access/users/admin", {"do": "delete"})).status == 400
    assert (await admin.get("/account")).status == 200


@served
async def test_a_key_is_made_used_and_revoked(daemon: Daemon) -> None:
    admin = await logged_in(daemon, "admin")
    key = secret_in(await admin.send("/access/keys", {"name": "shop", "role": "viewer"}))
    page = (await admin.get("/access/keys")).body.decode()
    assert "shop" in page
    assert key not in page
    assert (await daemon.get("/api/v1/counts", secret=key)).status == 200
    [kept] = await daemon.access.keys.list()
    assert (await admin.send(f"/access/keys/{kept.id}/revoke")).status == 303
    assert (await admin.send(f"/access/keys/{kept.id}/revoke")).status == 404
    assert (await daemon.get("/api/v1/counts", secret=key)).code == "key-refused"


@served
async def test_people_change_their_own_password_and_their_other_logins_end(daemon: Daemon) -> None:
    anna = await logged_in(daemon, "viewer", "anna")
    elsewhere = Person(daemon=daemon, name="anna", cookie=cookie_of(await log_in(daemon, "anna")))
    new = "another long enough one"

    async def change(current: str, first: str, second: str) -> Reply:
        return await anna.send("/account", {"current": current, "new": first, "again": second})

    assert (await change("wrong wrong wrong", new, new)).status == 403
    assert (await change(PASSWORD, new, new + "!")).status == 422
    assert (await change(PASSWORD, "short", "short")).status == 422
    assert (await log_in(daemon, "anna", PASSWORD)).status == 303
    done = await change(PASSWORD, new, new)
    assert (done.status, done.headers["Location"]) == (303, "/account?changed")
    here = Person(daemon=daemon, name="anna", cookie=cookie_of(done))
    assert b"Your password is changed" in (await here.get("/account?changed")).body
    assert (await elsewhere.get("/account")).status == 303
    assert (await log_in(daemon, "anna", PASSWORD)).status == 403


@served
async def test_whoever_sits_at_somebody_s_desk_cannot_guess_the_password_for_long(daemon: Daemon) -> None:
    anna = await logged_in(daemon, "viewer", "anna")
    fields = {"current": "a guess a guess", "new": "x" * 12, "again": "x" * 12}
    replies = [await anna.send("/account", fields) for _ in range(6)]
    assert [reply.status for reply in replies] == [403] * 5 + [429]


@served
async def test_the_log_shows_what_was_there_before_and_links_to_more_of_the_same(daemon: Daemon) -> None:
    admin = await logged_in(daemon, "admin")
    await admin.send("/access/users", {"name": "ben", "role": "viewer"})
    await admin.send("/access/users/ben", {"do": "role", "role": "operator"})
    page = unescape((await admin.get("/access/audit?action=user.change")).body.decode())
    assert page.count("<tr>") == 2
    assert '"role": "viewer"' in page
    assert 'href="/access/audit?target=user%20ben"' in page
    assert b"Nothing was changed" in (await admin.get("/access/audit?actor=nobody")).body


@served
async def test_the_log_has_pages_and_days(daemon: Daemon) -> None:
    viewer = await logged_in(daemon, "viewer")
    actor = Actor(name="anna", role="admin", how="session")
    for number in range(60):
        daemon.clock.time += 1
        await daemon.access.audit.note(actor, "rule.change", f"rule {number}")
    first = (await viewer.get("/access/audit?actor=anna")).body.decode()
    assert first.count("rule.change</a>") == 50
    older = re.search(r'href="(/access/audit\?[^"]+)" rel="next"', first)
    assert older is not None
    second = (await viewer.get(unescape(older.group(1)))).body.decode()
    assert second.count("rule.change</a>") == 10
    assert 'href="/access/audit?actor=anna"' in second
    assert (await viewer.get("/access/audit?from=2026-01-01&to=2026-01-01")).body.count(
        b"rule.change</a>"
    ) == 50
    assert b"Nothing was changed" in (await viewer.get("/access/audit?to=2025-12-31")).body
    assert (await viewer.get("/access/audit?from=soon")).status == 400
    assert (await viewer.get("/access/audit?cursor=x")).status == 400


@served
async def test_what_people_write_is_shown_as_text(daemon: Daemon) -> None:
    viewer = await logged_in(daemon, "viewer")
    actor = Actor(name=NASTY, role="admin", how="open")
    await daemon.access.audit.note(
        actor, NASTY, NASTY, reason=NASTY, before={NASTY: NASTY}, after={"a": NASTY}
    )
    for path in (
        "/access/audit",
        "/access/audit?actor=%22%3E%3Cscript%3E",
        "/login?next=/%22%3E%3Cscript%3E",
    ):
        page = (await viewer.get(path)).body
        assert b"<script>" not in page
        assert b'"><script' not in page


@served
async def test_every_page_is_there_in_both_languages(daemon: Daemon) -> None:
    admin = await logged_in(daemon, "admin")
    for path, english, italian in (
        ("/account", "Change password", "Cambia password"),
        ("/access/users", "Add user", "Aggiungi utente"),
        ("/access/keys", "Add key", "Aggiungi chiave"),
        ("/access/audit", "Audit log", "Registro delle attività"),
    ):
        assert english in (await admin.get(f"{path}?language=en")).body.decode()
        assert italian in (await admin.get(f"{path}?language=it")).body.decode()


OPEN_TO_ALL = ("checkout/", "access/login.html")
TEMPLATES = Path(web.__file__).parent / "templates"


def test_every_form_of_a_page_that_asks_for_a_login_carries_the_token() -> None:
    without = [
        path.name
        for path in sorted(TEMPLATES.rglob("*.html"))
        if not path.relative_to(TEMPLATES).as_posix().startswith(OPEN_TO_ALL)
        for form in re.findall(r'<form[^>]*method="post".*?</form>', path.read_text("utf-8"), re.DOTALL)
        if 'name="csrf" value="{{ csrf }}"' not in form
    ]
    assert without == []
