"""The calendar of cron jobs, told by APScheduler's CronTrigger; nothing of its scheduler is used here."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from engine.errors import ConfigInvalid
from engine.model import Millis

FIELDS = ("minute", "hour", "day", "month", "day_of_week")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
"""As cron counts them, 0 to 6, and 7 for Sunday again. CronTrigger counts from Monday: it is given names."""

_DAYS = re.compile(r"(?:(?P<first>\*|[0-7]|[a-z]{3})(?:-(?P<last>[0-7]|[a-z]{3}))?)(?:/(?P<step>[1-7]))?")
_SOONEST = datetime(1970, 1, 1, tzinfo=UTC)


class CronCalendar:
    """The moments that a cron expression names in a time zone."""

    def __init__(self, trigger: CronTrigger, *, twice: bool) -> None:
        self._trigger = trigger
        self._twice = twice

    def next(self, after: Millis) -> Millis | None:
        """The first moment after `after`; None if there is none.

        An hour that the clock goes through twice counts once, unless the job runs in every hour.
        """
        while True:
            found = self._trigger.get_next_fire_time(None, datetime.fromtimestamp(after / 1000 + 0.001, UTC))
            if found is None:
                return None
            after = round(found.timestamp()) * 1000
            if self._twice or not found.fold:
                return after


def open_calendar(job: str, cron: str, timezone: str) -> CronCalendar:
    """The calendar of a job.

    Raises:
        ConfigInvalid: The expression or the time zone is none, or the expression names no moment at all.
    """
    try:
        zone = ZoneInfo(timezone)
    except (OSError, ValueError, LookupError):  # ZoneInfoNotFoundError is a KeyError
        raise ConfigInvalid(
            f"job {job}: there is no time zone {timezone!r}; write e.g. Europe/Rome"
        ) from None
    given = dict(zip(FIELDS, cron.split(), strict=False))
    if len(cron.split()) != len(FIELDS):
        raise ConfigInvalid(
            f'job {job}: cron has five fields (minute, hour, day, month, day of the week), as in "0 3 * * *"'
        )
    if not given["day"].startswith("*") and not given["day_of_week"].startswith("*"):
        raise ConfigInvalid(
            f"job {job}: cron names a day of the month and one of the week; name one of them (two jobs do both)"
        )
    try:
        given["day_of_week"] = _week(given["day_of_week"].lower())
        calendar = CronCalendar(CronTrigger(**given, timezone=zone), twice=given["hour"].startswith("*"))
    except ValueError as error:
        raise ConfigInvalid(f"job {job}: cron is no expression that can be followed: {error}") from None
    if calendar.next(round(_SOONEST.timestamp())) is None:
        raise ConfigInvalid(f"job {job}: cron names a date that no year has")
    return calendar


def _week(field: str) -> str:
    """The days by name; `0-2` and `fri-mon` are ranges that cron knows and CronTrigger does not."""
    return ",".join(day for part in field.split(",") for day in _days(part))


def _days(part: str) -> list[str]:
    found = _DAYS.fullmatch(part)
    if found is None:
        raise ValueError(f"{part!r} is no day of the week")
    step = int(found["step"] or 1)
    if found["first"] == "*":
        return [*DAYS[::step]] if step > 1 else ["*"]
    first = _number(found["first"])
    last = _number(found["last"]) if found["last"] else 6 if found["step"] else first
    length = (last - first) % 7
    return [DAYS[(first + day) % 7] for day in range(0, length + 1, step)]


def _number(day: str) -> int:
    return int(day) % 7 if day.isdigit() else DAYS.index(day)
