"""What the form of an act asks for, as an intervention; pure. The forms themselves are acts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import orjson

from engine.errors import ActionNotPossible
from engine.machine import interventions
from engine.machine.interventions import Hand
from engine.machine.plan import Machine
from engine.mending import answering, moving, retrying, skipping
from engine.model import Entry, Json, Saga, Step
from engine.runner import Intervention

Deed = Literal["retry", "skip", "answer", "move", "pause", "resume"]
DEEDS: tuple[Deed, ...] = get_args(Deed)
LONGEST_REASON = 1_000


class Wrong(Exception):
    """The form cannot be taken as it is filled in; `key` is the text that says why."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def decided(deed: Deed, saga: Saga, given: Mapping[str, str]) -> Intervention:
    """What the form asks for. Raises Wrong."""
    if not given["reason"].strip() or len(given["reason"]) > LONGEST_REASON:
        raise Wrong("console.wrong.reason")
    if not given["sure"]:
        raise Wrong("console.wrong.sure")
    entry = given["entry"] or None
    if deed == "retry":
        return retrying(entry, payload=_edited(saga, entry, given["payload"]))
    if deed == "skip":
        return skipping(entry)
    if deed == "answer":
        return answering(entry, reply=given["reply"], payload=_json(given["payload"]))
    if deed == "move":
        return moving(given["state"])
    return interventions.pause if deed == "pause" else interventions.resume


def _edited(saga: Saga, entry: str | None, text: str) -> Json | None:
    """None if it is what is sent anyhow: then the request stays the same one to its receiver."""
    if not text.strip():
        return None
    payload = _json(text)
    there = next((each for each in saga.agenda if each.id == entry), None)
    return None if there is not None and payload == payload_of(saga, there) else payload


def _json(text: str) -> Json:
    try:
        value = orjson.loads(text.strip() or "{}")
    except orjson.JSONDecodeError:
        raise Wrong("console.wrong.json") from None
    if not isinstance(value, dict):
        raise Wrong("console.wrong.json")
    return value


def as_seen(decide: Intervention, seen: str) -> Intervention:
    """The same, for the saga at the version that the person saw."""

    def checked(machine: Machine, saga: Saga, hand: Hand) -> Step:
        if str(saga.version) != seen:
            raise ActionNotPossible(f"saga {saga.saga_id} went on since this form was made: look at it again")
        return decide(machine, saga, hand)

    return checked


def payload_of(saga: Saga, entry: Entry) -> Json:
    """What the entry sends as it is."""
    return saga.metadata if entry.payload is None else entry.payload
