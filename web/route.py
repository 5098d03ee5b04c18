"""What a route is: all that the application and the OpenAPI document need to know of an operation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from aiohttp import web

from hub.access.roles import Role
from web.requests import Body, NoQuery, Query
from web.shapes import Shape

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Header = Literal["X-Actor", "Idempotency-Key"]
RouteRole = Role | Literal["usual", "everybody"]
Method = Literal["GET", "POST", "PATCH", "DELETE"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """An operation.

    Attributes:
        name: The operation's id.
        body, query: Structs that the request is checked against; None: not read.
        texts: Media types of a plain text that may be sent instead of `body`; then it may be left out too.
        form: The body is multipart/form-data with at least one file, in place of `body`.
        status: Of the answer when all went well.
        repeated: What the answer means when it comes with 200 instead of `status`; None: it never does.
        answer: The Struct of a JSON answer, or the media types of any other.
        errors: Codes that this operation adds to those of every operation.
        body_list, answer_list: It is a JSON array of these.
        role: Who may: "usual" is a viewer for what reads, and an operator for what changes; "everybody" is not asked.
    """

    method: Method
    path: str
    name: str
    handler: Handler
    group: str
    summary: str
    body: type[Body] | None = None
    texts: tuple[str, ...] = ()
    form: bool = False
    query: type[Query] | None = NoQuery
    headers: tuple[Header, ...] = ()
    status: int = 200
    repeated: str | None = None
    answer: type[Shape] | tuple[str, ...]
    errors: tuple[str, ...] = ()
    role: RouteRole = "usual"
    body_list: bool = False
    answer_list: bool = False

    @property
    def asked_role(self) -> Role | None:
        """The role that a caller must have; None: nobody is asked."""
        if self.role == "usual":
            return "viewer" if self.method == "GET" else "operator"
        return None if self.role == "everybody" else self.role

    @property
    def codes(self) -> tuple[str, ...]:
        """Every error code that this operation may answer."""
        access = (
            () if self.asked_role is None else _ASKED if self.method == "GET" else (*_ASKED, "csrf-refused")
        )
        common = (
            *_EVERYWHERE,
            *access,
            *(_READING if self.method == "GET" else _CHANGING) * (self.query is not None),
        )
        return tuple(dict.fromkeys((*self.errors, *common)))


_EVERYWHERE = ("host-refused", "expectation-failed", "internal", "card-data-refused")
_ASKED = ("login-required", "key-refused", "not-allowed", "store-unavailable", "invalid-header")
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
