"""Waiting for a saga to get somewhere: woken by this daemon's own steps, and looking each second for other daemons'."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from engine.model import Saga, Step
from engine.ports import Store
from engine.runner import Runner

LOOK_AGAIN = 1.0
"""Seconds; another daemon may take the step."""


class Changes:
    """One a daemon."""

    def __init__(self, store: Store, runner: Runner) -> None:
        self._store = store
        self._waiting: dict[str, list[asyncio.Event]] = {}
        runner.on_step.append(self._stepped)

    async def until(self, saga_id: str, ready: Callable[[Saga], bool], seconds: float) -> Saga:
        """The saga as soon as it is `ready`, or as it stands after so many seconds.

        Raises:
            SagaNotFound, StoreUnavailable
        """
        changed = asyncio.Event()
        self._waiting.setdefault(saga_id, []).append(changed)
        ends = asyncio.get_running_loop().time() + seconds
        try:
            while True:
                saga = await self._store.load(saga_id)
                left = ends - asyncio.get_running_loop().time()
                if left <= 0 or ready(saga):
                    return saga
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(left, LOOK_AGAIN)):
                        await changed.wait()
                changed.clear()
        finally:
            self._forget(saga_id, changed)

    def _stepped(self, step: Step) -> None:
        for changed in self._waiting.get(step.saga.saga_id, ()):
            changed.set()

    def _forget(self, saga_id: str, changed: asyncio.Event) -> None:
        others = self._waiting[saga_id]
        others.remove(changed)
        if not others:
            del self._waiting[saga_id]
