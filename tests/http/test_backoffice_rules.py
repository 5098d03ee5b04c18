"""Checkout rules in the backoffice: made and changed step by step, put in order, tested, removed; by admins alone."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from html import unescape
from urllib.parse import quote

import pytest

from engine.model import Json
from tests.http.backoffice import HOME, person, send_many
from tests.http.console import page, plain
from tests.http.people import Person
from tests.http.shop import Shop, selling

Run = Callable[[Callable[[Shop], Awaitable[None]]], None]
RULES = f"{HOME}/rules"
CARDS = "sandbox\x1fcredit-cards"


@pytest.fixture(scope="module")
def sold() -> Iterator[Run]:
    with selling() as run:
        yield run


@pytest.fixture
def run(sold: Run) -> Run:
    """One shop for all, without rules."""

    async def empty(shop: Shop) -> None:
        for rule in (await shop.it.get("/api/v1/checkout-rules")).json["items"]:
            await shop.it.call("DELETE", f"/api/v1/checkout-rules/{quote(rule['ruleId'], safe='')}")

    sold(empty)
    return sold


async def keep(shop: Shop, rule_id: str, priority: int, *conditions: Json, methods: int = 1) -> None:
    response = [{"provider": "sandbox", "paymentMethod": "credit-cards"}] * methods
    body = {"ruleId": rule_id, "priority": priority, "rules": list(conditions), "response": response}
    reply = await shop.it.post("/api/v1/checkout-rules", body)
    assert reply.status == 201, reply.body


async def order_of(who: Person) -> list[str]:
    return re.findall(r'<tr data-rule="([^"]*)"', await page(who, RULES))


def hidden(html: str) -> list[tuple[str, str]]:
    """Every field of the wizard as a browser would send it, but its buttons."""
    fields = re.findall(
        r'<input type="hidden" name="([^"]+)" value="([^"]*)"',
        html.partition('<form method="post" action="/backoffice/rules')[2],
    )
    return [(name, unescape(value)) for name, value in fields if name != "csrf"]


def test_a_rule_is_made_in_three_steps(run: Run) -> None:
    async def test(shop: Shop) -> None:
        admin = await person(shop, "admin", "chief")
        path = f"{RULES}/new"
        overview = [
            ("step", "overview"),
            ("ruleId", "late <b>night</b>"),
            ("priority", "10"),
            ("type", "paymentMethods"),
        ]
        first = await send_many(admin, path, [*overview, ("do", "conditions")])
        assert 'data-step="conditions"' in first.body.decode()
        condition = [("key", "/amount"), ("operator", "less_than"), ("value", "5000")]
        carried = [
            pair for pair in hidden(first.body.decode()) if pair[0] not in ("key", "operator", "value")
        ]
        second = await send_many(admin, path, [*carried, *condition, ("do", "response")])
        assert 'data-step="response"' in second.body.decode()
        last = [*hidden(second.body.decode()), ("offer", CARDS), ("reason", "asked"), ("do", "save")]
        saved = await send_many(admin, path, last)
        assert saved.status == 303, plain(saved.body.decode())
        (rule,) = (await shop.it.get("/api/v1/checkout-rules")).json["items"]
        assert rule["ruleId"] == "late <b>night</b>"
        assert rule["rules"] == [{"key": "/amount", "operator": "less_than", "value": "5000"}]
        assert rule["response"] == [{"provider": "sandbox", "paymentMethod": "credit-cards"}]
        html = await page(admin, saved.headers["Location"])
        assert "<b>night" not in html
        (act,) = await shop.it.access.audit.list(action="rule.add", actor="chief")
        assert (act.actor, act.reason, act.after["priority"]) == ("chief", "asked", 10)

    run(test)


def test_what_is_wrong_is_told_at_its_step_and_kept_as_typed(run: Run) -> None:
    async def test(shop: Shop) -> None:
        admin = await person(shop, "admin", "chief")
        fields = [("step", "response"), ("ruleId", "n"), ("priority", "1"), ("type", "paymentMethods"), ("key", "/amount"),
                  ("operator", "greater_than"), ("value", "plenty"), ("do", "save")]  # fmt: skip
        reply = await send_many(admin, f"{RULES}/new", fields)
        html = reply.body.decode()
        assert reply.status == 422
        assert 'data-step="conditions"' in html
        assert 'value="plenty"' in html
        assert await order_of(admin) == []

    run(test)


def test_an_id_that_is_taken_is_told(run: Run) -> None:
    async def test(shop: Shop) -> None:
        await keep(shop, "first", 1)
        admin = await person(shop, "admin", "chief")
        fields = [
            ("step", "response"),
            ("ruleId", "first"),
            ("priority", "2"),
            ("type", "paymentMethods"),
            ("do", "save"),
        ]
        reply = await send_many(admin, f"{RULES}/new", fields)
        assert (reply.status, "There is a rule with this ID" in reply.body.decode()) == (409, True)

    run(test)


def test_a_change_is_refused_if_somebody_else_was_faster(run: Run) -> None:
    async def test(shop: Shop) -> None:
        await keep(shop, "shared", 1)
        admin = await person(shop, "admin", "chief")
        path = f"{RULES}/rule/shared/edit"
        html = await page(admin, path)
        fields = [*hidden(html), ("priority", "7"), ("type", "paymentMethods"), ("do", "save")]
        await shop.it.call(
            "PATCH",
            "/api/v1/checkout-rules/shared",
            body=b'{"priority": 3}',
            headers={"Content-Type": "application/json"},
        )
        reply = await send_many(admin, path, fields)
        assert reply.headers["Location"].endswith("said=rule.changed")
        fields = [
            *hidden(await page(admin, path)),
            ("priority", "7"),
            ("type", "paymentMethods"),
            ("do", "save"),
        ]
        assert (await send_many(admin, path, fields)).headers["Location"].endswith("said=rule.saved")
        assert (await shop.it.get("/api/v1/checkout-rules/shared")).json["priority"] == 7
        (act,) = await shop.it.access.audit.list(action="rule.change", actor="chief")
        assert (act.before["priority"], act.after["priority"]) == (3, 7)

    run(test)


def test_rules_are_listed_as_they_are_asked_and_change_places(run: Run) -> None:
    async def test(shop: Shop) -> None:
        for rule_id, priority in (("c", 30), ("a", 10), ("default", 0), ("b", 20), ("b2", 20)):
            await keep(shop, rule_id, priority)
        admin = await person(shop, "admin", "chief")
        assert await order_of(admin) == ["a", "b", "b2", "c", "default"]
        await admin.send(f"{RULES}/rule/c/move", {"way": "up"})
        assert await order_of(admin) == ["a", "b", "c", "b2", "default"]
        await admin.send(f"{RULES}/rule/a/move", {"way": "up"})
        await admin.send(f"{RULES}/rule/b2/move", {"way": "up"})
        assert await order_of(admin) == ["a", "b", "b2", "c", "default"]
        await admin.send(f"{RULES}/rule/a/move", {"way": "down"})
        assert await order_of(admin) == ["b", "a", "b2", "c", "default"]

    run(test)


def test_a_hole_in_the_rules_is_told_until_one_holds_for_every_payment(run: Run) -> None:
    async def test(shop: Shop) -> None:
        viewer = await person(shop, "viewer", "reader")
        told = 'data-testid="no-default"'
        assert told not in await page(viewer, RULES), "without rules all is offered as configured"
        await keep(shop, "small", 1, {"key": "/amount", "operator": "less_than", "value": 5000})
        assert told in await page(viewer, RULES)
        await keep(shop, "default", 9)
        assert told not in await page(viewer, RULES)

    run(test)


def test_rules_are_removed_together_after_a_question(run: Run) -> None:
    async def test(shop: Shop) -> None:
        for rule_id in ("one", "two", "three"):
            await keep(shop, rule_id, 1)
        admin = await person(shop, "admin", "chief")
        assert "These 2 rules" in plain(await page(admin, f"{RULES}/remove?rule=one&rule=two"))
        fields = [("rule", "one"), ("rule", "two"), ("rule", "gone"), ("reason", "old")]
        assert (await send_many(admin, f"{RULES}/remove", fields)).status == 303
        assert await order_of(admin) == ["three"]
        acts = await shop.it.access.audit.list(action="rule.remove", actor="chief")
        assert {(act.target, act.reason, act.before["priority"]) for act in acts} == {
            ("rule one", "old", 1), ("rule two", "old", 1),
        }  # fmt: skip

    run(test)


def test_data_are_held_against_the_rules_with_the_reason(run: Run) -> None:
    async def test(shop: Shop) -> None:
        await keep(shop, "rich", 1, {"key": "/amount", "operator": "greater_than", "value": 10_000})
        await keep(shop, "default", 0)
        viewer = await person(shop, "viewer")
        path, form = f"{RULES}/test", {"type": "paymentMethods"}
        poor = plain((await viewer.send(path, {**form, "data": '{"amount": 1}'})).body.decode())
        assert re.search(
            r"Matches: default .* rich does not match .* does not hold: /amount is greater than 10000 · found 1",
            poor,
        )
        wrong = await viewer.send(path, {**form, "data": "{<script>"})
        assert (wrong.status, "no JSON" in wrong.body.decode(), "{<script>" in wrong.body.decode()) == (
            422,
            True,
            False,
        )
        deep = await viewer.send(path, {**form, "data": "[" * 5_000})
        assert deep.status == 422

    run(test)


def test_a_change_of_the_priority_leaves_the_values_as_they_were(run: Run) -> None:
    async def test(shop: Shop) -> None:
        conditions: list[Json] = [
            {"key": "/a", "operator": "in", "value": ["x, y", 3]},
            {"key": "/b", "operator": "equals", "value": True},
        ]
        await keep(shop, "typed", 1, *conditions)
        admin = await person(shop, "admin", "chief")
        path = f"{RULES}/rule/typed/edit"
        fields = [
            *hidden(await page(admin, path)),
            ("priority", "5"),
            ("type", "paymentMethods"),
            ("do", "save"),
        ]
        assert (await send_many(admin, path, fields)).status == 303
        rule = (await shop.it.get("/api/v1/checkout-rules/typed")).json
        assert (rule["priority"], rule["rules"]) == (5, conditions)

    run(test)


def test_a_condition_is_dropped_where_it_stands(run: Run) -> None:
    async def test(shop: Shop) -> None:
        admin = await person(shop, "admin", "chief")
        rows = [
            pair
            for key in ("/one", "", "/three")
            for pair in (("key", key), ("operator", "equals"), ("value", ""))
        ]
        for do in ("drop-1", "drop-9", "drop-x", f"drop-{'9' * 5_000}"):
            reply = await send_many(admin, f"{RULES}/new", [("step", "conditions"), *rows, ("do", do)])
            assert reply.status == 200
            keys = re.findall(r'name="key" value="([^"]*)"', reply.body.decode())
            assert keys == (["/one", "/three"] if do == "drop-1" else ["/one", "", "/three"])

    run(test)
