"""The shop: a real HTTP server that keeps a ledger of idempotency keys, and is as awkward as receivers are.

What it does depends on the key alone (and on how often it came), so a repeat is treated like the first try.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from zlib import crc32

from aiohttp import web

from engine.model import Json
from tests.chaos.client import Client
from tests.fakes.ledger import Ledger
from tests.fakes.waiting import moment

REPLIES = {"pay": "paid", "pack": "packed", "ship": "shipped"}
SLOW = 0.15


class Receiver:
    """Answers in the response, or later by POST /event, or both; sometimes slowly, sometimes with 503."""

    def __init__(self, client: Client) -> None:
        self.ledger = Ledger()
        self.refused: list[Json] = []
        self._client = client
        self._tries: Counter[str] = Counter()
        self._later: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> str:
        app = web.Application()
        app.router.add_post("/commands", self._take)
        self._runner = web.AppRunner(app, access_log=None)
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

    async def _take(self, request: web.Request) -> web.Response:
        body: Json = await request.json()
        key, name = request.headers["Idempotency-Key"], body["value"]["messageLabel"]
        chance = crc32(key.encode())
        self._tries[key] += 1
        if self._tries[key] == 1 and chance % 5 == 0:
            return web.Response(status=503)  # busy: nothing was done
        if name == "tell" and self._tries[key] <= 2 and chance % 3 == 0:
            return web.Response(status=400)  # the engine parks it, and a person asks again
        self.ledger.take(f"{name} {key}", {"body": body, "saga": request.headers["Saga-Id"]})
        if chance % 7 == 0:
            await moment(SLOW)
        return self._answer(name, key, body["key"], chance)

    def _answer(self, name: str, key: str, saga_id: str, chance: int) -> web.Response:
        event = {"messageLabel": REPLIES.get(name), "messagePayload": {f"{name}Reference": key}}
        manner = chance // 7 % 3
        if name == "tell":
            return web.Response(status=200)
        if manner != 0:  # later, under an id of its own; or at once and later, under the command's key
            self._tell_later({"key": saga_id, "value": event}, key if manner == 2 else f"shop-{key}")
        return web.json_response(event) if manner != 1 else web.Response(status=202)

    def _tell_later(self, event: Json, id_: str) -> None:
        task = asyncio.create_task(self._tell(event, id_))
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _tell(self, event: Json, id_: str) -> None:
        answered = await self._client.post("/event", event, {"Idempotency-Key": id_})
        if answered.status != 200:
            self.refused.append({"event": event["value"]["messageLabel"], "id": id_, "answer": answered.body})
