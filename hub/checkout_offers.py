"""Which payment methods a customer is offered for a payment: the checkout rules' answer, as far as it can be done.

Where there are no rules of the type at all, every method of every provider is offered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from engine.model import Json
from hub.checkout_rule_book import RuleBook
from hub.checkout_rules import PAYMENT_METHODS
from hub.gateway import Gateway
from hub.routing import AUTO, wants_route
from providers.base import Capabilities

Purpose = Literal["pay", "link", "subscription"]

_USUAL_FIRST = ("credit-cards", "pay-pal", "applepay", "googlepay", "satispay", "scalapay", "wire-transfer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A way to pay. `provider` may be "auto": routes choose."""

    provider: str
    method: str


async def offers_for(gateway: Gateway, rules: RuleBook, data: Json, purpose: Purpose) -> Sequence[Offer]:
    """What may be chosen, in the order it is to be shown; empty: nothing fits. Raises StoreUnavailable.

    A payment that names its provider and method already can be paid with these alone.
    """
    can = _able(gateway, data.get("currency"), purpose)
    named = data.get("paymentMethod")
    if isinstance(named, str) and not wants_route(data) and isinstance(data.get("provider"), str):
        wanted: Iterable[Offer] = (Offer(provider=data["provider"], method=named),)
    elif any(kept.rule.type == PAYMENT_METHODS for kept in await rules.rules()):
        rule = await rules.check(PAYMENT_METHODS, data)
        wanted = () if rule is None else _listed(rule.response)
    else:
        wanted = _all_of(gateway)
    return [offer for offer in wanted if can(offer)]


def _able(gateway: Gateway, currency: object, purpose: Purpose) -> Callable[[Offer], bool]:
    def takes(capabilities: Capabilities, method: str) -> bool:
        if not isinstance(currency, str) or not capabilities.takes(currency):
            return False
        if purpose == "subscription":
            return method in capabilities.manual | capabilities.automatic
        return method in capabilities.methods and (purpose == "pay" or capabilities.links)

    def able(offer: Offer) -> bool:
        if offer.provider == AUTO:
            providers = [one.capabilities for one in gateway.providers.values()]
            return purpose != "subscription" and any(takes(one, offer.method) for one in providers)
        provider = gateway.providers.get(offer.provider)
        return provider is not None and takes(provider.capabilities, offer.method)

    return able


def _listed(response: Any) -> Iterable[Offer]:
    return (Offer(provider=one["provider"], method=one["paymentMethod"]) for one in response)


def _all_of(gateway: Gateway) -> Iterable[Offer]:
    found = [
        Offer(provider=name, method=method)
        for name, provider in gateway.providers.items()
        for method in provider.capabilities.methods
    ]
    return sorted(found, key=lambda one: (_place(one.method), one.method, one.provider))


def _place(method: str) -> int:
    return _USUAL_FIRST.index(method) if method in _USUAL_FIRST else len(_USUAL_FIRST)
