"""What callers of `/api/v1/merchant-notifications` may ask, and what they are answered."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from hub.merchant_log import State
from web.requests import Cursor, Limit, Name, Query
from web.shapes import Shape


class NotificationQuery(Query):
    saga_id: Name | None = None
    state: Annotated[
        State | None,
        Meta(description="failing: it is tried again; refused: it is not, a person may replay it"),
    ] = None
    limit: Limit = 50
    cursor: Cursor | None = None


class NotificationTry(Shape):
    """One try; `status` is HTTP's, null if there was no answer."""

    at: str
    status: int | None
    said: str


class MerchantNotification(Shape):
    """What the merchant was told, and how that went. `id` is the webhook-id; `body` is what is sent."""

    id: str
    saga_id: str
    state: State
    at: str
    tries: list[NotificationTry]
    body: dict[str, Any]


class NotificationList(Shape):
    """Newest first. `nextCursor` is null on the last page."""

    items: list[MerchantNotification]
    next_cursor: str | None
