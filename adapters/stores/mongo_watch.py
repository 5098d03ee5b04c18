"""Tells of work that other daemons left, by a change stream on the field `wake` (mongo_updates.WAKE).

A help, not a need: where there are no change streams, or while one is broken, the agenda is looked at every so often
all the same. A stream that begins rings at once, so nothing that happened before it is missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog
from pymongo.errors import OperationFailure, PyMongoError

from adapters.stores.mongo_places import Places

AWAIT_MS = 1_000
"""How long the server keeps a question open when there is nothing to tell: the queries of an idle daemon."""

FIRST_REST, LONGEST_REST = 1.0, 60.0
"""Seconds from a broken stream to the next; doubled each time that none comes about."""

_log = structlog.get_logger("sagaloom.store")


async def watch(places: Places, wake: Callable[[], None]) -> None:
    """Call `wake` when somebody's write left something due that nobody has in hand. Until it is cancelled."""
    pause = FIRST_REST
    while True:
        began = False
        try:
            async with await places.database.watch(_pipeline(places), max_await_time_ms=AWAIT_MS) as stream:
                began, pause = True, FIRST_REST
                wake()
                while stream.alive:
                    if await stream.try_next() is not None:
                        wake()
                    _end_if_cancelled()
        except PyMongoError as error:
            _log.info("changes.not_watched", reason=_named(error), again_in_s=pause)
        _end_if_cancelled()
        await _rest(pause)
        pause = pause if began else min(pause * 2, LONGEST_REST)


def _pipeline(places: Places) -> list[dict[str, Any]]:
    """Of each change only that there was one."""
    told = [
        {"updateDescription.updatedFields.wake": {"$exists": True}},
        {"operationType": "insert", "fullDocument.wake": {"$exists": True}},
    ]
    names = [collection.name for collection in places.all()]
    return [{"$match": {"ns.coll": {"$in": names}, "$or": told}}, {"$project": {"_id": 1}}]


def _end_if_cancelled() -> None:
    """A cancellation can get lost in the driver while it reads (seen with pymongo 4): the task remembers it."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _named(error: PyMongoError) -> str:
    code = f" {error.code}" if isinstance(error, OperationFailure) else ""
    return f"{type(error).__name__}{code}"


async def _rest(seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().create_future()
