"""What a person does to a saga by hand: retry, skip, answer, move. The reason stays in the history."""

from __future__ import annotations

import msgspec
from aiohttp import web

from web.answers import json_answer
from web.context import context_of
from web.reading import read_actor, read_body, read_handle, read_query
from web.requests import AnswerEntry, MoveSaga, NoQuery, RetryEntry, SkipEntry
from web.shapes import EventAnswer

_RETRY = msgspec.json.Decoder(RetryEntry)
_SKIP = msgspec.json.Decoder(SkipEntry)
_ANSWER = msgspec.json.Decoder(AnswerEntry)
_MOVE = msgspec.json.Decoder(MoveSaga)


async def retry(request: web.Request) -> web.Response:
    """`POST .../retry`: try the parked entries, or the one named, again from the first try on."""
    handle, actor = _asked(request)
    body = await read_body(request, _RETRY)
    runner = context_of(request).engine.runner
    return json_answer(
        EventAnswer.of(await runner.retry(handle, body.entry, actor=actor, reason=body.reason))
    )


async def skip(request: web.Request) -> web.Response:
    """`POST .../skip`: give an entry up; the saga stays where it is."""
    handle, actor = _asked(request)
    body = await read_body(request, _SKIP)
    runner = context_of(request).engine.runner
    return json_answer(EventAnswer.of(await runner.skip(handle, body.entry, actor=actor, reason=body.reason)))


async def answer(request: web.Request) -> web.Response:
    """`POST .../answer`: give a command's reply in its receiver's place."""
    handle, actor = _asked(request)
    body = await read_body(request, _ANSWER)
    given = await context_of(request).engine.runner.answer(
        handle, body.entry, reply=body.reply, payload=body.payload, actor=actor, reason=body.reason
    )
    return json_answer(EventAnswer.of(given))


async def move(request: web.Request) -> web.Response:
    """`POST .../move`: put the saga into a state."""
    handle, actor = _asked(request)
    body = await read_body(request, _MOVE)
    runner = context_of(request).engine.runner
    return json_answer(EventAnswer.of(await runner.move(handle, body.state, actor=actor, reason=body.reason)))


def _asked(request: web.Request) -> tuple[str, str]:
    read_query(request, NoQuery)
    return read_handle(request), read_actor(request)
