"""Texts of a machine to what runs: expressions, templates, contracts, durations.

A mistake is reported at its place, and a harmless value stands in for the part.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from engine.definition.contracts import BadSchema, Contract, compile_contract
from engine.definition.durations import milliseconds
from engine.definition.expressions import (
    BadExpression,
    Expression,
    Template,
    compile_expression,
    compile_template,
)
from engine.definition.lines import Plain
from engine.definition.paths import DottedPath
from engine.definition.reporter import Reporter
from engine.definition.suggestions import did_you_mean
from engine.definition.tree import Path
from engine.model import Millis

_NOTHING = Expression(source="", evaluate=lambda names: None)


class Compiler:
    """Compiles the parts of one machine; `path` is where each stands."""

    def __init__(self, report: Reporter, variables: Collection[str]) -> None:
        self.report = report
        self.variables = variables

    def expression(self, source: str, path: Path) -> Expression:
        try:
            compiled = compile_expression(source, place=self.report.where(path))
        except BadExpression as error:
            self.bad_expression(path, error)
            return _NOTHING
        self.check_variables(compiled.reads, path)
        return compiled

    def template(self, part: Plain, key: str, path: Path) -> Template | None:
        return self.compiled(part[key], (*path, key)) if key in part else None

    def compiled(self, value: Any, path: Path) -> Template:
        template = compile_template(
            value,
            where=lambda inner: self.report.where((*path, *inner)),
            refuse=lambda inner, error: self.bad_expression((*path, *inner), error),
        )
        self.check_variables(template.reads, path)
        return template

    def check_variables(self, reads: Collection[DottedPath], path: Path) -> None:
        """Every variable that is read must be declared."""
        for unknown in sorted({read[1] for read in reads if read[0] == "variables" and len(read) > 1}):
            if unknown not in self.variables:
                fix = did_you_mean(unknown, self.variables) or "declare it under variables:"
                self.report.report("unknown-variable", path, f"there is no variable {unknown}", fix=fix)

    def bad_expression(self, path: Path, error: BadExpression) -> None:
        message = f"the expression does not compile: {error.message}"
        self.report.report("bad-expression", path, message, fix=error.fix)

    def contract(self, part: Plain, key: str, path: Path) -> Contract | None:
        if key not in part:
            return None
        try:
            return compile_contract(part[key])
        except BadSchema as error:
            at = (*path, key, *error.path)
            self.report.report("bad-payload-schema", at, f"not a JSON Schema: {error.message}", fix=error.fix)
            return None

    def duration(self, part: Plain, key: str, path: Path) -> Millis | None:
        return self.delay(part[key], (*path, key)) if key in part else None

    def delay(self, text: str, path: Path, *, key: bool = False) -> Millis:
        try:
            return milliseconds(text)
        except ValueError as error:
            self.report.report("bad-duration", path, f"{text} {error}", key=key)
            return 0
