"""Collects payments that name no provider: chooses by the routes, asks in turn, leaves the trail. For the channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.model import Delivery
from hub.gateway import Gateway
from hub.operations import COLLECTIONS
from hub.requests import pay_request
from hub.routing import Route, choose
from hub.routing_trail import Answer, Routed, Trail, ask_in_turn
from providers.base import PayRequest, Rejected


class Router:
    """Over the gateway's providers. `trail` has to outlive this process."""

    def __init__(self, gateway: Gateway, routes: Sequence[Route], trail: Trail) -> None:
        self._gateway = gateway
        self._routes = tuple(routes)
        self._trail = trail

    async def collect(self, operation: str, delivery: Delivery) -> Routed | None:
        """What came of it; None: no route has a provider for it, there are several, and none was asked before.

        Raises:
            StoreUnavailable: Of the trail; trying again later is safe.
        """
        again = delivery.uncertain or delivery.attempt > 1
        chosen = choose(
            self._routes,
            operation,
            delivery.payload,
            delivery.id,
            able=lambda name: self._able(name, operation, delivery),
        )
        order = chosen.order if chosen else self._only_one()
        if not order and not (again and await self._trail.read(delivery.id)):
            return None

        async def ask(name: str, repeated: bool) -> Answer:
            return await self._ask(name, operation, delivery, again=repeated)

        return await ask_in_turn(order, delivery.id, again=again, trail=self._trail, ask=ask)

    def _only_one(self) -> tuple[str, ...]:
        """The provider of a hub that has one: it leaves a trail too, so that routes may be added at any time."""
        names = tuple(self._gateway.providers)
        return names if len(names) == 1 else ()

    async def _ask(self, name: str, operation: str, delivery: Delivery, *, again: bool) -> Answer:
        if name not in self._gateway.providers:  # asked before the configuration lost it
            return Rejected(reason="the provider that was asked first is not bound any more", ours=True)
        request = self._request(name, delivery)
        if isinstance(request, Rejected):
            return request
        return await self._gateway.collect(name, operation, replace(request, again=again))

    def _able(self, name: str, operation: str, delivery: Delivery) -> bool:
        if name not in self._gateway.providers:
            return False
        can, asked = self._gateway.providers[name].capabilities, COLLECTIONS[operation]
        request = self._request(name, delivery)
        return (
            isinstance(request, PayRequest)
            and can.takes(request.currency)
            and asked.able(can)
            and request.method in asked.methods(can)
        )

    def _request(self, name: str, delivery: Delivery) -> PayRequest | Rejected:
        return pay_request(delivery, self._gateway.providers[name].capabilities)
