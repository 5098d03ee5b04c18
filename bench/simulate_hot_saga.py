"""Simulated: daemons that write to one saga, each from its own copy, as engine/runner.py does.

Called by bench/simulate.py.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Generator
from dataclasses import dataclass, field

from bench.probes import quantile
from bench.report import Report
from bench.simulation import READ, WRITE, Kernel, Waits

RACES = 64
"""How often a step is made anew; engine/runner.py has the same."""


@dataclass(kw_only=True)
class HotSaga:
    """One saga that everybody writes to; `seen`: the version that reads get."""

    version: int = 0
    seen: int = 0
    waits: list[float] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    ended: float = 0.0


def hot(*, daemons: int, rate: float, events: int, seed: int) -> HotSaga:
    """`events` come at `rate` a second, each to a daemon by chance; each daemon takes one after the other."""
    kernel, saga = Kernel(seed), HotSaga()
    queues: list[deque[float]] = [deque() for _ in range(daemons)]
    busy: set[int] = set()
    copies = dict.fromkeys(range(daemons), -1)

    def arrivals() -> Waits:
        for _ in range(events):
            yield kernel.dice.expovariate(rate / 1e3)
            number = kernel.dice.randrange(daemons)
            queues[number].append(kernel.now)
            if number not in busy:
                busy.add(number)
                kernel.start(work(number))

    def work(number: int) -> Waits:
        while queues[number]:
            came = queues[number].popleft()
            applied = yield from _apply(kernel, saga, copies, number)
            saga.done["applied" if applied else "told to try again"] += 1
            saga.waits.append(kernel.now - came)
        busy.discard(number)
        saga.ended = kernel.now

    kernel.start(arrivals())
    kernel.run(float("inf"))
    return saga


def _apply(
    kernel: Kernel, saga: HotSaga, copies: dict[int, int], number: int
) -> Generator[float, None, bool]:
    """Compare-and-set on the copy at hand; who loses looks why, loads the saga and tries again."""
    for _ in range(RACES):
        if copies[number] < 0:
            saga.done["reads"] += 1
            yield kernel.takes(READ)
            copies[number] = saga.seen
        half = kernel.takes(WRITE) / 2
        yield half
        saga.done["writes"] += 1
        won = saga.version == copies[number]
        if won:
            saga.version += 1
            copies[number] = saga.version
        yield half
        if won:
            saga.seen = max(saga.seen, copies[number])
            return True
        saga.done["reads"] += 1
        yield kernel.takes(READ)
        copies[number] = -1
    return False


def hot_report(daemons: int, seed: int) -> Report:
    """One saga under more and more events, written to by one daemon, by a few, by all."""
    return Report(
        name="hot",
        title="One saga that many daemons write to, 2,000 events",
        columns=(
            "daemons, events/s",
            "applied/s",
            "writes each",
            "reads each",
            "told to try again",
            "p50 ms",
            "p99 ms",
        ),
        rows=[
            _hot_row(number, rate, hot(daemons=number, rate=rate, events=2_000, seed=seed))
            for number in (1, 4, daemons)
            for rate in (20, 100, 200, 400)
        ],
    )


def _hot_row(daemons: int, rate: float, saga: HotSaga) -> list[str]:
    applied = saga.done["applied"]
    assert applied == saga.version, "an update was lost"
    assert sum(saga.done[each] for each in ("applied", "told to try again")) == len(saga.waits)
    return [
        f"{daemons}, {rate:g}",
        f"{applied / saga.ended * 1e3:,.0f}",
        f"{saga.done['writes'] / applied:.2f}",
        f"{saga.done['reads'] / applied:.2f}",
        f"{saga.done['told to try again']}",
        f"{quantile(saga.waits, 0.5):,.0f}",
        f"{quantile(saga.waits, 0.99):,.0f}",
    ]
