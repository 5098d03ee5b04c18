"""How long sagas stay in each state: from the histories of the newest ones, so that the work is bounded.

A stay counts when it is over; entering a state again begins another stay. The sample is the newest `SAMPLE` sagas of
the machine version, and the newest `ROWS` rows of each.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from engine.model import HistoryRow, Millis, Query
from engine.ports import Clock, Store

SAMPLE = 200
ROWS = 100
LASTS: Millis = 60_000
AT_ONCE = 8
_KEPT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """How long sagas stayed in a state: half of them at most `p50`, 95 of 100 at most `p95`."""

    state: str
    stays: int
    p50: Millis
    p95: Millis
    longest: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """`sagas` is how many were looked at."""

    sagas: int
    stays: tuple[Stay, ...]


class Watch:
    """Computes them, and remembers for a minute."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._kept: OrderedDict[tuple[str, int], tuple[Millis, Times]] = OrderedDict()

    async def times(self, machine: str, version: int) -> Times:
        """Slowest at the median first. Raises StoreUnavailable."""
        now = self._clock.now()
        until, known = self._kept.get((machine, version), (0, None))
        if known is None or now >= until:
            known = await self._measured(machine, version)
            self._kept[machine, version] = (now + LASTS, known)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return known

    async def _measured(self, machine: str, version: int) -> Times:
        query = Query(machine=machine, machine_version=version, limit=SAMPLE)
        sagas = await self._store.list(query)
        found: dict[str, list[Millis]] = defaultdict(list)
        for start in range(0, len(sagas), AT_ONCE):
            part = sagas[start : start + AT_ONCE]
            for rows in await asyncio.gather(*(self._rows(saga.saga_id) for saga in part)):
                for state, lasted in stays_in(rows):
                    found[state].append(lasted)
        stays = sorted(
            (_stay(state, sorted(lasted)) for state, lasted in found.items()), key=lambda s: -s.p50
        )
        return Times(sagas=len(sagas), stays=tuple(stays))

    async def _rows(self, saga_id: str) -> Sequence[HistoryRow]:
        return await self._store.history(saga_id, limit=ROWS, newest=True)


def stays_in(rows: Sequence[HistoryRow]) -> Iterator[tuple[str, Millis]]:
    """Each stay that is over: the state, and how long it was."""
    for began, ended in pairwise(row for row in rows if row.entered):
        yield began.state, ended.at - began.at


def _stay(state: str, lasted: Sequence[Millis]) -> Stay:
    return Stay(
        state=state, stays=len(lasted), p50=_share(lasted, 50), p95=_share(lasted, 95), longest=lasted[-1]
    )


def _share(lasted: Sequence[Millis], percent: int) -> Millis:
    """The nearest-rank percentile of sorted values."""
    return lasted[-(-len(lasted) * percent // 100) - 1]
