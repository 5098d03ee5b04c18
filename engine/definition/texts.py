"""Texts held against the schema: enumerations, lengths, names, durations, paths; and how places are called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from engine.definition.raised import RAISED_BY
from engine.definition.reporter import Reporter
from engine.definition.tree import Path, shorten

DURATION_HELP = "write a whole number and ms, s, m, h or d, e.g. 15m"
_NAME_HELP = "use letters, digits, _, - and . only"


def check_text(
    value: str, schema: Mapping[str, Any], path: Path, report: Reporter, *, key: bool = False
) -> None:
    """Report how a text at `path` (or, with `key`, a key) does not fit a schema of type string."""
    if "enum" in schema and value not in schema["enum"]:
        choices = ", ".join(schema["enum"])
        message = f"{shorten(value)} is not a value of {path[-1]}"
        fix = report.nearest(value, schema["enum"]) or f"write one of {choices}"
        report.report("wrong-value", path, message, fix=fix, key=key)
    elif len(value) > schema.get("maxLength", len(value)):
        report.report(
            "wrong-value", path, f"the text is longer than {schema['maxLength']} characters", key=key
        )
    elif not value and schema.get("minLength"):
        report.report("wrong-value", path, f"{title(path)} is empty", key=key)
    elif "pattern" in schema and not _pattern(schema["pattern"]).fullmatch(value):
        _wrong_text(value, schema.get("title", "text"), path, report, key)


def _wrong_text(value: str, kind: str, path: Path, report: Reporter, key: bool) -> None:
    if kind == "duration":
        message = f"{shorten(value)} is not a duration"
        report.report("bad-duration", path, message, fix=DURATION_HELP, key=key)
    elif value.startswith("$") and kind == "accepted event":
        message = f"{shorten(value)} is no event that the engine raises"
        fix = report.nearest(value, RAISED_BY) or f"it raises {', '.join(RAISED_BY)}"
        report.report("reserved-name", path, message, fix=fix, key=key)
    elif value.startswith("$") and kind == "name":
        message = f"{shorten(value)} begins with $, as only the engine's own names do"
        report.report("reserved-name", path, message, fix=f"write {shorten(value.lstrip('$'))}", key=key)
    elif kind == "path":
        message = f"{shorten(value)} is not a dotted path into the metadata"
        report.report("bad-name", path, message, fix="write e.g. buyer.email", key=key)
    else:
        report.report("bad-name", path, f"{shorten(value)} is not a name", fix=_NAME_HELP, key=key)


def title(path: Path) -> str:
    """What messages call the part at a path."""
    return shorten(".".join(str(step) for step in path[-2:])) if path else "the file"


@cache
def _pattern(source: str) -> re.Pattern[str]:
    return re.compile(source)
