"""The ceiling: a hand-written order on bare SQLite, no engine at all, transitions sharing commits.

One writer thread; what has queued up commits together. A transition updates the row of about 1 KB
and inserts a row of history. `python -m bench.raw --folder F plain|sqlite3|apsw` measures one block:
`plain` as most would write it (sqlite3, json, the standard loop), the others tuned as the engine is
(uvloop, orjson, cycles looked for seldom).
"""

from __future__ import annotations

import asyncio
import json
import queue
import sqlite3
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import orjson
import uvloop

from bench.loop import measure, read_block, tell
from bench.orders import STEPS, order
from engine.heap import settle_heap

SET_UP = (
    "PRAGMA journal_mode = wal",
    "PRAGMA synchronous = full",
    "PRAGMA wal_autocheckpoint = 10000",
    "CREATE TABLE sagas (id TEXT PRIMARY KEY, state TEXT, doc TEXT, seq INTEGER) WITHOUT ROWID",
    "CREATE TABLE history (id TEXT, seq INTEGER, event TEXT, at REAL, PRIMARY KEY (id, seq)) WITHOUT ROWID",
)
FIRST = "INSERT INTO sagas VALUES (?, ?, ?, ?)"
NEXT = "UPDATE sagas SET state = ?, doc = ?, seq = ? WHERE id = ?"
HISTORY = "INSERT INTO history VALUES (?, ?, ?, ?)"

MOST = 512
"""Transitions in one commit."""

Execute = Callable[..., Any]
Transition = tuple[str, int, str, str, "asyncio.Future[None]"]


class Writer:
    """The writer thread, and the queue before it."""

    def __init__(self, connect: Callable[[], Execute]) -> None:
        self._connect = connect
        self._queue: queue.SimpleQueue[Transition | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    async def write(self, saga: str, seq: int, event: str, document: str) -> None:
        """Durable when this returns."""
        done: asyncio.Future[None] = self._loop.create_future()
        self._queue.put((saga, seq, event, document, done))
        await done

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        execute = self._connect()
        while (first := self._queue.get()) is not None:
            batch = [first, *self._waiting()]
            execute("BEGIN IMMEDIATE")
            for transition in batch:
                _apply(execute, transition)
            execute("COMMIT")
            self._loop.call_soon_threadsafe(_resume, batch)

    def _waiting(self) -> list[Transition]:
        found: list[Transition] = []
        while len(found) < MOST:
            try:
                one = self._queue.get_nowait()
            except queue.Empty:
                break
            if one is None:
                self._queue.put(None)
                break
            found.append(one)
        return found


def _apply(execute: Execute, transition: Transition) -> None:
    saga, seq, event, document, _ = transition
    if seq == 0:
        execute(FIRST, (saga, event, document, seq))
    else:
        execute(NEXT, (event, document, seq, saga))
    execute(HISTORY, (saga, seq, event, time.time()))


def _resume(batch: list[Transition]) -> None:
    for transition in batch:
        transition[4].set_result(None)


def _connect_sqlite3(path: Path) -> Execute:
    return sqlite3.connect(path, isolation_level=None).execute


def _connect_apsw(path: Path) -> Execute:
    return apsw.Connection(str(path)).execute


PLAIN = "plain"
DRIVERS = {PLAIN: _connect_sqlite3, "sqlite3": _connect_sqlite3, "apsw": _connect_apsw}


def _orjson(state: object) -> str:
    return orjson.dumps(state).decode()


async def _main() -> None:
    block, (driver,) = read_block()
    if driver != PLAIN:
        settle_heap()
    encode = json.dumps if driver == PLAIN else _orjson

    def connect() -> Execute:
        execute = DRIVERS[driver](block.folder / "raw.db")
        for statement in SET_UP:
            execute(statement)
        return execute

    writer = Writer(connect)

    async def one_saga(number: int) -> None:
        state, saga = order(number), uuid.uuid4().hex
        for seq, event in enumerate(STEPS):
            state = {**state, "status": event}
            await writer.write(saga, seq, event, encode(state))

    result = await measure(one_saga, block)
    writer.close()
    tell(result, system="raw-group" if driver == PLAIN else "raw-tuned", driver=driver)


if __name__ == "__main__":
    asyncio.run(_main()) if PLAIN in sys.argv else uvloop.run(_main())
