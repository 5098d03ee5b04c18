"""What the tests of the console share: sagas that wait for a person, and reading what a page says."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import quote

from engine.model import Failed
from tests.http.daemon import Daemon, Reply
from tests.http.people import Person

HTMX = {"HX-Request": "true"}


async def parked(daemon: Daemon, number: str = "n1") -> str:
    """An order whose command failed for good."""
    daemon.shop.outcome = Failed(reason="no such product")
    saga_id = await daemon.start(number)
    await daemon.pay(saga_id)
    return saga_id


async def page(person: Person, path: str) -> str:
    """The page's HTML; it must be one."""
    reply = await person.get(path)
    assert reply.status == 200, (path, reply.status, text(reply))
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    return reply.body.decode()


def text(reply: Reply) -> str:
    """What a reader sees of an answer."""
    return plain(reply.body.decode())


def plain(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def field(html: str, name: str) -> str:
    """The value of a form's field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found is not None, f"there is no field {name}"
    return unescape(found[1])


def home(saga_id: str) -> str:
    return f"/console/sagas/{quote(saga_id, safe='')}"


async def act(person: Person, saga_id: str, name: str, **fields: str) -> Reply:
    """Open the form of an act and send it filled in."""
    path = f"{home(saga_id)}/act/{name}"
    seen = field(await page(person, path), "seen")
    return await person.send(path, {"seen": seen, "reason": "looked at it", "sure": "1", **fields})
