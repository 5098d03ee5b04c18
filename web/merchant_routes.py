"""Routes of the notifications to the merchant."""

from __future__ import annotations

from web import merchant
from web.merchant_shapes import MerchantNotification, NotificationList, NotificationQuery
from web.route import Route

_PATH = "/api/v1/merchant-notifications"
_GROUP = "Messages"

MERCHANT = (
    Route(
        method="GET",
        path=_PATH,
        name="listMerchantNotifications",
        handler=merchant.list_notifications,
        group=_GROUP,
        summary="What the merchant was told",
        query=NotificationQuery,
        answer=NotificationList,
        errors=("invalid-cursor",),
    ),
    Route(
        method="POST",
        path=f"{_PATH}/{{notification}}/replay",
        name="replayMerchantNotification",
        handler=merchant.replay,
        group=_GROUP,
        summary="Tell the merchant once more",
        headers=("X-Actor",),
        answer=MerchantNotification,
        errors=("notification-not-found", "action-not-possible"),
    ),
)
