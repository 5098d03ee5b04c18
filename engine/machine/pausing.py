"""A paused saga: what it owes lies far in the future until it goes on, timers with what was left of them."""

from __future__ import annotations

from dataclasses import replace

from engine.machine.agenda import Agenda
from engine.model import Millis

FROZEN: Millis = 10**15
"""Added to the due time of what a paused saga owes: the year 33658, which no daemon claims."""


NEVER: Millis = 9 * 10**15
"""The due time of what waits for an answer that may take as long as it likes."""


def frozen(due: Millis, now: Millis) -> Millis:
    """When something is due whose saga is paused at `now`: what is left of it, added to FROZEN."""
    return FROZEN + max(due - now, 0)


def freeze(agenda: Agenda, now: Millis) -> None:
    """Make nothing due any more. The token grows, so that a try under way cannot make it due again."""
    for entry in agenda.where(lambda e: e.status in ("due", "waiting") and e.due < FROZEN):
        due = frozen(entry.due, now)
        agenda.add([replace(entry, due=due, token=entry.token + 1, owner=None, lease_until=0)])


def thaw(agenda: Agenda, now: Millis) -> None:
    """Make all due again as long from now as it was when it was frozen."""
    for entry in agenda.where(lambda e: FROZEN <= e.due < NEVER):
        agenda.add([replace(entry, due=entry.due - FROZEN + now)])
