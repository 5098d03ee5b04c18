"""The editor: a machine that is written, checked, drawn and tried out. Nothing is deployed here (see deploying)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from engine.definition.findings import Finding
from engine.definition.frames import show as frame
from web.console.asking import asked
from web.console.drafts import FILE, LONGEST, Draft
from web.console.faces import console_of
from web.console.pictures import on_its_way
from web.console.simulation import Walk, walked
from web.console.versions import source_of
from web.console.words import is_fragment, show
from web.context import context_of
from web.pages.forms import Form, read_form, text_in
from web.problems import Problem
from web.requests import Query, Version

MOST_FINDINGS = 100

START = """machine: order
version: 1

initialState: ORDERED
creationEvent: ordered

businessStates:
  OPEN:      {id: 0, description: The order is being worked on}
  DELIVERED: {id: 1, description: The customer has the goods}
  FAILED:    {id: 2, description: The order was given up}

states:
  ORDERED:
    businessState: OPEN
    on:
      delivered: DELIVERED
      cancelled: CANCELLED
    after:
      24h: {event: orderExpired, to: CANCELLED}
  DELIVERED: {businessState: DELIVERED, final: true}
  CANCELLED: {businessState: FAILED, final: true}
"""


class EditorQuery(Query):
    """Which machine to begin with; none: a small one."""

    machine: str | None = None
    version: Version | None = None


async def show_editor(request: web.Request) -> web.StreamResponse:
    """`GET /console/editor`: with the newest version of `machine`, or the one that `version` names."""
    wanted = asked(request, EditorQuery)
    source = START
    if wanted.machine is not None:
        source = await source_of(context_of(request), wanted.machine, wanted.version)
    draft = await console_of(request).drafts.checked(source)
    return show(request, "editor.html", await _names(request, draft, None))


async def try_draft(request: web.Request) -> web.StreamResponse:
    """`POST /console/editor`: what is to be said of the draft, and where the simulation stands."""
    form = await read_form(request)
    draft = await read_draft(request, form)
    names = await _names(request, draft, await _walk(request, draft, form))
    return show(request, "editor_result.html" if is_fragment(request) else "editor.html", names)


async def read_draft(request: web.Request, form: Form) -> Draft:
    """The draft of the form. Raises Problem: body-too-large."""
    source = text_in(form, "source").replace("\r\n", "\n")
    if len(source) > LONGEST:
        raise Problem("body-too-large", f"A draft has at most {LONGEST} characters.")
    return await console_of(request).drafts.checked(source)


async def _walk(request: web.Request, draft: Draft, form: Form) -> Walk | None:
    """None if nobody simulates."""
    act, lines = text_in(form, "act"), _lines(text_in(form, "lines"))
    if draft.machine is None or act == "stop" or not (text_in(form, "playing") or act):
        return None
    if act == "undo":
        lines = lines[:-1]
    elif act == "start":
        lines = []
    elif act:
        lines.append(act)
    slots = console_of(request).drafts.slots
    return await walked(draft.machine, text_in(form, "metadata"), lines, slots)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


async def _names(request: web.Request, draft: Draft, walk: Walk | None) -> dict[str, Any]:
    picture, undrawn = await _picture(request, draft, walk)
    return {
        "source": draft.source,
        "definition": draft.definition,
        "ready": draft.machine is not None,
        "findings": framed(draft.findings, draft.source),
        "unseen": max(len(draft.findings) - MOST_FINDINGS, 0),
        "picture": picture,
        "undrawn": undrawn,
        "walk": walk,
        "longest": LONGEST,
    }


def framed(findings: Sequence[Finding], source: str) -> list[dict[str, Any]]:
    """Each of the first findings, with the lines of the text that it is about."""
    return [
        {"finding": each, "frame": frame([each], {each.file or FILE: source})}
        for each in findings[:MOST_FINDINGS]
    ]


async def _picture(request: web.Request, draft: Draft, walk: Walk | None) -> tuple[str, str]:
    """The diagram, and why there is none."""
    if draft.definition is None:
        return "", ""
    svg, undrawn = await console_of(request).sketches.or_why(draft.definition)
    if walk is not None and walk.saga is not None:
        svg = on_its_way(svg, draft.definition, walk.way, walk.saga.state)
    return svg, undrawn
