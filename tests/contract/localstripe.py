"""localstripe, a stateful stand-in for Stripe, as a process of its own on 127.0.0.1.

It is GPL-3.0, so nothing of it is imported here. Started as `python -m localstripe` it listens on all
interfaces and keeps its objects in a fixed file; the few lines of its launcher bind it to loopback and
keep them in memory.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import stripe
from aiohttp import web

from providers.callbacks import CallbackRequest
from tests.contract.provider.loopback import served
from tests.needs import need

PRIVATE_KEY = "sk_test_localstripe"
SECRET = "whsec_localstripe"

_LAUNCHER = """
import socket
from aiohttp import web
from localstripe.resources import store
from localstripe.server import app
store.dump_to_disk = lambda: None
sock = socket.create_server(("127.0.0.1", 0))
print(sock.getsockname()[1], flush=True)
web.run_app(app, sock=sock, print=None)
"""


@dataclass(frozen=True, kw_only=True)
class LocalStripe:
    """Where it listens, and the official SDK connected to it: the other side's view of the ledger."""

    url: str

    @property
    def sdk(self) -> stripe.StripeClient:
        return stripe.StripeClient(PRIVATE_KEY, base_addresses={"api": self.url})

    def card(self, number: str) -> str:
        """A payment method as the shop's page makes it; some numbers are declined."""
        card: Any = {"number": number, "exp_month": 12, "exp_year": 2040, "cvc": "123"}
        return self.sdk.v1.payment_methods.create({"type": "card", "card": card}).id

    def debit(self, iban: str) -> str:
        """A direct debit; those that fail do so half a second after they were taken on."""
        return self.sdk.v1.payment_methods.create({"type": "sepa_debit", "sepa_debit": {"iban": iban}}).id

    def customer_agrees(self, payment_id: str) -> None:
        """What the issuer's page does when the customer has proved who he is."""
        secret = self.sdk.v1.payment_intents.retrieve(payment_id).client_secret
        path = f"/v1/payment_intents/{payment_id}/_authenticate"
        self.sdk.raw_request("post", path, client_secret=secret, success="true")

    async def forget(self) -> None:
        async with aiohttp.ClientSession() as session, session.delete(f"{self.url}/_config/data"):
            pass

    async def send_webhooks_to(self, address: str) -> None:
        hook = {"url": address, "secret": SECRET}
        ours = f"{self.url}/_config/webhooks/hub"
        async with aiohttp.ClientSession() as session, session.post(ours, json=hook) as answer:
            assert answer.status == 200


@contextmanager
def localstripe() -> Iterator[LocalStripe]:
    """A running localstripe; ended afterwards."""
    need("localstripe", importlib.util.find_spec("localstripe"), how="pip install -e '.[test]'")
    command = [sys.executable, "-c", _LAUNCHER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield LocalStripe(url=f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.terminate()


@asynccontextmanager
async def receiving(inbox: Any) -> AsyncIterator[str]:
    """A socket where callbacks are put into a queue as the web layer hands them to a provider."""

    async def take(request: web.Request) -> web.Response:
        headers: Mapping[str, str] = {name.lower(): value for name, value in request.headers.items()}
        callback = CallbackRequest(
            method="POST",
            target=request.path_qs,
            headers=headers,
            body=await request.read(),
            received=int(time.time() * 1000),
        )
        await inbox.put(callback)
        return web.Response()

    app = web.Application()
    app.router.add_post("/callback", take)
    async with served(app) as url:
        yield f"{url}/callback"


@asynccontextmanager
async def losing_first_answer(url: str) -> AsyncIterator[str]:
    """A way to `url` that hands on every request, and hangs up instead of giving back the first POST's answer."""
    lost: list[str] = []

    async def hand_on(request: web.Request) -> web.Response:
        headers = {key: it for key, it in request.headers.items() if key.lower() != "host"}
        body = await request.read()
        async with (
            aiohttp.ClientSession() as session,
            session.request(request.method, url + request.path_qs, headers=headers, data=body) as got,
        ):
            answer = web.Response(status=got.status, body=await got.read())
        if request.method == "POST" and not lost:
            lost.append(request.path)
            assert request.transport is not None
            request.transport.abort()
        return answer

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", hand_on)
    async with served(app) as address:
        yield address
