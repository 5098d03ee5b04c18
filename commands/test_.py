"""`sagaloom test`: runs the scenarios of machines, without network or clock, and says what they cover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.options import json_option
from commands.terminal import note, print_json, safe, safe_lines, say

if TYPE_CHECKING:
    from commands.scenario_files import Suite
    from engine.rehearsal.playing import Coverage, Failure, Result

MOST_EDGES = 20
"""Edges that were not taken, of one machine, that are listed; `--json` has them all."""


@click.command("test")
@click.argument(
    "paths", metavar="FILES|FOLDERS...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option("-k", "name", metavar="NAME", help="Only scenarios whose name holds NAME.")
@click.option(
    "--min-coverage", type=click.FloatRange(0, 100), metavar="PERCENT",
    help="Fail when the scenarios of a machine take fewer of its edges.",
)  # fmt: skip
@click.option(
    "--junit", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Write a JUnit report here, for CI.",
)  # fmt: skip
@json_option
def command(
    paths: tuple[Path, ...], name: str | None, min_coverage: float | None, junit: Path | None, as_json: bool
) -> None:
    """Run the scenarios of machines and show which transitions they take.

    Takes *.scenarios.yaml, machine files, or folders. Exits with 1 if a scenario fails.
    """
    from commands.scenario_files import load_suites

    suites = load_suites(paths, name)
    findings = [finding for suite in suites for finding in suite.findings]
    coverages = [suite.coverage for suite in suites if suite.coverage is not None]
    if junit is not None:
        from commands.junit import junit_report

        junit.write_text(junit_report(suites), "utf-8")
    if as_json:
        print_json(_plain(suites, coverages))
    else:
        _show(suites, coverages)
    results = [result for suite in suites for result in suite.results]
    if not results and not findings:
        note("No scenario was run.")
    low = [each for each in coverages if min_coverage is not None and each.percent < min_coverage]
    for each in low:
        note(
            f"{safe(each.machine)}: {each.percent:.0f} % of the transitions are taken, {min_coverage:g} % are asked for."
        )
    if findings or low or any(result.failure for result in results):
        raise click.exceptions.Exit(1)


def _show(suites: Sequence[Suite], coverages: Sequence[Coverage]) -> None:
    for suite in suites:
        if suite.findings:
            from engine.definition import frames

            say(safe_lines(frames.show(suite.findings, suite.sources)))
        for result in suite.results:
            say(
                f"{'FAILED' if result.failure else 'ok    '} {safe(suite.machine)}: {safe(result.scenario.name)}"
            )
            for line in failure_lines(result):
                say(f"       {safe(line)}")
    if coverages:
        say()
        for coverage in coverages:
            _show_coverage(coverage)
    note(_summary([result for suite in suites for result in suite.results]))


def failure_lines(result: Result) -> list[str]:
    """What went wrong, for people: the place, what was expected and found, the way so far."""
    from engine.rehearsal.playing import way_text

    if result.failure is None:
        return []
    lines = [f"{result.scenario.file}:{result.failure.line}", *_reasons(result.failure)]
    return [*lines, "the way so far:", *(f"  {line}" for line in way_text(result.way))]


def _reasons(failure: Failure) -> list[str]:
    if failure.refusal:
        return [failure.refusal]
    return [
        line
        for each in failure.mismatches
        for line in (
            f"expected {each.what} {each.expected}",
            f"{'there was'.rjust(8)} {' ' * len(each.what)}{each.found}",
        )
    ]


def _show_coverage(coverage: Coverage) -> None:
    taken = len(coverage.edges) - len(coverage.missing)
    say(
        f"{safe(coverage.machine)}: {taken} of {len(coverage.edges)} transitions taken ({coverage.percent:.0f} %)"
    )
    for edge in coverage.missing[:MOST_EDGES]:
        say(f"  not taken: {safe(edge)}")
    if more := len(coverage.missing) - MOST_EDGES:
        say(f"  and {more} more") if more > 0 else None


def _summary(results: Sequence[Result]) -> str:
    failed = sum(result.failure is not None for result in results)
    return f"{len(results)} scenario{'s' * (len(results) != 1)}, {failed} failed."


def _plain(suites: Sequence[Suite], coverages: Sequence[Coverage]) -> dict[str, Any]:
    return {
        "scenarios": [
            {
                "machine": suite.machine,
                "name": result.scenario.name,
                "file": result.scenario.file,
                "line": result.scenario.line,
                "ok": result.failure is None,
                "failure": asdict(result.failure) if result.failure else None,
                "way": [asdict(stop) for stop in result.way],
            }
            for suite in suites
            for result in suite.results
        ],
        "coverage": [
            {
                "machine": each.machine,
                "transitions": len(each.edges),
                "taken": len(each.edges) - len(each.missing),
                "percent": round(each.percent, 2),
                "missing": [asdict(edge) for edge in each.missing],
            }
            for each in coverages
        ],
        "findings": [asdict(finding) for suite in suites for finding in suite.findings],
    }
