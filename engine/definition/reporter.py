"""Collects the findings of one file while it is read, each at the place of its path."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from engine.definition.findings import CODES, Finding, Severity
from engine.definition.suggestions import did_you_mean
from engine.definition.tree import Path, Problem, Tree, shorten

MAX_FINDINGS = 500
"""Nobody mends more at once, and a hostile file must not make millions."""
_FEW = 8  # names that are listed where none is near
_MAX_SUGGESTIONS = 100  # each costs about a millisecond with a thousand names to compare


class Reporter:
    """Made for one file, thrown away when it is read."""

    def __init__(self, file: str, tree: Tree) -> None:
        self._file = file
        self._tree = tree
        self._found: dict[Finding, None] = {}
        self._codes: set[str] = set()
        self._suggestions = 0
        self._left_out: list[Severity] = []

    def report(
        self,
        code: str,
        path: Path,
        message: str,
        *,
        fix: str | None = None,
        key: bool = False,
        severity: Severity | None = None,
    ) -> None:
        """Add a finding at the value of `path`, or at its key."""
        severity = severity or CODES[code].severity
        self._codes.add(code)
        if len(self._found) >= MAX_FINDINGS:
            self._left_out.append(severity)
            return
        place = self._tree.locate(path, key=key)
        finding = Finding(
            code=code,
            severity=severity,
            message=message,
            file=self._file,
            line=place.line,
            column=place.column,
            end_column=place.end,
            path=pointer(path),
            fix=fix,
        )
        self._found[finding] = None

    def unknown(
        self, code: str, path: Path, kind: str, name: str, known: Collection[str], *, key: bool = False
    ) -> None:
        """Add "there is no <kind> <name>", with the name that may have been meant."""
        message = f"there is no {kind} {shorten(name)}"
        fix = self.nearest(name, known) or _listed(kind, known)
        self.report(code, path, message, fix=fix, key=key)

    def nearest(self, name: str, known: Iterable[str]) -> str | None:
        """A "did you mean", while the file has not asked for too many."""
        self._suggestions += 1
        return did_you_mean(name, known) if self._suggestions <= _MAX_SUGGESTIONS else None

    def where(self, path: Path) -> str:
        """file:line of a value, for messages at run time."""
        return f"{self._file}:{self._tree.locate(path).line}"

    @property
    def codes(self) -> frozenset[str]:
        """Of all that was reported, shown or left out."""
        return frozenset(self._codes)

    def findings(self) -> tuple[Finding, ...]:
        """All that was found, in the order of the file."""
        found = sorted(self._found, key=lambda each: (each.line, each.column, each.code))
        if self._left_out:
            found.append(self._more())
        return tuple(found)

    def _more(self) -> Finding:
        return Finding(
            code="too-many-findings",
            severity="error" if "error" in self._left_out else "warning",
            message=f"{len(self._left_out):,} more findings are not shown",
            file=self._file,
            fix="mend these first",
        )


def from_problem(problem: Problem, file: str) -> Finding:
    """A finding of a file that is no plain data."""
    return Finding(
        code=problem.code,
        severity="error",
        message=problem.message,
        file=file,
        line=problem.place.line,
        column=problem.place.column,
        end_column=problem.place.end,
        fix=problem.fix,
    )


def pointer(path: Iterable[Any]) -> str:
    """The JSON pointer of a path."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def _listed(kind: str, names: Collection[str]) -> str | None:
    if not names:
        return f"declare it: the machine has no {kind} yet"
    return f"known are {', '.join(names)}" if len(names) <= _FEW else None
