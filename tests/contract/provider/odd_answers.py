"""A provider whose server answers nonsense: whatever comes back, nothing crashes and no money is called taken."""

from __future__ import annotations

import random
from collections.abc import Callable

from aiohttp import web

from providers.base import (
    AutomaticSubscriptions,
    Links,
    ManualSubscriptions,
    Payment,
    PayRequest,
    Provider,
    Refund,
    RefundRequest,
    Rejected,
    Subscription,
    SubscriptionCare,
    Unknown,
)
from tests.contract.provider.loopback import served

STATUSES = (200, 201, 204, 302, 400, 404, 409, 422, 503)


def bodies(sound: bytes) -> list[bytes]:
    """Nothing, noise, other types, and a sound answer that is cut or spoilt."""
    dice = random.Random(23)  # the same every time
    odd = [
        b"",
        b"null",
        b"[]",
        b"7",
        b'"x"',
        b"{}",
        b"<a/>",
        b"<",
        b"\xff\xfe",
        b"[" * 100_000,
        b"<a>" * 50_000,
    ]
    for _ in range(20):
        place = dice.randrange(len(sound))
        odd += [sound[:place], sound[:place] + dice.randbytes(3) + sound[place:]]
    return odd


async def endure(opened: Callable[[str], Provider], order: PayRequest, sound: bytes) -> None:
    """Ask everything there is to ask of a server that answers each odd body with each odd status."""
    current: tuple[int, bytes] = (200, b"")

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=current[0], body=None if current[0] == 204 else current[1])

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with served(app) as url:
        provider = opened(url)
        for body in bodies(sound):
            for status in STATUSES:
                current = (status, body)
                await _ask(provider, order)
        await provider.close()


async def _ask(provider: Provider, order: PayRequest) -> None:
    refund = RefundRequest(
        key="r", payment_id="p1", amount=500, currency=order.currency, paid=1299, again=True
    )
    asked = [await provider.pay(order), await provider.refund(refund)]
    if isinstance(provider, Links):
        asked.append(await provider.create_link(order))
    if isinstance(provider, ManualSubscriptions):
        asked.append(await provider.pay_subscription(order))
    if isinstance(provider, AutomaticSubscriptions):
        asked.append(await provider.schedule_subscription(order))
    assert not [it for it in asked if isinstance(it, Payment | Refund) and it.result == "OK"]
    if isinstance(provider, SubscriptionCare):
        standing = await provider.subscription_status("t1")
        assert isinstance(standing, Unknown | Rejected | Subscription)
    await provider.status("p1")
