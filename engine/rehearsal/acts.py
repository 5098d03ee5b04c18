"""What happens in a rehearsal, one thing at a time: the steps of a scenario as values, and how each is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.definition.durations import milliseconds
from engine.errors import ActionNotPossible, EventNotAccepted, PayloadInvalid
from engine.model import Json, Millis
from engine.rehearsal.stage import START, Rehearsal

WITH_REPLY = ("payload", "uncertain")
"""The keys of a reply that are not the command's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One step of a scenario: a kind (a key of `KINDS`, or `expect`) and what it says.

    `note` is a remark for people, written behind it.
    """

    kind: str
    value: Any
    line: int = 0
    note: str = ""

    @property
    def command(self) -> str:
        """Of a reply or an answer: the command that it answers."""
        return next((key for key in self.value if key not in WITH_REPLY), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A named run of one machine."""

    name: str
    metadata: Json = field(default_factory=dict)
    entity_id: str = ""
    now: Millis = START
    acts: tuple[Act, ...] = ()
    file: str = ""
    line: int = 0


def perform(stage: Rehearsal, act: Act) -> None:
    """Do one act that is no expectation.

    Raises:
        EngineError: The engine refuses it.
    """
    KINDS[act.kind](stage, act)


def _send(stage: Rehearsal, act: Act) -> None:
    said: Json = {"event": act.value} if isinstance(act.value, str) else act.value
    event, payload = said["event"], said.get("payload", {})
    if said.get("refused"):
        _must_refuse(stage, event, payload)
    else:
        stage.send(event, payload)


def _must_refuse(stage: Rehearsal, event: str, payload: Json) -> None:
    try:
        stage.send(event, payload)
    except (EventNotAccepted, PayloadInvalid):
        return
    if stage.rows[-1].result != "ignored":
        raise ActionNotPossible(f"event {event} was to be refused, and was accepted")


def _reply(stage: Rehearsal, act: Act) -> None:
    payload, uncertain = act.value.get("payload", {}), act.value.get("uncertain", False)
    stage.reply(act.command, act.value[act.command], payload, uncertain=uncertain)


def _answer(stage: Rehearsal, act: Act) -> None:
    stage.answer(act.command, act.value[act.command], act.value.get("payload", {}))


KINDS: Mapping[str, Callable[[Rehearsal, Act], None]] = {
    "send": _send,
    "reply": _reply,
    "wait": lambda stage, act: stage.pass_time(milliseconds(act.value)),
    "stuck": lambda stage, act: stage.park(act.value),
    "retry": lambda stage, act: stage.retry(act.value),
    "skip": lambda stage, act: stage.skip(act.value),
    "answer": _answer,
    "move": lambda stage, act: stage.move(act.value),
}
"""Every kind of act but `expect`."""


def told(act: Act) -> str:
    """The act in a few words, for the way so far; payloads are left out."""
    if act.kind in ("reply", "answer"):
        maybe = " (uncertain)" if act.value.get("uncertain") else ""
        return f"{act.kind} {act.command}: {act.value[act.command]}{maybe}"
    if act.kind == "send":
        return f"send {act.value if isinstance(act.value, str) else act.value['event']}"
    return act.kind if act.kind == "expect" else f"{act.kind} {act.value}"
