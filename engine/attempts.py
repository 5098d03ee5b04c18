"""One try of one entry: ask its channel, within the time it may take."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from engine.errors import EngineError
from engine.model import Delivery, Entry, Later, Millis, Outcome, Saga
from engine.ports import Channel
from engine.reporting import Reporter
from engine.retries import Policy

TRY_TIMEOUT: Millis = 20_000
"""How long one try may take where the machine sets no `timeout`; well within the dispatcher's lease."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The try broke on our side (a bug, a channel that is not bound): a person has to look."""

    reason: str


class Attempts:
    """The bound channels, and how they are asked."""

    def __init__(self, channels: Mapping[str, Channel], report: Reporter) -> None:
        self._channels = channels
        self._report = report

    async def make(self, saga: Saga, entry: Entry, policy: Policy) -> Outcome | Broken:
        """Send `entry` once. Never raises for what the channel does."""
        channel = self._channels.get(entry.channel or "")
        if channel is None:
            return Broken(reason=f"channel {entry.channel!r} is not bound in config.yaml")
        limit = entry.timeout or TRY_TIMEOUT
        try:
            async with asyncio.timeout(limit / 1000):
                return await channel.send(_delivery(saga, entry, policy))
        except TimeoutError:
            return Later(reason=f"no answer within {limit} ms", uncertain=True)
        except EngineError as error:
            return Later(reason=error.code, uncertain=True)
        except Exception as error:  # whatever an adapter raises is a bug of the adapter
            self._report.bug(entry, error)
            return Broken(
                reason=f"{type(error).__name__} in channel {entry.channel!r}: a defect, see the log"
            )


def _delivery(saga: Saga, entry: Entry, policy: Policy) -> Delivery:
    # Each time that a poll asks is a request of its own: a receiver that knows the id would not look again.
    id_ = f"{entry.id}.{entry.attempts}" if entry.kind == "poll" else entry.id
    return Delivery(
        id=id_,
        saga_id=saga.saga_id,
        entity_id=saga.entity_id,
        machine=saga.machine,
        kind=entry.kind,
        name=entry.name,
        payload=saga.metadata if entry.payload is None else entry.payload,
        attempt=entry.attempts,
        uncertain=entry.token > 1,
        replies=policy.replies,
    )
