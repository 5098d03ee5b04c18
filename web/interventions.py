"""What a person does to a saga by hand: retry, skip, answer, move, pause, resume. The reason stays in the history."""

from __future__ import annotations

import msgspec
from aiohttp import web

from engine.model import Answer, Json
from web.acts import note
from web.answers import json_answer
from web.bodies import read_body
from web.context import context_of
from web.reading import read_actor, read_handle, read_query
from web.requests import AnswerEntry, MoveSaga, NoQuery, PauseSaga, ResumeSaga, RetryEntry, SkipEntry
from web.shapes import EventAnswer

_RETRY = msgspec.json.Decoder(RetryEntry)
_SKIP = msgspec.json.Decoder(SkipEntry)
_ANSWER = msgspec.json.Decoder(AnswerEntry)
_MOVE = msgspec.json.Decoder(MoveSaga)
_PAUSE = msgspec.json.Decoder(PauseSaga)
_RESUME = msgspec.json.Decoder(ResumeSaga)


async def retry(request: web.Request) -> web.Response:
    """`POST .../retry`: try the parked entries, or the one named, again from the first try on."""
    handle, actor = _asked(request)
    body = await read_body(request, _RETRY)
    before = await _standing(request, handle)
    given = await context_of(request).engine.mending.retry(
        handle, body.entry, payload=body.payload, metadata=body.metadata, actor=actor, reason=body.reason
    )
    changed = {"payload": body.payload is not None, "metadata": sorted(body.metadata or {})}
    return await _noted(request, "saga.retry", before, given, body.reason, entry=body.entry, changed=changed)


async def skip(request: web.Request) -> web.Response:
    """`POST .../skip`: give an entry up; whoever waits for it goes on as if it were done."""
    handle, actor = _asked(request)
    body = await read_body(request, _SKIP)
    before = await _standing(request, handle)
    mending = context_of(request).engine.mending
    given = await mending.skip(handle, body.entry, actor=actor, reason=body.reason)
    return await _noted(request, "saga.skip", before, given, body.reason, entry=body.entry)


async def answer(request: web.Request) -> web.Response:
    """`POST .../answer`: give a command's reply in its receiver's place."""
    handle, actor = _asked(request)
    body = await read_body(request, _ANSWER)
    before = await _standing(request, handle)
    given = await context_of(request).engine.mending.answer(
        handle, body.entry, reply=body.reply, payload=body.payload, actor=actor, reason=body.reason
    )
    return await _noted(
        request, "saga.answer", before, given, body.reason, entry=body.entry, reply=body.reply
    )


async def move(request: web.Request) -> web.Response:
    """`POST .../move`: put the saga into a state."""
    handle, actor = _asked(request)
    body = await read_body(request, _MOVE)
    before = await _standing(request, handle)
    mending = context_of(request).engine.mending
    given = await mending.move(handle, body.state, actor=actor, reason=body.reason)
    return await _noted(request, "saga.move", before, given, body.reason)


async def pause(request: web.Request) -> web.Response:
    """`POST .../pause`: nothing of the saga becomes due; events are taken."""
    handle, actor = _asked(request)
    body = await read_body(request, _PAUSE)
    before = await _standing(request, handle)
    mending = context_of(request).engine.mending
    given = await mending.pause(handle, actor=actor, reason=body.reason)
    return await _noted(request, "saga.pause", before, given, body.reason)


async def resume(request: web.Request) -> web.Response:
    """`POST .../resume`: go on; timers have as much left as when the pause began."""
    handle, actor = _asked(request)
    body = await read_body(request, _RESUME)
    before = await _standing(request, handle)
    mending = context_of(request).engine.mending
    given = await mending.resume(handle, actor=actor, reason=body.reason)
    return await _noted(request, "saga.resume", before, given, body.reason)


async def _standing(request: web.Request, handle: str) -> Json:
    store = context_of(request).engine.store
    saga = await store.load(await store.find(handle))
    return {"state": saga.state, "version": saga.version}


async def _noted(
    request: web.Request, action: str, before: Json, given: Answer, reason: str, **more: object
) -> web.Response:
    """The answer, once the audit log has it. What was sent to whom stands in the saga, not there."""
    after: Json = {"state": given.state, "version": given.version}
    after |= {name: value for name, value in more.items() if value is not None}
    await note(request, action, f"saga {given.saga_id}", reason=reason, before=before, after=after)
    return json_answer(EventAnswer.of(given))


def _asked(request: web.Request) -> tuple[str, str]:
    read_query(request, NoQuery)
    return read_handle(request), read_actor(request)
