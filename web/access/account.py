"""/account: who one is here, and one's own password."""

from __future__ import annotations

from aiohttp import web

from hub.access.passwords import SHORTEST, problem
from web.access.acts import change_user
from web.access.login import too_many, tried, wait_before_trying, with_session
from web.admission import token_in
from web.answers import see_other
from web.context import USER, context_of
from web.pages.forms import read_form, text_in
from web.pages.rendering import page


async def show_account(request: web.Request) -> web.StreamResponse:
    """`GET /account`."""
    return _page(request, "changed" if "changed" in request.query else None)


async def change_password(request: web.Request) -> web.StreamResponse:
    """`POST /account`: all other sessions of the user end."""
    form, access, name = await read_form(request), context_of(request).access, request[USER].name
    new = text_in(form, "new")
    if wait := wait_before_trying(request, access, name):
        return too_many(_page(request, "wait", wait=wait, status=429), wait)
    if problem(new) is not None:
        return _page(request, "rule", status=422)
    if new != text_in(form, "again"):
        return _page(request, "differ", status=422)
    if await tried(request, access, name, text_in(form, "current")) is None:
        return _page(request, "wrong", status=403)
    user = await change_user(request, name, password=new)
    if token := token_in(request):
        await access.sessions.end(token)
    return await with_session(see_other("/account?changed"), access, user)


def _page(request: web.Request, said: str | None, *, wait: int = 0, status: int = 200) -> web.Response:
    names = {"said": said, "wait": wait, "shortest": SHORTEST}
    return page(request, "access/account.html", names, status=status)
