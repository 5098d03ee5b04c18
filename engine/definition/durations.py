"""Amounts of time as authors write them: 500ms, 30s, 15m, 24h, 7d."""

from __future__ import annotations

import re

from engine.model import Millis

_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_FORM = re.compile(r"([0-9]{1,12})(ms|s|m|h|d)")

MAX_DURATION: Millis = 36_500 * _UNITS["d"]
"""A hundred years: longer ones are slips, and would leave the calendar when added to a date."""


def milliseconds(text: str) -> Millis:
    """The duration in milliseconds.

    Raises:
        ValueError: It is not a duration, or longer than a hundred years.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        raise ValueError("is not a duration")
    amount = int(form[1]) * _UNITS[form[2]]
    if amount > MAX_DURATION:
        raise ValueError("is longer than a hundred years")
    return amount
