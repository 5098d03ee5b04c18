"""/adaptive-checkout/*: the old pages' API of the checkout rules, one small edit at a time. New callers take /rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec
from aiohttp import web

from engine.model import Json
from hub import checkout_legacy as edits
from hub.checkout_rules import Rule
from web import checkout_shapes as shapes
from web.answers import json_answer
from web.bodies import read_body
from web.checkout_rules import found, note_rule, shown
from web.context import context_of
from web.reading import read_query
from web.requests import NoQuery

Wanted = TypeVar("Wanted")


async def add_rule(request: web.Request) -> web.Response:
    """`POST /adaptive-checkout/rule-details/add`: it is passed over until it has a payment method."""
    body = await _read(request, shapes.LegacyRule)
    rule = {"ruleId": body.rule_id, "priority": body.priority, "response": []}
    added = shown(await context_of(request).hub.rules.add(rule))
    await note_rule(request, "rule.add", None, added)
    return json_answer(added)


async def update_rule(request: web.Request) -> web.Response:
    """`POST /adaptive-checkout/rule-details/update`."""
    body = await _read(request, shapes.LegacyDetails)
    changes: Json = {"priority": body.priority}
    if body.rule_id is not None:
        changes["ruleId"] = body.rule_id
    return await _edited(request, body.id, lambda rule: changes)


async def add_method(request: web.Request) -> web.Response:
    """`POST /adaptive-checkout/payment-methods/add`."""
    body = await _read(request, shapes.LegacyMethod)
    return await _edited(request, body.id, lambda rule: edits.with_method(rule, _method(body)))


async def update_method(request: web.Request) -> web.Response:
    """`POST /adaptive-checkout/payment-methods/update`."""
    body = await _read(request, shapes.LegacyMethodAt)
    return await _edited(
        request, body.id, lambda rule: edits.with_other_method(rule, _method(body), body.index)
    )


async def remove_method(request: web.Request) -> web.Response:
    """`DELETE /adaptive-checkout/payment-methods/delete`."""
    body = await _read(request, shapes.LegacyMethodGone)
    return await _edited(request, body.id, lambda rule: edits.without_method(rule, body.index))


async def set_values(request: web.Request) -> web.Response:
    """`POST /adaptive-checkout/custom-rules/add` and `/update`."""
    body = await _read(request, shapes.LegacyValues)
    return await _edited(request, body.id, lambda rule: edits.with_values(rule, body.key, body.values))


async def remove_values(request: web.Request) -> web.Response:
    """`DELETE /adaptive-checkout/custom-rules/delete`."""
    body = await _read(request, shapes.LegacyValuesGone)
    return await _edited(request, body.id, lambda rule: edits.without_values(rule, body.key))


async def set_amount(request: web.Request) -> web.Response:
    """`POST /adaptive-checkout/amount-rules/update`."""
    body = await _read(request, shapes.LegacyAmount)
    return await _edited(
        request, body.id, lambda rule: edits.with_amount(rule, body.currency, body.min, body.max)
    )


async def remove_amount(request: web.Request) -> web.Response:
    """`DELETE /adaptive-checkout/amount-rules/delete`."""
    body = await _read(request, shapes.LegacyAmountGone)
    return await _edited(request, body.id, edits.without_amount)


async def _edited(request: web.Request, rule_id: str, edit: Callable[[Rule], Json]) -> web.Response:
    book = context_of(request).hub.rules
    before = found(await book.find(rule_id))
    rule = shown(found(await book.change(rule_id, edit(before.rule))))
    await note_rule(request, "rule.change", shown(before), rule)
    return json_answer(rule)


async def _read(request: web.Request, wanted: type[Wanted]) -> Wanted:
    read_query(request, NoQuery)
    return await read_body(request, msgspec.json.Decoder(wanted))


def _method(body: shapes.LegacyMethod | shapes.LegacyMethodAt) -> Json:
    return {"provider": body.provider, "paymentMethod": body.payment_method}
