"""The names of the events that the engine raises itself, and of the timers it sets itself."""

from __future__ import annotations

DONE = "$done"
"""Each command of the state was done."""

FAILED = "$failed"
"""A command of the state failed."""

COMPENSATED = "$compensated"
"""Nothing is left to undo."""

RAISED_WITHIN = frozenset((DONE, FAILED, COMPENSATED))
"""Raised within the step of the event that brought them, never on their own."""

STUCK = "$stuck"
"""An undo is parked."""

SLA, BUSINESS_SLA = "$sla", "$businessSla"
"""The saga was not out of its state, or its business state, in time."""

GIVE_UP = "$giveUp"
"""The time of the state's poll is over: nothing is asked any more."""
