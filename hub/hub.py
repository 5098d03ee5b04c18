"""The hub's parts that web/ works with, put together from the configuration and the engine's store.

commands/wiring.py opens the gateway, this module all that stands on it; tests open it over providers of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from engine.definition.durations import milliseconds
from engine.ports import Clock
from engine.records import Records
from hub.checkout_pages import CheckoutPages, read_pages
from hub.checkout_rule_book import FRESH, RuleBook
from hub.checkout_rule_file import rules_in_file
from hub.checkout_rules import Offers, Rule
from hub.gateway import Gateway
from hub.gateway_calls import GatewayCalls
from hub.merchant import MerchantChannel
from hub.messaging import Messaging
from hub.routing import AUTO, Route, read_routes, routed_methods

_log = structlog.get_logger("sagaloom.hub")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plans:
    """What the configuration says of checkout, routing and the gateway API, checked against the providers."""

    offers: Offers
    routes: tuple[Route, ...] = ()
    rules: tuple[Rule, ...] = ()
    fresh: int = FRESH
    pages: CheckoutPages = field(default_factory=CheckoutPages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """One a daemon. `messaging` and `merchant` are None where the daemon has none."""

    gateway: Gateway
    rules: RuleBook
    calls: GatewayCalls
    pages: CheckoutPages = field(default_factory=CheckoutPages)
    messaging: Messaging | None = None
    merchant: MerchantChannel | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The parts of config.yaml that are the hub's, as they stand there."""

    routing: Sequence[Mapping[str, Any]] = ()
    checkout: Mapping[str, Any] = field(default_factory=dict)
    base: Path = Path()


def plans(gateway: Gateway, written: Written) -> Plans:
    """Read the hub's part of the configuration.

    Raises:
        ConfigInvalid: A route or the file of rules is wrong; the message or the findings say where.
    """
    providers = {name: provider.capabilities for name, provider in gateway.providers.items()}
    routes = read_routes(written.routing, providers)
    offers = {name: can.methods for name, can in providers.items()}
    if routes:
        offers[AUTO] = routed_methods(routes, providers)
    file, cache = written.checkout.get("rules"), written.checkout.get("cache")
    return Plans(
        offers=offers,
        routes=routes,
        rules=rules_in_file(written.base / file, offers) if file else (),
        fresh=milliseconds(cache) if cache else FRESH,
        pages=read_pages(
            written.checkout, written.base, [name for name, can in providers.items() if can.links]
        ),
    )


def open_hub(gateway: Gateway, plan: Plans, records: Records, clock: Clock) -> Hub:
    """The hub of a daemon whose store is open."""
    for warning in plan.pages.look.warnings():
        _log.warning("checkout.hard_to_read", what=warning)
    return Hub(
        gateway=gateway,
        rules=RuleBook(records, clock, offers=plan.offers, fixed=plan.rules, fresh=plan.fresh),
        calls=GatewayCalls(records, clock),
        pages=plan.pages,
    )
