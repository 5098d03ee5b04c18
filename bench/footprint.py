"""What a daemon costs before it does anything: memory at rest, and the time until it is ready."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.daemon import NOTES, SHIPPED, serving
from bench.probes import cpu_seconds, resident_mb
from bench.report import Options, Report, Verdict

MACHINES = (SHIPPED / "order.yaml", SHIPPED / "payment.yaml", NOTES)
RESIDENT_MB, READY_SECONDS = 120.0, 1.5

REST = 3.0
"""Seconds of idling before memory is read; its CPU time is what a daemon with nothing to do costs."""


def run(options: Options) -> Report:
    """Start daemons on an empty store, the first on cold page caches as far as they are cold."""
    starts = [_start(options) for _ in range(max(options.repeat, 3))]
    ready = statistics.median(start["ready_s"] for start in starts)
    resident = statistics.median(start["resident_mb"] for start in starts)
    return Report(
        name="footprint",
        title=f"Footprint: a daemon with {len(MACHINES)} machines",
        columns=("start", "exec to ready s", "RSS at rest MB", "CPU at rest ms/s"),
        rows=[
            [str(n), f"{start['ready_s']:.2f}", f"{start['resident_mb']:.0f}", f"{start['idle_cpu_ms']:.1f}"]
            for n, start in enumerate(starts, 1)
        ],
        verdicts=[
            Verdict(
                claim=f"RSS at rest under {RESIDENT_MB:.0f} MB",
                measured=f"{resident:.0f} MB",
                met=resident < RESIDENT_MB,
            ),
            Verdict(
                claim=f"ready in under {READY_SECONDS:g} s with {len(MACHINES)} machines",
                measured=f"{ready:.2f} s",
                met=ready < READY_SECONDS,
            ),
        ],
        data=starts,
    )


def _start(options: Options) -> dict[str, float]:
    with (
        TemporaryDirectory(prefix="idle-", dir=options.folder) as folder,
        serving(Path(folder), MACHINES) as daemon,
    ):
        before = cpu_seconds([daemon.pid])
        time.sleep(REST)
        idle = (cpu_seconds([daemon.pid]) - before) / REST
        return {
            "ready_s": daemon.ready_after,
            "resident_mb": resident_mb(daemon.pid),
            "idle_cpu_ms": idle * 1e3,
        }
