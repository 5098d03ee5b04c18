"""The page at /: where the faces of this daemon are."""

from __future__ import annotations

from aiohttp import web

from web.pages.rendering import page
from web.pages.route import PageRoute


async def show_start(request: web.Request) -> web.StreamResponse:
    """`GET /`."""
    return page(request, "start.html")


START = (PageRoute(path="/", handler=show_start, role=None),)
