"""Every page of the daemon, with something on it: for those who look at all of them (axe, weight, screenshots)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hub.access.roles import Role
from tests.browser.stock import Stock
from web.pages.routes import PAGE_ROUTES

NOT_PAGES = (
    "/payment/brand/{version}/{name}",
    "/payment/{id}/go",
    "/payment/{id}/back",
    "/payment/{id}/standing",
    "/payment/{id}/invoice",
    "/backoffice",
    "/backoffice/invoices",
    "/backoffice/transactions/{id}/invoice",
    "/console/cards",
    "/console/sagas/{id}/live",
    "/console/bulk/{run}",
    "/console/bulk/{run}/progress",
    "/console/machines/{name}",
    "/console/machines/{name}/{version}/states",
    "/console/machines/{name}/{version}/times",
    "/backoffice/refunds/{id}",
    "/access/users/{user}",
)
"""Ways on, files, fragments; the two runs that a test sees while they go on; where a form of /access/users leads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A page's name for files and test ids, its address, and who looks at it."""

    name: str
    path: str
    role: Role | None


def places(stock: Stock) -> tuple[Place, ...]:
    """Every page, by its route."""
    return (
        *_of(None, {"start": "/", "login": "/login"}),
        *_of(None, _checkout(stock)),
        *_of("admin", _backoffice(stock)),
        *_of("admin", _console(stock)),
        *_of(
            "admin",
            {
                "account": "/account",
                "users": "/access/users",
                "keys": "/access/keys",
                "audit": "/access/audit",
            },
        ),
    )


def unseen(shown: tuple[Place, ...]) -> list[str]:
    """The routes that none of these pages is at."""
    paths = [place.path.partition("?")[0] for place in shown]
    return [
        route.path
        for route in PAGE_ROUTES
        if route.method == "GET"
        and route.path not in NOT_PAGES
        and not any(_fits(route.path, path) for path in paths)
    ]


def _fits(route: str, path: str) -> bool:
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", route), path) is not None


def _of(role: Role | None, paths: dict[str, str]) -> tuple[Place, ...]:
    return tuple(Place(name=name, path=path, role=role) for name, path in paths.items())


def _checkout(stock: Stock) -> dict[str, str]:
    return {
        "checkout-home": "/payment",
        "checkout-cart": "/payment/checkout?currency=EUR&coffee=2&mug=1",
        "checkout-subscription": "/payment/subscription",
        "checkout-buyer": "/payment/buyer?currency=EUR&coffee=2&mug=1",
        "checkout-pay": f"/payment/{stock.fresh}",
        "checkout-link": f"/payment/{stock.fresh}/link",
        "checkout-pending": f"/payment/{stock.pending}/pending",
        "checkout-paid": f"/payment/{stock.paid}/result",
        "checkout-failed": f"/payment/{stock.failed}/result",
    }


def _backoffice(stock: Stock) -> dict[str, str]:
    home, rule = "/backoffice", stock.rule.replace(" ", "%20")
    payment, subscription = f"{home}/transactions/{stock.paid}", f"{home}/subscriptions/{stock.subscription}"
    return {
        "transactions": f"{home}/transactions",
        "transaction": payment,
        "refund": f"{payment}/refund",
        "bulk-refund": f"{home}/refunds/new?saga={stock.paid}",
        "bulk-refunds": f"{home}/refunds",
        "subscriptions": f"{home}/subscriptions",
        "subscription": subscription,
        "subscription-cancel": f"{subscription}/cancel",
        "subscription-change": f"{subscription}/change",
        "rules": f"{home}/rules",
        "rule": f"{home}/rules/rule/{rule}",
        "rule-new": f"{home}/rules/new",
        "rule-edit": f"{home}/rules/rule/{rule}/edit",
        "rule-test": f"{home}/rules/test",
        "rule-remove": f"{home}/rules/remove?rule={rule}",
        "analytics": f"{home}/analytics",
        "alerts": f"{home}/alerts",
    }


def _console(stock: Stock) -> dict[str, str]:
    return {
        "console": "/console?machine=payment",
        "sagas": "/console/sagas",
        "saga": f"/console/sagas/{stock.paid}",
        "saga-parked": f"/console/sagas/{stock.parked}",
        "act": f"/console/sagas/{stock.parked}/act/retry?entry={stock.entry}",
        "parked": "/console/parked",
        "bulk": "/console/bulk?machine=payment&parked=1&act=retry",
        "machines": "/console/machines",
        "machine": "/console/machines/payment/2",
        "editor": "/console/editor?machine=payment&version=2",
    }
