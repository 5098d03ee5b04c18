"""One saga at a time, different sagas side by side."""

from __future__ import annotations

import asyncio

import pytest

from engine.locks import KeyedLocks
from tests.fakes.waiting import turn


def test_holders_of_one_key_take_turns_in_the_order_they_came() -> None:
    async def body() -> list[str]:
        locks, log, go = KeyedLocks(), [], asyncio.Event()

        async def work(name: str) -> None:
            async with locks.hold("s1"):
                log.append(f"{name} in")
                await go.wait()
                log.append(f"{name} out")

        async with asyncio.TaskGroup() as group:
            for name in ("a", "b", "c"):
                group.create_task(work(name))
            await turn()
            go.set()
        return log

    assert asyncio.run(body()) == ["a in", "a out", "b in", "b out", "c in", "c out"]


def test_holders_of_different_keys_do_not_wait_for_each_other() -> None:
    async def body() -> bool:
        locks, met = KeyedLocks(), asyncio.Barrier(2)

        async def work(key: str) -> None:
            async with locks.hold(key):
                await met.wait()

        async with asyncio.timeout(5):
            await asyncio.gather(work("s1"), work("s2"))
        return True

    assert asyncio.run(body())


def test_who_gives_up_waiting_or_fails_holds_nobody_up() -> None:
    async def body() -> str:
        locks = KeyedLocks()

        async def fail() -> None:
            async with locks.hold("s1"):
                raise LookupError

        async with locks.hold("s1"):
            waiting = asyncio.create_task(fail())
            impatient = asyncio.create_task(fail())
            await turn()
            impatient.cancel()
            await asyncio.gather(impatient, return_exceptions=True)
        with pytest.raises(LookupError):
            await waiting
        async with asyncio.timeout(5), locks.hold("s1"):
            return "free"

    assert asyncio.run(body()) == "free"
