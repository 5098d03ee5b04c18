"""What the console's templates may speak of beside the standard names: durations, parts of paths, JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from aiohttp import web

from engine.model import Millis
from web.pages.rendering import page
from web.pages.texts import Texts, language_of, texts_in

_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000))


def show(
    request: web.Request, template: str, names: Mapping[str, Any] | None = None, *, status: int = 200
) -> web.Response:
    """A page of the console, or a fragment of one."""
    texts = texts_in(language_of(request))
    more = {
        "part": part,
        "lasting": lambda amount: lasting(amount, texts),
        "indented": indented,
        "search": search,
        "said": done_text(request, texts),
    }
    return page(request, f"console/{template}", {**more, **(names or {})}, status=status)


def is_fragment(request: web.Request) -> bool:
    """Whether htmx asks for a part of the page that it has."""
    return "HX-Request" in request.headers


def part(text: object) -> str:
    """A text as one part of a path."""
    return quote(str(text), safe="")


def search(names: Mapping[str, object]) -> str:
    """`?a=b&c=d` of what is there, "" of nothing."""
    kept = {name: value for name, value in names.items() if value not in (None, "")}
    return f"?{urlencode(kept)}" if kept else ""


def indented(value: object) -> str:
    """JSON for people. Integers beyond 64 bits do not come up: metadata are checked when they come in."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode()


def lasting(amount: Millis, texts: Texts) -> str:
    """90000 -> "1 min 30 s": the two largest units."""
    if amount < 1_000:
        return f"{amount} ms"
    said: list[tuple[int, str]] = []
    for name, size in _UNITS:
        count, amount = divmod(amount, size)
        if count or said:
            said.append((count, texts(f"console.unit.{name}")))
    return " ".join(f"{count} {unit}" for count, unit in said[:2] if count)


def done_text(request: web.Request, texts: Texts) -> str | None:
    """What `?done=` says was done, after the form that did it; None if it says nothing that is known."""
    return texts.or_none(f"console.done.{request.query.get('done', '')}")
