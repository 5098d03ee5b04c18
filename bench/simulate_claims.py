"""Simulated: many daemons look for timers that are due, and claim them as adapters/stores/mongo_agenda.py does.

When they look is engine/alarm.py. Called by bench/simulate.py.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.probes import quantile
from bench.report import Report
from bench.simulation import READ, WRITE, Kernel, Waits

BEAT, GAP, SKEW = 200.0, 50.0, 2.0
"""Milliseconds from beat to beat, between two looks at least, and by which clocks differ."""


@dataclass(kw_only=True)
class Agenda:
    """Timers that are due and look free, by number, with their moments; those to come; what daemons did about them."""

    free: dict[int, float] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)
    coming: deque[float] = field(default_factory=deque)
    late: list[float] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How daemons look: `woken` at the moment that the store names, or at their beats only.

    `apart`: each waits up to so many ms longer, by chance, when it is woken. `yields`: who loses a write leaves the
    rest to the others until its next look, instead of looking again at once.
    """

    name: str
    woken: bool
    apart: float = 0.0
    yields: bool = False


MANNERS = (
    Manner(name="as it is", woken=True),
    Manner(name="woken 0 to 100 ms apart", woken=True, apart=100.0),
    Manner(name="yielding", woken=True, yields=True),
    Manner(name="at beats, yielding", woken=False, yields=True),
)


def claims(manner: Manner, *, daemons: int, rate: float, seconds: float, seed: int, burst: int = 0) -> Agenda:
    """`rate` timers a second fall due, or a `burst` of them at once, as when the leases of a dead daemon end."""
    kernel, agenda = Kernel(seed), Agenda()
    moments = [500.0] * burst or sorted(
        kernel.dice.uniform(0, seconds * 1e3) for _ in range(int(rate * seconds))
    )
    agenda.coming.extend(moments)
    kernel.start(_fall_due(kernel, agenda, moments))
    for _ in range(daemons):
        kernel.start(_daemon(kernel, agenda, manner), after=kernel.dice.uniform(0, BEAT))
    kernel.run(seconds * 1e3 + 2_000)
    return agenda


def _fall_due(kernel: Kernel, agenda: Agenda, moments: list[float]) -> Waits:
    for number, moment in enumerate(moments):
        yield max(moment - kernel.now, 0.0)
        agenda.free[number] = moment
        agenda.coming.popleft()


def _daemon(kernel: Kernel, agenda: Agenda, manner: Manner) -> Waits:
    skew, beat = kernel.dice.uniform(-SKEW, SKEW), kernel.now
    while True:
        began = kernel.now
        agenda.done["reads"] += 1
        yield kernel.takes(READ)
        if agenda.free:
            yield from _claim(kernel, agenda, manner)
        beat += BEAT * max(0, 1 + int((kernel.now - beat) // BEAT))
        wake = beat
        if manner.woken and agenda.coming:
            planned = agenda.coming[0] + skew + kernel.dice.uniform(0, manner.apart)
            wake = min(beat, max(planned, began + GAP))
        yield max(wake - kernel.now, 0.0)


def _claim(kernel: Kernel, agenda: Agenda, manner: Manner) -> Waits:
    """Look at all that is free, write to each at once, and look again until there is nothing."""
    while True:
        agenda.done["reads"] += 1
        yield kernel.takes(READ)
        seen = list(agenda.free)
        if not seen:
            return
        half = kernel.takes(WRITE) / 2
        yield half  # the server decides in the middle of the round trip
        won = [number for number in seen if number not in agenda.taken]
        agenda.taken.update(won)
        yield half
        agenda.done["won"] += len(won)
        agenda.done["lost"] += len(seen) - len(won)
        agenda.late += [kernel.now - agenda.free.pop(number) for number in won]
        if manner.yields and len(won) < len(seen):
            return


def claims_report(daemons: int, seed: int) -> Report:
    """Timers at two rates, and the leases of a daemon that died with 500 entries in hand."""
    cases: list[tuple[str, Callable[[Manner], Agenda], float]] = [
        ("10 timers/s", lambda m: claims(m, daemons=daemons, rate=10, seconds=60, seed=seed), 60),
        ("1,000 timers/s", lambda m: claims(m, daemons=daemons, rate=1_000, seconds=10, seed=seed), 10),
        (
            "500 at one moment",
            lambda m: claims(m, daemons=daemons, rate=0, seconds=1, seed=seed, burst=500),
            1,
        ),
    ]
    rows = [
        _claims_row(f"{name}, {manner.name}", case(manner), seconds)
        for name, case, seconds in cases
        for manner in MANNERS
    ]
    return Report(
        name="claims",
        title=f"What is due, claimed by {daemons} daemons",
        columns=("case", "claimed", "writes lost of each", "reads/s", "late p50 ms", "p99 ms"),
        rows=rows,
    )


def _claims_row(name: str, agenda: Agenda, seconds: float) -> list[str]:
    won = agenda.done["won"]
    assert not agenda.free, "something was never claimed"
    return [
        name,
        f"{won:,}",
        f"{agenda.done['lost'] / won:.2f}",
        f"{agenda.done['reads'] / (seconds + 2):,.0f}",
        f"{quantile(agenda.late, 0.5):.0f}",
        f"{quantile(agenda.late, 0.99):.0f}",
    ]
