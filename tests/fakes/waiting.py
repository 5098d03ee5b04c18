"""Waiting for what another task or process does. The only place of the tests that lets real time pass."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

POLL = 0.02
"""Seconds between two looks. A real process tells us nothing by itself, so it has to be asked again."""


async def turn() -> None:
    """Let every task that can run do so once."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(done.set_result, None)
    await done


async def wait_until(
    found: Callable[[], Awaitable[T | None]], *, within: float, what: str, every: float = POLL
) -> T:
    """Ask `found` until it has something, at most `within` seconds; then the test fails with `what`."""
    try:
        async with asyncio.timeout(within):
            while not (answer := await found()):  # noqa: ASYNC110 - see POLL
                await asyncio.sleep(every)
            return answer
    except TimeoutError:
        raise AssertionError(f"in vain waited {within} s for {what}") from None


def wait_here(found: Callable[[], T | None], *, within: float, what: str, every: float = POLL) -> T:
    """The same for tests that cannot await: beside Playwright no other event loop runs in its thread."""
    end = time.monotonic() + within
    while not (answer := found()):
        assert time.monotonic() < end, f"in vain waited {within} s for {what}"
        time.sleep(every)
    return answer


async def moment(seconds: float) -> None:
    """Let a short time pass where time itself is the point: a slow receiver, a random moment to kill at."""
    await asyncio.sleep(seconds)
