"""The API of the checkout rules: the original's /rule and /check, and ours under /api/v1/checkout-rules."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.checkout_rule_book import Kept, RuleBook
from hub.checkout_rules import Looked
from web.acts import note
from web.answers import json_answer
from web.bodies import read_body
from web.checkout_shapes import (
    Check,
    CheckoutRule,
    CheckoutRules,
    HeldCondition,
    HeldRule,
    NewRule,
    RuleChanges,
    RuleCondition,
    RuleGone,
    RuleQuery,
    RuleTest,
)
from web.context import context_of
from web.problems import Problem
from web.reading import read_name, read_query
from web.requests import NoQuery

_NEW = msgspec.json.Decoder(NewRule)
_CHANGES = msgspec.json.Decoder(RuleChanges)
_CHECK = msgspec.json.Decoder(Check)


async def add_rule(request: web.Request) -> web.Response:
    """`POST /rule` and `POST /api/v1/checkout-rules`."""
    read_query(request, NoQuery)
    body = await read_body(request, _NEW)
    rule = shown(await _book(request).add(msgspec.to_builtins(body)))
    await note_rule(request, "rule.add", None, rule)
    return json_answer(rule, status=201, location="/api/v1/checkout-rules")


async def change_rule(request: web.Request) -> web.Response:
    """`PATCH /rule/{ruleId}` and `PATCH /api/v1/checkout-rules/{ruleId}`."""
    read_query(request, NoQuery)
    rule_id = read_name(request, "ruleId")
    changes = msgspec.to_builtins(await read_body(request, _CHANGES))
    before = shown(found(await _book(request).find(rule_id)))
    rule = shown(found(await _book(request).change(rule_id, changes)))
    await note_rule(request, "rule.change", before, rule)
    return json_answer(rule)


async def remove_rule(request: web.Request) -> web.Response:
    """`DELETE /rule/{ruleId}`, `DELETE /api/v1/checkout-rules/{ruleId}` and the old pages' way to say it."""
    read_query(request, NoQuery)
    rule_id = read_name(request, "ruleId")
    before = shown(found(await _book(request).find(rule_id)))
    if not await _book(request).remove(rule_id):
        raise _nowhere()
    await note_rule(request, "rule.remove", before, None)
    return json_answer(RuleGone(rule_id=rule_id))


async def check(request: web.Request) -> web.Response:
    """`POST /check`: the response of the first rule that matches, as it is."""
    read_query(request, NoQuery)
    body = await read_body(request, _CHECK)
    rule = await _book(request).check(body.type, body.data)
    if rule is None:
        raise Problem(
            "no-rule-matches", "No checkout rule of this type matches the data: add a rule `default`."
        )
    return json_answer(rule.response)


async def list_rules(request: web.Request) -> web.Response:
    """`GET /api/v1/checkout-rules`."""
    type_ = read_query(request, RuleQuery).type
    rules = [kept for kept in await _book(request).rules() if type_ in (None, kept.rule.type)]
    rules.sort(key=lambda kept: (kept.rule.type, kept.rule.order))
    return json_answer(CheckoutRules(items=[shown(kept) for kept in rules]))


async def show_rule(request: web.Request) -> web.Response:
    """`GET /api/v1/checkout-rules/{ruleId}`: as it is in the store at this moment."""
    read_query(request, NoQuery)
    return json_answer(shown(found(await _book(request).find(read_name(request, "ruleId")))))


async def test_rules(request: web.Request) -> web.Response:
    """`POST /api/v1/checkout-rules/test`: what these data would be offered, and why."""
    read_query(request, NoQuery)
    body = await read_body(request, _CHECK)
    looked = await _book(request).explain(body.type, body.data)
    match = next((one.rule for one in looked if one.outcome == "matched"), None)
    return json_answer(
        RuleTest(
            matched=match.rule_id if match else None,
            response=match.response if match else None,
            rules=[_held(one) for one in looked],
        )
    )


async def note_rule(
    request: web.Request, action: str, before: CheckoutRule | None, after: CheckoutRule | None
) -> None:
    """Keep in the audit log how a rule was and is; None: it was not there, or is no more."""
    rule = before or after
    assert rule is not None
    sides = [None if side is None else msgspec.to_builtins(side) for side in (before, after)]
    await note(request, action, f"rule {rule.rule_id}", before=sides[0], after=sides[1])


def shown(kept: Kept) -> CheckoutRule:
    """A rule as the API answers it."""
    rule = kept.rule
    conditions = [
        RuleCondition(key=one.key, operator=one.operator, value=one.value) for one in rule.conditions
    ]
    return CheckoutRule(
        rule_id=rule.rule_id,
        priority=rule.priority,
        type=rule.type,
        rules=conditions,
        response=rule.response,
        source="file" if kept.version is None else "store",
    )


def found(kept: Kept | None) -> Kept:
    """Raises Problem: rule-not-found."""
    if kept is None:
        raise _nowhere()
    return kept


def _held(one: Looked) -> HeldRule:
    conditions = [
        HeldCondition(
            key=judged.condition.key,
            operator=judged.condition.operator,
            value=judged.condition.value,
            holds=judged.holds,
            found=list(judged.found),
            why=judged.why,
        )
        for judged in one.conditions
    ]
    rule = one.rule
    return HeldRule(rule_id=rule.rule_id, priority=rule.priority, outcome=one.outcome, conditions=conditions)


def _nowhere() -> Problem:
    return Problem("rule-not-found", "There is no checkout rule of this id; the list has them all.")


def _book(request: web.Request) -> RuleBook:
    return context_of(request).hub.rules
