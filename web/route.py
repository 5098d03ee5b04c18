"""What a route is: all that the application and the OpenAPI document need to know of an operation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from aiohttp import web

from web.requests import Body, NoQuery, Query
from web.shapes import Shape

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Header = Literal["X-Actor", "Idempotency-Key"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """An operation.

    Attributes:
        name: The operation's id.
        body, query: Structs that the request is checked against; None: not read.
        texts: Media types of a plain text that may be sent instead of `body`; then it may be left out too.
        status: Of the answer when all went well.
        repeated: What the answer means when it comes with 200 instead of `status`; None: it never does.
        answer: The Struct of a JSON answer, or the media types of any other.
        errors: Codes that this operation adds to those of every operation.
    """

    method: Literal["GET", "POST"]
    path: str
    name: str
    handler: Handler
    group: str
    summary: str
    body: type[Body] | None = None
    texts: tuple[str, ...] = ()
    query: type[Query] | None = NoQuery
    headers: tuple[Header, ...] = ()
    status: int = 200
    repeated: str | None = None
    answer: type[Shape] | tuple[str, ...]
    errors: tuple[str, ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        """Every error code that this operation may answer."""
        common = (*_EVERYWHERE, *(_READING if self.method == "GET" else _CHANGING) * (self.query is not None))
        return tuple(dict.fromkeys((*self.errors, *common)))


_EVERYWHERE = ("host-refused", "expectation-failed", "internal")
_READING = ("invalid-query", "store-unavailable")
_CHANGING = (
    *_READING,
    "invalid-header",
    "invalid-json",
    "invalid-request",
    "invalid-text",
    "json-too-deep",
    "number-out-of-range",
    "bad-http",
    "origin-refused",
    "request-timeout",
    "body-too-large",
    "unsupported-media-type",
    "draining",
)
