"""What the house adds to a provider's own time: of each call, and of the whole payment, 100 payments at a time."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from bench.report import Options, Report, Verdict, shown
from bench.workers import run_block

CONCURRENT = 100
PROVIDER_SECONDS = 0.4
"""What a card payment takes at a provider on average; with 100 at once that is 250 payments a second."""

LIMITS = {"p50": 5.0, "p99": 15.0}
"""Milliseconds of our own for one call."""

COLUMNS = ("of", "payments/s", "own p50 ms", "own p99 ms", "CPU ms/payment", "fsync us", "others' cores")

Block = dict[str, Any]


def run(options: Options) -> Report:
    """Measure, and compare with the targets."""
    worker = ("bench.gateway_calls", str(PROVIDER_SECONDS))
    blocks = [run_block(worker, options, concurrency=CONCURRENT) for _ in range(options.repeat)]
    return Report(
        name="gateway",
        title=f"Payments at a provider that takes {PROVIDER_SECONDS * 500:.0f} to {PROVIDER_SECONDS * 1500:.0f} ms, {CONCURRENT} at a time",
        columns=COLUMNS,
        rows=[_row("the provider call", "call", blocks), _row("the whole payment", "whole", blocks)],
        verdicts=[_verdict(quantile, limit, blocks) for quantile, limit in LIMITS.items()],
        notes=[
            (
                "A call is all that the payments channel does: request, card guard, HTTP over a loopback socket, "
                "answer, verdict. The whole payment runs from its event to its durable end, two commits more. "
                "The provider's own time is measured by the provider and taken off each."
            )
        ],
        data={"blocks": blocks},
    )


def _row(name: str, part: str, blocks: Sequence[Block]) -> list[str]:
    sums = [
        statistics.median(block[figure] for block in blocks) for figure in ("sagas_s", "cpu_ms", "fsync_us")
    ]
    rate, cpu, fsync = sums
    own = [_own(part, quantile, blocks) for quantile in LIMITS]
    others = statistics.median(block["foreign_cores"] for block in blocks)
    return [name, *(shown(value) for value in (rate, *own, cpu, fsync)), shown(others)]


def _own(part: str, quantile: str, blocks: Sequence[Block]) -> float:
    return float(statistics.median(block[part][quantile] for block in blocks))


def _verdict(quantile: str, limit: float, blocks: Sequence[Block]) -> Verdict:
    own = _own("call", quantile, blocks)
    return Verdict(
        claim=f"own time of a provider call at most {limit:g} ms at {quantile}",
        measured=f"{own:.2f} ms",
        met=own <= limit,
    )
