"""What a page shows when its handler raises: the problem in words, with the same status as the API has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps

from aiohttp import web
from aiohttp.web_exceptions import HTTPRedirection

from web.answers import see_other
from web.boundary import problem_of
from web.context import context_of
from web.pages.rendering import page
from web.problems import Problem

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def as_page(handler: Handler) -> Handler:
    """The handler, its errors told as a page; a fragment that htmx asked for gets a fragment."""

    @wraps(handler)
    async def told(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except HTTPRedirection as found:
            return see_other(found.headers["Location"])
        except Exception as error:
            return fault_page(request, problem_of(error, context_of(request)))

    return told


def fault_page(request: web.Request, problem: Problem) -> web.Response:
    """The problem as a page, or as a fragment of one."""
    template = "parts/problem.html" if "HX-Request" in request.headers else "problem.html"
    answer = page(request, template, {"problem": problem}, status=problem.kind.status)
    answer.headers.update(problem.headers)
    return answer
