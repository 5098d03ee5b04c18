"""Routes of payments and subscriptions as people see them: lists, sums and files."""

from __future__ import annotations

from typing import Any

from hub.views.analytics import Analytics
from web import analytics, exports, payments, view_shapes
from web.requests import NoQuery
from web.route import Handler, Route

_GROUP = "Payments"
_ONE = ("invalid-text", "saga-not-found", "key-ambiguous")
_CHART = "/api/v1/analytics"
_FILE = tuple(exports.TYPES.values())


def _get(path: str, name: str, handler: Handler, summary: str, **more: Any) -> Route:
    return Route(method="GET", path=path, name=name, handler=handler, group=_GROUP, summary=summary, **more)


def _original(chart: str, name: str, summary: str) -> Route:
    return _get(f"/analytics/{chart}/json", name, analytics.original(chart), summary,
                query=analytics.OriginalSpanQuery, answer=("application/json",))  # fmt: skip


VIEWS = (
    _get("/api/v1/payments", "listPayments", payments.list_payments, "Payments by filter or search, newest first",
         query=view_shapes.PaymentListQuery, answer=view_shapes.PaymentPage, errors=("invalid-cursor",)),
    _get("/api/v1/payments/{id}", "showPayment", payments.show_payment, "A payment and its history",
         query=NoQuery, answer=view_shapes.PaymentDetail, errors=_ONE),
    _get("/api/v1/subscriptions", "listSubscriptions", payments.list_subscriptions,
         "Subscriptions by filter or search, newest first", query=view_shapes.SubscriptionListQuery,
         answer=view_shapes.SubscriptionPage, errors=("invalid-cursor",)),
    _get("/api/v1/subscriptions/{id}", "showSubscription", payments.show_subscription, "A subscription and its payments",
         query=NoQuery, answer=view_shapes.SubscriptionDetail, errors=_ONE),
    _get(f"{_CHART}/amount-by-day", "amountByDay", analytics.by_day, "Amounts by day, with those of a year before",
         query=analytics.SpanQuery, answer=analytics.AmountByDay),
    _get(f"{_CHART}/by-method", "amountByMethod", analytics.by_name(Analytics.by_method), "Amounts by payment method",
         query=analytics.SpanQuery, answer=analytics.AmountByName),
    _get(f"{_CHART}/by-channel", "amountByChannel", analytics.by_name(Analytics.by_channel), "Amounts by channel",
         query=analytics.SpanQuery, answer=analytics.AmountByName),
    _get(f"{_CHART}/by-status", "paymentsByStatus", analytics.by_status, "How payments ended",
         query=analytics.SpanQuery, answer=analytics.PaymentsByStatus),
    _get("/api/v1/exports/payments", "exportPayments", exports.export_payments, "All payments of a filter as a file",
         query=exports.PaymentExportQuery, answer=_FILE, errors=("export-failed",)),
    _get("/api/v1/exports/subscriptions", "exportSubscriptions", exports.export_subscriptions,
         "All subscriptions of a filter as a file", query=exports.SubscriptionExportQuery, answer=_FILE,
         errors=("export-failed",)),
    _original("amount-transactions-by-day-this-year", "originalByDayThisYear", "Rows [day, net] of this year"),
    _original("amount-transactions-by-day-last-year", "originalByDayLastYear", "Rows [day, net] of the last year"),
    _original("amount-by-method", "originalByMethod", "Rows [method, net]"),
    _original("amount-by-channel", "originalByChannel", "Rows [channel, net]"),
    _original("percentage-by-status", "originalByStatus", "Rows [status, percent]"),
)  # fmt: skip
