"""What expressions do with dates: by the calendar, in a time zone. Pure.

A date is `2026-01-31`; a moment is ISO 8601 with a time, UTC unless it says otherwise. null stays null,
so that a date that is not set needs no guard. Zones come from the IANA database (the package tzdata).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from engine.definition.faults import EvaluationFailed, kind

_FURTHEST = 40_000
"""Days or months: a hundred years of days; further is a slip."""


def add_days(value: Any, days: Any) -> Any:
    """A date or moment so many days later, at the same time of day UTC."""
    return _moved(value, lambda day: day + timedelta(days=_count(days, "add_days")))


def add_months(value: Any, months: Any, day: Any = None) -> Any:
    """A date or moment so many months later: on `day` of the month (else its own), or the month's last."""
    if day is not None and not (type(day) is int and 1 <= day <= 31):
        raise EvaluationFailed(f"add_months needs a day from 1 to 31, not {kind(day)}")
    number = _count(months, "add_months")

    def later(found: date) -> date:
        year, month = divmod(found.year * 12 + found.month - 1 + number, 12)
        last = monthrange(year, month + 1)[1]
        return found.replace(year=year, month=month + 1, day=min(day or found.day, last))

    return _moved(value, later)


def next_date(value: Any, interval: Any, count: Any, day: Any = None, after: Any = None) -> Any:
    """The next date of a series that has one every `count` DAY or MONTH: the first that is after `after`.

    `day` is as in add_months; without `after` it is the very next one. The series is counted from `value`,
    so that no clamped month moves the following ones.
    """
    if value is None:
        return None
    if interval not in ("DAY", "MONTH") or type(count) is not int or count < 1:
        raise EvaluationFailed("next_date needs DAY or MONTH, and a count of them from 1")
    for number in range(1, _FURTHEST):
        found = (
            add_days(value, number * count) if interval == "DAY" else add_months(value, number * count, day)
        )
        if after is None or found > after:
            return found
    raise EvaluationFailed("next_date finds no date: the one it begins with lies too far back")


def at_hour(value: Any, hour: Any, zone: Any = "UTC") -> Any:
    """The moment at which it is that hour of the date in the zone; a moment is left as it is.

    An hour that the clocks skip is the one after it; of an hour that comes twice it is the first.
    """
    if value is None or not _is_date(value):
        return None if value is None else _written(_moment(value))
    if not (type(hour) is int and 0 <= hour <= 23):
        raise EvaluationFailed(f"at_hour needs an hour from 0 to 23, not {kind(hour)}")
    local = datetime.combine(date.fromisoformat(value), time(hour), _zone(zone))
    return _written(local.astimezone(UTC))


def date_in(value: Any, zone: Any = "UTC") -> Any:
    """The date of a moment in the zone; a date is left as it is."""
    if value is None or _is_date(value):
        return value
    return _moment(value).astimezone(_zone(zone)).date().isoformat()


def day_of(value: Any) -> Any:
    """The day of the month, 1 to 31, of a date or moment."""
    if value is None:
        return None
    return (date.fromisoformat(value) if _is_date(value) else _moment(value)).day


def _moved(value: Any, move: Callable[[Any], Any]) -> Any:
    if value is None:
        return None
    try:
        if _is_date(value):
            return move(date.fromisoformat(value)).isoformat()
        return _written(move(_moment(value)))
    except (OverflowError, ValueError):
        raise EvaluationFailed("the date is outside the years 1 to 9999, or is none") from None


def _is_date(value: Any) -> bool:
    return isinstance(value, str) and len(value) == len("2026-01-31") and value[4:5] == "-"


def _moment(value: Any) -> datetime:
    if not isinstance(value, str) or len(value) > 40:
        raise EvaluationFailed(f"a date or moment is text such as 2026-01-31, not {kind(value)}")
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise EvaluationFailed("the text is no date or moment such as 2026-01-31T09:30:00Z") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _written(moment: datetime) -> str:
    """As `now` is written: milliseconds, Z."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _count(value: Any, name: str) -> int:
    if type(value) is not int or abs(value) > _FURTHEST:
        raise EvaluationFailed(f"{name} needs a whole number up to {_FURTHEST:,}, not {kind(value)}")
    return value


@lru_cache(maxsize=256)
def _zone(name: Any) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, TypeError, KeyError):
        raise EvaluationFailed("there is no such time zone; write it as Europe/Rome") from None
