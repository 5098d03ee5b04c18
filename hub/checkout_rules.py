"""Adaptive checkout: which payment methods are offered for which data. Rules as values, and the first that matches.

Pure. hub/checkout_rule_book.py keeps the rules, web/checkout_rules.py is their API; docs/checkout-rules.md tells what
they mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from engine.errors import PayloadInvalid
from engine.model import Json
from hub.conditions import Condition, Judged, judge, read_condition

DEFAULT = "default"
"""The rule that is taken when no other one matches."""

PAYMENT_METHODS = "paymentMethods"
"""The type that the hub asks for; its response is a list of {provider, paymentMethod}. Others are the team's own."""

Offers = Mapping[str, frozenset[str]]
"""Provider -> the payment methods that it takes: what a response may offer."""

_LONGEST = 200
_MOST_CONDITIONS = 100
_MOST_PRIORITY = 10**9
_FIELDS = ("ruleId", "priority", "type", "rules", "response")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """All `conditions` must hold; the lowest `priority` is asked first, `default` last.

    One whose response is an empty list is passed over: it is being made, or its providers are not enabled.
    """

    rule_id: str
    priority: int
    type: str = PAYMENT_METHODS
    conditions: tuple[Condition, ...] = ()
    response: Any

    @property
    def order(self) -> tuple[bool, int, str]:
        """Where it comes among the others; two of one priority by their ids, so that it is always the same."""
        return self.rule_id == DEFAULT, self.priority, self.rule_id

    def document(self) -> Json:
        """As the original's collection has it."""
        rules = [{"key": one.key, "operator": one.operator, "value": one.value} for one in self.conditions]
        return {
            "ruleId": self.rule_id,
            "priority": self.priority,
            "type": self.type,
            "rules": rules,
            "response": self.response,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What became of one rule when data were held against it."""

    rule: Rule
    outcome: Literal["matched", "failed", "offers nothing", "not asked"]
    conditions: tuple[Judged, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with a rule and where in it; never a value."""

    path: tuple[str | int, ...]
    message: str

    def __str__(self) -> str:
        return f"/{'/'.join(map(str, self.path))}: {self.message}" if self.path else self.message


def first_match(rules: Iterable[Rule], type_: str, data: object) -> Rule | None:
    """The rule whose response is the answer; None: no rule of this type matches."""
    for rule in in_order(rules, type_):
        if rule.response != [] and all(judge(condition, data).holds for condition in rule.conditions):
            return rule
    return None


def explain(rules: Iterable[Rule], type_: str, data: object) -> list[Looked]:
    """Every rule of this type in the order they are asked, with what became of each."""
    seen: list[Looked] = []
    for rule in in_order(rules, type_):
        done = bool(seen) and seen[-1].outcome in ("matched", "not asked")
        seen.append(Looked(rule=rule, outcome="not asked") if done else _look(rule, data))
    return seen


def _look(rule: Rule, data: object) -> Looked:
    judged = tuple(judge(condition, data) for condition in rule.conditions)
    if not all(one.holds for one in judged):
        return Looked(rule=rule, outcome="failed", conditions=judged)
    return Looked(
        rule=rule, outcome="offers nothing" if rule.response == [] else "matched", conditions=judged
    )


def in_order(rules: Iterable[Rule], type_: str) -> list[Rule]:
    """The rules of one type as they are asked."""
    return sorted((rule for rule in rules if rule.type == type_), key=lambda rule: rule.order)


def read_rule(written: object, offers: Offers) -> Rule:
    """The rule in a document.

    Raises:
        PayloadInvalid: `problems` tells all that is wrong, without values.
    """
    problems = list(problems_of(written, offers))
    if problems or not isinstance(written, Mapping):
        raise PayloadInvalid(
            "the checkout rule does not fit: its problems say where", [str(one) for one in problems]
        )
    conditions = (read_condition(one) for one in written.get("rules", ()))
    return Rule(
        rule_id=written["ruleId"],
        priority=written["priority"],
        type=written.get("type", PAYMENT_METHODS),
        conditions=tuple(one for one in conditions if isinstance(one, Condition)),
        response=written["response"],
    )


def problems_of(written: object, offers: Offers) -> Iterator[Problem]:
    """All that is wrong with a rule."""
    if not isinstance(written, Mapping):
        yield Problem(path=(), message="a rule is an object")
        return
    for name in sorted(set(map(str, written)) - set(_FIELDS)):
        yield Problem(path=(name,), message=f"is unknown; known are {', '.join(_FIELDS)}")
    yield from _names(written)
    priority = written.get("priority")
    if not isinstance(priority, int) or isinstance(priority, bool) or abs(priority) > _MOST_PRIORITY:
        yield Problem(path=("priority",), message="is missing or is not a whole number")
    yield from _conditions(written)
    yield from _response(written, offers)


def _names(written: Mapping[str, Any]) -> Iterator[Problem]:
    for name, default in (("ruleId", None), ("type", PAYMENT_METHODS)):
        text = written.get(name, default)
        if not isinstance(text, str) or not 0 < len(text) <= _LONGEST or not text.isprintable():
            yield Problem(path=(name,), message=f"is missing or is not a text of 1 to {_LONGEST} characters")


def _conditions(written: Mapping[str, Any]) -> Iterator[Problem]:
    rules = written.get("rules", [])
    if not isinstance(rules, list) or len(rules) > _MOST_CONDITIONS:
        yield Problem(path=("rules",), message=f"is not a list of at most {_MOST_CONDITIONS} conditions")
        return
    if rules and written.get("ruleId") == DEFAULT:
        yield Problem(
            path=("rules",), message="the rule `default` is taken when no other matches: it has no conditions"
        )
    for index, one in enumerate(rules):
        if isinstance(problem := read_condition(one), str):
            yield Problem(path=("rules", index), message=problem)


def _response(written: Mapping[str, Any], offers: Offers) -> Iterator[Problem]:
    if "response" not in written:
        yield Problem(path=("response",), message="is missing")
    elif written.get("type", PAYMENT_METHODS) == PAYMENT_METHODS:
        yield from offered_problems(written["response"], offers)


def offered_problems(response: object, offers: Offers) -> Iterator[Problem]:
    """What is wrong with a list of payment methods to offer."""
    if not isinstance(response, list):
        yield Problem(path=("response",), message="is not a list of {provider, paymentMethod}")
        return
    for index, one in enumerate(response):
        if message := _offer_problem(one, offers):
            yield Problem(path=("response", index), message=message)
    plain = [
        (one["provider"], one["paymentMethod"]) for one in response if _offer_problem(one, offers) is None
    ]
    if len(set(plain)) < len(plain):
        yield Problem(path=("response",), message="offers a method of a provider twice")


def _offer_problem(one: object, offers: Offers) -> str | None:
    if not isinstance(one, Mapping) or set(one) != {"provider", "paymentMethod"}:
        return "is not an object of provider and paymentMethod"
    provider, method = one["provider"], one["paymentMethod"]
    if not isinstance(provider, str) or provider not in offers:
        return f"the provider is not enabled; enabled are {', '.join(sorted(offers)) or 'none'}"
    if not isinstance(method, str) or method not in offers[provider]:
        return (
            f"the provider does not take this payment method; it takes {', '.join(sorted(offers[provider]))}"
        )
    return None


def changed(rule: Rule, changes: Mapping[str, Any], offers: Offers) -> Rule:
    """The rule with the fields of `changes`; its id stays.

    Raises:
        PayloadInvalid: As `read_rule`, or the changes name another id.
    """
    if changes.get("ruleId", rule.rule_id) != rule.rule_id:
        raise PayloadInvalid(
            "the id of a checkout rule cannot be changed: add a new one", ["/ruleId: is another one"]
        )
    return read_rule({**rule.document(), **changes}, offers)


def available(rule: Rule, offers: Offers) -> Rule:
    """The rule without methods of providers that are not enabled any more."""
    if rule.type != PAYMENT_METHODS or not isinstance(rule.response, list):
        return rule
    return replace(rule, response=[one for one in rule.response if _offer_problem(one, offers) is None])
