"""A hundred daemons on one database, simulated: who claims what is due, and what a saga costs that all of them write to.

    python -m bench.simulate [--daemons 100] [--seed 7]

What is assumed stands in ASSUMED. Says nothing about a server that has more to do than it can: docs/scaling.md has
that side.
"""

from __future__ import annotations

import argparse

from bench.report import show
from bench.simulate_claims import claims_report
from bench.simulate_hot_saga import hot_report

ASSUMED = """\
Assumed: a read takes 1 ms and a write 4 ms (majority, journal), each a quarter more or less; daemons' clocks differ by
up to 2 ms; a beat every 200 ms; each daemon has room for all that is due; timers fall due at random moments, each in a
saga of its own; the server decides a write half way through, and reads (majority) see it when it is acknowledged; the
server answers as fast however much it is asked."""


def main() -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(prog="bench.simulate", description=__doc__)
    parser.add_argument("--daemons", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    print(ASSUMED)
    show(claims_report(given.daemons, given.seed))
    show(hot_report(given.daemons, given.seed))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
