"""The provider: Stripe's wire format with a ledger, which loses answers, callbacks and their order as the world does.

What it does to a request or to news depends on their ids alone, so that a repeat is treated like the first try.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from time import time
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from engine.model import Json
from providers.callbacks import CallbackRequest
from tests.chaos.client import Client
from tests.contract.provider.stripe_server import PRIVATE_KEY, SECRET, StripeServer, signed, unflattened
from tests.fakes.waiting import moment

__all__ = ["PRIVATE_KEY", "SECRET", "Bank", "chance"]

CALLBACK = "/v3/stripe/callback"
DECIDES_WITHIN = 0.4


def chance(text: str, salt: str) -> int:
    """0 to 99, always the same for the same text."""
    return int.from_bytes(sha256(f"{salt} {text}".encode()).digest()[:4]) % 100


class Bank(StripeServer):
    """Methods: `pm_card` is paid at once, `pm_slow` and `pm_3ds` later, `pm_declined` never."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self.did: Counter[str] = Counter()
        self.surprises: list[Json] = []
        self._client = client
        self._tries: Counter[str] = Counter()
        self._later: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> str:
        app = self.application()
        app.middlewares.append(self._awkward)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def __aexit__(self, *_: object) -> None:
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)
        await self._runner.cleanup()

    async def told_all(self) -> None:
        """Return when everything is decided and all that is to be told was acknowledged."""
        while self._later:
            await asyncio.wait(list(self._later))

    def of_shop(self, shop: str) -> list[Json]:
        """The payments that were taken on for an order."""
        return [
            it
            for it in self.objects.values()
            if it["object"] == "payment_intent" and it["metadata"].get("shopTransactionId") == shop
        ]

    def refunded(self, intent: Json) -> list[int]:
        """What was given back of a payment, one by one."""
        return [
            it["amount"]
            for it in self.objects.values()
            if it["object"] == "refund"
            and it["payment_intent"] == intent["id"]
            and it["status"] == "succeeded"
        ]

    @web.middleware
    async def _awkward(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.method != "POST":
            answered: web.StreamResponse = await handler(request)
            return answered
        key = request.headers["idempotency-key"]
        self._tries[key] += 1
        form = unflattened(parse_qsl(await request.text()))
        if form.get("payment_method") == "pm_declined":
            self.did["declined"] += 1
            return self._declined(request.path)
        if self._tries[key] == 1 and chance(key, "busy") < 3:
            self.did["refused as busy"] += 1
            return web.Response(status=429, headers={"Retry-After": "1"})
        known = key in self.answers
        answer: web.StreamResponse = await handler(request)
        if not known:
            self._follow(self.answers[key][2])
        if not known and chance(key, "lost") < 5:
            self.did["answer lost after the money moved"] += 1
            assert request.transport is not None
            request.transport.abort()
        return answer

    def _refund(self, request: web.Request, form: Json) -> Json | None:
        made = super()._refund(request, form)
        if made is not None and chance(made["id"], "slow") < 30:
            made["status"] = "pending"
        return made

    def _follow(self, made: Json) -> None:
        work = self._decide_refund(made) if made["object"] == "refund" else self._decide(made)
        task = asyncio.get_running_loop().create_task(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _decide(self, intent: Json) -> None:
        self.did["payments"] += 1
        news = [self.event("payment_intent.processing", intent)]
        fate = chance(intent["id"], "fate")
        await moment(DECIDES_WITHIN * chance(intent["id"], "when") / 100)
        if intent["status"] != "succeeded" and fate < 30:
            intent["status"] = "requires_payment_method"
            news.append(self.event("payment_intent.payment_failed", intent))
            if fate < 10:  # paid after all
                await self._tell(intent["id"], news)
                news = []
                self.did["late successes"] += 1
                await moment(DECIDES_WITHIN)
        if intent["status"] != "requires_payment_method" or fate < 10:
            intent["status"] = "succeeded"
            news.append(self.event("payment_intent.succeeded", intent))
        await self._tell(intent["id"], news, surely=fate < 10)

    async def _decide_refund(self, refund: Json) -> None:
        self.did["refunds"] += 1
        await moment(DECIDES_WITHIN * chance(refund["id"], "when") / 100)
        if refund["status"] == "pending":
            self.did["refunds that were pending"] += 1
            refund["status"] = "succeeded"
            if chance(refund["id"], "fate") < 20:
                refund["status"] = "failed"
                self.objects[refund["payment_intent"]]["latest_charge"]["amount_refunded"] -= refund["amount"]
        await self._tell(refund["id"], [self.event("refund.updated", refund)])

    async def _tell(self, about: str, news: list[CallbackRequest], *, surely: bool = False) -> None:
        """In the wrong order, twice, or not at all. A success after a failure is told `surely`: nobody asks for it."""
        if len(news) > 1 and chance(about, "order") < 20:
            self.did["news out of order"] += 1
            news.reverse()
        for request in news:
            for number, times in enumerate(self._deliveries(request, surely)):
                await moment(0.05 * number)
                await asyncio.gather(*(self._send(request) for _ in range(times)))

    def _deliveries(self, request: CallbackRequest, surely: bool) -> Iterator[int]:
        """How often it is sent at the same moment, moment by moment."""
        told = request.body.decode()
        self.did["news"] += 1
        if chance(told, "gone") < 10 and not surely:
            self.did["news lost"] += 1
        elif chance(told, "twice") < 30:
            self.did["news told twice"] += 1
            yield from [2] if chance(told, "at once") < 50 else [1, 1]
        else:
            yield 1

    async def _send(self, request: CallbackRequest) -> None:
        again = signed(request.body, at=int(time() * 1000))
        answered = await self._client.send(CALLBACK, again.body, again.headers)
        if answered.status != 200:
            self.surprises.append({"status": answered.status, "answer": answered.body})
