"""What a measurement comes to: a table, verdicts on its targets, and the same as data."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How much is measured. Times are seconds; `repeat` is how often a block is measured."""

    duration: float
    repeat: int
    folder: Path
    quick: bool = False

    @property
    def warmup(self) -> float:
        return min(2.0, self.duration / 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One target: what is claimed, what was measured, and whether that holds."""

    claim: str
    measured: str
    met: bool

    def __str__(self) -> str:
        return f"{'MET   ' if self.met else 'MISSED'} {self.claim}: {self.measured}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One part of the bench. `rows` hold what is shown; `data` whatever a program may want."""

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    verdicts: Sequence[Verdict] = ()
    notes: Sequence[str] = ()
    data: Any = field(default=None)


def show(report: Report) -> None:
    """Print the report's table, notes and verdicts."""
    print(f"\n## {report.title}\n")
    print(table(report.columns, report.rows))
    print()
    for note in report.notes:
        print(note)
    for verdict in report.verdicts:
        print(verdict)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table with aligned columns; the first is text, the others are numbers."""
    lines = [[str(cell) for cell in row] for row in (columns, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(columns))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_line(cells, widths) for cells in (lines[0], rule, *lines[1:]))


def save(name: str, facts: dict[str, str], reports: Sequence[Report]) -> Path:
    """Write everything as JSON under bench/results/; where it is."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}.json"
    parts = [
        {
            "name": report.name,
            "verdicts": [{"claim": v.claim, "measured": v.measured, "met": v.met} for v in report.verdicts],
            "data": report.data,
        }
        for report in reports
    ]
    path.write_text(json.dumps({"machine": facts, "parts": parts}, indent=1) + "\n")
    return path


def median(blocks: Sequence[dict[str, Any]], key: str) -> float:
    """The median of one figure over blocks of the same kind."""
    return float(statistics.median(block[key] for block in blocks))


def shown(value: float) -> str:
    """A number with as many digits as matter."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
    return f"| {' | '.join(padded)} |"
