"""Waiting for a saga: woken by a step of this daemon, and looking again for those of others."""

from __future__ import annotations

import asyncio
from typing import cast

from engine.model import Saga, Step
from engine.ports import Store
from engine.runner import Runner
from hub import changes
from hub.changes import Changes


class OneSaga:
    """A store with one saga, whose state is what the test says."""

    def __init__(self) -> None:
        self.state = "OLD"
        self.loaded = asyncio.Event()

    async def load(self, saga_id: str) -> Saga:
        self.loaded.set()
        return _saga(self.state)


class Steps:
    """A runner that tells of steps that the test takes."""

    def __init__(self) -> None:
        self.on_step: list[object] = []

    def take(self) -> None:
        for told in self.on_step:
            told(Step(saga=_saga("NEW"), rows=()))  # type: ignore[operator]


def _saga(state: str) -> Saga:
    return Saga(
        saga_id="s1", machine="m", machine_version=1, version=1, entity_id="", state=state, is_final=False,
        business_state="", business_state_id=0, business_state_description="", latest_event="", metadata={},
        created_at=0, updated_at=0,
    )  # fmt: skip


def _waiting() -> tuple[OneSaga, Steps, Changes]:
    store, steps = OneSaga(), Steps()
    return store, steps, Changes(cast("Store", store), cast("Runner", steps))


def test_a_step_wakes_who_waits_for_it() -> None:
    async def body() -> None:
        store, steps, waiting = _waiting()
        task = asyncio.create_task(waiting.until("s1", lambda saga: saga.state == "NEW", 60))
        await store.loaded.wait()
        store.state = "NEW"
        steps.take()
        assert (await task).state == "NEW"
        assert waiting._waiting == {}

    asyncio.run(body())


def test_without_time_the_saga_is_answered_as_it_stands() -> None:
    async def body() -> None:
        _, _, waiting = _waiting()
        assert (await waiting.until("s1", lambda saga: False, 0)).state == "OLD"

    asyncio.run(body())


def test_a_step_of_another_daemon_is_found_by_looking() -> None:
    async def body() -> None:
        store, _, waiting = _waiting()
        task = asyncio.create_task(waiting.until("s1", lambda saga: saga.state == "NEW", 60))
        await store.loaded.wait()
        store.state = "NEW"
        assert (await task).state == "NEW"

    before, changes.LOOK_AGAIN = changes.LOOK_AGAIN, 0.001
    try:
        asyncio.run(body())
    finally:
        changes.LOOK_AGAIN = before
