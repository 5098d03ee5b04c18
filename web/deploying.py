"""`POST /api/v1/machines`: machines that change while the daemon runs. What runs already is not disturbed."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from aiohttp import web

from engine.definition.ir import Definition
from web.acts import note
from web.answers import json_answer
from web.bodies import read_yaml_or
from web.context import context_of
from web.orders import NewMachine
from web.reading import read_query
from web.requests import NoQuery
from web.shapes import Shape

_MACHINE = msgspec.json.Decoder(NewMachine)


class DeployedMachine(Shape):
    """A machine that this daemon did not run before, in this content."""

    name: str
    version: int
    hash: str


class Deployed(Shape):
    """What changed by it; empty if everything ran already."""

    items: list[DeployedMachine]


async def deploy(request: web.Request) -> web.Response:
    """Deploy the machine that is sent; without a body, read the files again.

    A machine with errors, or another content under a deployed version, changes nothing.
    """
    read_query(request, NoQuery)
    body = await read_yaml_or(request, _MACHINE)
    context = context_of(request)
    if body is None:
        fresh = await context.engine.reload.files()
        context.tell({"reload": True})
    else:
        source = body.source if isinstance(body, NewMachine) else body
        fresh = await context.engine.reload.text(source)
        context.tell({"machine": source if isinstance(source, str) else source.decode()})
    for each in fresh:
        after = {"version": each.version, "hash": each.content_hash}
        await note(request, "machine.deploy", f"machine {each.name}", after=after)
    return json_answer(_deployed(fresh))


def _deployed(fresh: Sequence[Definition]) -> Deployed:
    return Deployed(
        items=[
            DeployedMachine(name=each.name, version=each.version, hash=each.content_hash) for each in fresh
        ]
    )
