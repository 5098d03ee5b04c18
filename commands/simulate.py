"""`sagaloom simulate`: walks through a machine, by hand or at random, without network or clock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from commands.options import JsonObject, json_option
from commands.terminal import safe


@click.command("simulate")
@click.argument("file", metavar="MACHINE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--metadata", type=JsonObject(), metavar="JSON",
    help="What a saga starts with: an object, @FILE, or - for stdin; made up if left out.",
)  # fmt: skip
@click.option(
    "--random", "count", type=click.IntRange(1, 1_000_000), metavar="N",
    help="Run N random sagas instead, and report where they end and what never happened.",
)  # fmt: skip
@click.option(
    "--seed", type=int, default=1, show_default=True, metavar="S", help="With --random: the dice's seed."
)
@click.option(
    "--steps", type=click.IntRange(1, 100_000), default=100, show_default=True, metavar="M",
    help="With --random: how many things happen to a saga at most.",
)  # fmt: skip
@click.option(
    "--failures", type=click.FloatRange(0, 1), default=0.2, show_default=True, metavar="P",
    help="With --random: how probable it is that a try fails.",
)  # fmt: skip
@json_option
def command(
    file: Path,
    metadata: dict[str, Any] | None,
    count: int | None,
    seed: int,
    steps: int,
    failures: float,
    as_json: bool,
) -> None:
    """Walk through a machine in the terminal, or run many random sagas of it.

    By hand: choose what happens next by its number; `help` says what else there is. With --random it
    exits with 1 if a saga got stuck.
    """
    from commands.failures import show_findings
    from engine.definition.reader import check_file
    from engine.machine.plan import compile_machine

    report = check_file(file)
    if report.definition is None:
        show_findings(report.findings)
        raise click.ClickException(f"{safe(file)} has errors and cannot be simulated.")
    machine = compile_machine(report.definition)
    if count is None:
        from commands.simulate_by_hand import converse

        if as_json:
            raise click.UsageError("--json goes with --random.")
        converse(machine, file, metadata)
        return
    from commands.simulate_random import Throw, run

    throw = Throw(walks=count, seed=seed, steps=steps, failures=failures, metadata=metadata)
    if run(machine, throw, as_json=as_json):
        raise click.exceptions.Exit(1)
