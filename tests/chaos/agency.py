"""The agencies: real HTTP, a ledger of bookings and cancellations, and every way in which receivers are awkward.

What one does depends on the idempotency key alone (and on how often it came), so that a repeat is treated like
the first try. A booking is known by its saga and its kind.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from zlib import crc32

from aiohttp import web

from engine.model import Json
from tests.chaos.client import Client
from tests.fakes.ledger import Ledger
from tests.fakes.waiting import moment

TOO_LONG = 1.2
"""Seconds; more than the daemon waits."""

Part = tuple[str, str]
"""Saga, and `Flight`, `Hotel` or `Car`."""

BOOKING = ("refuse", "busy", "hang", "hang once", "busy once", "later", "both", "refuse later", *["do"] * 6)
CANCELLING = ("hang once", "busy once", "do", "do", "later", "do")


@dataclass
class Books:
    """What was done, by part: the keys under which it was booked and cancelled, in the order of the first time."""

    booked: dict[Part, list[str]] = field(default_factory=dict)
    cancelled: dict[Part, list[str]] = field(default_factory=dict)
    nothing_there: dict[Part, list[str]] = field(default_factory=dict)
    refused: set[Part] = field(default_factory=set)


class Agency:
    """Books and cancels."""

    def __init__(self, client: Client) -> None:
        self.ledger = Ledger()
        self.books = Books()
        self.manners: Counter[str] = Counter()
        self.surprises: list[Json] = []
        self._client = client
        self._tries: Counter[str] = Counter()
        self._later: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> str:
        app = web.Application()
        app.router.add_post("/commands", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}/commands"

    async def __aexit__(self, *_: object) -> None:
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)
        await self._runner.cleanup()

    async def told_all(self) -> None:
        """Return when every event that was to come later was acknowledged."""
        while self._later:
            await asyncio.wait(list(self._later))

    def cancel_by_phone(self, part: Part) -> None:
        """What a person does before the undo is skipped."""
        self._cancel(part, "by phone")

    def never_cancels(self, part: Part) -> bool:
        """A hotel that has to be called."""
        return part[1] == "Hotel" and crc32(part[0].encode()) % 3 == 0

    async def _take(self, request: web.Request) -> web.Response:
        body: Json = await request.json()
        key, name = request.headers["Idempotency-Key"], body["value"]["messageLabel"]
        self.ledger.take(f"{name} {key}", body)
        self._tries[key] += 1
        part = (body["key"], name.removeprefix("book").removeprefix("cancel"))
        if name.startswith("cancel"):
            return await self._cancelling(part, key)
        return await self._booking(part, key)

    async def _booking(self, part: Part, key: str) -> web.Response:
        manner = BOOKING[crc32(key.encode()) % len(BOOKING)]
        self.manners[f"book: {manner}"] += 1
        kind = part[1].lower()
        if manner == "busy" or (manner == "busy once" and self._tries[key] == 1):
            return web.Response(status=503)
        if manner == "refuse" or part in self.books.cancelled or part in self.books.nothing_there:
            self.books.refused.add(part)
            return _event(f"{kind}Failed")
        if manner == "refuse later":
            return self._tell_later(part[0], f"{kind}Failed", f"agency-{key}")
        self._once(self.books.booked, part, key)
        if manner == "hang" or (manner == "hang once" and self._tries[key] == 1):
            await moment(TOO_LONG)
        if manner == "later":
            return self._tell_later(part[0], f"{kind}Booked", f"agency-{key}")
        if manner == "both":
            self._tell_later(part[0], f"{kind}Booked", key)
        return _event(f"{kind}Booked")

    async def _cancelling(self, part: Part, key: str) -> web.Response:
        manner = CANCELLING[crc32(key.encode()) % len(CANCELLING)]
        if self.never_cancels(part) and part in self.books.booked:
            self.manners["cancel: never"] += 1
            return web.Response(status=400)
        self.manners[f"cancel: {manner}"] += 1
        if manner == "busy once" and self._tries[key] == 1:
            return web.Response(status=503)
        self._cancel(part, key)
        if manner == "hang once" and self._tries[key] == 1:
            await moment(TOO_LONG)
        if part[1] != "Hotel":
            return web.Response(status=200)
        if manner == "later":
            return self._tell_later(part[0], "hotelCancelled", f"agency-{key}")
        return _event("hotelCancelled")

    def _cancel(self, part: Part, key: str) -> None:
        """Of what is not there it is a success as well, and written down apart."""
        self._once(self.books.cancelled if part in self.books.booked else self.books.nothing_there, part, key)

    def _once(self, book: dict[Part, list[str]], part: Part, key: str) -> None:
        keys = book.setdefault(part, [])
        if key not in keys:
            keys.append(key)

    def _tell_later(self, saga_id: str, event: str, id_: str) -> web.Response:
        task = asyncio.create_task(self._tell(saga_id, event, id_))
        self._later.add(task)
        task.add_done_callback(self._later.discard)
        return web.Response(status=202)

    async def _tell(self, saga_id: str, event: str, id_: str) -> None:
        body: Json = {"key": saga_id, "value": {"messageLabel": event, "messagePayload": {}}}
        answered = await self._client.post("/event", body, {"Idempotency-Key": id_})
        if answered.status != 200:
            self.surprises.append({"event": event, "id": id_, "answer": answered.body})


def _event(name: str) -> web.Response:
    return web.json_response({"messageLabel": name, "messagePayload": {}})
