"""`/api/v1/callbacks`: what providers said that no saga could be told, and what a person makes of it."""

from __future__ import annotations

import msgspec
from aiohttp import web

from engine.machine.names import iso
from engine.records import Record
from hub.callback_records import heard_in
from web.acts import note
from web.answers import json_answer
from web.bodies import read_body
from web.callback_shapes import CallbackList, CallbackQuery, CallbackRetried, DismissCallback, KeptCallback
from web.context import context_of
from web.cursors import cursor_for, place_of
from web.problems import Problem
from web.reading import read_actor, read_name, read_query

_DISMISS = msgspec.json.Decoder(DismissCallback)


async def list_callbacks(request: web.Request) -> web.Response:
    """`GET /api/v1/callbacks`: oldest first."""
    query = read_query(request, CallbackQuery)
    found = await context_of(request).callbacks.kept.page(
        state=query.state, provider=query.provider, after=place_of(query.cursor), limit=query.limit + 1
    )
    shown = found[: query.limit]
    cursor = cursor_for((shown[-1].at, shown[-1].id)) if len(found) > len(shown) else None
    return json_answer(CallbackList(items=[_shape(one) for one in shown], next_cursor=cursor))


async def retry_callback(request: web.Request) -> web.Response:
    """`POST /api/v1/callbacks/{callback}/retry`: looks for its saga once more."""
    record = await _record(request)
    saga_id = await context_of(request).callbacks.retry(record)
    await note(request, "callback.retry", f"callback {record.id}", after={"sagaId": saga_id})
    return json_answer(CallbackRetried(saga_id=saga_id))


async def dismiss_callback(request: web.Request) -> web.Response:
    """`POST /api/v1/callbacks/{callback}/dismiss`: a person has dealt with it."""
    asked = await read_body(request, _DISMISS)
    kept = context_of(request).callbacks.kept
    record = await kept.dismiss(await _record(request), actor=read_actor(request), reason=asked.reason)
    await note(request, "callback.dismiss", f"callback {record.id}", reason=asked.reason)
    return json_answer(_shape(record))


async def _record(request: web.Request) -> Record:
    record = await context_of(request).callbacks.kept.get(read_name(request, "callback"))
    if record is None:
        raise Problem("callback-not-found", "No callback is kept under this id.")
    return record


def _shape(record: Record) -> KeptCallback:
    notice, body = heard_in(record).notice, record.body
    return KeptCallback(
        id=record.id,
        state="dismissed" if record.tags["state"] == "dismissed" else "unmatched",
        provider=body["provider"],
        why=body["why"],
        about=notice.about,
        word=notice.word,
        payment_id=notice.payment_id,
        shop_transaction_id=notice.shop_transaction_id,
        refund_id=notice.refund_id,
        amount=notice.amount,
        currency=notice.currency,
        received=iso(record.at),
        body=body["body"],
        dismissed=body.get("dismissed"),
    )
