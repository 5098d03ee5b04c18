"""Who may use the API: keys, roles, and what the audit log keeps."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import orjson

from engine.model import Json
from hub.access.access import House
from hub.access.roles import Role
from tests.http.daemon import AWAY, Daemon, Reply, daemon, served
from tests.http.people import PASSWORD, logged_in
from web.route import Route
from web.routes import ROUTES

ASKS = House(asks=True)
JSON = {"Content-Type": "application/json"}


def asked(test: Callable[[Daemon], Awaitable[None]]) -> Callable[[], None]:
    """A test of a daemon whose API asks who it is."""

    def run() -> None:
        async def body() -> None:
            async with daemon(house=ASKS) as one:
                await test(one)

        asyncio.run(body())

    run.__name__ = test.__name__
    return run


async def key_of(one: Daemon, role: Role, name: str = "shop") -> dict[str, str]:
    return {"Authorization": f"Bearer {await one.access.keys.add(name, role)}"}


async def send(one: Daemon, method: str, path: str, body: Json | None, headers: dict[str, str]) -> Reply:
    raw = None if body is None else orjson.dumps(body)
    return await one.call(method, path, body=raw, headers={**JSON, **headers})


def _path(route: Route) -> str:
    return route.path.replace("{", "").replace("}", "")


@asked
async def test_every_operation_asks_for_its_role(one: Daemon) -> None:
    viewer, operator = await key_of(one, "viewer"), await key_of(one, "operator", "ops")
    for route in ROUTES:
        nobody = await one.call(route.method, _path(route))
        if route.asked_role is None:
            assert nobody.status < 400 or nobody.code not in ("login-required", "not-allowed"), route.name
            continue
        assert nobody.code == "login-required", route.name
        assert nobody.headers["WWW-Authenticate"] == 'Bearer realm="sagaloom"'
        if route.asked_role != "viewer":
            assert (await one.call(route.method, _path(route), headers=viewer)).code == "not-allowed", (
                route.name
            )
        if route.asked_role == "admin":
            assert (await one.call(route.method, _path(route), headers=operator)).code == "not-allowed", (
                route.name
            )


def test_what_changes_machines_rules_users_keys_and_dispatch_is_for_admins() -> None:
    admins = {f"{route.method} {route.path}" for route in ROUTES if route.asked_role == "admin"}
    assert {
        "POST /api/v1/machines", "POST /api/v1/dispatch", "POST /rule", "PATCH /api/v1/checkout-rules/{ruleId}",
        "DELETE /adaptive-checkout/rule-details/delete/{ruleId}", "GET /api/v1/users", "POST /api/v1/keys",
    } <= admins  # fmt: skip


@asked
async def test_a_key_is_taken_in_three_headers(one: Daemon) -> None:
    key = await one.access.keys.add("shop", "viewer")
    for headers in ({"Authorization": f"bearer {key}"}, {"X-API-Key": key}, {"secret": key}):
        assert (await one.get("/api/v1/counts", **headers)).status == 200


@asked
async def test_a_key_that_is_wrong_or_was_revoked_is_refused(one: Daemon) -> None:
    headers = await key_of(one, "viewer")
    assert (await one.get("/api/v1/counts", **headers)).status == 200
    [key] = await one.access.keys.list()
    admin = await key_of(one, "admin", "ops")
    assert (await send(one, "DELETE", f"/api/v1/keys/{key.id}", None, admin)).json == {"id": key.id}
    assert (await send(one, "DELETE", f"/api/v1/keys/{key.id}", None, admin)).code == "key-not-found"
    for wrong in (headers, {"X-API-Key": "sgl_1_x"}, {"secret": "s"}, {"Authorization": "Bearer "}):
        refused = await one.get("/api/v1/counts", **wrong)
        assert refused.code in ("key-refused", "login-required")
        assert "Bearer" in refused.headers["WWW-Authenticate"]
    assert (await one.get("/api/v1/counts", **headers)).code == "key-refused"


@asked
async def test_another_scheme_of_authorization_is_no_key(one: Daemon) -> None:
    key = await one.access.keys.add("shop", "viewer")
    headers = {"Authorization": "Basic dTpw", "X-API-Key": key}
    assert (await one.get("/api/v1/counts", **headers)).status == 200


@served
async def test_on_this_machine_alone_the_api_is_open_and_a_wrong_key_is_told(one: Daemon) -> None:
    assert (await one.get("/api/v1/users")).status == 200
    assert (await one.get("/api/v1/users", secret="wrong")).code == "key-refused"
    assert (await one.get("/access/users")).status == 303


@served
async def test_a_store_that_is_away_lets_nobody_in(one: Daemon) -> None:
    anna, key = await logged_in(one, "admin"), await key_of(one, "admin")
    one.store.fault = AWAY
    assert (await one.get("/api/v1/dispatch", **key)).code == "store-unavailable"
    assert (await one.get("/api/v1/dispatch", Cookie=anna.cookie)).code == "store-unavailable"


@asked
async def test_a_session_uses_the_api_with_its_role_and_its_token(one: Daemon) -> None:
    admin, viewer = await logged_in(one, "admin"), await logged_in(one, "viewer")
    cookie = {"Cookie": admin.cookie}
    assert (await one.get("/api/v1/users", **cookie)).status == 200
    assert (await one.get("/api/v1/users", Cookie=viewer.cookie)).code == "not-allowed"
    held = {"state": "held"}
    assert (await send(one, "POST", "/api/v1/dispatch", held, cookie)).code == "csrf-refused"
    wrong = {**cookie, "X-CSRF-Token": viewer.csrf}
    assert (await send(one, "POST", "/api/v1/dispatch", held, wrong)).code == "csrf-refused"
    assert not one.engine.dispatcher.holding
    right = {**cookie, "X-CSRF-Token": admin.csrf}
    assert (await send(one, "POST", "/api/v1/dispatch", held, right)).status == 200
    assert one.engine.dispatcher.holding


@asked
async def test_histories_and_the_log_name_the_key_and_for_whom_it_acts(one: Daemon) -> None:
    key = await key_of(one, "operator")
    new = {"machine": "order", "metadata": {"orderNumber": "n1"}}
    saga = (await send(one, "POST", "/api/v1/sagas", new, key)).json["sagaId"]
    reason = {"reason": "customer called"}
    path = f"/api/v1/sagas/{saga}/pause"
    assert (await send(one, "POST", path, reason, {**key, "X-Actor": "anna"})).status == 200
    history = (await one.get(f"/api/v1/sagas/{saga}/history", **key)).json["items"]
    assert [row["actor"] for row in history] == ["key:shop", "anna via key:shop"]
    [row] = (await one.get(f"/api/v1/audit?target=saga%20{saga}", **key)).json["items"]
    assert (row["actor"], row["action"], row["reason"]) == (
        "anna via key:shop",
        "saga.pause",
        "customer called",
    )


@asked
async def test_a_person_cannot_act_under_another_name(one: Daemon) -> None:
    ben = await logged_in(one, "operator", "ben")
    saga = await one.engine.runner.start("order", metadata={"orderNumber": "n1"})
    headers = {"Cookie": ben.cookie, "X-CSRF-Token": ben.csrf, "X-Actor": "anna"}
    path = f"/api/v1/sagas/{saga.saga.saga_id}/pause"
    assert (await send(one, "POST", path, {"reason": "r"}, headers)).status == 200
    [row] = await one.access.audit.list(action="saga.pause")
    assert row.actor == "ben"


@served
async def test_users_are_added_changed_and_shut_out(one: Daemon) -> None:
    added = await one.post("/api/v1/users", {"name": "anna", "role": "viewer"})
    assert added.status == 201
    assert await one.access.users.verified("anna", added.json["password"]) is not None
    assert (await one.post("/api/v1/users", {"name": "anna", "role": "viewer"})).code == "record-exists"
    for wrong in ({"name": "An na", "role": "viewer"}, {"name": "ben", "role": "root"},
                  {"name": "ben", "role": "viewer", "password": "short"}):  # fmt: skip
        assert (await one.post("/api/v1/users", wrong)).code == "invalid-request"
    admin = {"name": "ops", "role": "admin", "password": PASSWORD}
    assert "password" not in (await one.post("/api/v1/users", admin)).json
    changed = await send(one, "PATCH", "/api/v1/users/anna", {"role": "operator", "disabled": True}, {})
    assert (changed.json["role"], changed.json["disabled"]) == ("operator", True)
    fresh = await send(one, "PATCH", "/api/v1/users/anna", {"newPassword": True, "disabled": False}, {})
    assert await one.access.users.verified("anna", fresh.json["password"]) is not None
    assert (await send(one, "PATCH", "/api/v1/users/ops", {"disabled": True}, {})).code == "payload-invalid"
    assert (await send(one, "PATCH", "/api/v1/users/nobody", {"role": "admin"}, {})).code == "user-not-found"
    assert (await send(one, "PATCH", "/api/v1/users/anna", {}, {})).code == "invalid-request"
    listed = (await one.get("/api/v1/users")).json["items"]
    assert [(user["name"], "password" in user) for user in listed] == [("anna", False), ("ops", False)]


@served
async def test_no_secret_comes_into_the_audit_log(one: Daemon) -> None:
    password = (await one.post("/api/v1/users", {"name": "anna", "role": "admin"})).json["password"]
    made = (await one.post("/api/v1/keys", {"name": "shop", "role": "viewer"})).json
    again = await send(one, "PATCH", "/api/v1/users/anna", {"newPassword": True}, {})
    log = (await one.get("/api/v1/audit")).body.decode()
    for secret in (password, made["key"], made["key"].rpartition("_")[2], again.json["password"], "$argon2"):
        assert secret not in log
    assert made["id"] in log


@served
async def test_the_log_has_filters_and_pages_newest_first(one: Daemon) -> None:
    for number in range(5):
        one.clock.time += 1_000
        await one.post("/api/v1/dispatch", {"state": "held"}, {"X-Actor": f"a{number % 2}"})
    first = (await one.get("/api/v1/audit?limit=3&action=dispatch.set")).json
    rest = (await one.get(f"/api/v1/audit?limit=3&action=dispatch.set&cursor={first['nextCursor']}")).json
    assert [row["actor"] for row in first["items"] + rest["items"]] == ["a0", "a1", "a0", "a1", "a0"]
    assert rest["nextCursor"] is None
    assert len((await one.get("/api/v1/audit?actor=a1")).json["items"]) == 2
    since = first["items"][1]["at"]
    assert len((await one.get(f"/api/v1/audit?since={since}")).json["items"]) == 2
    assert len((await one.get(f"/api/v1/audit?until={since}")).json["items"]) == 3
    assert (await one.get("/api/v1/audit?since=yesterday")).code == "invalid-query"


RULE = {
    "ruleId": "cards", "priority": 5, "type": "payment", "rules": [],
    "response": [{"provider": "sandbox", "paymentMethod": "credit-cards"}],
}  # fmt: skip


@served
async def test_what_people_change_is_in_the_log_with_before_and_after(one: Daemon) -> None:
    assert (await one.post("/rule", RULE)).status == 201
    assert (await send(one, "PATCH", "/rule/cards", {"priority": 7}, {})).status == 200
    assert (await send(one, "DELETE", "/rule/cards", None, {})).status == 200
    removed, changed, added = await one.access.audit.list(target="rule cards")
    assert (added.action, added.before, added.after["priority"]) == ("rule.add", {}, 5)
    assert (changed.before["priority"], changed.after["priority"]) == (5, 7)
    assert (removed.action, removed.before["priority"], removed.after) == ("rule.remove", 7, {})
    saga = await one.start("n1")
    await one.post(f"/api/v1/sagas/{saga}/move", {"state": "PAID", "reason": "paid in cash"})
    [moved] = await one.access.audit.list(action="saga.move")
    assert (moved.target, moved.before["state"], moved.after["state"]) == (f"saga {saga}", "CREATED", "PAID")
    order = {"action": "pause", "reason": "stock-taking", "filter": {"machine": "order"}}
    await one.post("/api/v1/bulk", {**order, "dryRun": True})
    await one.post("/api/v1/bulk", order)
    [bulk] = await one.access.audit.list(action="bulk.pause")
    assert (bulk.reason, bulk.after["machine"], bulk.after["done"]) == ("stock-taking", "order", 1)


@served
async def test_what_programs_do_all_day_is_not_in_the_log(one: Daemon) -> None:
    saga = await one.start("n1")
    await one.tell(saga, "paymentExecuted", {"paymentId": "p1"})
    await one.post("/saga", {"metadata": {"orderNumber": "n2"}})
    assert await one.access.audit.list() == []
