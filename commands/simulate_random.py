"""Many random sagas of one machine, and what they show."""

from __future__ import annotations

import random  # noqa: TID251  the seed is the user's, and the same seed must give the same walks
from dataclasses import asdict, dataclass
from typing import Any

from commands.terminal import print_json, safe, safe_lines, say, table
from engine.machine.plan import Machine
from engine.rehearsal.walks import Survey, Walk, survey, walk
from engine.rehearsal.writing import scenario_text

MOST_EDGES = 30
"""Edges that never happened which are listed; `--json` has them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Throw:
    """How the dice are thrown."""

    walks: int
    seed: int
    steps: int
    failures: float
    metadata: dict[str, Any] | None


def run(machine: Machine, throw: Throw, *, as_json: bool) -> bool:
    """Run and report; whether some saga got stuck."""
    dice = random.Random(throw.seed)  # noqa: S311  nothing secret is thrown
    walks = (
        walk(machine, dice, steps=throw.steps, failures=throw.failures, metadata=throw.metadata)
        for _ in range(throw.walks)
    )
    found = survey(machine, walks)
    if as_json:
        print_json(_plain(machine, throw, found))
    else:
        _show(machine, throw, found)
    return bool(found.bad)


def _show(machine: Machine, throw: Throw, found: Survey) -> None:
    say(f"{found.walks} sagas of {safe(machine.definition.name)}, seed {throw.seed}")
    say()
    rows = [
        (count, f"{100 * count / found.walks:.1f} %", end, state)
        for (end, state), count in found.ends.items()
    ]
    table(("SAGAS", "", "END", "STATE"), rows)
    say()
    taken = found.edges - len(found.never)
    say(f"{taken} of {found.edges} transitions happened.")
    for edge in found.never[:MOST_EDGES]:
        say(f"  never: {safe(edge)}")
    if len(found.never) > MOST_EDGES:
        say(f"  and {len(found.never) - MOST_EDGES} more")
    for each in found.bad:
        say()
        say(
            f"{'Stuck' if each.end == 'stuck' else 'Failed'} in {safe(each.state)}{': ' * bool(each.detail)}{safe(each.detail)}"
        )
        say(safe_lines(_scenario(each)).rstrip())


def _scenario(each: Walk) -> str:
    return scenario_text(f"ends {each.end} in {each.state}", each.metadata, each.acts)


def _plain(machine: Machine, throw: Throw, found: Survey) -> dict[str, Any]:
    return {
        "machine": machine.definition.name,
        "seed": throw.seed,
        "sagas": found.walks,
        "ends": [{"end": end, "state": state, "sagas": count} for (end, state), count in found.ends.items()],
        "transitions": found.edges,
        "never": [asdict(edge) for edge in found.never],
        "stuck": [
            {"end": each.end, "state": each.state, "detail": each.detail, "scenario": _scenario(each)}
            for each in found.bad
        ],
    }
