"""Months by the calendar, written once more and otherwise: what the subscriptions' dates are checked against."""

from __future__ import annotations

from datetime import date, timedelta


def after(day: date, interval: str, count: int, anchor: int) -> date:
    """The date one period later: months keep the anchor's day where they have it, else their last."""
    if interval == "DAY":
        return day + timedelta(days=count)
    first = day.replace(day=1)
    for _ in range(count):
        first = (first + timedelta(days=32)).replace(day=1)
    found = first
    while found.day < anchor and (found + timedelta(days=1)).month == first.month:
        found += timedelta(days=1)
    return found
