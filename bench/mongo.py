"""What a step costs a MongoDB: commands, bytes on the wire, index entries, and the daemon's CPU.

    MONGODB_URI=mongodb://... python -m bench.mongo

Counts, and so holds for any server; speed is not looked at, but for this process's own CPU. The order saga (five steps,
1 KB) beside notes told to a saga that has had 10, 100 and 400 events. The database is dropped afterwards.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import bson
import uvloop
from pymongo import AsyncMongoClient, monitoring

from adapters.channels.python import open_python
from adapters.stores.mongo import open_mongo
from adapters.stores.mongo_places import SAGA_INDEXES
from bench.embedded import HANDLERS, HERE, Orders
from bench.orders import STEPS, order
from bench.report import Report, show
from engine.assembly import Adapters, Engine, running
from engine.clock import SystemClock, SystemIds
from engine.config import Binding, Config
from engine.model import Event

DATABASE = f"sagaloom_bench_{os.getpid()}"
ORDERS, NOTES = 40, 20
AGES = (10, 100, 400)
READS, WRITES = ("find", "aggregate", "getMore"), ("insert", "update", "delete")

Document = Mapping[str, Any]


@dataclass
class Wire(monitoring.CommandListener):
    """Counts the commands to our database, and their bytes as BSON."""

    counted: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("writes", "reads", "out", "in"), 0)
    )

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.database_name == DATABASE and event.command_name in (*READS, *WRITES):
            self.counted["writes" if event.command_name in WRITES else "reads"] += 1
            self.counted["out"] += len(bson.encode(event.command))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        if event.database_name == DATABASE and event.command_name in (*READS, *WRITES):
            self.counted["in"] += len(bson.encode(event.reply))

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing fails here."""


@asynccontextmanager
async def engine_on(uri: str) -> AsyncIterator[Engine]:
    """An engine without a heartbeat: nothing but the steps speaks to the database."""
    config = Config(
        store=Binding(type="mongo", options={"uri": uri, "database": DATABASE}),
        machines=(HERE / "order.yaml", HERE / "notes.yaml"),
        channels={
            channel: Binding(type="python", options={"handler": f"bench.handlers:{function}"})
            for channel, function in HANDLERS.items()
        },
        base=HERE.parent,
    )
    adapters = Adapters(stores={"mongo": open_mongo}, channels={"python": open_python})
    async with running(config, adapters=adapters, clock=SystemClock(), ids=SystemIds()) as engine:
        yield engine


async def measured(uri: str, wire: Wire) -> list[list[str]]:
    """A row for the order saga, and one for each age."""
    async with engine_on(uri) as engine, AsyncMongoClient[dict[str, Any]](uri) as client:
        sagas = client[DATABASE].sagas
        orders = Orders(engine)
        await orders.run(-1)
        before, began = dict(wire.counted), time.process_time()
        for number in range(ORDERS):
            await orders.run(number)
        cpu = time.process_time() - began
        last = await sagas.find_one(sort=[("createdAt", -1)])
        rows = [_row("order saga, a step", wire.counted, before, ORDERS * len(STEPS), cpu, last or {}, "")]
        for age in AGES:
            rows.append(await _aged(engine, wire, sagas, age))
        await client.drop_database(DATABASE)
    return rows


async def _aged(engine: Engine, wire: Wire, sagas: Any, age: int) -> list[str]:
    """What NOTES more events cost a saga that has had `age` of them."""
    saga_id = f"aged-{age}"
    await engine.runner.start("benchNotes", metadata=order(age), saga_id=saga_id)
    for number in range(age - 1):
        await engine.runner.handle(saga_id, Event(name="noted", id=f"n{number}"))
    document, changed = await sagas.find_one({"sagaId": saga_id}), 0
    before, spent = dict(wire.counted), 0.0
    for number in range(NOTES):
        counted, began = wire.counted, time.process_time()
        await engine.runner.handle(saga_id, Event(name="noted", id=f"more{number}"))
        spent += time.process_time() - began
        after = dict(counted)
        now = await sagas.find_one({"sagaId": saga_id})
        changed += _keys_changed(document, now)
        document = now
        before = {name: before[name] + wire.counted[name] - after[name] for name in before}
    return _row(
        f"an event of a saga with {age}",
        wire.counted,
        before,
        NOTES,
        spent,
        document,
        f"{changed / NOTES:.1f}",
    )


def _keys_changed(before: Document, after: Document) -> int:
    """Of the indexes of a saga's collection, those that a step has to touch."""
    return sum(
        [before.get(name) for name, _ in fields] != [after.get(name) for name, _ in fields]
        for fields, _ in SAGA_INDEXES.values()
    )


def _row(
    name: str,
    now: Mapping[str, int],
    before: Mapping[str, int],
    steps: int,
    cpu: float,
    document: Document,
    changed: str,
) -> list[str]:
    each = {key: (now[key] - before[key]) / steps for key in now}
    return [
        name,
        f"{each['writes']:.2f}",
        f"{each['reads']:.2f}",
        f"{each['out']:,.0f}",
        f"{each['in']:,.0f}",
        changed,
        f"{len(bson.encode(document)):,}",
        f"{cpu / steps * 1e3:.2f}",
    ]


def report(rows: Sequence[Sequence[str]]) -> Report:
    """The table."""
    columns = ("", "writes", "reads", "bytes out", "bytes in", "indexes", "document bytes", "CPU ms")
    return Report(name="mongo", title="A step, on MongoDB", columns=columns, rows=rows)


def main() -> int:
    """Print the table; 2 without a server."""
    uri = os.environ.get("MONGODB_URI")
    if not uri:
        print("bench: set MONGODB_URI to a server that may be written to", file=sys.stderr)
        return 2
    wire = Wire()
    monitoring.register(wire)
    show(report(uvloop.run(measured(uri, wire))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
