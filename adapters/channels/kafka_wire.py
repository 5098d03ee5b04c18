"""What Kafka messages mean: commands out, events in, dead letters. Pure; no client library here.

The format is the Flow Manager's, in both directions: key = saga id, value = {"messageLabel",
"messagePayload"} as JSON (its documentation, "Kafka communication protocol").
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from engine.model import Delivery, Event

Headers = Sequence[tuple[str, bytes]]

ID_HEADER = "idempotency-key"
DEPTH_LIMIT = 64
"""As at the HTTP door: what the store writes must be read again by every JSON library."""
ID_LIMIT = 300
REASON_LIMIT = 500
_LONG_NUMBER = re.compile(rb"[0-9]{19}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What goes to a topic."""

    key: bytes | None
    value: bytes | None
    headers: Headers = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What came from a topic, and where it stood."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class Poison(Exception):
    """A message that is no event, however often it comes. `str` is a sentence that holds nothing of it."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class _Told(msgspec.Struct, rename="camel"):
    message_label: str
    message_payload: dict[str, Any] | None = None


_VALUE = msgspec.json.Decoder(_Told)


def command(delivery: Delivery) -> Message:
    """The message of a command or side effect. Raises ValueError, TypeError, RecursionError: it is no JSON."""
    value = {"messageLabel": delivery.name, "messagePayload": delivery.payload}
    written = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return Message(
        key=delivery.saga_id.encode(),
        value=written.encode(),
        headers=((ID_HEADER, delivery.id.encode()), ("saga-id", delivery.saga_id.encode())),
    )


def event(arrival: Arrival, *, actor: str) -> tuple[str, Event]:
    """The saga's handle and the event. Its id is the sender's (header idempotency-key), else its place.

    Raises:
        Poison: It is no event.
    """
    handle = _text(arrival.key or b"", "no-key", "the message has no key that names a saga")
    told = _value(arrival.value)
    id_ = _sender_id(arrival.headers) or f"{arrival.topic}-{arrival.partition}-{arrival.offset}"
    return handle, Event(name=told.message_label, payload=told.message_payload or {}, id=id_, actor=actor)


def has_own_id(arrival: Arrival) -> bool:
    """Whether the sender gave the event an id."""
    return any(name.lower() == ID_HEADER for name, _ in arrival.headers)


def dead_letter(arrival: Arrival, poison: Poison, *, whole: bool = True) -> Message:
    """The message as it came, with the reason and its place in headers; not `whole`: without its value."""
    said = {
        "reason": str(poison)[:REASON_LIMIT],
        "code": poison.code,
        "topic": arrival.topic,
        "partition": str(arrival.partition),
        "offset": str(arrival.offset),
    }
    ours = [(f"dead-letter-{name}", text.encode(errors="replace")) for name, text in said.items()]
    return Message(key=arrival.key, value=arrival.value if whole else None, headers=(*arrival.headers, *ours))


def _value(raw: bytes | None) -> _Told:
    if not raw:
        raise Poison("invalid-json", "the message has no value")
    try:
        told = _VALUE.decode(raw)
    except msgspec.ValidationError as error:  # names the field and the type, never a value
        raise Poison("invalid-message", f"the value is not an event: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Poison("invalid-json", "the value is not JSON in UTF-8") from None
    if not told.message_label:
        raise Poison("invalid-message", "messageLabel is empty")
    if b"\\u" in raw or raw.count(b"{") + raw.count(b"[") > DEPTH_LIMIT or _LONG_NUMBER.search(raw):
        _check([told.message_label, told.message_payload])
    return told


def _check(level: list[Any]) -> None:
    """Raises Poison for what a store or a reader could not take: depth, NUL, integers beyond 64 bits."""
    for _ in range(DEPTH_LIMIT):
        level = [child for value in level for child in _children(value)]
        if not level:
            return
    raise Poison("json-too-deep", f"the value is nested more than {DEPTH_LIMIT} levels deep")


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    if isinstance(value, list):
        return value
    if isinstance(value, str) and "\0" in value:
        raise Poison("invalid-text", "a text in the value holds a NUL character")
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise Poison("number-out-of-range", "an integer in the value does not fit into 64 bits")
    return ()


def _sender_id(headers: Headers) -> str | None:
    """The last header wins, as Kafka's own `lastHeader` has it."""
    for name, raw in reversed(headers):
        if name.lower() == ID_HEADER:
            return _text(raw or b"", "invalid-header", "the header idempotency-key is no printable text")
    return None


def _text(raw: bytes, code: str, sentence: str) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise Poison(code, sentence) from None
    if not text.strip() or not text.isprintable() or len(text) > ID_LIMIT:
        raise Poison(code, sentence)
    return text
