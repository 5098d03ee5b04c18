"""One consumer of a group, from joining to leaving: fetches, holds back, commits, hands partitions over.

Offsets are committed up to the first message that is not done. Its lanes (kafka_lane.py) do the work.
Beside kafka_outlet.py the room of aiokafka; used by kafka_inlet.py only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from adapters.channels.kafka_intake import Intake
from adapters.channels.kafka_lane import Lane
from adapters.channels.kafka_options import Settings
from adapters.channels.kafka_outlet import TROUBLE, client_options
from adapters.channels.kafka_pace import Pace, let_go, rest
from adapters.channels.kafka_wire import Arrival

_log = structlog.get_logger("sagaloom.channel")


class Membership:
    """Whether this consumer is in its group. A rebalance takes it out for a moment, which is no illness."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._away_since: float | None = float("-inf")

    def joined(self) -> None:
        self._away_since = None

    def left(self) -> None:
        if self._away_since is None:
            self._away_since = asyncio.get_running_loop().time()

    def missed(self, group: str) -> str | None:
        """A sentence when it has been out of the group for too long."""
        if self._away_since is None:
            return None
        away = asyncio.get_running_loop().time() - self._away_since
        return f"the consumer is not in the group {group}" if away > self._patience else None


class Session(ConsumerRebalanceListener):  # type: ignore[misc]
    """One consumer, from joining the group to leaving it."""

    def __init__(
        self,
        settings: Settings,
        intake: Intake,
        pace: Pace,
        membership: Membership,
        heard: Callable[[str | None], None],
    ) -> None:
        self._settings = settings
        self._intake = intake
        self._pace = pace
        self._membership = membership
        self._heard = heard
        self._lanes: dict[TopicPartition, Lane] = {}
        self._moved = asyncio.Event()
        self._handing_over = False
        self._consumer = AIOKafkaConsumer(
            **client_options(settings),
            group_id=settings.group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",  # a group that is new loses nothing
            isolation_level="read_committed",
            session_timeout_ms=pace.session,
            heartbeat_interval_ms=pace.session // 3,
            rebalance_timeout_ms=max(pace.session, int(pace.finish * 3_000)),
        )

    async def run(self) -> None:
        """Join and work until cancelled. Raises ExceptionGroup, KafkaError, OSError: the consumer is broken."""
        self._consumer.subscribe(self._settings.inputs, listener=self)
        try:
            await self._consumer.start()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._fetch())
                tasks.create_task(self._commit_now_and_then())
                tasks.create_task(self._listen_for_the_broker())
        finally:
            await self._leave()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        self._handing_over = False
        self._membership.joined()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """They are ours until this returns: finish, commit, forget. Their next owner begins at the commit."""
        self._handing_over = True
        self._membership.left()
        await self._end(self._lanes)

    async def _fetch(self) -> None:
        while True:
            held_back = self._hold_back()
            wait = self._pace.look_again if held_back else self._pace.poll
            batch: Mapping[TopicPartition, list[object]] = await self._consumer.getmany(
                timeout_ms=wait, max_records=self._pace.batch
            )
            if self._handing_over:  # fetched before; who has the partition next gets them from the commit on
                continue
            # No await from here on: these partitions are ours now, and may not be later.
            for partition, records in batch.items():
                if partition not in self._lanes:
                    self._lanes[partition] = Lane(self._intake.take, self._moved.set)
                for record in records:
                    self._lanes[partition].put(_arrival(record))

    def _hold_back(self) -> bool:
        """Ask for nothing more where the window is full, until half of it is done."""
        paused: Collection[TopicPartition] = self._consumer.paused()
        assigned = self._consumer.assignment()
        for partition, lane in self._lanes.items():
            if partition not in assigned:
                continue
            if partition in paused and lane.in_hand <= self._pace.window // 2:
                self._consumer.resume(partition)
            elif partition not in paused and lane.in_hand >= self._pace.window:
                self._consumer.pause(partition)
        return bool(self._consumer.paused())

    async def _commit_now_and_then(self) -> None:
        while True:
            await self._moved.wait()
            self._moved.clear()
            await self._commit(dict(self._lanes))
            await rest(self._pace.commit)

    async def _commit(self, lanes: Mapping[TopicPartition, Lane]) -> None:
        """One commit for all partitions. One that fails is made up for by the next, or by a repeat."""
        assigned = self._consumer.assignment()
        offsets = {
            partition: lane.reached
            for partition, lane in lanes.items()
            if partition in assigned and lane.reached is not None and lane.reached != lane.committed
        }
        if not offsets:
            return
        try:
            await self._consumer.commit(offsets)
        except TROUBLE as error:
            _log.info("offsets were not committed", group=self._settings.group, reason=type(error).__name__)
            self._moved.set()
            return
        for partition, offset in offsets.items():
            lanes[partition].committed = offset

    async def _listen_for_the_broker(self) -> None:
        """Nothing else would notice a broker that is silent while there are no events."""
        asked = [TopicPartition(self._settings.inputs[0], 0)]
        while True:
            try:
                async with asyncio.timeout(self._pace.pulse):
                    await self._consumer.end_offsets(asked)
                self._heard(None)
            except TROUBLE as error:
                self._heard(f"no answer from the broker ({type(error).__name__})")
            await rest(self._pace.pulse)

    async def _end(self, lanes: dict[TopicPartition, Lane]) -> None:
        ended = dict(lanes)
        await asyncio.gather(*(lane.end(self._pace.finish) for lane in ended.values()))
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pace.finish):
                await self._commit(ended)
        for partition in ended:
            lanes.pop(partition, None)

    async def _leave(self) -> None:
        """Nobody cancels this; each part of it has its own end."""
        await self._end(self._lanes)
        self._membership.left()
        await let_go(self._consumer.stop(), self._pace.finish)


def _arrival(record: object) -> Arrival:
    fields = ("topic", "partition", "offset", "key", "value", "headers")
    return Arrival(**{field: getattr(record, field) for field in fields})
