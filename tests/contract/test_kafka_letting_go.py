"""A Kafka client that is stopped may take for ever, or raise what it likes: whoever stops it goes on."""

from __future__ import annotations

import asyncio

from aiokafka.errors import KafkaConnectionError

from adapters.channels.kafka_pace import let_go


async def with_a_stray_cancellation() -> None:
    """As aiokafka 0.14 stops a consumer whose fetching is pausing after an error."""
    fetching = asyncio.create_task(asyncio.Event().wait())
    fetching.cancel()
    await fetching


async def with_an_error() -> None:
    raise KafkaConnectionError("gone")


async def in_good_order() -> None:
    """At once."""


async def never() -> None:
    await asyncio.Event().wait()


def test_whatever_stopping_a_client_ends_with_is_told_and_ends_nobody_else() -> None:
    async def body() -> list[bool]:
        ways = (in_good_order, with_an_error, with_a_stray_cancellation)
        return [await let_go(way(), 5.0) for way in ways]

    assert asyncio.run(body()) == [True, False, False]


def test_a_client_that_does_not_stop_in_time_is_left_behind() -> None:
    assert not asyncio.run(let_go(never(), 0.0))
