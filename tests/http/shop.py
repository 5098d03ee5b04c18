"""A daemon that sells: the real payment and subscription machines on the sandbox, and a customer without a browser."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from engine.children import SagasChannel
from engine.model import Delivery, Done, Outcome
from engine.ports import Channel
from engine.runner import Runner
from hub.gateway import Gateway
from hub.payments_channel import PaymentsChannel
from providers.sandbox import SandboxProvider
from tests.http.daemon import Daemon, Reply, daemon

MACHINES = Path(__file__).parents[2] / "machines"
PAYMENT = (MACHINES / "payment.yaml").read_text()
SUBSCRIPTION = (MACHINES / "subscription.yaml").read_text()
BUYER = {"name": "Anna Rossi", "email": "anna@example.com", "phone": ""}


class Post:
    """Notifications, kept."""

    def __init__(self) -> None:
        self.sent: list[Delivery] = []

    async def send(self, delivery: Delivery) -> Outcome:
        self.sent.append(delivery)
        return Done(reply="done") if "done" in delivery.replies else Done()

    async def close(self) -> None: ...


class Later:
    """The channel `sagas`, which needs the runner of the daemon that it is given to."""

    def __init__(self) -> None:
        self.runner: Runner | None = None

    async def send(self, delivery: Delivery) -> Outcome:
        assert self.runner is not None
        return await SagasChannel(self.runner).send(delivery)

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """The daemon, what it sent, and the pages as a customer goes through them."""

    it: Daemon
    post: Post
    sandbox: SandboxProvider

    async def open(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        """A page, without following where it leads."""
        return await self._call("GET", path, None, headers)

    async def send(
        self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Reply:
        """A form, without following where it leads."""
        body = urlencode(fields).encode()
        form = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return await self._call("POST", path, body, form)

    async def follow(self, reply: Reply) -> Reply:
        """The page that a chain of redirects ends at."""
        while 300 <= reply.status < 400:
            reply = await self.open(local(reply))
        return reply

    async def order(self, query: str = "currency=EUR&coffee=1", **fields: str) -> str:
        """The path of a new payment."""
        page = text_of(await self.open(f"/payment/buyer?{query}"))
        hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))
        hidden.pop("csrf", None)
        hidden.pop("next", None)
        reply = await self.send("/payment/buyer", {**hidden, **BUYER, **fields})
        assert reply.status == 303, reply.body
        return local(reply)

    async def pay(self, path: str, method: str = "sandbox credit-cards", **fields: str) -> Reply:
        """Choose a method, accept the terms, and pay."""
        return await self.send(f"{path}/pay", {"method": method, "terms": "1", **fields})

    async def state(self, path: str) -> str:
        return str((await self.it.show(path.split("/")[2]))["currentState"])

    async def _call(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str] | None
    ) -> Reply:
        url = f"http://127.0.0.1:{self.it.server.port}{path}"
        request = self.it.session.request(method, url, data=body, headers=headers, allow_redirects=False)
        async with request as response:
            return Reply(status=response.status, headers=response.headers, body=await response.read())


def local(reply: Reply) -> str:
    """The path that an answer leads to."""
    return re.sub(r"^http://127\.0\.0\.1:\d+", "", reply.headers["Location"])


def text_of(reply: Reply) -> str:
    return unescape(reply.body.decode())


@asynccontextmanager
async def shop(checkout: Mapping[str, Any] | None = None) -> AsyncIterator[Shop]:
    """A shop; `checkout` as config.yaml would have it."""
    sandbox, post, sagas = SandboxProvider(), Post(), Later()
    gateway = Gateway({"sandbox": sandbox}, public_url="http://127.0.0.1:1")
    channels: dict[str, Channel] = {
        "payments": PaymentsChannel(gateway),
        "notifications": post,
        "merchant": post,
        "sagas": sagas,
    }
    async with daemon(
        PAYMENT,
        SUBSCRIPTION,
        default_machine="payment",
        providers={"sandbox": sandbox},
        channels=channels,
        checkout=checkout or {},
    ) as it:
        sagas.runner = it.engine.runner
        yield Shop(it=it, post=post, sandbox=sandbox)


@contextmanager
def selling(
    checkout: Mapping[str, Any] | None = None,
) -> Iterator[Callable[[Callable[[Shop], Awaitable[None]]], None]]:
    """One shop for several tests: what is given runs in it, one after the other."""
    with asyncio.Runner() as runner:
        opened = shop(checkout)
        it = runner.run(opened.__aenter__())

        async def run(test: Callable[[Shop], Awaitable[None]]) -> None:
            await test(it)

        try:
            yield lambda test: runner.run(run(test))
        finally:
            runner.run(opened.__aexit__(None, None, None))
