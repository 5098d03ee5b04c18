"""How fast a Kafka client goes about things: its windows and its patience, and how long it may take to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass

from engine.model import Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds, where nothing else is said.

    Attributes:
        session: Without a heartbeat for so long the group gives its partitions to others.
        finish: What events in hand may take when partitions are revoked or the daemon stops.
        window: Records of one partition in hand; more are not asked for.
        batch: Records taken over at once.
        poll, look_again: Waiting for records; while a partition is held back.
        commit: At least so long from one commit to the next.
        pulse: How often the broker is asked for a sign of life, and how long it may take.
        absence: How long a rebalance may keep the consumer out of its group before it counts as ill.
        retry, retry_longest: From one try of an event to the next while the store is away.
        again: Before a broken consumer is replaced.
    """

    session: Millis = 10_000
    finish: float = 5.0
    window: int = 512
    batch: int = 256
    poll: Millis = 500
    look_again: Millis = 20
    commit: float = 0.1
    pulse: float = 3.0
    absence: float = 15.0
    retry: float = 0.1
    retry_longest: float = 5.0
    again: float = 1.0


async def rest(seconds: float) -> None:
    """Let `seconds` pass; a cancellation ends it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().create_future()


async def let_go(stopping: Awaitable[None], seconds: float) -> bool:
    """Wait for a client to stop, at most so long, whatever it raises; whether it stopped in good order.

    In a task of its own, since aiokafka 0.14 lets the CancelledError of its fetching escape from `stop`: that
    would end whoever waits for it, and an inlet with it, though nobody cancelled them.
    """
    task = asyncio.ensure_future(stopping)
    await asyncio.wait([task], timeout=seconds)
    task.cancel()
    (problem,) = await asyncio.gather(task, return_exceptions=True)
    return problem is None
