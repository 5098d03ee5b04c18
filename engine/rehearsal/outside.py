"""What the outside does by rule: the built-in channel `sagas` answers, and polls ask ever more slowly."""

from __future__ import annotations

from dataclasses import replace

from engine.definition.ir import Poll
from engine.model import Entry, Json, Millis

_STEEPEST = 64  # bounds the exponent


def child_of(entry: Entry, reply: str) -> Json:
    """What `sagas` says when it has started a saga; {} for every other answer."""
    asked = entry.payload or {}
    if entry.channel != "sagas" or reply != "done" or "start" not in asked:
        return {}
    return {"childSagaId": asked.get("sagaId") or entry.id}


def asked_again(poll: Entry, rule: Poll | None, now: Millis) -> Entry:
    """The poll when it has asked once more: it waits for an answer, and asks again later whatever comes."""
    asked = poll.attempts + 1
    wait = min(rule.every * rule.factor ** min(asked, _STEEPEST), rule.max_every) if rule else 1
    return replace(poll, status="waiting", attempts=asked, due=now + max(round(wait), 1))
