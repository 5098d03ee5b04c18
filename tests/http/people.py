"""People in front of a daemon: logged in with a role, as a browser would be; forms are sent as browsers send them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from hub.access.roles import Role
from hub.access.sessions import csrf_of
from tests.http.daemon import Daemon, Reply
from web.admission import COOKIE

PASSWORD = "correct horse battery"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a session: every request carries its cookie, every form its token unless told otherwise."""

    daemon: Daemon
    name: str
    cookie: str

    @property
    def csrf(self) -> str:
        return csrf_of(self.cookie.partition("=")[2])

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        return await self.daemon.call("GET", path, headers={"Cookie": self.cookie, **(headers or {})})

    async def send(
        self, path: str, fields: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """A form with the session's token; `fields` may carry another one."""
        given = {"csrf": self.csrf, **(fields or {})}
        return await post_form(self.daemon, path, given, {"Cookie": self.cookie, **(headers or {})})


async def post_form(
    daemon: Daemon, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None
) -> Reply:
    return await daemon.call(
        "POST", path, body=urlencode(fields).encode(), headers={**FORM, **(headers or {})}
    )


async def log_in(daemon: Daemon, name: str, password: str = PASSWORD, **fields: str) -> Reply:
    return await post_form(daemon, "/login", {"name": name, "password": password, **fields})


async def logged_in(daemon: Daemon, role: Role, name: str | None = None) -> Person:
    """Somebody new with this role, after the login."""
    name = name or role
    await daemon.access.users.add(name, PASSWORD, role)
    reply = await log_in(daemon, name)
    assert reply.status == 303, reply.body
    return Person(daemon=daemon, name=name, cookie=cookie_of(reply))


def cookie_of(reply: Reply) -> str:
    """The session's cookie of the answer, as a browser sends it back."""
    cookie = next(
        value for name, value in reply.headers.items()
        if name == "Set-Cookie" and value.startswith(f"{COOKIE}=")
    )  # fmt: skip
    return cookie.partition(";")[0]
