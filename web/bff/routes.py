"""Routes of the BFF, each at /pgm-bff and, where nothing else is there, at the path that the original's catalogue has."""

from __future__ import annotations

from dataclasses import replace

from web import requests as asked
from web.bff import aftercare, payments, shapes
from web.bff.manners import PREFIX, limited
from web.invoices import PDF, ZIP
from web.route import Route
from web.shapes import SagaCreated

_FIND = ("saga-not-found", "key-ambiguous", "too-many-requests")
_TELL = (*_FIND, "key-taken", "payload-invalid", "expression-failed", "stale-saga", "machine-not-found",
         "definition-invalid", "duplicate-event", "event-not-accepted", "action-not-possible", "draining")  # fmt: skip
_PAY = (*_TELL, "provider-refused", "provider-not-found", "saga-exists")
_PAPER = (*_FIND, "action-not-possible", "payload-invalid", "printing-failed")


def _post(path: str, name: str, handler: object, summary: str, **more: object) -> Route:
    return _route("POST", path, name, handler, summary, headers=("Idempotency-Key", "X-Actor"), **more)


def _get(path: str, name: str, handler: object, summary: str, **more: object) -> Route:
    return _route("GET", path, name, handler, summary, **more)


def _route(method: str, path: str, name: str, handler: object, summary: str, **more: object) -> Route:
    return Route(method=method, path=PREFIX + path, name=name, handler=limited(handler), group="BFF",  # type: ignore[arg-type]
                 summary=summary, **more)  # type: ignore[arg-type]  # fmt: skip


_PREFIXED = (
    _post("/fm/saga", "bffStart", payments.start, "Begin a payment", body=asked.FlowManagerSaga, query=asked.MachineQuery,
          answer=SagaCreated, errors=_PAY),
    _post("/create", "bffCreate", payments.create, "Begin a subscription", body=shapes.NewSubscription,
          answer=shapes.SubscriptionMade, errors=_PAY),
    _get("/payment/{id}/methods", "bffMethods", payments.show_methods, "Payment methods that are offered",
         answer=shapes.OfferedMethod, answer_list=True, errors=(*_FIND, "invalid-text")),
    _get("/payment-info", "bffInfo", payments.show_info, "A payment, for its result page", query=shapes.SagaQuery,
         answer=shapes.PaymentInfo, errors=_FIND),
    _post("/pay", "bffPay", payments.pay, "Pay", body=shapes.PayByMethod, answer=shapes.Outcome, errors=_PAY),
    _post("/pay-recurrent", "bffPayRecurrent", payments.pay_recurrent, "Make the first payment of a subscription",
          body=shapes.PayByMethod, answer=shapes.Outcome, errors=_PAY),
    _get("/pay-polling", "bffPoll", payments.poll, "Is the payment decided?", query=shapes.SagaQuery, answer=shapes.Polled,
         errors=_FIND),
    _post("/pay-by-link", "bffPayByLink", payments.pay_by_link, "Make a link to pay by, and send it", body=shapes.PayLink,
          answer=shapes.LinkMade, errors=_PAY),
    _post("/refund", "bffRefund", aftercare.refund, "Give money back", body=shapes.RefundAsk, status=202,
          answer=shapes.RefundTaken, errors=_TELL),
    _post("/refund/bulk", "bffRefundMany", aftercare.refund_many, "Give back all that is left of several payments",
          body=shapes.TableRow, body_list=True, status=202, answer=shapes.RefundsTaken, errors=_TELL),
    _get("/send-email", "bffNotify", aftercare.send_notification, "Tell the buyer again", query=shapes.SagaQuery,
         headers=("X-Actor",), role="operator", answer=shapes.NotificationAsked, errors=_TELL),
    _route("POST", "/send-email", "bffNotifyByPost", aftercare.send_notification, "Tell the buyer again",
           query=shapes.SagaQuery, headers=("X-Actor",), answer=shapes.NotificationAsked, errors=_TELL),
    *(
        _route(method, "/expire", name, aftercare.expire, "End a subscription", query=shapes.SagaQuery,
               headers=("X-Actor",), answer=shapes.ExpiryAsked, errors=_TELL)
        for method, name in (("DELETE", "bffExpire"), ("POST", "bffExpireByPost"))
    ),
    _get("/invoice-download", "bffInvoice", aftercare.download_invoice, "The invoice", query=shapes.SagaQuery, answer=(PDF,),
         errors=_PAPER),
    _get("/payment/{id}/invoice", "bffPaymentInvoice", aftercare.show_invoice, "The invoice", answer=(PDF,),
         errors=(*_PAPER, "invalid-text")),
    _route("POST", "/invoice-download/bulk", "bffInvoices", aftercare.download_invoices, "Several invoices in a ZIP",
           body=shapes.TableRow, body_list=True, role="viewer", answer=(ZIP,), errors=_PAPER),
    _route("POST", "/tokenization", "bffTokenise", aftercare.use_utility, "A helper of a provider's own fields",
           body=shapes.UtilityAsk, answer=("application/json",),
           errors=("too-many-requests", "provider-not-found", "provider-refused", "provider-misconfigured", "outcome-unknown")),
    _route("POST", "/apple-pay-session", "bffApplePay", aftercare.begin_apple_pay, "Validate a session of Apple Pay",
           body=shapes.ApplePayAsk, answer=("application/json",), errors=("too-many-requests", "not-configured", "provider-refused", "provider-misconfigured", "outcome-unknown")),
)  # fmt: skip

_OTHERS_THERE = ("/payment/{id}/invoice",)
"""Paths that are the checkout's without the prefix."""

BFF = (
    *_PREFIXED,
    *(
        replace(route, path=route.path.removeprefix(PREFIX), name=f"{route.name}AtRoot")
        for route in _PREFIXED
        if route.path.removeprefix(PREFIX) not in _OTHERS_THERE
    ),
)
