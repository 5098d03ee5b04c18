"""Which provider collects a payment that names none: routes of the configuration, by rules, priority or weights.

Pure, and always the same for the same payment and the same routes: what was begun elsewhere is remembered by
hub/routing_trail.py. docs/routing.md tells what a route means, docs/decisions/0012-routing.md why it is safe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import log
from typing import Any

from engine.errors import ConfigInvalid
from engine.model import Json
from hub.conditions import Condition, judge, read_condition
from providers.base import Capabilities

AUTO = "auto"
"""What `metadata.provider` may say, besides being left out, for a payment that is to be routed."""

Providers = Mapping[str, Capabilities]

ROUTED = frozenset(
    ("pay", "createLink", "subscriptionScheduledRequested", "subscriptionStart", "getAuthorization")
)
"""Operations that begin something; a following payment of a subscription belongs to the provider of its token."""

_HASHED_BITS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """For payments by one of `methods` (empty: any) for which all of `when` hold.

    Attributes:
        providers: Names, the preferred one first.
        weights: Of the providers, where chance decides instead of their order; empty: their order decides.
        failover: Whether the next one is asked when one refuses.
    """

    name: str
    methods: frozenset[str] = frozenset()
    when: tuple[Condition, ...] = ()
    providers: tuple[str, ...]
    weights: Mapping[str, int]
    failover: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Providers to ask, one after the other; one alone where the route has no failover."""

    route: str
    order: tuple[str, ...]


def choose(
    routes: Sequence[Route], operation: str, payload: Json, key: str, *, able: Callable[[str], bool]
) -> Chosen | None:
    """The providers that may collect this, by the first route that has any; None: no route has.

    Args:
        key: The entry's id: it decides where chance does.
        able: Whether the provider of this name can do this operation for this payment.
    """
    if operation not in ROUTED:
        return None
    for route in routes:
        if _is_for(route, payload) and (order := [name for name in _ordered(route, key) if able(name)]):
            return Chosen(route=route.name, order=tuple(order if route.failover else order[:1]))
    return None


def wants_route(payload: Json) -> bool:
    """True for a payment that names no provider."""
    return payload.get("provider") in (None, "", AUTO)


def routed_methods(routes: Sequence[Route], providers: Providers) -> frozenset[str]:
    """Payment methods that some route has a provider for."""
    return frozenset(
        method
        for route in routes
        for name in route.providers
        if name in providers
        for method in providers[name].methods
        if not route.methods or method in route.methods
    )


def _is_for(route: Route, payload: Json) -> bool:
    if route.methods and payload.get("paymentMethod") not in route.methods:
        return False
    return all(judge(condition, payload).holds for condition in route.when)


def _ordered(route: Route, key: str) -> Sequence[str]:
    if not route.weights:
        return route.providers
    return sorted(route.providers, key=lambda name: _draw(key, name, route.weights[name]))


def _draw(key: str, name: str, weight: int) -> tuple[bool, float]:
    """Weighted rendezvous: the smallest draw is first, with a chance in proportion to its weight.

    A provider that is added or taken away moves no payment between the others. Weight 0 comes last.
    """
    drawn = int.from_bytes(sha256(f"{key}\0{name}".encode()).digest()[: _HASHED_BITS // 8])
    chance = (drawn + 1) / (2**_HASHED_BITS + 1)
    return (False, -log(chance) / weight) if weight else (True, chance)


def read_routes(written: Sequence[Mapping[str, Any]], providers: Providers) -> tuple[Route, ...]:
    """The routes in the configuration's `routing:`, whose shape its schema has checked.

    Raises:
        ConfigInvalid: A provider is not bound or does not take the methods, a weight or a condition is wrong.
    """
    routes = tuple(_route(f"routing.{index}", one, providers) for index, one in enumerate(written))
    names = [route.name for route in routes]
    if len(set(names)) < len(names):
        raise ConfigInvalid("routing: two routes have the same name")
    return routes


def _route(where: str, written: Mapping[str, Any], providers: Providers) -> Route:
    if ("priority" in written) == ("weights" in written):
        raise ConfigInvalid(f"{where}: give either priority or weights")
    route = Route(
        name=written["name"],
        methods=frozenset(written.get("methods", ())),
        when=tuple(_conditions(where, written.get("when", ()))),
        providers=tuple(written.get("priority") or written["weights"]),
        weights=dict(written.get("weights", {})),
        failover=written.get("failover", True),
    )
    if route.weights and not any(route.weights.values()):
        raise ConfigInvalid(f"{where}: every weight is 0")
    for name in route.providers:
        _check_provider(where, route, name, providers)
    return route


def _conditions(where: str, written: Sequence[object]) -> Iterator[Condition]:
    for index, one in enumerate(written):
        condition = read_condition(one)
        if isinstance(condition, str):
            raise ConfigInvalid(f"{where}.when.{index}: {condition}")
        yield condition


def _check_provider(where: str, route: Route, name: str, providers: Providers) -> None:
    if name not in providers:
        known = ", ".join(sorted(providers))
        raise ConfigInvalid(f"{where}: there is no provider {name}; there are {known}")
    if missing := route.methods - providers[name].methods:
        raise ConfigInvalid(f"{where}: provider {name} does not take {', '.join(sorted(missing))}")
