"""Files as answers: what kind they are, under which name a browser saves them, and what it never shows."""

from __future__ import annotations

import mimetypes
from pathlib import PurePath
from urllib.parse import quote

from aiohttp import web

from web.answers import raw_answer

_SHOWN = frozenset(
    {"application/pdf", "image/gif", "image/jpeg", "image/png", "image/webp", "text/csv", "text/plain"}
)
"""What a browser may show in its window. Anything else is saved: HTML and SVG could run scripts as ours."""

ANY_FILE = ("application/octet-stream", *sorted(_SHOWN))


def file_answer(content: bytes, name: str, *, save: bool) -> web.Response:
    """The file under its name, shown only if that is harmless."""
    kind = mimetypes.guess_type(PurePath(name).name)[0] or ""
    kind = kind if kind in _SHOWN else "application/octet-stream"
    answer = raw_answer(content, f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)
    return attachment(answer, name, kind="inline" if kind in _SHOWN and not save else "attachment")


def attachment(answer: web.Response, name: str, *, kind: str = "attachment") -> web.Response:
    """The answer with the name it is to be saved under, as RFC 6266 has it."""
    plain = "".join(
        letter if letter.isascii() and letter.isprintable() and letter not in '"\\%' else "_"
        for letter in name
    )
    exact = f"; filename*=UTF-8''{quote(name, safe='')}" if plain != name else ""
    answer.headers["Content-Disposition"] = f'{kind}; filename="{plain}"{exact}'
    return answer
