"""Errors as RFC 9457 problem details: the catalogue of codes, and one error as an answer.

Nothing here looks into a request beyond its path, and no problem ever quotes a body. The boundary
turns exceptions into problems; handlers and readers raise `Problem`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote

import orjson
from aiohttp import web
from multidict import CIMultiDict

from engine.definition.findings import Finding
from engine.errors import EngineError, Invalid, PayloadInvalid
from hub.cards import holds_card_number, masked
from web.answers import SECURITY_HEADERS

ERRORS_PAGE = "/documentation/errors"
RETRY_AFTER = "1"
"""Seconds. What is unavailable is a store that restarts or a daemon that is being replaced."""

DETAIL_LIMIT = 300

_ORIGINALS = ("/v3/", "/pgm-bff/", "/saga/", "/rule", "/check", "/adaptive-checkout/", "/send")
"""Paths of the original, whose errors have names of their own; they come beside ours."""

PROBLEM_LIMIT = 100
"""A list of a million wrong items is mended by reading the first few problems."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A row of the catalogue: what an error code means, wherever it comes up."""

    code: str
    status: int
    title: str
    meaning: str


class Problem(Exception):
    """An error of this layer, by its code in the catalogue.

    `detail` is a sentence for a person and never holds a value from a body.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        problems: Sequence[str] = (),
        findings: Sequence[Finding] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = CATALOGUE[code]
        self.detail = detail
        self.problems = tuple(problems)
        self.findings = tuple(findings)
        self.headers = dict(headers or {})


def answer(problem: Problem, instance: str) -> web.Response:
    """The problem as application/problem+json; `instance` is the path that was asked for."""
    kind = problem.kind
    body = {
        "type": f"{ERRORS_PAGE}#{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": printable(problem.detail),
        "code": kind.code,
        "instance": printable(masked(unquote(instance)))
        if holds_card_number(unquote(instance))
        else printable(instance),
    }
    if instance.startswith(_ORIGINALS):  # what callers of the original read
        body |= {"statusCode": kind.status, "error": kind.title, "message": body["detail"]}
    if problem.problems:
        body["problems"] = [printable(each) for each in problem.problems[:PROBLEM_LIMIT]]
    if problem.findings:
        body["findings"] = [_finding(each) for each in problem.findings[:PROBLEM_LIMIT]]
    headers = CIMultiDict(PROBLEM_HEADERS)
    headers.update(problem.headers)
    if kind.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = RETRY_AFTER
    return web.Response(body=orjson.dumps(body), status=kind.status, headers=headers)


def _finding(finding: Finding) -> dict[str, object]:
    texts = {
        name: printable(getattr(finding, name)) for name in ("code", "severity", "message", "file", "path")
    }
    fix = printable(finding.fix) if finding.fix is not None else None
    return {**texts, "line": finding.line, "column": finding.column, "fix": fix}


def of_engine(error: EngineError) -> Problem:
    """An engine error under its own code and status."""
    problems = (error.problems or (str(error),)) if isinstance(error, PayloadInvalid) else ()
    findings = error.findings if isinstance(error, Invalid) else ()
    return Problem(error.code, str(error), problems=problems, findings=findings)


def of_http(error: web.HTTPException) -> Problem:
    """What aiohttp itself refuses: unknown paths, wrong methods, bodies that are too large."""
    code = BY_STATUS.get(error.status, "bad-http")
    kept = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
    return Problem(code, CATALOGUE[code].meaning, headers=kept)


def printable(text: str) -> str:
    """Bounded text that encodes as UTF-8, whatever it was made of."""
    clean = text.encode("utf-8", "replace").decode()
    return clean if len(clean) <= DETAIL_LIMIT else clean[: DETAIL_LIMIT - 1] + "…"


def leaves(error: type[EngineError] = EngineError) -> Iterator[type[EngineError]]:
    """Every engine error that has a code of its own."""
    if "code" in vars(error):
        yield error
    for child in error.__subclasses__():
        yield from leaves(child)


def _engine_kind(error: type[EngineError]) -> Kind:
    title = error.code.replace("-", " ").capitalize()
    meaning = " ".join((error.__doc__ or title).split())
    return Kind(code=error.code, status=error.http_status, title=title, meaning=meaning)


_WEB = (
    ("invalid-json", 400, "Invalid JSON", "The body is not one JSON value in UTF-8."),
    ("invalid-request", 400, "Invalid request", "The body has unknown or missing fields, or values of a wrong type."),
    ("invalid-text", 400, "Invalid text", "A text holds a NUL character, a lone surrogate or bytes that are not UTF-8."),
    ("invalid-query", 400, "Invalid query", "A query parameter is unknown, repeated or has a wrong value."),
    ("invalid-cursor", 400, "Invalid cursor", "The cursor is not one that this listing answered."),
    ("invalid-header", 400, "Invalid header", "A request header is too long or holds characters that cannot be printed."),
    ("json-too-deep", 400, "JSON too deep", "The body is nested more than 64 levels deep."),
    ("number-out-of-range", 400, "Number out of range", "An integer does not fit into 64 bits, or a number is not finite."),
    ("machine-required", 400, "Machine required", "No default machine is configured: name one."),
    ("bad-http", 400, "Bad HTTP request", "The request is not well-formed HTTP, or its body is broken off or badly encoded."),
    ("callback-unreadable", 400, "Callback unreadable", "The callback is signed right and is none that we know."),
    ("callback-refused", 401, "Callback refused", "The callback does not prove that the provider sent it."),
    ("login-required", 401, "Login required", "This is for those who are known: log in, or send an API key."),
    ("key-refused", 401, "API key refused", "There is no such API key, or it was revoked."),
    ("not-allowed", 403, "Not allowed", "Your role does not allow this."),
    ("csrf-refused", 403, "Form refused", "The form does not carry the token of this login."),
    ("origin-refused", 403, "Origin refused", "A page of another origin may not send requests that change something."),
    ("not-found", 404, "Not found", "There is nothing at this path."),
    ("user-not-found", 404, "User not found", "There is no user of this name."),
    ("key-not-found", 404, "API key not found", "There is no API key of this id."),
    ("callback-not-found", 404, "Callback not found", "No callback is kept under this id."),
    ("notification-not-found", 404, "Notification not found", "No notification to the merchant has this id."),
    ("rule-not-found", 404, "Rule not found", "There is no checkout rule of this id."),
    ("no-rule-matches", 404, "No rule matches", "No checkout rule of this type matches the data."),
    ("method-not-allowed", 405, "Method not allowed", "The path exists and does not take this method."),
    ("request-timeout", 408, "Request timeout", "The body did not arrive in time."),
    ("body-too-large", 413, "Body too large", "The body is larger than this daemon takes."),
    ("unsupported-media-type", 415, "Unsupported media type", "Bodies are application/json in UTF-8."),
    ("mail-not-configured", 409, "Mail not configured", "The configuration names no mail server."),
    ("mail-refused", 422, "Mail refused", "The mail can never be sent as it is: an address, a header, its size, or the mail server's no."),
    ("provider-refused", 422, "Provider refused", "The provider cannot do this as it is asked; nothing happened."),
    ("card-data-refused", 422, "Card data refused", "A value is a card number; card data go to the provider, never through here."),
    ("expectation-failed", 417, "Expectation failed", "The Expect header asks for something other than 100-continue."),
    ("host-refused", 421, "Host refused", "The daemon listens on this machine only, and the Host header names another."),
    ("too-many-requests", 429, "Too many requests", "This key or address has sent more than it may in a minute."),
    ("not-configured", 501, "Not configured", "The configuration does not have what this needs."),
    ("internal", 500, "Internal error", "A fault of this daemon. The incident id is in its log."),
    ("provider-misconfigured", 502, "Provider misconfigured", "The provider refuses our own account or credentials; nothing happened."),
    ("outcome-unknown", 503, "Outcome unknown", "The provider has not said what became of the request; sending it again is safe."),
    ("export-failed", 503, "Export failed", "The file could not be written, because the disk is full or a process cannot be started."),
    ("not-ready", 503, "Not ready", "The daemon cannot take work now."),
)  # fmt: skip

CATALOGUE: Mapping[str, Kind] = {
    **{
        code: Kind(code=code, status=status, title=title, meaning=meaning)
        for code, status, title, meaning in _WEB
    },
    **{error.code: _engine_kind(error) for error in leaves()},
}

BY_STATUS = {
    404: "not-found",
    405: "method-not-allowed",
    413: "body-too-large",
    417: "expectation-failed",
}

PROBLEM_HEADERS = CIMultiDict({**SECURITY_HEADERS, "Content-Type": "application/problem+json"})
