"""How a command fails: a sentence on stderr and an exit code, never a traceback unless asked for."""

from __future__ import annotations

import re
import traceback
from collections.abc import Sequence
from pathlib import Path

from commands.terminal import note, safe, safe_lines
from engine.definition.findings import Finding
from engine.errors import EngineError, Invalid

SECRETS = re.compile(
    r"""(://)[^\s/'"]+(?=@) | ((?:authorization|password|secret|token|apikey)['"]?\s*:\s*)[^\s{,}][^,}\n]*""",
    re.IGNORECASE | re.VERBOSE,
)
"""User and password of a URL, and what is written out under names like these instead of as {file:} or {env:}."""

BUG = 70
"""Exit code of a fault of our own (EX_SOFTWARE), apart from the four that scripts rely on."""


def report(error: Exception, *, debug: bool) -> int:
    """Tell the user what went wrong, and answer the exit code."""
    if debug:
        note(safe_lines("".join(traceback.format_exception(error))))
    if isinstance(error, Invalid) and error.findings:
        show_findings(error.findings)
    if isinstance(error, EngineError):
        note(f"Error: {_lines(error)}")
        return error.exit_code
    if isinstance(error, OSError) and error.strerror:
        where = f": {safe(error.filename)}" if error.filename else ""
        note(f"Error: {safe(error.strerror)}{where}")
        return 2
    note(f"Error: something unexpected happened ({type(error).__name__}).")
    note("Hint: `sagaloom --debug ...` shows where; please report it with that output.")
    return BUG


def show_findings(findings: Sequence[Finding]) -> None:
    """Findings with code frames, on stderr."""
    from engine.definition import frames

    note(safe_lines(frames.show(findings, sources_of(findings))))


def sources_of(findings: Sequence[Finding]) -> dict[str, str]:
    """The texts that the findings point into, as far as they can be read."""
    found: dict[str, str] = {}
    for name in dict.fromkeys(finding.file for finding in findings):
        try:
            found[name] = masked(Path(name).read_bytes().decode("utf-8", "replace"))
        except (OSError, ValueError):
            continue
    return found


def masked(text: str) -> str:
    """The text with stars for what may be a secret, in the same columns: a frame shows what stands beside a fault."""

    def starred(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        return name + "*" * (len(found[0]) - len(name))

    return SECRETS.sub(starred, text)


def _lines(error: EngineError) -> str:
    """The error's sentence, and what it lists beyond that."""
    said = str(error) or type(error).__name__
    more = [str(one) for one in getattr(error, "problems", ()) if str(one) not in said]
    return "\n".join([safe(said), *(f"  {safe(one)}" for one in more)])
