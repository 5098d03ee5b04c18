"""Processes that die, played in one: every life has an event loop of its own, which ends when the life does.

What a life leaves behind is what is in its store and at its receivers, as with kill -9: tasks of the dead
engine are cancelled with their loop, and what it would still have sent is never sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager

from engine.errors import StoreUnavailable
from engine.model import Delivery, Outcome
from engine.ports import Channel, Store
from tests.fakes.clock import FakeClock
from tests.fakes.engine import Bench, engine_for
from tests.fakes.faulty_store import Call, Crash, faulty

Client = Callable[[Bench], Awaitable[None]]
Open = Callable[[], AbstractAsyncContextManager[Store]]


class Mortal:
    """A channel of a process: after its death nothing goes out any more."""

    def __init__(self, inner: Channel, death: Crash) -> None:
        self._inner = inner
        self._death = death

    async def send(self, delivery: Delivery) -> Outcome:
        if self._death.happened:
            await asyncio.get_running_loop().create_future()
        return await self._inner.send(delivery)

    async def close(self) -> None:
        await self._inner.close()


def live(
    text: str,
    client: Client,
    *,
    opened: Open,
    channels: Mapping[str, Channel],
    clock: FakeClock,
    death: Crash,
    owner: str,
) -> None:
    """One life: an engine on the store, and `client` working with it until it is done or the engine is dead."""

    async def life(store: Store) -> None:
        died = asyncio.Event()

        def fault(call: Call) -> None:
            try:
                death(call)
            finally:
                if death.happened:
                    died.set()

        work = asyncio.create_task(_work(text, client, faulty(store, fault), channels, clock, death, owner))
        end = asyncio.create_task(died.wait())
        await asyncio.wait([work, end], return_when=asyncio.FIRST_COMPLETED)
        if not death.happened:
            await work
        await _bury(work, end)

    async def body() -> None:
        async with opened() as store:
            await life(store)
            await _bury(*(task for task in asyncio.all_tasks() if task is not asyncio.current_task()))

    asyncio.run(body())


async def _bury(*tasks: asyncio.Task[None] | asyncio.Task[bool]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _work(
    text: str,
    client: Client,
    store: Store,
    channels: Mapping[str, Channel],
    clock: FakeClock,
    death: Crash,
    owner: str,
) -> None:
    mortal = {name: Mortal(channel, death) for name, channel in channels.items()}
    try:
        bench = await engine_for(text, store=store, channels=mortal, clock=clock, owner=owner)
        await client(bench)
    except StoreUnavailable:
        if not death.happened:
            raise
