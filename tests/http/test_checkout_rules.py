"""Checkout rules over HTTP: the original's /rule and /check, ours, and the old pages' edits."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from engine.model import Json
from tests.http.daemon import AWAY, Daemon, served

CARDS = [{"provider": "sandbox", "paymentMethod": "credit-cards"}]
ALL = [*CARDS, {"provider": "sandbox", "paymentMethod": "pay-pal"}]
OURS = "/api/v1/checkout-rules"


def rule(rule_id: str, priority: int = 1, **more: Any) -> Json:
    return {"ruleId": rule_id, "priority": priority, "response": CARDS, **more}


OVER = [{"key": "/amount", "operator": "greater_than", "value": "1000"}]


async def patch(daemon: Daemon, path: str, body: bytes) -> Any:
    return await daemon.call("PATCH", path, body=body, headers={"Content-Type": "application/json"})


@served
async def test_the_original_s_way_from_a_rule_to_what_is_offered(daemon: Daemon) -> None:
    made = await daemon.post("/rule", rule("big", rules=OVER, type="paymentMethods"))
    assert made.status == 201
    assert made.json["ruleId"] == "big"
    body = {"type": "paymentMethods", "data": {"amount": 5000}}
    assert (await daemon.post("/check", body)).json == CARDS
    nothing = await daemon.post("/check", {"type": "paymentMethods", "data": {"amount": 5}})
    assert (nothing.status, nothing.code) == (404, "no-rule-matches")
    assert nothing.json["statusCode"] == 404
    assert nothing.json["message"]
    await daemon.post("/rule", rule("default", 9, response=ALL))
    assert (await daemon.post("/check", {"type": "paymentMethods", "data": {"amount": 5}})).json == ALL
    assert (await patch(daemon, "/rule/big", b'{"rules": []}')).json["rules"] == []
    assert (await daemon.post("/check", {"type": "paymentMethods", "data": {"amount": 5}})).json == CARDS
    assert (await daemon.call("DELETE", "/rule/big")).json == {"ruleId": "big"}
    assert (await daemon.post("/check", {"type": "paymentMethods", "data": {"amount": 5}})).json == ALL


@served
async def test_rules_are_listed_in_the_order_they_are_asked(daemon: Daemon) -> None:
    for made in (rule("default", 0), rule("b", 5), rule("a", 7), rule("x", 1, type="banks", response="any")):
        assert (await daemon.post(OURS, made)).status == 201
    listed = (await daemon.get(OURS)).json["items"]
    assert [one["ruleId"] for one in listed] == ["x", "b", "a", "default"]
    assert [one["ruleId"] for one in (await daemon.get(f"{OURS}?type=banks")).json["items"]] == ["x"]
    assert (await daemon.get(f"{OURS}/b")).json["source"] == "store"


@served
async def test_a_test_of_the_rules_says_why(daemon: Daemon) -> None:
    for made in (rule("big", 1, rules=OVER), rule("default", 9, response=ALL)):
        await daemon.post(OURS, made)
    told = (await daemon.post(f"{OURS}/test", {"data": {"amount": 5}})).json
    assert (told["matched"], told["response"]) == ("default", ALL)
    assert [(one["ruleId"], one["outcome"]) for one in told["rules"]] == [
        ("big", "failed"),
        ("default", "matched"),
    ]
    [condition] = told["rules"][0]["conditions"]
    assert (condition["found"], condition["holds"]) == ([5], False)
    assert "greater_than" in condition["why"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (rule("a", response=[{"provider": "nobody", "paymentMethod": "x"}]), "/response/0"),
        (rule("a", response=[{"provider": "sandbox", "paymentMethod": "shells"}]), "/response/0"),
        (rule("a", rules=[{"key": "/a", "operator": "like", "value": 1}]), "/rules/0"),
    ],
    ids=str,
)
@served
async def test_a_rule_that_could_offer_nothing_is_refused_with_its_place(
    daemon: Daemon, body: Json, problem: str
) -> None:
    reply = await daemon.post("/rule", body)
    assert (reply.status, reply.code) == (422, "payload-invalid")
    assert reply.json["problems"][0].startswith(problem)


@served
async def test_what_is_not_there_or_there_already_is_told(daemon: Daemon) -> None:
    await daemon.post("/rule", rule("a"))
    assert (await daemon.post("/rule", rule("a"))).code == "record-exists"
    assert (await patch(daemon, "/rule/b", b"{}")).code == "rule-not-found"
    assert (await daemon.call("DELETE", f"{OURS}/b")).code == "rule-not-found"
    assert (await daemon.get(f"{OURS}/b")).code == "rule-not-found"
    assert (await daemon.post("/rule", {"ruleId": "b"})).code == "invalid-request"


@served
async def test_without_the_store_rules_that_were_just_read_still_answer(daemon: Daemon) -> None:
    await daemon.post("/rule", rule("a"))
    assert (await daemon.post("/check", {"data": {}})).json == CARDS
    daemon.store.fault = AWAY
    assert (await daemon.post("/check", {"data": {}})).json == CARDS


async def edit(daemon: Daemon, what: str, body: Json, method: str = "POST") -> Json:
    reply = await daemon.call(
        method,
        f"/adaptive-checkout/{what}",
        body=orjson.dumps(body),
        headers={"Content-Type": "application/json"},
    )
    assert reply.status == 200, reply.body
    found: Json = reply.json
    return found


@served
async def test_the_old_pages_make_a_rule_edit_by_edit(daemon: Daemon) -> None:
    check = {"data": {"amount": 5000, "currency": "EUR", "additionalData": {"channel": "web"}}}
    await edit(daemon, "rule-details/add", {"ruleId": "r", "priority": 3})
    assert (await daemon.post("/check", check)).status == 404, "an empty rule offers nothing"
    await edit(daemon, "rule-details/update", {"id": "r", "ruleId": "r", "priority": 2})
    await edit(daemon, "payment-methods/add", {"id": "r", **ALL[1]})
    await edit(daemon, "payment-methods/add", {"id": "r", "provider": "sandbox", "paymentMethod": "scalapay"})
    await edit(daemon, "payment-methods/update", {"id": "r", "index": 1, **CARDS[0]})
    await edit(daemon, "payment-methods/delete", {"id": "r", "index": 0, **ALL[1]}, "DELETE")
    await edit(daemon, "custom-rules/add", {"id": "r", "key": "Channel", "values": "app"})
    assert (await daemon.post("/check", check)).status == 404
    await edit(daemon, "custom-rules/update", {"id": "r", "key": "Channel", "values": "web, app"})
    amount = {"id": "r", "currency": "EUR", "min": 100, "max": 4999}
    await edit(daemon, "amount-rules/update", amount)
    assert (await daemon.post("/check", check)).status == 404
    made = await edit(daemon, "amount-rules/update", {**amount, "max": 5000})
    assert [one["key"] for one in made["rules"]] == [
        "/additionalData/channel",
        "/currency",
        "/amount",
        "/amount",
    ]
    assert (await daemon.post("/check", check)).json == CARDS
    await edit(daemon, "amount-rules/delete", amount, "DELETE")
    made = await edit(daemon, "custom-rules/delete", {"id": "r", "key": "Channel", "values": "web"}, "DELETE")
    assert made["rules"] == []
    assert (await daemon.call("DELETE", "/adaptive-checkout/rule-details/delete/r")).status == 200
    assert (await daemon.post("/check", check)).status == 404


@pytest.mark.parametrize("wrong", [-1, 1.5, "100", 10**15])
@served
async def test_an_amount_that_is_none_makes_no_rule(daemon: Daemon, wrong: object) -> None:
    await daemon.post("/adaptive-checkout/rule-details/add", {"ruleId": "r", "priority": 3})
    reply = await daemon.post(
        "/adaptive-checkout/amount-rules/update", {"id": "r", "currency": "EUR", "min": wrong}
    )
    assert (reply.status, reply.code) == (400, "invalid-request")
