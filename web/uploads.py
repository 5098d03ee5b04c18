"""Reading multipart/form-data: files of bounded size and fields beside them. What is bad is refused with a problem."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web
from aiohttp.multipart import MultipartReader

from web.card_guard import guard_body
from web.context import context_of
from web.problems import Problem

MOST_PARTS = 50
LARGEST_FIELD = 10_000
_PATIENCE = 3
"""A file may take this many times as long as a body of JSON."""

_PIECE = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What a form brought: files by the names their owners give them, and fields."""

    files: list[tuple[str, bytes]] = field(default_factory=list, repr=False)
    fields: dict[str, Any] = field(default_factory=dict, repr=False)


async def read_upload(request: web.Request, *, largest: int, largest_field: int = LARGEST_FIELD) -> Upload:
    """The whole form; no file of it is larger than `largest`.

    Raises:
        Problem: unsupported-media-type, body-too-large, request-timeout, bad-http, invalid-text, invalid-request
            or card-data-refused.
    """
    if request.content_type != "multipart/form-data":
        raise Problem("unsupported-media-type", "Send the file as multipart/form-data.")
    try:
        async with asyncio.timeout(_PATIENCE * context_of(request).body_seconds):
            upload = await _parts(await request.multipart(), largest, largest_field)
    except TimeoutError:
        raise Problem("request-timeout", "The files did not arrive in time.") from None
    except UnicodeDecodeError:
        raise Problem("invalid-text", "A field of the form is not UTF-8.") from None
    except (ValueError, AssertionError, LookupError, RuntimeError, ConnectionError, web.RequestPayloadError):
        raise Problem("bad-http", "The form is broken off or badly encoded.") from None
    guard_body(upload.fields)
    if not upload.files:
        raise Problem("invalid-request", "The form holds no file.")
    return upload


async def _parts(form: MultipartReader, largest: int, largest_field: int) -> Upload:
    upload, count = Upload(), 0
    while (part := await form.next()) is not None:
        count += 1
        if count > MOST_PARTS or not isinstance(part, BodyPartReader):
            raise Problem("invalid-request", f"A form has at most {MOST_PARTS} parts, none of them nested.")
        if part.filename is not None:
            upload.files.append((part.filename, await _content(part, largest)))
        elif part.name:
            upload.fields[part.name] = (await _content(part, largest_field)).decode()
    return upload


async def _content(part: BodyPartReader, largest: int) -> bytes:
    found = bytearray()
    while piece := await part.read_chunk(_PIECE):
        found += piece
        if len(found) > largest:
            raise Problem("body-too-large", f"A part of the form is larger than {largest} bytes.")
    return bytes(found)
