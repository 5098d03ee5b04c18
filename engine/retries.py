"""When a try is repeated, and what a request may come back with: the machine's word on an entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.definition.ir import Poll, Retry
from engine.machine.plan import Machine
from engine.model import Entry, Millis

DEFAULT = Retry()
"""5 tries, 1 s, 2 s, 4 s, 8 s apart, each 20 % more or less."""

_STEEPEST = 64
"""Bounds the exponent, so that a machine with thousands of tries cannot overflow a float."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How one entry is to be treated."""

    machine: Machine
    entry: Entry

    @property
    def attempts(self) -> int:
        """How many tries there are in all."""
        return self._retry.attempts

    @property
    def replies(self) -> Mapping[str, str]:
        """Reply name -> event name, as the command declares them; empty for a side effect."""
        command = self.machine.definition.commands.get(self.entry.name)
        return command.replies if command is not None and self.entry.kind != "effect" else {}

    def event_of(self, reply: str) -> str | None:
        """The event that a reply is; None if nobody asks for it."""
        return self.machine.reply_event(self.entry, reply)

    def delay_after(self, attempts: int, jitter: float) -> Millis:
        """Milliseconds until the next try after `attempts` tries; `jitter` is a number in [-1, 1)."""
        retry = self._retry
        grown = retry.delay * retry.factor ** min(attempts - 1, _STEEPEST)
        return round(min(grown, retry.max_delay) * (1 + retry.jitter * jitter))

    def poll_after(self, attempts: int) -> Millis:
        """Milliseconds until a poll asks again after it has asked `attempts` times."""
        poll = self._poll
        return round(min(poll.every * poll.factor ** min(attempts, _STEEPEST), poll.max_every))

    @property
    def _retry(self) -> Retry:
        definition = self.machine.definition
        table = definition.side_effects if self.entry.kind == "effect" else definition.commands
        return table[self.entry.name].retry or DEFAULT

    @property
    def _poll(self) -> Poll:
        poll = self.machine.definition.states[self.entry.state or ""].poll
        return poll or Poll(command=self.entry.name, every=60_000, max_every=3_600_000)
