"""Routes of the checkout rules."""

from __future__ import annotations

from web import checkout_legacy as old
from web import checkout_rules as rules
from web import checkout_shapes as shapes
from web.route import Handler, Method, Route

_GROUP = "Checkout rules"
_RULES = "/api/v1/checkout-rules"
_OLD = "/adaptive-checkout"
_ASKING = ("/check", f"{_RULES}/test")
"""Sent with POST because of the data; nothing changes."""
_CHANGE = ("rule-not-found", "payload-invalid", "action-not-possible", "stale-record")
_ADD = ("payload-invalid", "record-exists")


def _old(method: Method, path: str, name: str, handler: Handler, summary: str, body: type) -> Route:
    errors = ("record-exists", *_CHANGE)
    return Route(method=method, path=_OLD + path, name=name, handler=handler, group=_GROUP, summary=summary,
                 body=body, headers=("X-Actor",), role="admin", answer=shapes.CheckoutRule, errors=errors)  # fmt: skip


def _new(method: Method, path: str, name: str, handler: Handler, summary: str, **more: object) -> Route:
    who = (
        {"role": "viewer"}
        if method == "GET" or path in _ASKING
        else {"role": "admin", "headers": ("X-Actor",)}
    )
    more = {**who, **more}
    return Route(method=method, path=path, name=name, handler=handler, group=_GROUP, summary=summary, **more)  # type: ignore[arg-type]


CHECKOUT = (
    _new("POST", "/rule", "addRule", rules.add_rule, "Add a rule", body=shapes.NewRule, status=201,
         answer=shapes.CheckoutRule, errors=_ADD),
    _new("PATCH", "/rule/{ruleId}", "changeRule", rules.change_rule, "Change a rule", body=shapes.RuleChanges,
         answer=shapes.CheckoutRule, errors=_CHANGE),
    _new("DELETE", "/rule/{ruleId}", "removeRule", rules.remove_rule, "Remove a rule", answer=shapes.RuleGone, errors=_CHANGE),
    _new("POST", "/check", "checkRules", rules.check, "The response of the first rule that matches", body=shapes.Check,
         answer=("application/json",), errors=("no-rule-matches",)),
    _new("GET", _RULES, "listCheckoutRules", rules.list_rules, "Rules in the order they are asked",
         query=shapes.RuleQuery, answer=shapes.CheckoutRules),
    _new("POST", _RULES, "addCheckoutRule", rules.add_rule, "Add a rule", body=shapes.NewRule, status=201,
         answer=shapes.CheckoutRule, errors=_ADD),
    _new("POST", f"{_RULES}/test", "testCheckoutRules", rules.test_rules, "Which rule matches these data, and why",
         body=shapes.Check, answer=shapes.RuleTest),
    _new("GET", f"{_RULES}/{{ruleId}}", "showCheckoutRule", rules.show_rule, "A rule",
         answer=shapes.CheckoutRule, errors=("rule-not-found", "invalid-text")),
    _new("PATCH", f"{_RULES}/{{ruleId}}", "changeCheckoutRule", rules.change_rule, "Change a rule", body=shapes.RuleChanges,
         answer=shapes.CheckoutRule, errors=_CHANGE),
    _new("DELETE", f"{_RULES}/{{ruleId}}", "removeCheckoutRule", rules.remove_rule, "Remove a rule",
         answer=shapes.RuleGone, errors=_CHANGE),
    _old("POST", "/rule-details/add", "legacyAddRule", old.add_rule, "Add an empty rule", shapes.LegacyRule),
    _old("POST", "/rule-details/update", "legacyUpdateRule", old.update_rule, "Change a rule's priority", shapes.LegacyDetails),
    _new("DELETE", f"{_OLD}/rule-details/delete/{{ruleId}}", "legacyRemoveRule", rules.remove_rule, "Remove a rule",
         answer=shapes.RuleGone, errors=_CHANGE),
    _old("POST", "/payment-methods/add", "legacyAddMethod", old.add_method, "Offer one more payment method", shapes.LegacyMethod),
    _old("POST", "/payment-methods/update", "legacyUpdateMethod", old.update_method, "Offer another payment method in its place",
         shapes.LegacyMethodAt),
    _old("DELETE", "/payment-methods/delete", "legacyRemoveMethod", old.remove_method, "Offer a payment method no more",
         shapes.LegacyMethodGone),
    _old("POST", "/custom-rules/add", "legacyAddValues", old.set_values, "Ask for values of a field", shapes.LegacyValues),
    _old("POST", "/custom-rules/update", "legacyUpdateValues", old.set_values, "Ask for other values of a field", shapes.LegacyValues),
    _old("DELETE", "/custom-rules/delete", "legacyRemoveValues", old.remove_values, "Ask for a field no more", shapes.LegacyValuesGone),
    _old("POST", "/amount-rules/update", "legacySetAmount", old.set_amount, "Ask for a currency and a range of amounts", shapes.LegacyAmount),
    _old("DELETE", "/amount-rules/delete", "legacyRemoveAmount", old.remove_amount, "Ask for no amount", shapes.LegacyAmountGone),
)  # fmt: skip
