"""Where people are sent who have to log in first, and where they go on to afterwards: never to another site."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from aiohttp import web

from web.answers import see_other
from web.guards import SAFE_METHODS
from web.pages.rendering import page

LOGIN = "/login"
_NOT_AGAIN = ("/login", "/logout", "/preferences")


def to_login(request: web.Request) -> web.StreamResponse:
    """The login page, or for a fragment that htmx asked for: the order to go there.

    A link on another site (in a mail) comes without the session's cookie, which is SameSite=Strict: such a
    request is made once more from a page of our own, and then has it.
    """
    if "HX-Request" in request.headers:
        return web.Response(status=401, headers={"HX-Redirect": _login(_path_of(request, "HX-Current-URL"))})
    if request.method not in SAFE_METHODS:
        return see_other(_login(_path_of(request, "Referer")))
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        return page(request, "access/again.html")
    return see_other(_login(local(request.rel_url.raw_path_qs)))


def local(path: str | None) -> str:
    """The path if it stays on this daemon, else "/".

    Browsers take a backslash for a slash and drop tabs and line breaks, so that "/\\t/x" is another site.
    """
    if not path or not path.startswith("/") or path.startswith("//"):
        return "/"
    if "\\" in path or not path.isascii() or any(ord(one) <= 32 for one in path):
        return "/"
    return "/" if urlsplit(path).path in _NOT_AGAIN else path


def _login(target: str) -> str:
    return LOGIN if target == "/" else f"{LOGIN}?next={quote(target, safe='/')}"


def _path_of(request: web.Request, header: str) -> str:
    try:
        parts = urlsplit(request.headers.get(header, ""))
    except ValueError:
        return "/"
    return local(f"{parts.path}?{parts.query}" if parts.query else parts.path)
