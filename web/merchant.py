"""`/api/v1/merchant-notifications`: what the merchant was told, and telling it once more."""

from __future__ import annotations

import orjson
from aiohttp import web

from engine.errors import ActionNotPossible
from engine.machine.names import iso
from hub.merchant_log import MerchantLog, Notification
from web.acts import note
from web.answers import json_answer
from web.context import context_of
from web.cursors import cursor_for, place_of
from web.merchant_shapes import MerchantNotification, NotificationList, NotificationQuery, NotificationTry
from web.problems import Problem
from web.reading import read_name, read_query
from web.requests import NoQuery


async def list_notifications(request: web.Request) -> web.Response:
    """`GET /api/v1/merchant-notifications`: newest first."""
    query = read_query(request, NotificationQuery)
    found = await _log(request).list(
        saga_id=query.saga_id, state=query.state, after=place_of(query.cursor), limit=query.limit + 1
    )
    shown = found[: query.limit]
    cursor = cursor_for((shown[-1].at, shown[-1].id)) if len(found) > len(shown) else None
    return json_answer(NotificationList(items=[_shape(one) for one in shown], next_cursor=cursor))


async def replay(request: web.Request) -> web.Response:
    """`POST /api/v1/merchant-notifications/{notification}/replay`: the same body under the same id, once."""
    read_query(request, NoQuery)
    return json_answer(_shape(await told_again(request, read_name(request, "notification"))))


async def told_again(request: web.Request, name: str) -> Notification:
    """The notification of this id after it was sent once more. Raises Problem: notification-not-found."""
    log = _log(request)
    found = await log.get(name)
    if found is None:
        raise Problem("notification-not-found", "No notification to the merchant has this id.")
    merchant = context_of(request).hub.merchant
    if merchant is None:
        raise ActionNotPossible("No merchant is configured: add `merchant:` to config.yaml.")
    _, tried = await merchant.post(found.id, orjson.dumps(found.body))
    await log.again(found, tried)
    await note(request, "merchant.replay", found.id, after={"said": tried.said})
    return await log.get(name) or found


def _log(request: web.Request) -> MerchantLog:
    return MerchantLog(context_of(request).engine.store.records)


def _shape(one: Notification) -> MerchantNotification:
    return MerchantNotification(
        id=one.id,
        saga_id=one.saga_id,
        state=one.state,
        at=iso(one.at),
        tries=[NotificationTry(at=iso(each.at), status=each.status, said=each.said) for each in one.tries],
        body=one.body,
    )
