"""What is still to be done, so that a crash forgets nothing: days to count, and how far all sagas were followed.

A mark belongs to the daemon that set it, which alone removes it; one whose daemon is gone is done by another.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property

from engine.errors import RecordExists, StaleRecord
from engine.model import Millis
from engine.ports import Clock, Ids
from engine.records import Record, Records
from hub.views.keeping import FORMAT

MARKS, STATE = "payment_days_due", "views_state"

ABANDONED: Millis = 300_000
"""A daemon that lives counts a day sooner than this."""

_FOLLOWED = "followed"
_ALL = 100_000


class Marks:
    """The days that this daemon has to count."""

    def __init__(self, records: Records, clock: Clock, ids: Ids) -> None:
        self._records = records
        self._clock = clock
        self._ids = ids
        self._set: set[str] = set()

    @cached_property
    def _owner(self) -> str:
        return self._ids.new()

    async def set(self, days: Collection[str]) -> None:
        """Before a row of these days changes."""
        for day in sorted(set(days) - self._set):
            mark = Record(kind=MARKS, id=f"{day}~{self._owner}", at=self._clock.now(), body={"day": day})
            with suppress(RecordExists):  # a call whose outcome was unknown had set it
                await self._records.insert(mark)
            self._set.add(day)

    async def clear(self, day: str) -> None:
        """It was counted after the last of its rows was written."""
        await self._records.delete(MARKS, f"{day}~{self._owner}")
        self._set.discard(day)

    async def adopt(self, *, everything: bool) -> Sequence[str]:
        """Days that daemons left which are gone: all, if nobody else can be alive. They are ours now."""
        until = None if everything else self._clock.now() - ABANDONED
        left = await self._records.find(MARKS, until=until, limit=_ALL)
        others = [mark for mark in left if not mark.id.endswith(f"~{self._owner}")]
        await self.set([mark.body["day"] for mark in others])
        for mark in others:
            await self._records.delete(MARKS, mark.id)
        return [mark.body["day"] for mark in others]


async def followed_until(records: Records) -> Millis | None:
    """Every step before this moment is in the views; None: nobody knows, or the rows have another format."""
    state = await records.get(STATE, _FOLLOWED)
    if state is None or state.body.get("format") != FORMAT:
        return None
    until: Millis = state.body["until"]
    return until


async def follow_until(records: Records, until: Millis) -> None:
    """Keep that every step before this moment is in the views."""
    state = await records.get(STATE, _FOLLOWED)
    body = {"format": FORMAT, "until": until}
    made = Record(kind=STATE, id=_FOLLOWED, at=until, body=body)
    try:
        if state is None:
            await records.insert(made)
        elif state.body.get("format") != FORMAT or state.body["until"] < until:
            await records.replace(replace(made, version=state.version))
    except (RecordExists, StaleRecord):  # another daemon said so just now
        return
