"""`python -m bench.peers`: installs Restate and DBOS under .peers/ and measures them beside this engine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.peers import postgres
from bench.peers.install import DBOS_PYTHON, install
from bench.report import Options, Report, median, save, show, shown
from bench.surroundings import show_surroundings, surroundings
from bench.workers import ROOT, WorkerFailed, run_block

CONCURRENCIES = (1, 32, 256)
COLUMNS = (
    "system", "concurrent", "sagas/s", "steps/s", "p50 ms", "p99 ms", "CPU ms/saga", "Sagaloom is", "fsync us",
    "others' cores", "version",
)  # fmt: skip

Block = dict[str, Any]
System = tuple[tuple[str, ...], str]
"""A worker's module with its arguments, and the Python that runs it."""


def main() -> int:
    """Measure whatever runs here; 0 when all did, 3 when one broke or could not run."""
    given = _arguments()
    facts = surroundings()
    show_surroundings(facts)
    missing = install()
    blocks: list[Block] = []
    with TemporaryDirectory(prefix="data-", dir=ROOT / ".peers") as folder, postgres.running() as server:
        options = Options(duration=given.duration, repeat=given.repeat, folder=Path(folder))
        for concurrency in given.concurrency:
            blocks += _in_turn(_systems(missing, server), concurrency, options, missing)
    report = _report(blocks, missing, given)
    show(report)
    print(f"\nwritten: {save('peers', facts, [report])}")
    return 3 if missing else 0


def _systems(missing: Sequence[str], server: postgres.Server | None) -> list[System]:
    ours, theirs = sys.executable, str(DBOS_PYTHON)
    systems: list[System] = [(("bench.embedded",), ours), (("bench.raw", "sqlite3"), ours)]
    if not any(reason.startswith("restate") for reason in missing):
        systems += [(("bench.peers.restate_worker", sdk), ours) for sdk in ("node", "python")]
    systems.append((("bench.peers.dbos_worker", "sqlite"), theirs))
    if server is not None:
        systems.append((("bench.peers.dbos_worker", "postgres", server.url, str(server.pid)), theirs))
    return systems


def _in_turn(
    systems: Sequence[System], concurrency: int, options: Options, missing: list[str]
) -> list[Block]:
    """Every system once, then every system again: what changes on the machine hits all."""
    blocks = []
    for _ in range(options.repeat):
        for worker, python in systems:
            try:
                blocks.append(run_block(worker, options, concurrency=concurrency, python=python))
            except WorkerFailed as error:
                missing.append(f"{' '.join(worker[:2])} at {concurrency}: {error}")
    return blocks


def _report(blocks: Sequence[Block], missing: Sequence[str], given: argparse.Namespace) -> Report:
    kinds = dict.fromkeys((block["system"], block["concurrency"]) for block in blocks)
    return Report(
        name="peers",
        title="The order saga beside its peers: about 1 KB, every step durable before the next",
        columns=COLUMNS,
        rows=[_row(blocks, system, concurrency) for system, concurrency in kinds],
        notes=[
            f"Medians of {given.repeat} blocks of {given.duration:g} s each, all systems in turn.",
            "Sagaloom, raw-group and DBOS run in the client's process; Restate's client crosses HTTP.",
            *missing,
        ],
        data={"blocks": list(blocks), "missing": list(missing)},
    )


def _row(blocks: Sequence[Block], system: str, concurrency: int) -> list[str]:
    mine = [b for b in blocks if (b["system"], b["concurrency"]) == (system, concurrency)]
    ours = [b for b in blocks if (b["system"], b["concurrency"]) == ("sagaloom", concurrency)]
    figures = ("sagas_s", "steps_s", "p50_ms", "p99_ms", "cpu_ms")
    times = median(ours, "sagas_s") / max(median(mine, "sagas_s"), 0.1) if ours else 0.0
    return [
        system,
        str(concurrency),
        *(shown(median(mine, figure)) for figure in figures),
        "-" if system == "sagaloom" else f"{times:.3g} x",
        shown(median(mine, "fsync_us")),
        shown(median(mine, "foreign_cores")),
        mine[0].get("version") or mine[0].get("driver") or version("sagaloom"),
    ]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.peers", description=__doc__)
    parser.add_argument("--duration", type=float, default=6.0, metavar="SECONDS", help="of one block (6)")
    parser.add_argument("--repeat", type=int, default=2, metavar="N", help="blocks of each kind (2)")
    parser.add_argument("--concurrency", type=int, nargs="+", default=CONCURRENCIES, metavar="C")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
