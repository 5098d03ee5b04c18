"""Scenarios as text: what `simulate` saves and what the model check shows. Always readable by `reading`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from engine.model import Json
from engine.rehearsal.acts import Act

_PLAIN = re.compile(r"[A-Za-z$_][A-Za-z0-9_.$-]*|[0-9]{1,12}(?:ms|s|m|h|d)")
_WORDS = frozenset(("true", "false", "null", "True", "False", "Null", "TRUE", "FALSE", "NULL"))


def scenario_text(name: str, metadata: Json, acts: Iterable[Act]) -> str:
    """One entry of `scenarios:`, indented to stand under it."""
    lines = [f"  - name: {flow(name)}"]
    if metadata:
        lines.append(f"    metadata: {flow(metadata)}")
    lines.append("    steps:")
    return "\n".join([*lines, *(f"      {act_text(act)}" for act in acts)]) + "\n"


def file_text(name: str, metadata: Json, acts: Iterable[Act], *, machine: str | None = None) -> str:
    """A whole scenario file with one scenario."""
    head = f"machine: {flow(machine)}\n" if machine else ""
    return f"{head}scenarios:\n{scenario_text(name, metadata, acts)}"


def act_text(act: Act) -> str:
    """One line of `steps`."""
    note = "  # " + " ".join(act.note.split()) if act.note else ""
    return f"- {act.kind}: {flow(act.value)}{note}"


def flow(value: object) -> str:
    """A value in YAML's flow style, on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(str(key))}: {flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value not in _WORDS:
        return value
    return "".join(
        one if one.isprintable() else _escape(one) for one in json.dumps(value, ensure_ascii=False)
    )


def _escape(one: str) -> str:
    return f"\\u{ord(one):04x}" if ord(one) < 0x10000 else f"\\U{ord(one):08x}"
