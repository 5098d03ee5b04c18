"""What a person does to a saga by hand: retry, skip, answer, move, pause, resume. The reason stays in the history."""

from __future__ import annotations

import msgspec
from aiohttp import web

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
    given = await context_of(request).engine.mending.retry(
        handle, body.entry, payload=body.payload, metadata=body.metadata, actor=actor, reason=body.reason
    )
    return json_answer(EventAnswer.of(given))


async def skip(request: web.Request) -> web.Response:
    """`POST .../skip`: give an entry up; whoever waits for it goes on as if it were done."""
    handle, actor = _asked(request)
    body = await read_body(request, _SKIP)
    mending = context_of(request).engine.mending
    return json_answer(
        EventAnswer.of(await mending.skip(handle, body.entry, actor=actor, reason=body.reason))
    )


async def answer(request: web.Request) -> web.Response:
    """`POST .../answer`: give a command's reply in its receiver's place."""
    handle, actor = _asked(request)
    body = await read_body(request, _ANSWER)
    given = await context_of(request).engine.mending.answer(
        handle, body.entry, reply=body.reply, payload=body.payload, actor=actor, reason=body.reason
    )
    return json_answer(EventAnswer.of(given))


async def move(request: web.Request) -> web.Response:
    """`POST .../move`: put the saga into a state."""
    handle, actor = _asked(request)
    body = await read_body(request, _MOVE)
    mending = context_of(request).engine.mending
    return json_answer(
        EventAnswer.of(await mending.move(handle, body.state, actor=actor, reason=body.reason))
    )


async def pause(request: web.Request) -> web.Response:
    """`POST .../pause`: nothing of the saga becomes due; events are taken."""
    handle, actor = _asked(request)
    body = await read_body(request, _PAUSE)
    mending = context_of(request).engine.mending
    return json_answer(EventAnswer.of(await mending.pause(handle, actor=actor, reason=body.reason)))


async def resume(request: web.Request) -> web.Response:
    """`POST .../resume`: go on; timers have as much left as when the pause began."""
    handle, actor = _asked(request)
    body = await read_body(request, _RESUME)
    mending = context_of(request).engine.mending
    return json_answer(EventAnswer.of(await mending.resume(handle, actor=actor, reason=body.reason)))


def _asked(request: web.Request) -> tuple[str, str]:
    read_query(request, NoQuery)
    return read_handle(request), read_actor(request)
