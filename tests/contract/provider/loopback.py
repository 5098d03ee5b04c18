"""What the loopback servers of hosted payment pages share: a ledger, scripts, and a port of its own.

A server speaks its provider's wire format, written from the provider's documentation and not from our
connector files, so that an error in a file shows. It refuses what the documentation refuses.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

from aiohttp import web

from providers.base import Provider
from providers.callbacks import CallbackRequest, Word
from tests.contract.provider.world import Script, Taken

NOW = 1_700_000_000_000

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Refused(Exception):
    """The request is not what the documentation asks for; the answer is the provider's way to say so."""

    def __init__(self, answer: web.Response) -> None:
        super().__init__(answer.status)
        self.answer = answer


class FixedClock:
    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> int:
        return self.time


@dataclass
class Order:
    """A payment as the server has it. `amount` is in minor units."""

    id: str
    amount: int
    currency: str
    shop: str | None
    status: str
    refunds: list[Taken] = field(default_factory=list)
    known: dict[str, Any] = field(default_factory=dict)


class Loopback:
    """Base of a server; a subclass routes and answers. It is the World of the suite, too."""

    provider: Provider
    signed = False
    stamped = False
    settled: Mapping[Word, str] = MappingProxyType({})
    """The provider's words for how a payment ended."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.taken: list[Taken] = []
        self.returned: list[Taken] = []
        self.next: Script | None = None
        self.count = 0
        self.clock = FixedClock()

    # of the server

    def routes(self) -> list[web.RouteDef]:
        raise AssertionError("the subclass routes")

    def connect(self, base_url: str) -> Provider:
        raise AssertionError("the subclass connects")

    def unauthorised(self) -> web.Response:
        return web.json_response({"message": "Unauthorized"}, status=401)

    def declined(self) -> web.Response:
        raise AssertionError("the subclass declines")

    def number(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count:06}"

    def new_order(self, order: Order) -> Order:
        self.orders[order.id] = order
        self.taken.append(
            Taken(
                shop_transaction_id=order.shop,
                amount=order.amount,
                currency=order.currency,
                payment_id=order.id,
            )
        )
        return order

    def give_back(self, order: Order, refund_id: str, amount: int) -> None:
        refund = Taken(
            shop_transaction_id=order.shop, amount=amount, currency=order.currency, payment_id=refund_id
        )
        order.refunds.append(refund)
        self.returned.append(refund)

    async def money(self, request: web.Request, do: Callable[[], web.Response]) -> web.StreamResponse:
        """Do what moves money, as the script says."""
        script, self.next = self.next, None
        if script == "unauthorised":
            return self.unauthorised()
        if script == "throttle":
            return web.json_response({}, status=429, headers={"Retry-After": "7"})
        if script == "fail":
            return web.json_response({}, status=500)
        if script == "decline":
            return self.declined()
        answer = do()
        if script == "lose_answer":
            assert request.transport is not None
            request.transport.abort()
        return answer

    # of the world

    def script(self, what: Script) -> None:
        self.next = what

    def payments(self) -> list[Taken]:
        return self.taken

    def refunds(self) -> list[Taken]:
        return self.returned

    def settle(self, payment_id: str, word: Word) -> None:
        self.orders[payment_id].status = self.settled[word]

    def settle_refund(self, refund_id: str, word: Word) -> None:
        raise AssertionError("refunds of this provider are told by the payment's standing")

    def callback(self, payment_id: str, word: Word, *, key: str | None = None) -> CallbackRequest:
        raise AssertionError("the subclass calls back")


class Scripts:
    """How the next request for money is treated; then all is as usual again. For servers with ledgers of their own."""

    def __init__(self) -> None:
        self._next: Script | None = None

    def set(self, what: Script) -> None:
        self._next = what

    def take(self, *among: Script) -> Script | None:
        """The script if it is among these, which uses it up."""
        if self._next not in among:
            return None
        taken, self._next = self._next, None
        return taken

    def troubled(self, handler: Handler, throttled: Callable[[], web.Response] | None = None) -> Handler:
        """Wraps a handler that takes or gives back money; `throttled` if the provider has a way of its own."""

        async def wrapped(request: web.Request) -> web.StreamResponse:
            script = self.take("fail", "unauthorised", "throttle", "lose_answer")
            if script == "fail":
                return web.Response(status=500)
            if script == "unauthorised":
                return web.Response(status=401)
            if script == "throttle" and throttled is not None:
                return throttled()
            if script == "throttle":
                return web.Response(status=429, headers={"Retry-After": "7"})
            answer = await handler(request)
            if script == "lose_answer" and request.transport is not None:
                request.transport.abort()
            return answer

        return wrapped


class Ledgers:
    """Base of a server that keeps what it took and gave back in the order it came, as most of the World wants it."""

    provider: Provider
    signed = True
    stamped = False

    def __init__(self) -> None:
        self._scripts = Scripts()
        self._payments: list[Taken] = []
        self._refunds: list[Taken] = []
        self._answers: dict[str, web.Response] = {}

    def app(self) -> web.Application:
        raise AssertionError("the subclass routes")

    def script(self, what: Script) -> None:
        self._scripts.set(what)

    def payments(self) -> list[Taken]:
        return self._payments

    def refunds(self) -> list[Taken]:
        return self._refunds

    def remember(self, key: str, answer: web.Response) -> web.Response:
        """Under an idempotency key; a response can be sent once only, so what is sent is a copy."""
        self._answers[key] = answer
        return self.answered(key) or answer

    def answered(self, key: str) -> web.Response | None:
        """The first answer to the key; None if it is new."""
        first = self._answers.get(key)
        if first is None:
            return None
        return web.Response(body=first.body, status=first.status, content_type=first.content_type)


AnyLedgers = TypeVar("AnyLedgers", bound=Ledgers)


@asynccontextmanager
async def opened(server: AnyLedgers, connect: Callable[[str], Provider]) -> AsyncIterator[AnyLedgers]:
    """The server on a port of its own, and the provider that `connect` makes of its address."""
    async with served(server.app()) as url:
        server.provider = connect(url)
        yield server
        await server.provider.close()


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[str]:
    """The address of the app, without a slash at the end."""
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def running(server: Loopback) -> AsyncIterator[Any]:
    """The server on a port of its own, and the provider connected to it."""

    @web.middleware
    async def refusing(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refused as refused:
            return refused.answer

    app = web.Application(middlewares=[refusing])
    app.add_routes(server.routes())
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    server.provider = server.connect(f"http://127.0.0.1:{port}")
    try:
        yield server
    finally:
        await server.provider.close()
        await runner.cleanup()


def json_callback(document: object, headers: Mapping[str, str] | None = None) -> CallbackRequest:
    """A POST with a JSON body, received when the clock of the tests stands."""
    body = json.dumps(document, separators=(",", ":")).encode()
    return bytes_callback(body, {"content-type": "application/json", **(headers or {})})


def bytes_callback(body: bytes, headers: Mapping[str, str]) -> CallbackRequest:
    return CallbackRequest(
        method="POST", target="/v3/it/callback", headers=dict(headers), body=body, received=NOW
    )


def minor(text: str, decimals: int = 2) -> int:
    """Of 12.99, 1299; exactly these decimals, as a strict provider wants them."""
    whole, _, part = text.partition(".")
    if len(part) != decimals or not (whole + part).isdigit():
        raise ValueError(text)
    return int(whole + part)
