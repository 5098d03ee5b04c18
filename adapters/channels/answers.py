"""What an HTTP answer to a command means: accepted, or an event in the body; and Retry-After.

Reads, never writes; no I/O but the body's bytes. Called by rest.py.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

from engine.model import Delivery, Done, Failed, Millis, Outcome

# The limit of POST /event: an event that is larger would be refused there too.
BODY_LIMIT = 1_000_000
# A receiver may ask for patience, but must not put a saga to sleep for days.
LONGEST_WAIT: Millis = 3_600_000


async def read_answer(body: AsyncIterator[bytes], delivery: Delivery) -> Outcome:
    """The outcome of a 2xx answer, whose body comes in chunks. What is not an event, or is larger than 1 MB, only says "accepted"."""
    raw = await _read(body)
    answer = _parse(raw) if raw else None
    if not isinstance(answer, dict):
        return Done()
    if "value" in answer and "key" in answer:
        if answer["key"] != delivery.saga_id:
            return Failed(reason="the answer is an event of another saga")
        answer = answer["value"]
    return _event(answer)


def retry_after(headers: Mapping[str, str]) -> Millis | None:
    """Milliseconds that the receiver asks for, at most an hour; None if it does not say.

    A date is compared with the answer's own Date, so that no clock is needed (RFC 9110, 10.2.3).
    """
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return min(int(value[:9]) * 1_000, LONGEST_WAIT)
    try:
        then, sent = parsedate_to_datetime(value), parsedate_to_datetime(headers.get("Date", ""))
        wait = int((then - sent).total_seconds() * 1_000)
    except (TypeError, ValueError, OverflowError):
        return None
    return max(0, min(wait, LONGEST_WAIT))


async def _read(body: AsyncIterator[bytes]) -> bytes:
    collected = bytearray()
    async for chunk in body:
        collected += chunk
        if len(collected) > BODY_LIMIT:
            return b""
    return bytes(collected)


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are not JSON


def _event(answer: Any) -> Outcome:
    label = answer.get("messageLabel") if isinstance(answer, dict) else None
    if not isinstance(label, str) or not label:
        return Done()
    payload = answer.get("messagePayload")
    if payload is not None and not isinstance(payload, dict):
        return Failed(reason="the answer is an event whose messagePayload is not an object")
    return Done(event=label, payload=payload or {})
