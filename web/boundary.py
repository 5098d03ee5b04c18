"""The one middleware: every request passes the gate here, and every error leaves as a problem."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web
from aiohttp.web_exceptions import HTTPException
from aiohttp.web_request import BaseRequest

from engine.errors import EngineError
from web.card_guard import guard_address
from web.context import Context, context_of
from web.problems import Problem, answer, of_engine, of_http

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

UNMATCHED = "unmatched"
"""The route label of paths that are none of ours, so that a scanner makes no time series."""

_log = structlog.get_logger("sagaloom.web")


@web.middleware
async def boundary(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer the request, count it, and turn what was raised into a problem."""
    context = context_of(request)
    now = asyncio.get_running_loop().time
    started = now()
    try:
        context.gate.check(request)
        guard_address(request)
        response = await handler(request)
    except Exception as error:
        response = answer(problem_of(error, context), request.rel_url.raw_path)
    if context.gate.leaving:
        response.force_close()
    context.tallies.request(request.method, _route(request), response.status, now() - started)
    return response


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return UNMATCHED if resource is None else resource.canonical


def problem_of(error: Exception, context: Context) -> Problem:
    """What was raised, as a problem; a bug is logged and becomes an incident."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, EngineError):
        return of_engine(error)
    if isinstance(error, HTTPException):
        return of_http(error)
    return _incident(error, context.engine.ids.new())


def _incident(error: Exception, incident: str) -> Problem:
    """A bug: the place goes to the log, the id to the caller. An exception's text may quote a payload."""
    frames = traceback.extract_tb(error.__traceback__)
    _log.error(
        "request failed",
        incident=incident,
        exception=type(error).__qualname__,
        where=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    )
    return Problem("internal", f"A fault of this daemon; its log has incident {incident}.")


def refused_by_parser(request: BaseRequest, status: int, error: BaseException | None) -> web.Response:
    """What did not even parse as HTTP, or failed outside every handler."""
    if status < web.HTTPInternalServerError.status_code:
        problem = Problem("bad-http", "The request is not well-formed HTTP.")
    else:
        _log.error("connection failed", exception=type(error).__qualname__)
        problem = Problem("internal", "A fault of this daemon outside the application.")
    response = answer(problem, request.rel_url.raw_path)
    response.force_close()
    return response
