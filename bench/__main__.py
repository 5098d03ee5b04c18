"""`python -m bench`: measures this engine on this machine, says which targets it meets, ends by itself."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.report import RESULTS, Options, Report, save, show
from bench.surroundings import show_surroundings, surroundings
from bench.workers import WorkerFailed

ON_DEMAND = ("views",)
"""Parts that take minutes to fill a store: measured when they are named."""

PARTS = ("order_saga", "events", "gateway", "footprint", "scale", "ageing", "validation")


def main() -> int:
    """Run the parts that were asked for; 0 when every target of theirs is met, 1 when not, 3 when one broke."""
    given = _arguments()
    facts = surroundings()
    show_surroundings(facts)
    RESULTS.mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="data-", dir=RESULTS) as folder:
        options = _options(given, Path(folder))
        try:
            reports = [_measured(part, options) for part in given.only or PARTS]
        except WorkerFailed as error:
            print(f"\nbench: {error}", file=sys.stderr)
            return 3
    print(f"\nwritten: {save('bench', facts, reports)}")
    return 0 if all(verdict.met for report in reports for verdict in report.verdicts) else 1


def _measured(part: str, options: Options) -> Report:
    report: Report = importlib.import_module(f"bench.{part}").run(options)
    show(report)
    return report


def _options(given: argparse.Namespace, folder: Path) -> Options:
    quick = bool(given.quick)
    duration = given.duration or (1.5 if quick else 5.0)
    return Options(duration=duration, repeat=given.repeat or (1 if quick else 3), folder=folder, quick=quick)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument(
        "--only",
        nargs="+",
        choices=(*PARTS, *ON_DEMAND),
        metavar="NAME",
        help=f"of {', '.join((*PARTS, *ON_DEMAND))}",
    )
    parser.add_argument("--duration", type=float, metavar="SECONDS", help="of one measured block (5)")
    parser.add_argument("--repeat", type=int, metavar="N", help="blocks of each kind (3)")
    parser.add_argument(
        "--quick", action="store_true", help="short blocks, once, smaller stores: a smoke test"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
