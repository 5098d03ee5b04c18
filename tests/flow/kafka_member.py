"""A member of a consumer group as a process of its own, to be killed: the engine stays with the test.

After a line that says that it has joined, each event goes out as a line of JSON on stdout; the test's
engine answers with a line on stdin.
Arguments: brokers, topic, group.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from adapters.channels.kafka import KafkaChannel
from adapters.channels.kafka_options import read_settings
from adapters.channels.kafka_pace import Pace, rest
from engine.errors import StoreUnavailable
from engine.model import Answer, Event

PACE = Pace(session=2_000, finish=1.0, poll=50, commit=0.5, pulse=0.5, again=0.1)


class Wire:
    """The engine of the test, at the other end of stdin and stdout."""

    def __init__(self) -> None:
        self._asked: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def take(self, handle: str, event: Event) -> Answer:
        number = len(self._asked)
        self._asked[number] = asyncio.get_running_loop().create_future()
        asked = {"number": number, "handle": handle, "name": event.name, "payload": event.payload}
        print(json.dumps({**asked, "id": event.id}), flush=True)
        answer = await self._asked[number]
        if "unavailable" in answer:
            raise StoreUnavailable(answer["unavailable"])
        return Answer(**answer)

    async def listen(self) -> None:
        """Give answers to who asked, until stdin ends."""
        lines = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        async for line in lines:
            said = json.loads(line)
            self._asked[said["number"]].set_result(said["answer"])


async def main(brokers: str, topic: str, group: str) -> None:
    """Take events in until stdin ends."""
    wire = Wire()
    options = {"brokers": brokers, "inputTopics": [topic], "consumerGroup": group}
    channel = KafkaChannel("bus", read_settings("bus", options, Path()), PACE)
    await channel.start(wire.take)
    while channel.healthy() is not None:
        await rest(0.02)
    print(json.dumps({"joined": True}), flush=True)
    await wire.listen()
    await channel.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
