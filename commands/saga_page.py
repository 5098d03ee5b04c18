"""How one saga is shown in the terminal: by `saga show` and `demo`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from commands.terminal import safe, safe_lines, say, table

NEWEST = 10
"""Rows of the history that `saga show` prints without --history."""


def show_saga(document: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], *, whole: bool = False) -> None:
    """The document of a saga, and its history (the newest rows of it, or the whole)."""
    _head(document)
    if document.get("agenda"):
        say("\nOwes:")
        _agenda(document["agenda"])
    if rows:
        shown = rows if whole else rows[-NEWEST:]
        left = len(rows) - len(shown)
        say(
            "\nHistory:"
            if not left
            else f"\nHistory (the newest {len(shown)} of {len(rows)}; --history shows all):"
        )
        show_path(shown)
    if document.get("metadata"):
        say("\nMetadata:")
        say(safe_lines(json.dumps(document["metadata"], indent=2, ensure_ascii=False)))


def show_path(rows: Sequence[Mapping[str, Any]]) -> None:
    """The rows of a history as a path: when, by which event, from where into which state."""
    table(("TIME (UTC)", "EVENT", "FROM", "TO", "NOTE"), [_path_row(row) for row in rows])


def moment(timestamp: str) -> str:
    """An ISO 8601 moment in UTC as people read it."""
    return timestamp.replace("T", " ").removesuffix("Z")


def _head(document: Mapping[str, Any]) -> None:
    lines = {
        "Saga": document["sagaId"],
        "Machine": f"{document['machine']} version {document['machineVersion']}",
        "State": document["currentState"] + (" (final)" if document["isFinal"] else ""),
        "Business": f"{document['businessStateDescription']} ({document['businessStateId']})",
        "Entity": document.get("associatedEntityId", ""),
        "Keys": ", ".join(f"{key['name']}={key['value']}" for key in document.get("keys", ())),
        "Created": document["createdAt"],
        "Updated": document["updatedAt"],
        "Parked": "yes: something waits for a person" if document.get("parked") else "",
        "Paused": "yes: nothing of it becomes due until it is resumed" if document.get("paused") else "",
        "Late": "yes: it ran over its sla" if document.get("late") else "",
    }
    for name, value in lines.items():
        if value:
            say(f"{name:<9} {safe(value)}")


def _agenda(entries: Sequence[Mapping[str, Any]]) -> None:
    rows = [
        (
            entry["id"],
            entry["kind"],
            entry["name"],
            entry["status"],
            moment(entry["due"] or ""),
            entry["attempts"],
            entry["reason"] or "",
        )
        for entry in entries
    ]
    table(("ENTRY", "KIND", "NAME", "STATUS", "DUE (UTC)", "TRIES", "REASON"), rows)


def _path_row(row: Mapping[str, Any]) -> tuple[str, ...]:
    parts = (
        "ignored" if row["result"] == "ignored" else "",
        row["note"] or "",
        f"by {row['actor']}: {row['reason']}" if row["reason"] else "",
    )
    note = "; ".join(one for one in parts if one)
    return moment(row["timestamp"]), row["event"], row["from"] or "", row["to"], note
