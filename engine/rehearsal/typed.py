"""What a person types in a simulation, as an act."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from engine.definition.durations import milliseconds
from engine.definition.suggestions import did_you_mean
from engine.rehearsal.acts import KINDS, Act


class NotUnderstood(Exception):
    """The line says nothing that can be done; the message says what would."""


def understood(line: str, offered: Sequence[Act]) -> Act:
    """The act that a line means: a number of what is offered, or words.

    Raises:
        NotUnderstood
    """
    words, payload = _split(line)
    if words and words[0].isdecimal():
        return _offered(words, payload, offered)
    kind = words[0] if words else ""
    counts = {"send": 2, "reply": 3, "answer": 3}
    if kind not in KINDS or len(words) != counts.get(kind, 2):
        fix = did_you_mean(kind, KINDS) if kind not in KINDS else None
        raise NotUnderstood(f"that is not understood: {fix or 'type help'}")
    return _act(kind, words[1:], payload)


def _act(kind: str, words: Sequence[str], payload: dict[str, Any] | None) -> Act:
    if kind in ("reply", "answer"):
        return Act(kind=kind, value={words[0]: words[1]} | _given(payload))
    if kind == "send":
        return Act(kind=kind, value={"event": words[0]} | _given(payload) if payload else words[0])
    if payload is not None:
        raise NotUnderstood(f"{kind} takes no payload")
    if kind == "wait":
        _check_duration(words[0])
    return Act(kind=kind, value=words[0])


def _check_duration(text: str) -> None:
    try:
        milliseconds(text)
    except ValueError as error:
        raise NotUnderstood(f"{text} {error}: write e.g. 15m") from None


def _offered(words: Sequence[str], payload: dict[str, Any] | None, offered: Sequence[Act]) -> Act:
    number = int(words[0][:9])
    if len(words) > 1 or not 1 <= number <= len(offered):
        raise NotUnderstood(
            f"there are {len(offered)} things to choose from"
            if offered
            else "there is nothing to choose from"
        )
    act = offered[number - 1]
    if payload is None:
        return act
    if act.kind == "send":
        return Act(kind="send", value={"event": act.value, "payload": payload})
    if act.kind in ("reply", "answer"):
        return Act(kind=act.kind, value={**act.value, "payload": payload})
    raise NotUnderstood(f"{act.kind} takes no payload")


def _given(payload: dict[str, Any] | None) -> dict[str, Any]:
    return {"payload": payload} if payload else {}


def _split(line: str) -> tuple[list[str], dict[str, Any] | None]:
    """The words, and the JSON object behind them."""
    head, brace, rest = line.partition("{")
    if not brace:
        return head.split(), None
    try:
        payload: dict[str, Any] = json.loads(brace + rest)
    except (ValueError, RecursionError) as error:
        raise NotUnderstood(f"the payload is not JSON: {error}") from None
    return head.split(), payload
