"""The wizard of a checkout rule: Overview, Conditions, Response. Plain forms: each step carries what the others have.

Nothing is kept before the last step is saved; an edit is refused if somebody else changed the rule meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from engine.errors import PayloadInvalid, RecordExists
from engine.model import Json
from hub.checkout_rule_book import Kept
from hub.checkout_rules import DEFAULT, PAYMENT_METHODS, Rule
from hub.conditions import OPERATORS, Condition
from web.acts import note
from web.backoffice.frame import RULES, back_to, show
from web.backoffice.refunds import reason_in
from web.backoffice.rules import found, rule_path
from web.context import context_of
from web.pages.forms import Form, read_form, text_in
from web.problems import Problem

STEPS = ("overview", "conditions", "response")
_MOST_ROWS = 100
_APART = "\x1f"
"""Between provider and method in a checkbox: it can be in neither."""


@dataclass(slots=True, kw_only=True)
class Draft:
    """The rule as the form has it: texts, so that what is wrong is shown again as it was typed."""

    rule_id: str = ""
    priority: str = ""
    type: str = PAYMENT_METHODS
    conditions: list[tuple[str, str, str]] = field(default_factory=list)
    offers: list[str] = field(default_factory=list)
    response: str = "[]"
    version: str = ""
    reason: str = ""

    def document(self, before: Rule | None = None) -> Json:
        """As a rule is written; what is no number or no JSON stays text, for the rule's own check to refuse.

        A condition that `before` has as well keeps its value as it is there: a form has texts only.
        """
        known = {_row_of(one): one.value for one in before.conditions} if before else {}
        plain = self.priority.strip()
        number = plain.removeprefix("-")
        is_number = number.isascii() and number.isdecimal() and len(number) < 15
        return {
            "ruleId": self.rule_id.strip(),
            "priority": int(plain) if is_number else plain,
            "type": self.type.strip(),
            "rules": [
                {"key": row[0], "operator": row[1], "value": known.get(row, row[2])}
                for row in self.conditions
            ],
            "response": self._response(),
        }

    def _response(self) -> Any:
        if self.type.strip() == PAYMENT_METHODS:
            pairs = (offer.split(_APART, 1) for offer in self.offers if _APART in offer)
            return [{"provider": provider, "paymentMethod": method} for provider, method in pairs]
        try:
            return orjson.loads(self.response)
        except orjson.JSONDecodeError:
            raise PayloadInvalid("the response is no JSON", ["/response: is no JSON"]) from None


async def show_new(request: web.Request) -> web.StreamResponse:
    """`GET /backoffice/rules/new`."""
    rules = await context_of(request).hub.rules.rules()
    last = max((one.rule.priority for one in rules if one.rule.rule_id != DEFAULT), default=0)
    return await _step(request, Draft(priority=str(last + 10)), "overview", f"{RULES}/new")


async def show_edit(request: web.Request) -> web.StreamResponse:
    """`GET /backoffice/rules/rule/{rule}/edit`."""
    kept = await found(request)
    return await _step(request, _draft_of(kept), "overview", f"{rule_path(kept.rule.rule_id)}/edit")


async def save_new(request: web.Request) -> web.StreamResponse:
    """`POST /backoffice/rules/new`: the next step, or the rule is kept."""
    form = await read_form(request)
    draft, step = _draft_in(form), text_in(form, "step")
    if text_in(form, "do") != "save":
        return await _turn(request, draft, step, text_in(form, "do"), f"{RULES}/new")
    try:
        kept = await context_of(request).hub.rules.add(draft.document())
    except RecordExists:
        return await _step(request, draft, "overview", f"{RULES}/new", problems=["taken"], status=409)
    except PayloadInvalid as error:
        return await _wrong(request, draft, f"{RULES}/new", error)
    after = kept.rule.document()
    await note(request, "rule.add", f"rule {kept.rule.rule_id}", reason=reason_in(form), after=after)
    return back_to(rule_path(kept.rule.rule_id), "rule.saved")


async def save_edit(request: web.Request) -> web.StreamResponse:
    """`POST /backoffice/rules/rule/{rule}/edit`."""
    form, kept = await read_form(request), await found(request)
    draft, path = _draft_in(form), rule_path(kept.rule.rule_id)
    draft.rule_id = kept.rule.rule_id
    if text_in(form, "do") != "save":
        return await _turn(request, draft, text_in(form, "step"), text_in(form, "do"), f"{path}/edit")
    if str(kept.version) != draft.version:
        return back_to(path, "rule.changed")
    try:
        after = await context_of(request).hub.rules.change(kept.rule.rule_id, draft.document(kept.rule))
    except PayloadInvalid as error:
        return await _wrong(request, draft, f"{path}/edit", error)
    if after is None:
        raise Problem("rule-not-found", "Somebody else has removed this checkout rule.")
    documents = {"before": kept.rule.document(), "after": after.rule.document()}
    await note(request, "rule.change", f"rule {kept.rule.rule_id}", reason=reason_in(form), **documents)
    return back_to(path, "rule.saved")


async def _turn(request: web.Request, draft: Draft, step: str, do: str, action: str) -> web.StreamResponse:
    """Another step, or another row of conditions."""
    if do == "add" and len(draft.conditions) < _MOST_ROWS:
        draft.conditions.append(("", OPERATORS[0], ""))
    elif (place := _place(do)) is not None and place < len(draft.conditions):
        del draft.conditions[place]
    elif do in STEPS:
        step = do
    return await _step(request, draft, step if step in STEPS else "overview", action)


def _place(do: str) -> int | None:
    digits = do.removeprefix("drop-")
    return int(digits) if digits != do and digits.isdecimal() and len(digits) < 4 else None


async def _wrong(
    request: web.Request, draft: Draft, action: str, error: PayloadInvalid
) -> web.StreamResponse:
    """The first step that has a problem, with all of them."""
    problems = error.problems or (str(error),)
    parts = {problem.removeprefix("/").partition(":")[0].partition("/")[0] for problem in problems}
    steps = {"ruleId": "overview", "priority": "overview", "type": "overview", "rules": "conditions"}
    step = min((steps.get(part, "response") for part in parts), key=STEPS.index, default="overview")
    return await _step(request, draft, step, action, problems=problems, status=422)


async def _step(
    request: web.Request,
    draft: Draft,
    step: str,
    action: str,
    *,
    problems: Sequence[str] = (),
    status: int = 200,
) -> web.StreamResponse:
    offers = context_of(request).hub.rules.offers
    conditions = draft.conditions or ([("", OPERATORS[0], "")] if step == "conditions" else [])
    names = {
        "draft": draft,
        "conditions": conditions,
        "step": step,
        "steps": STEPS,
        "operators": OPERATORS,
        "offers": {
            name: [(method, f"{name}{_APART}{method}") for method in sorted(offers[name])]
            for name in sorted(offers)
        },
        "is_listed": draft.type.strip() == PAYMENT_METHODS,
        "action": action,
        "is_new": action.endswith("/new"),
        "problems": problems,
    }
    return await show(request, "rule_wizard", names, status=status)


def _draft_in(form: Form) -> Draft:
    columns = [
        [value for value in form.getall(name, []) if isinstance(value, str)]
        for name in ("key", "operator", "value")
    ]
    rows = [(key.strip(), operator, value) for key, operator, value in zip(*columns, strict=False)]
    editing = text_in(form, "do").startswith(("add", "drop-"))  # rows keep their places, empty ones too
    return Draft(
        rule_id=text_in(form, "ruleId"),
        priority=text_in(form, "priority"),
        type=text_in(form, "type"),
        conditions=[row for row in rows if editing or row[0] or row[2]][:_MOST_ROWS],
        offers=[value for value in form.getall("offer", []) if isinstance(value, str)],
        response=text_in(form, "response") or "[]",
        version=text_in(form, "version"),
        reason=text_in(form, "reason"),
    )


def _draft_of(kept: Kept) -> Draft:
    rule = kept.rule
    return Draft(
        rule_id=rule.rule_id,
        priority=str(rule.priority),
        type=rule.type,
        conditions=[_row_of(one) for one in rule.conditions],
        offers=[
            f"{one['provider']}{_APART}{one['paymentMethod']}"
            for one in (rule.response if isinstance(rule.response, list) else [])
            if isinstance(one, Mapping) and {"provider", "paymentMethod"} <= set(one)
        ],
        response=orjson.dumps(rule.response, option=orjson.OPT_INDENT_2).decode(),
        version=str(kept.version),
    )


def _row_of(condition: Condition) -> tuple[str, str, str]:
    return condition.key, condition.operator, _text(condition.value)


def _text(value: object) -> str:
    """A value as the form has it: texts as they are, lists with commas, all else as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(_text(one) for one in value)
    return orjson.dumps(value).decode()
