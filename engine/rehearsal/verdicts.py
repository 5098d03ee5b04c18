"""The model check as findings: each at the line of its state, with the shortest way there as a scenario."""

from __future__ import annotations

from dataclasses import dataclass

from engine.definition.findings import Finding, Severity
from engine.definition.ir import Definition
from engine.definition.reporter import Reporter
from engine.definition.tree import Path, parse
from engine.machine.plan import compile_machine
from engine.rehearsal.codes import CHECK_CODES
from engine.rehearsal.edges import Edge
from engine.rehearsal.exploration import BOUND, Exploration, explore
from engine.rehearsal.samples import STEADY, first_metadata
from engine.rehearsal.troubles import Trouble
from engine.rehearsal.writing import scenario_text

_FIXES = {
    "dead-end": "add an event or a timer that leads on, or a last alternative without `if`",
    "stuck-join": "add $failed to its on, or a timer",
    "unheard-reply": "add it to the state's on, or take the reply out of the command",
    "endless-loop": "let an event, a command or a delay stand between, or see that its `if` ends it",
    "never-happens": "remove it, or see why nothing leads to it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A finding of the model check. `scenario` leads there; "" where there is no way to show."""

    finding: Finding
    scenario: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCheck:
    """What the model check of one machine says, and how many configurations it looked at."""

    verdicts: tuple[Verdict, ...]
    configurations: int
    complete: bool


def model_check(definition: Definition, *, bound: int = BOUND) -> ModelCheck:
    """Explore the machine and judge it.

    Raises:
        DefinitionInvalid: The definition is no machine.
    """
    machine = compile_machine(definition)
    found = explore(machine, bound=bound)
    writer = _Writer(definition)
    verdicts = [
        *(_of_trouble(writer, trouble, first_metadata(machine, STEADY)) for trouble in found.troubles),
        *(
            writer.verdict("never-happens", _path(definition, edge), f"nothing ever takes {edge}")
            for edge in found.never
        ),
        *([_cut_short(writer, found)] if not found.complete else []),
    ]
    ordered = sorted(verdicts, key=lambda each: (each.finding.line, each.finding.column, each.finding.code))
    return ModelCheck(verdicts=tuple(ordered), configurations=found.configurations, complete=found.complete)


def _of_trouble(writer: _Writer, trouble: Trouble, metadata: dict[str, object]) -> Verdict:
    scenario = scenario_text(f"leads to {trouble.code} in {trouble.state}", metadata, trouble.way)
    severity: Severity = CHECK_CODES[trouble.code].severity if trouble.sure else "warning"
    at: Path = ("states", trouble.state)
    return writer.verdict(trouble.code, at, trouble.message, severity=severity, scenario=scenario)


def _cut_short(writer: _Writer, found: Exploration) -> Verdict:
    message = f"the model check stopped after {found.configurations:,} configurations; what lies beyond is not checked"
    return writer.verdict(
        "check-cut-short", ("machine",), message, fix="raise the bound, or split the machine"
    )


def _path(definition: Definition, edge: Edge) -> Path:
    """Where the edge is written, as near as can be told."""
    if edge.scope == "machine":
        return ("on", edge.event)
    if edge.scope == "business state":
        return ("businessStates", definition.states[edge.state].business_state, "on", edge.event)
    return ("states", edge.state, "on", edge.event)


class _Writer:
    """Makes findings of one file, one at a time."""

    def __init__(self, definition: Definition) -> None:
        self._file = definition.file
        self._tree = parse(definition.source)

    def verdict(
        self,
        code: str,
        path: Path,
        message: str,
        *,
        fix: str | None = None,
        severity: Severity | None = None,
        scenario: str = "",
    ) -> Verdict:
        report = Reporter(self._file, self._tree)
        report.report(
            code,
            path,
            message,
            fix=fix or _FIXES.get(code),
            key=True,
            severity=severity or CHECK_CODES[code].severity,
        )
        (finding,) = report.findings()
        return Verdict(finding=finding, scenario=scenario)
