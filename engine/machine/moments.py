"""Moments as a machine's data give them."""

from __future__ import annotations

from datetime import UTC, datetime

from engine.definition.ir import Definition, Timer
from engine.errors import ExpressionFailed
from engine.model import Millis


def moment(definition: Definition, timer: Timer, value: object) -> Millis | None:
    """ISO 8601 text (a date is its midnight; without an offset it is UTC) or milliseconds as UTC ms.

    Raises:
        ExpressionFailed: It is neither.
    """
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and (parsed := _parsed(value)):
        return round(parsed.timestamp() * 1000)
    raise ExpressionFailed(
        f"{definition.file}: `at` {timer.label} is neither an ISO 8601 moment, milliseconds, nor null"
    )


def _parsed(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
