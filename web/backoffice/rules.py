"""/backoffice/rules: the adaptive checkout rules as they are asked, their order, and a test of data against them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from aiohttp import web

from engine.errors import ActionNotPossible, StaleRecord
from engine.model import Json
from hub.checkout_rule_book import Kept
from hub.checkout_rules import DEFAULT, PAYMENT_METHODS
from web.acts import note
from web.backoffice.frame import RULES, back_to, elsewhere, path_part, show
from web.backoffice.refunds import reason_in
from web.backoffice.transactions import chosen
from web.context import context_of
from web.pages.forms import read_form, text_in
from web.problems import Problem
from web.reading import read_name

EXAMPLE = b'{\n  "amount": 12900,\n  "currency": "EUR",\n  "additionalData": {"channel": "web"}\n}'
"""Data to begin a test with: a payment's metadata."""

_STEP = 10
_LONGEST_DATA = 20_000


async def show_rules(request: web.Request) -> web.StreamResponse:
    """`GET /backoffice/rules?search=&provider=`: in the order in which they are asked."""
    search, provider = request.query.get("search", "")[:200], request.query.get("provider", "")[:200]
    kept = in_order(await context_of(request).hub.rules.rules())
    found = [one for one in kept if search.lower() in one.rule.rule_id.lower() and _offers(one, provider)]
    names = {
        "rules": found,
        "search": search,
        "provider": provider,
        "providers": sorted(context_of(request).hub.gateway.providers),
        "whole": len(kept),
        "sorted_whole": len(found) == len(kept),
        "catches_all": not kept or any(not one.rule.conditions and one.rule.response for one in kept),
    }
    return await show(request, "rules", names)


async def show_rule(request: web.Request) -> web.StreamResponse:
    """`GET /backoffice/rules/{rule}`."""
    kept = await found(request)
    return await show(
        request, "rule", {"kept": kept, "rule": kept.rule, "response": _shown(kept.rule.response)}
    )


async def show_removal(request: web.Request) -> web.StreamResponse:
    """`GET /backoffice/rules/remove?rule=&rule=`: the question before rules are removed."""
    ids = chosen(request.query, "rule")
    if not ids:
        return elsewhere(request, RULES, "chosen.none")
    return await show(request, "rules_remove", {"ids": ids})


async def remove_rules(request: web.Request) -> web.StreamResponse:
    """`POST /backoffice/rules/remove`: one or many; those that are gone already are fine."""
    form, book = await read_form(request), context_of(request).hub.rules
    reason = reason_in(form)
    for rule_id in chosen(form, "rule"):
        kept = await book.find(rule_id)
        if kept is None:
            continue
        try:
            is_gone = await book.remove(rule_id)
        except ActionNotPossible:
            return back_to(RULES, "rule.in-file")
        if is_gone:
            await note(request, "rule.remove", f"rule {rule_id}", reason=reason, before=kept.rule.document())
    return back_to(RULES, "rule.removed")


async def move_rule(request: web.Request) -> web.StreamResponse:
    """`POST /backoffice/rules/{rule}/move`: `way` up or down, past its neighbour."""
    form, kept = await read_form(request), await found(request)
    way = -1 if text_in(form, "way") == "up" else 1
    row = [one for one in in_order(await context_of(request).hub.rules.rules()) if _stands_with(one, kept)]
    place = next((index for index, one in enumerate(row) if one.rule.rule_id == kept.rule.rule_id), -1)
    if place < 0 or not 0 <= place + way < len(row):
        return back_to(RULES, "rule.moved")
    row[place], row[place + way] = row[place + way], row[place]
    if row[place].version is None or row[place + way].version is None:
        return back_to(RULES, "rule.in-file")
    try:
        await _renumber(request, row, place, place + way)
    except StaleRecord:
        return back_to(RULES, "rule.changed")
    return back_to(RULES, "rule.moved")


async def show_test(request: web.Request) -> web.StreamResponse:
    """`GET /backoffice/rules/test`: a place for data."""
    return await show(request, "rules_test", _test_names(EXAMPLE.decode(), PAYMENT_METHODS))


async def test_rules(request: web.Request) -> web.StreamResponse:
    """`POST /backoffice/rules/test`: what these data would be offered, rule by rule. Changes nothing."""
    form = await read_form(request)
    text, type_ = text_in(form, "data")[:_LONGEST_DATA], text_in(form, "type") or PAYMENT_METHODS
    names = _test_names(text, type_)
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return await show(request, "rules_test", {**names, "wrong": str(error)}, status=422)
    looked = await context_of(request).hub.rules.explain(type_, data)
    match = next((one.rule for one in looked if one.outcome == "matched"), None)
    names |= {"looked": looked, "match": match, "response": _shown(match.response) if match else None}
    return await show(request, "rules_test", names)


def in_order(kept: Sequence[Kept]) -> list[Kept]:
    """Type by type, as they are asked."""
    return sorted(kept, key=lambda one: (one.rule.type, one.rule.order))


async def found(request: web.Request) -> Kept:
    """The rule that the path names. Raises Problem: rule-not-found."""
    kept = await context_of(request).hub.rules.find(read_name(request, "rule"))
    if kept is None:
        raise Problem("rule-not-found", "There is no checkout rule of this id; the list has them all.")
    return kept


def rule_path(rule_id: str) -> str:
    """Where a rule is shown."""
    return f"{RULES}/rule/{path_part(rule_id)}"


async def _renumber(request: web.Request, row: list[Kept], one: int, other: int) -> None:
    """Give the two that changed places each other's priority; all of them new ones if theirs are the same."""
    book, priorities = context_of(request).hub.rules, [each.rule.priority for each in row]
    if priorities[one] == priorities[other]:
        wanted = {each.rule.rule_id: (index + 1) * _STEP for index, each in enumerate(row)}
    else:
        wanted = {row[one].rule.rule_id: priorities[other], row[other].rule.rule_id: priorities[one]}
    for each in row:
        priority = wanted.get(each.rule.rule_id, each.rule.priority)
        if each.version is None or priority == each.rule.priority:
            continue
        await book.change(each.rule.rule_id, {"priority": priority})
        before, after = {"priority": each.rule.priority}, {"priority": priority}
        await note(request, "rule.order", f"rule {each.rule.rule_id}", before=before, after=after)


def _stands_with(one: Kept, other: Kept) -> bool:
    return one.rule.type == other.rule.type and one.rule.rule_id != DEFAULT


def _offers(kept: Kept, provider: str) -> bool:
    response = kept.rule.response
    if not provider:
        return True
    return isinstance(response, list) and any(
        isinstance(one, Mapping) and one.get("provider") == provider for one in response
    )


def _shown(response: Any) -> str:
    return orjson.dumps(response, option=orjson.OPT_INDENT_2).decode()


def _test_names(data: str, type_: str) -> Json:
    return {"data": data, "type": type_, "looked": None, "match": None, "response": None, "wrong": None}
