"""The pool of reading threads, each with a connection of its own that can neither write nor checkpoint."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import apsw

from adapters.stores.sqlite_schema import open_reader
from engine.errors import StoreUnavailable

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 2
"""Reads block neither the loop nor the writer; more threads than this would only share the GIL."""


class Readers:
    """Runs reads beside the writer; each sees every commit that ended before it began."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._own = threading.local()
        self._opened: list[apsw.Connection] = []
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="sagaloom-reader")
        self._closed = False

    async def read(
        self, work: Callable[Concatenate[apsw.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """What `work(connection, ...)` answers, on one snapshot.

        Raises:
            StoreUnavailable: Closed, or the file cannot be read.
        """
        if self._closed:
            raise StoreUnavailable("The store is closed")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: self._on_snapshot(work, *args, **kwargs))

    async def close(self) -> None:
        """Finish what was asked, then close the connections. Safe to call twice."""
        self._closed = True
        await asyncio.to_thread(self._pool.shutdown)
        while self._opened:
            self._opened.pop().close()

    def _on_snapshot(
        self, work: Callable[Concatenate[apsw.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        try:
            db = self._connection()
            db.execute("BEGIN")
            try:
                return work(db, *args, **kwargs)
            finally:
                db.execute("END")
        except apsw.Error as error:
            raise StoreUnavailable(f"The database could not be read: {error}") from error

    def _connection(self) -> apsw.Connection:
        db: apsw.Connection | None = getattr(self._own, "db", None)
        if db is None:
            db = self._own.db = open_reader(self._path)
            self._opened.append(db)
        return db
