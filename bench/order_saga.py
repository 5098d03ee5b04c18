"""The order saga on this engine beside a raw ceiling, block by block in turn, so that the disk's drift hits both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.report import Options, Report, Verdict, median, shown
from bench.workers import run_block

CONCURRENCIES = (1, 32, 256)
ENGINE = ("bench.embedded",)
DRIVERS = ("sqlite3", "apsw")
CEILINGS = ("raw-group", "raw-tuned")

SHARE = 0.6
"""Of the ceiling's sagas/s, at 32 and at 256 concurrent sagas."""

FSYNCS, EXTRA_MS = 4, 3.0
"""p50 at one saga: at most so many fdatasyncs of the same minute, plus so many ms."""

COLUMNS = (
    "system", "concurrent", "sagas/s", "steps/s", "p50 ms", "p99 ms", "CPU ms/saga", "of raw-group", "of raw-tuned",
    "fsync us",
    "others' cores",
)  # fmt: skip

Block = dict[str, Any]


def run(options: Options) -> Report:
    """Measure, and compare with the targets."""
    trials = {driver: _trial(driver, options) for driver in DRIVERS}
    driver = max(DRIVERS, key=lambda name: float(trials[name]["sagas_s"]))
    blocks = [block for concurrency in CONCURRENCIES for block in _in_turn(driver, concurrency, options)]
    tried = ", ".join(f"{name} {shown(trials[name]['sagas_s'])} sagas/s" for name in DRIVERS)
    return Report(
        name="order",
        title="Order saga, embedded: 5 durable writes a saga, about 1 KB",
        columns=COLUMNS,
        rows=_rows(blocks),
        verdicts=_verdicts(blocks),
        notes=[
            (
                "raw-group is a hand-written state machine on bare SQLite with group commit, WAL and "
                "synchronous=FULL, as most would write it: sqlite3, json, the standard event loop. raw-tuned is "
                f"the same with uvloop, orjson and {driver}, the better driver of a trial at 32 ({tried}), and "
                "with Python's look for cycles made as seldom as the engine makes it."
            ),
            (
                f"Medians of {options.repeat} blocks of {options.duration:g} s each, engine and ceiling in "
                "turn; the ratio is the median of the pairs' ratios."
            ),
        ],
        data={"driver": driver, "trials": trials, "blocks": blocks},
    )


def _trial(driver: str, options: Options) -> Block:
    return run_block(("bench.raw", driver), options, concurrency=32, duration=options.duration / 2)


def _in_turn(driver: str, concurrency: int, options: Options) -> list[Block]:
    blocks = []
    for turn in range(options.repeat):
        three = [ENGINE, ("bench.raw", "plain"), ("bench.raw", driver)]
        order = three if turn % 2 == 0 else three[::-1]
        done = [run_block(worker, options, concurrency=concurrency) for worker in order]
        blocks += [_beside(block, {str(other["system"]): other for other in done}) for block in done]
    return blocks


def _beside(block: Block, done: Mapping[str, Block]) -> Block:
    """The block, with its share of either ceiling of the same turn."""
    shares = {name: block["sagas_s"] / max(done[name]["sagas_s"], 0.1) for name in CEILINGS}
    return {**block, "ratio": shares["raw-group"], "tuned_ratio": shares["raw-tuned"]}


def _rows(blocks: Sequence[Block]) -> list[list[str]]:
    kinds = dict.fromkeys((block["system"], block["concurrency"]) for block in blocks)
    return [_row(system, concurrency, _of(blocks, system, concurrency)) for system, concurrency in kinds]


def _row(system: str, concurrency: int, blocks: Sequence[Block]) -> list[str]:
    figures = ("sagas_s", "steps_s", "p50_ms", "p99_ms", "cpu_ms")
    return [
        system,
        str(concurrency),
        *(shown(median(blocks, figure)) for figure in figures),
        f"{median(blocks, 'ratio'):.0%}",
        f"{median(blocks, 'tuned_ratio'):.0%}",
        shown(median(blocks, "fsync_us")),
        shown(median(blocks, "foreign_cores")),
    ]


def _verdicts(blocks: Sequence[Block]) -> list[Verdict]:
    shares = [_share(concurrency, _of(blocks, "sagaloom", concurrency)) for concurrency in CONCURRENCIES[1:]]
    return [*shares, _alone(_of(blocks, "sagaloom", 1))]


def _share(concurrency: int, blocks: Sequence[Block]) -> Verdict:
    ratio = median(blocks, "ratio")
    return Verdict(
        claim=f"at least {SHARE:.0%} of raw-group at {concurrency}",
        measured=f"{ratio:.0%}",
        met=ratio >= SHARE,
    )


def _alone(blocks: Sequence[Block]) -> Verdict:
    p50, fsync = median(blocks, "p50_ms"), median(blocks, "fsync_us") / 1e3
    limit = FSYNCS * fsync + EXTRA_MS
    return Verdict(
        claim=f"p50 at one saga at most {FSYNCS} fsync + {EXTRA_MS:g} ms = {limit:.2f} ms",
        measured=f"{p50:.2f} ms",
        met=p50 <= limit,
    )


def _of(blocks: Sequence[Block], system: str, concurrency: int) -> list[Block]:
    return [b for b in blocks if b["system"] == system and b["concurrency"] == concurrency]
