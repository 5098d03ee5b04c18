"""When a try is repeated, and what a request may come back with: the machine's word on an entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.definition.ir import Definition, Retry
from engine.model import Entry, Millis

DEFAULT = Retry()
"""5 tries, 1 s, 2 s, 4 s, 8 s apart, each 20 % more or less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How one entry is to be treated.

    Attributes:
        replies: reply name -> event name; empty for a side effect.
    """

    retry: Retry
    replies: Mapping[str, str] = field(default_factory=dict)

    @property
    def attempts(self) -> int:
        """How many tries there are in all."""
        return self.retry.attempts

    def delay_after(self, attempts: int, jitter: float) -> Millis:
        """Milliseconds until the next try after `attempts` tries; `jitter` is a number in [-1, 1)."""
        retry = self.retry
        # The exponent is bounded so that a machine with thousands of tries cannot overflow a float.
        grown = retry.delay * retry.factor ** min(attempts - 1, 64)
        return round(min(grown, retry.max_delay) * (1 + retry.jitter * jitter))


def policy_of(definition: Definition, entry: Entry) -> Policy:
    """What the definition says about the command or side effect behind `entry`."""
    if entry.kind == "effect":
        return Policy(retry=definition.side_effects[entry.name].retry or DEFAULT)
    command = definition.commands[entry.name]
    return Policy(retry=command.retry or DEFAULT, replies=command.replies)
