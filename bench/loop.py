"""The closed loop: so many clients, each starts a saga, waits until it is durably complete, starts the next.

Standard library only: the workers of all systems run it, each in a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.orders import STEPS
from bench.probes import busy_seconds, cpu_seconds, fsync_micros, quantile

OneSaga = Callable[[int], Awaitable[None]]
"""Starts the saga of that number; returns when it is durably complete."""

SHOWN_ERRORS = 3
"""More of the same tell nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What a worker is asked for: one window of one system at one concurrency. Times are seconds."""

    concurrency: int
    warmup: float
    duration: float
    folder: Path


def read_block(argv: Sequence[str] | None = None) -> tuple[Block, list[str]]:
    """The block from a worker's command line, and what else stands there."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--warmup", type=float, default=1.0)
    parser.add_argument("--duration", type=float, default=5.0)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("rest", nargs="*")
    given = parser.parse_args(argv)
    block = Block(
        concurrency=given.concurrency,
        warmup=given.warmup,
        duration=given.duration,
        folder=given.folder.resolve(),
    )
    return block, given.rest


async def measure(one_saga: OneSaga, block: Block, *, others: Sequence[int] = ()) -> dict[str, Any]:
    """Run the block and say what it came to; `others` are processes whose CPU time counts as the system's."""
    fsync = fsync_micros(block.folder)
    window = _Window([os.getpid(), *others])
    clients = [asyncio.create_task(_client(one_saga, window)) for _ in range(block.concurrency)]
    await asyncio.sleep(block.warmup)
    window.open()
    await asyncio.sleep(block.duration)
    window.close()
    await asyncio.gather(*clients)
    return {"concurrency": block.concurrency, "fsync_us": round(fsync, 1), **window.result()}


def tell(result: dict[str, Any], **more: Any) -> None:
    """Hand the result to the parent: one line of JSON, the last that the worker prints."""
    print(json.dumps({**result, **more}), flush=True)


class _Window:
    """The measured span. What is completed before or after it does not count."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = pids
        self._latencies: list[float] = []
        self._numbers = 0
        self._measuring = False
        self._errors = 0
        self.ended = False

    def next_number(self) -> int:
        self._numbers += 1
        return self._numbers

    def completed(self, seconds: float) -> None:
        if self._measuring:
            self._latencies.append(seconds)

    def failed(self, error: Exception) -> None:
        self._errors += 1
        if self._errors <= SHOWN_ERRORS:
            print(f"error: {error!r:.300}", file=sys.stderr)

    def open(self) -> None:
        self._measuring = True
        self._began, self._cpu, self._busy = time.perf_counter(), cpu_seconds(self._pids), busy_seconds()

    def close(self) -> None:
        self._measuring, self.ended = False, True
        self._seconds = time.perf_counter() - self._began
        self._cpu = cpu_seconds(self._pids) - self._cpu
        self._busy = busy_seconds() - self._busy

    def result(self) -> dict[str, Any]:
        sagas, rate = len(self._latencies), len(self._latencies) / self._seconds
        return {
            "sagas": sagas,
            "errors": self._errors,
            "seconds": round(self._seconds, 3),
            "sagas_s": round(rate, 1),
            "steps_s": round(rate * len(STEPS), 1),
            "p50_ms": round(quantile(self._latencies, 0.5) * 1e3, 3),
            "p99_ms": round(quantile(self._latencies, 0.99) * 1e3, 3),
            "cpu_ms": round(self._cpu * 1e3 / max(sagas, 1), 3),
            "foreign_cores": round(max(0.0, self._busy - self._cpu) / self._seconds, 2),
        }


async def _client(one_saga: OneSaga, window: _Window) -> None:
    while not window.ended:
        began = time.perf_counter()
        try:
            await one_saga(window.next_number())
        except Exception as error:
            window.failed(error)
            await asyncio.sleep(0.01)
        else:
            window.completed(time.perf_counter() - began)
