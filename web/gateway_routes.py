"""Routes of the gateway API."""

from __future__ import annotations

from dataclasses import replace

from web import gateway, gateway_commands
from web import gateway_shapes as shapes
from web.gateway import collecting
from web.requests import FlowManagerEvent
from web.route import Handler, Route
from web.shapes import Shape

Answer = type[Shape] | tuple[str, ...]

_GROUP = "Gateway"
_BASE = "/v3/{provider}"
_ASK = ("invalid-text", "provider-not-found", "provider-refused", "provider-misconfigured", "outcome-unknown")
_ORDER = (*_ASK, "payload-invalid", "expression-failed", "saga-exists", "key-taken")


def _order(path: str, name: str, handler: Handler, summary: str, body: type, answer: type) -> Route:
    return Route(method="POST", path=_BASE + path, name=name, handler=handler, group=_GROUP, summary=summary,
                 body=body, headers=("Idempotency-Key",), answer=answer, errors=_ORDER)  # fmt: skip


def _ask(path: str, name: str, handler: Handler, summary: str, answer: Answer, **more: object) -> Route:
    return Route(path=_BASE + path, name=name, handler=handler, group=_GROUP, summary=summary, answer=answer,
                 errors=_ASK, **{"method": "GET", **more})  # type: ignore[arg-type]  # fmt: skip


def _command(path: str, name: str, operation: str) -> Route:
    return Route(
        method="POST", path=f"/saga/{path}", name=name, handler=gateway_commands.taking(operation),
        group="Flow Manager commands", summary=f"A Flow Manager elsewhere asks for {path}", body=FlowManagerEvent,
        headers=("Idempotency-Key",), status=202, answer=gateway_commands.CommandTaken,
        errors=("payload-invalid", "machine-not-found", "provider-not-found", "expression-failed", "saga-exists",
                "key-taken"),
    )  # fmt: skip


_TOKEN = "/subscription/expire/{subscriptionToken}"  # noqa: S105  # a path

GATEWAY = (
    _order("/{method}/pay", "gatewayPay", collecting("pay", shapes.PayOrder), "Collect a payment",
           shapes.PayOrder, shapes.Paid),
    _order("/refund", "gatewayRefund", gateway.refund, "Give money back", shapes.RefundOrder, shapes.Refunded),
    _order("/pay-by-link", "gatewayPayByLink", collecting("createLink", shapes.LinkOrder), "Make a link to pay by",
           shapes.LinkOrder, shapes.Linked),
    _order("/{method}/subscription/schedule", "gatewaySchedule",
           collecting("subscriptionScheduledRequested", shapes.SubscriptionOrder),
           "Begin a subscription that the provider renews", shapes.SubscriptionOrder, shapes.Paid),
    _order("/{method}/subscription/start", "gatewayStart", collecting("subscriptionStart", shapes.SubscriptionOrder),
           "Begin a subscription that the merchant renews", shapes.SubscriptionOrder, shapes.Paid),
    _order("/{method}/subscription/pay", "gatewayPayFollowing",
           collecting("subscriptionPaymentRequested", shapes.FollowingPayment), "Collect a following payment",
           shapes.FollowingPayment, shapes.Paid),
    _order("/subscription/update/{subscriptionToken}", "gatewayUpdateSubscription", gateway.update_subscription,
           "New terms for a subscription", shapes.SubscriptionUpdate, shapes.SubscriptionChanged),
    _ask("/subscription/status/{subscriptionToken}", "gatewaySubscriptionStatus", gateway.show_subscription,
         "Where a subscription stands", shapes.SubscriptionStatus),
    _ask(_TOKEN, "gatewayExpire", gateway.expire_subscription, "End a subscription", shapes.SubscriptionEnded,
         method="DELETE", query=shapes.ExpiryQuery),
    _ask(_TOKEN, "gatewayExpireByPost", gateway.expire_subscription, "End a subscription", shapes.SubscriptionEnded,
         method="POST", query=shapes.ExpiryQuery),
    _ask("/status", "gatewayStatus", gateway.show_status, "Where a payment stands", shapes.PaymentStatus,
         query=shapes.PaymentQuery),
    _ask("/check", "gatewayCheck", gateway_commands.check, "Where a payment stands, told to the merchant too",
         shapes.PaymentStatus, query=shapes.PaymentQuery, role="operator"),
    *(
        _ask(f"/utility{path}", f"gateway{name}Utility{end}", gateway.use_utility, "A helper of the provider's own pages",
             ("application/json",), method=method, query=shapes.AnyQuery)
        for path, name in (("/{subject}/{action}", ""), ("/{method}/{subject}/{action}", "Method"))
        for method, end in (("GET", ""), ("POST", "ByPost"))
    ),
    _command("pay", "sagaPay", "pay"),
    _command("refund", "sagaRefund", "refund"),
    _command("pay-by-link", "sagaPayByLink", "createLink"),
    _command("subscription/schedule", "sagaSchedule", "subscriptionScheduledRequested"),
    _command("subscription/start", "sagaStart", "subscriptionStart"),
    _command("subscription/pay", "sagaPayFollowing", "subscriptionPaymentRequested"),
    _command("subscription/authorization", "sagaAuthorise", "getAuthorization"),
    replace(_command("send", "sagaSend", "send"), handler=gateway_commands.send_message),
)  # fmt: skip
