"""The shapes of errors: RFC 9457 problem details, and what is wrong with a machine."""

from __future__ import annotations

from typing import Literal

import msgspec

from engine.definition.findings import Finding
from web.shapes import Shape


class FoundProblem(Shape):
    """One thing that is wrong with a machine, and where. Lines and columns count from 1."""

    code: str
    severity: Literal["error", "warning"]
    message: str
    file: str
    line: int
    column: int
    path: str
    fix: str | None

    @classmethod
    def of(cls, finding: Finding) -> FoundProblem:
        """The engine's finding in this shape."""
        return cls(
            code=finding.code,
            severity=finding.severity,
            message=finding.message,
            file=finding.file,
            line=finding.line,
            column=finding.column,
            path=finding.path,
            fix=finding.fix,
        )


class ProblemDetails(Shape):
    """RFC 9457. `type` leads to the description of `code`; `problems` and `findings` list what to mend.

    `statusCode`, `error` and `message` are on the paths of the original only, for its callers.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str
    status_code: int | msgspec.UnsetType = msgspec.UNSET
    error: str | msgspec.UnsetType = msgspec.UNSET
    message: str | msgspec.UnsetType = msgspec.UNSET
    problems: list[str] | msgspec.UnsetType = msgspec.UNSET
    findings: list[FoundProblem] | msgspec.UnsetType = msgspec.UNSET
