"""Moments as callers write them."""

from __future__ import annotations

from datetime import UTC, datetime

from engine.model import Millis
from web.problems import Problem


def moment(name: str, text: str | None) -> Millis | None:
    """ISO 8601 as milliseconds since 1970; a day alone is its first moment, no offset is UTC.

    Raises:
        Problem: invalid-query.
    """
    if text is None:
        return None
    try:
        parsed = datetime.fromisoformat(text)
        at = parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)
        return int(at.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise Problem(
            "invalid-query", f"{name} is no ISO 8601 time, such as 2026-01-31T09:30:00Z (a + is written %2B)."
        ) from None
