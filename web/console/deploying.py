"""From the editor into the daemon: what a draft would change, and the deployment of who confirms it by name."""

from __future__ import annotations

import difflib
from typing import Any

from aiohttp import web

from engine.definition.ir import Definition
from engine.errors import EngineError, MachineNotFound
from engine.model import Json
from web.answers import see_other
from web.console.deeds import LONGEST_REASON
from web.console.editor import framed, read_draft
from web.console.faces import console_of
from web.console.versions import Loaded, loaded
from web.console.words import part, show
from web.context import context_of
from web.pages.forms import read_form, text_in
from web.problems import Problem, of_engine
from web.reading import acting

MOST_LINES = 2_000
"""Lines of the comparison that are shown."""


async def review(request: web.Request) -> web.StreamResponse:
    """`POST /console/editor/review`: what deploying the draft means."""
    form = await read_form(request)
    return await _page(request, text_in(form, "source"), await _draft(request))


async def deploy(request: web.Request) -> web.StreamResponse:
    """`POST /console/editor/deploy`: done if machine and version are typed as they are. A repeat changes nothing."""
    form, context = await read_form(request), context_of(request)
    definition = await _draft(request)
    source, reason = definition.source, text_in(form, "reason").strip()
    if text_in(form, "confirm").split() != [definition.name, str(definition.version)]:
        return await _page(request, source, definition, wrong="console.wrong.confirm", reason=reason)
    if not reason or len(reason) > LONGEST_REASON:
        return await _page(request, source, definition, wrong="console.wrong.reason", reason=reason)
    try:
        fresh = await context.engine.reload.text(source)
    except EngineError as error:
        return await _page(request, source, definition, problem=of_engine(error), reason=reason)
    context.tell({"machine": source})
    if fresh:
        after: Json = {"version": definition.version, "hash": definition.content_hash}
        target = f"machine {definition.name}"
        await context.access.audit.note(acting(request), "machine.deploy", target, reason=reason, after=after)
    return see_other(f"/console/machines/{part(definition.name)}/{definition.version}?done=deploy")


async def _draft(request: web.Request) -> Definition:
    draft = await read_draft(request, await read_form(request))
    if draft.definition is None or draft.machine is None:
        raise Problem("invalid-request", "The draft has errors: check it in the editor first.")
    return draft.definition


async def _page(
    request: web.Request,
    source: str,
    definition: Definition,
    *,
    wrong: str = "",
    problem: Problem | None = None,
    reason: str = "",
) -> web.Response:
    before = await _before(request, definition.name)
    draft = await console_of(request).drafts.checked(definition.source)
    names: dict[str, Any] = {
        "source": source,
        "definition": definition,
        "before": before,
        "changes": _changes(before, definition),
        "findings": framed(draft.findings, draft.source),
        "sagas": await _running(request, definition.name),
        "wrong": wrong,
        "problem": problem,
        "reason": reason,
    }
    status = problem.kind.status if problem else 422 if wrong else 200
    return show(request, "deploy.html", names, status=status)


async def _before(request: web.Request, name: str) -> Loaded | None:
    """The version that new sagas are started of now."""
    try:
        return await loaded(context_of(request), name, None)
    except MachineNotFound:
        return None


async def _running(request: web.Request, name: str) -> int:
    counts = await console_of(request).census.counts()
    return sum(count for (machine, _, _), count in counts.items() if machine == name)


def _changes(before: Loaded | None, definition: Definition) -> list[str]:
    """Line by line, as `diff -u` shows it; empty for a new machine."""
    if before is None:
        return []
    lines = difflib.unified_diff(
        before.source.splitlines(),
        definition.source.splitlines(),
        f"{before.name} {before.version}",
        f"{definition.name} {definition.version}",
        lineterm="",
    )
    return list(lines)[:MOST_LINES]
