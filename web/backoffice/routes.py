"""Every page of the backoffice, and who may see it: viewers read, operators act, admins edit rules."""

from __future__ import annotations

from aiohttp import web

from web.answers import see_other
from web.backoffice import (
    acts,
    alerts,
    analytics,
    bulk,
    refunds,
    rule_wizard,
    rules,
    subscriptions,
    transactions,
)
from web.backoffice.frame import (
    ALERTS,
    ANALYTICS,
    HOME,
    INVOICES,
    REFUNDS,
    RULES,
    SUBSCRIPTIONS,
    TRANSACTIONS,
)
from web.pages.route import PageRoute

_PAYMENT = f"{TRANSACTIONS}/{{id}}"
_SUBSCRIPTION = f"{SUBSCRIPTIONS}/{{id}}"
_RULE = f"{RULES}/rule/{{rule}}"
_REPLAY = f"{ALERTS}/notifications/{{notification}}/replay"
_CALLBACK = f"{ALERTS}/callbacks/{{callback}}"


async def go_home(request: web.Request) -> web.StreamResponse:
    """`GET /backoffice`: the transactions."""
    return see_other(TRANSACTIONS)


BACKOFFICE = (
    PageRoute(path=HOME, handler=go_home, role="viewer"),
    PageRoute(path=TRANSACTIONS, handler=transactions.show_transactions, role="viewer"),
    PageRoute(path=_PAYMENT, handler=transactions.show_transaction, role="viewer"),
    PageRoute(path=f"{_PAYMENT}/refund", handler=refunds.show_refund, role="operator"),
    PageRoute(path=f"{_PAYMENT}/refund", handler=refunds.refund, method="POST", role="operator"),
    PageRoute(
        path=f"{_PAYMENT}/notification", handler=acts.send_notification, method="POST", role="operator"
    ),
    PageRoute(path=f"{_PAYMENT}/invoice", handler=acts.download_invoice, role="viewer"),
    PageRoute(path=INVOICES, handler=acts.download_invoices, role="operator"),
    PageRoute(path=REFUNDS, handler=bulk.show_jobs, role="viewer"),
    PageRoute(path=REFUNDS, handler=bulk.order, method="POST", role="operator"),
    PageRoute(path=f"{REFUNDS}/new", handler=bulk.show_order, role="operator"),
    PageRoute(path=f"{REFUNDS}/{{id}}", handler=bulk.show_job, role="viewer"),
    PageRoute(path=SUBSCRIPTIONS, handler=subscriptions.show_subscriptions, role="viewer"),
    PageRoute(path=_SUBSCRIPTION, handler=subscriptions.show_subscription, role="viewer"),
    PageRoute(path=f"{_SUBSCRIPTION}/cancel", handler=subscriptions.show_cancel, role="operator"),
    PageRoute(path=f"{_SUBSCRIPTION}/cancel", handler=subscriptions.cancel, method="POST", role="operator"),
    PageRoute(path=f"{_SUBSCRIPTION}/change", handler=subscriptions.show_change, role="operator"),
    PageRoute(path=f"{_SUBSCRIPTION}/change", handler=subscriptions.change, method="POST", role="operator"),
    PageRoute(path=RULES, handler=rules.show_rules, role="viewer"),
    PageRoute(path=f"{RULES}/new", handler=rule_wizard.show_new, role="admin"),
    PageRoute(path=f"{RULES}/new", handler=rule_wizard.save_new, method="POST", role="admin"),
    PageRoute(path=f"{RULES}/test", handler=rules.show_test, role="viewer"),
    PageRoute(path=f"{RULES}/test", handler=rules.test_rules, method="POST", role="viewer"),
    PageRoute(path=f"{RULES}/remove", handler=rules.show_removal, role="admin"),
    PageRoute(path=f"{RULES}/remove", handler=rules.remove_rules, method="POST", role="admin"),
    PageRoute(path=_RULE, handler=rules.show_rule, role="viewer"),
    PageRoute(path=f"{_RULE}/edit", handler=rule_wizard.show_edit, role="admin"),
    PageRoute(path=f"{_RULE}/edit", handler=rule_wizard.save_edit, method="POST", role="admin"),
    PageRoute(path=f"{_RULE}/move", handler=rules.move_rule, method="POST", role="admin"),
    PageRoute(path=ANALYTICS, handler=analytics.show_analytics, role="viewer"),
    PageRoute(path=ALERTS, handler=alerts.show_alerts, role="viewer"),
    PageRoute(path=f"{ALERTS}/late-success", handler=alerts.deal_with, method="POST", role="operator"),
    PageRoute(path=f"{_CALLBACK}/retry", handler=alerts.retry_callback, method="POST", role="operator"),
    PageRoute(path=f"{_CALLBACK}/dismiss", handler=alerts.dismiss_callback, method="POST", role="operator"),
    PageRoute(path=_REPLAY, handler=alerts.replay_notification, method="POST", role="operator"),
)
