"""What providers send on their own: from a callback's body to the event of the saga it is about.

Pure; the web layer calls it for /v3/{provider}/callback and hands the result to the runner. Today for
the sandbox, which has nothing to sign with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from engine.errors import PayloadInvalid
from engine.model import Event
from hub.cards import holds_card_number

_EVENTS = {"executed": "paymentExecuted", "failed": "paymentFailed"}
_LONGEST = 200


class Callback(NamedTuple):
    """The key of the saga (its paymentId) and what happened."""

    handle: str
    event: Event


def sandbox_callback(body: Mapping[str, object]) -> Callback:
    """Read `{paymentId, result: executed|failed, id?}`, from JSON or from a query string.

    The event's id comes from `id`, else from payment and result, so a repeated callback is one event.
    Other fields are ignored and not kept.

    Raises:
        PayloadInvalid: A field is missing or wrong, or the body holds a card number.
    """
    payment_id, result = _text(body, "paymentId"), _text(body, "result")
    if result not in _EVENTS:
        raise PayloadInvalid("sandbox callback: result is neither executed nor failed")
    if holds_card_number(dict(body)):
        raise PayloadInvalid("sandbox callback: it holds a card number")
    its_id = _text(body, "id") if body.get("id") is not None else f"{payment_id}-{result}"
    event = Event(
        name=_EVENTS[result], payload={"paymentId": payment_id}, id=f"sandbox:{its_id}", actor="sandbox"
    )
    return Callback(payment_id, event)


def _text(body: Mapping[str, object], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
        raise PayloadInvalid(
            f"sandbox callback: {name} is missing or is not a text of 1 to {_LONGEST} characters"
        )
    return value
