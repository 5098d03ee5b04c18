"""/login, /logout and /preferences: plain forms, which need no JavaScript."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from aiohttp import web

from adapters.locales import LANGUAGES
from engine.model import Millis
from hub.access.access import Access
from hub.access.roles import Actor
from hub.access.sessions import LASTS
from hub.access.users import User
from web.admission import COOKIE, token_in
from web.answers import see_other
from web.context import USER, context_of
from web.pages.forms import read_form, text_in
from web.pages.rendering import THEME_COOKIE, page
from web.pages.texts import COOKIE as LANGUAGE_COOKIE
from web.turned_away import local

THEMES = ("light", "dark")
_YEAR = 31_536_000
_LONGEST_NAME = 64

_log = structlog.get_logger("sagaloom.access")


async def show_login(request: web.Request) -> web.StreamResponse:
    """`GET /login?next=`: the form; who is logged in goes on."""
    target = local(request.query.get("next"))
    return see_other(target) if request.get(USER) else _form(request, target)


async def log_in(request: web.Request) -> web.StreamResponse:
    """`POST /login`. The answer is the same for a name that is not there and for a wrong password."""
    form, access = await read_form(request), context_of(request).access
    name = text_in(form, "name").strip().lower()[:_LONGEST_NAME]
    target = local(text_in(form, "next"))
    if wait := wait_before_trying(request, access, name):
        return too_many(_form(request, target, {"name": name, "wait": wait}, status=429), wait)
    user = await tried(request, access, name, text_in(form, "password"))
    if user is None:
        return _form(request, target, {"name": name, "wrong": True}, status=403)
    if old := token_in(request):
        await access.sessions.end(old)
    actor = Actor(name=user.name, role=user.role, how="session")
    await access.audit.note(
        actor, "user.login", f"user {user.name}", after={"address": address_of(request, access)}
    )
    return await with_session(see_other(target), access, user)


async def log_out(request: web.Request) -> web.StreamResponse:
    """`POST /logout`."""
    if token := token_in(request):
        await context_of(request).access.sessions.end(token)
    answer = see_other("/login")
    answer.del_cookie(COOKIE, path="/")
    return answer


async def set_preferences(request: web.Request) -> web.StreamResponse:
    """`POST /preferences`: language and theme of this browser, then back to where it was."""
    form = await read_form(request)
    answer = see_other(_without_language(local(text_in(form, "next"))))
    if (language := text_in(form, "language")) in LANGUAGES:
        answer.set_cookie(LANGUAGE_COOKIE, language, max_age=_YEAR, samesite="Lax")
    if theme := text_in(form, "theme"):
        answer.set_cookie(THEME_COOKIE, theme if theme in THEMES else "", max_age=_YEAR, samesite="Lax")
    return answer


def wait_before_trying(request: web.Request, access: Access, name: str) -> int:
    """Seconds until this name and this address may try a password again; 0: now."""
    wait: Millis = access.throttle.wait(*_tried_with(request, access, name))
    return -(-wait // 1000)


async def tried(request: web.Request, access: Access, name: str, password: str) -> User | None:
    """The user, if the password is theirs. It counts as a failure until it is known to be none, so that many
    tries at once are not all free.
    """
    by_name, by_address = _tried_with(request, access, name)
    access.throttle.failed(by_name, by_address)
    user = await access.users.verified(name, password)
    if user is None:
        _log.warning("login failed", address=address_of(request, access))
        return None
    access.throttle.succeeded(by_name)
    access.throttle.forgiven(by_address)
    return user


async def with_session(answer: web.Response, access: Access, user: User) -> web.Response:
    """The answer, with the cookie of a new session."""
    token = await access.sessions.begin(user)
    answer.set_cookie(
        COOKIE, token, max_age=LASTS // 1000, httponly=True, samesite="Strict", secure=access.house.secure
    )
    return answer


def too_many(answer: web.Response, wait: int) -> web.Response:
    """A 429 that says when to come again."""
    answer.headers["Retry-After"] = str(wait)
    return answer


def address_of(request: web.Request, access: Access) -> str:
    """Where the request comes from; behind a proxy, what the proxy says."""
    if access.house.behind_proxy and (said := request.headers.getall("X-Forwarded-For", [])):
        return said[-1].rpartition(",")[2].strip()
    return request.remote or ""


def _tried_with(request: web.Request, access: Access, name: str) -> tuple[str, str]:
    return f"name:{name}", f"address:{address_of(request, access)}"


def _form(
    request: web.Request, target: str, said: Mapping[str, Any] | None = None, *, status: int = 200
) -> web.Response:
    names = {"next": target, "name": "", "wrong": False, "wait": 0, **(said or {})}
    return page(request, "access/login.html", names, status=status)


def _without_language(path: str) -> str:
    """`?language=` would go before what was chosen."""
    bare, mark, query = path.partition("?")
    kept = "&".join(one for one in query.split("&") if not one.startswith("language="))
    return f"{bare}{mark}{kept}" if kept else bare
