"""What callers of `/api/v1/callbacks` may send, and what they are answered."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from web.requests import Body, Cursor, Limit, Name, Query, Reason
from web.shapes import Shape


class CallbackQuery(Query):
    state: Annotated[
        Literal["unmatched", "dismissed"] | None, Meta(description="unmatched: a person has to look")
    ] = None
    provider: Name | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


class DismissCallback(Body):
    """A person has dealt with it."""

    reason: Reason


class KeptCallback(Shape):
    """What a provider said and no saga could be told. `body` is shortened, without data of a payment method."""

    id: str
    state: Literal["unmatched", "dismissed"]
    provider: str
    why: str
    about: str
    word: str | None
    payment_id: str | None
    shop_transaction_id: str | None
    refund_id: str | None
    amount: int | None
    currency: str | None
    received: str
    body: str
    dismissed: dict[str, Any] | None


class CallbackList(Shape):
    """Oldest first. `nextCursor` is null on the last page."""

    items: list[KeptCallback]
    next_cursor: str | None


class CallbackRetried(Shape):
    """`sagaId` is the saga that has it now, null if it still has none."""

    saga_id: str | None
