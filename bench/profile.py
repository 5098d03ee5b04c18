"""`python -m bench.profile`: where the order saga's time goes, in the loop's thread and in the writer's.

Runs the saga twice at the same concurrency: plain, for the CPU time of each thread, and under cProfile,
for the functions (whose own cost it inflates). Python 3.11: later ones profile one thread at a time.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import pstats
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import uvloop

from bench.embedded import Orders, engine_in
from bench.loop import Block, measure
from bench.orders import STEPS
from bench.report import RESULTS, shown, table

LOOP = threading.main_thread().name
WRITER = "sagaloom-writer"


class Profiles:
    """A profile of each thread that begins while it is entered, and of the one that enters it."""

    def __init__(self) -> None:
        self._profiles: dict[str, cProfile.Profile] = {}

    def __enter__(self) -> Profiles:
        threading.setprofile(self._begin)
        self._mine().enable()
        return self

    def __exit__(self, *_: object) -> None:
        self._mine().disable()
        threading.setprofile(None)  # takes it away

    def text(self, thread: str, rows: int) -> str:
        """The functions of a thread that took most time themselves."""
        out = io.StringIO()
        pstats.Stats(self._profiles[thread], stream=out).sort_stats("tottime").print_stats(rows)
        lines = out.getvalue().splitlines()
        return "\n".join(line for line in lines if line.strip() and "List reduced" not in line)

    def _mine(self) -> cProfile.Profile:
        return self._profiles.setdefault(threading.current_thread().name, cProfile.Profile())

    def _begin(self, _frame: FrameType, _event: str, _argument: Any) -> None:
        sys.setprofile(None)
        self._mine().enable()


def main() -> None:
    """Print both views."""
    given = _arguments()
    RESULTS.mkdir(exist_ok=True)
    plain = _block(given, uvloop.run)
    print(table(("thread", "CPU us/step"), [(name, shown(cost)) for name, cost in plain["threads"].items()]))
    print(f"\n{plain['sagas_s']:.0f} sagas/s, p50 {plain['p50_ms']} ms, CPU {plain['cpu_ms']} ms/saga")
    with Profiles() as profiles:
        _block(given, uvloop.run)
    for thread in (LOOP, WRITER):
        print(f"\n== {thread}\n{profiles.text(thread, given.rows)}")


def _block(given: argparse.Namespace, run: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    with TemporaryDirectory(prefix="profile-", dir=RESULTS) as folder:
        return run(_measured(given, Path(folder)))


async def _measured(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    block = Block(concurrency=given.concurrency, warmup=0.5, duration=given.duration, folder=folder)
    async with engine_in(folder) as engine:
        before: dict[str, float] = {}
        done = 0

        async def one_saga(number: int) -> None:
            nonlocal done, before
            before = before or _thread_seconds()
            await orders.run(number)
            done += 1

        orders = Orders(engine)
        result = await measure(one_saga, block)
        spent = {name: took - before.get(name, 0.0) for name, took in _thread_seconds().items()}
    steps = max(done, 1) * len(STEPS)
    threads = {name: seconds * 1e6 / steps for name, seconds in spent.items() if seconds > 0}
    return {**result, "threads": threads}


def _thread_seconds() -> dict[str, float]:
    """CPU time of each Python thread so far."""
    return {
        thread.name: int(Path(f"/proc/self/task/{thread.native_id}/schedstat").read_text().split()[0]) / 1e9
        for thread in threading.enumerate()
        if Path(f"/proc/self/task/{thread.native_id}").exists()
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.profile", description=__doc__)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--duration", type=float, default=4.0, metavar="SECONDS")
    parser.add_argument("--rows", type=int, default=30, help="functions shown of each thread")
    return parser.parse_args()


if __name__ == "__main__":
    main()
