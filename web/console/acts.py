"""What a person does to one saga, as forms: retry, skip, answer, move, pause, resume. Each asks for a reason.

A form is for the saga as it was when it was made: sent a second time, or after the saga moved on, it changes nothing.
"""

from __future__ import annotations

from aiohttp import web

from engine.errors import EngineError
from engine.machine.plan import Machine
from engine.model import Answer, Entry, Json, Saga
from web.answers import see_other
from web.console.asking import asked
from web.console.deeds import DEEDS, Deed, Wrong, as_seen, decided, payload_of
from web.console.saga import load
from web.console.versions import machine_or_why
from web.console.words import indented, is_fragment, part, show
from web.context import context_of
from web.pages.forms import read_form, text_in
from web.problems import Problem, of_engine
from web.reading import acting, read_name
from web.requests import Name, Query

_FIELDS = ("entry", "reply", "state", "payload", "reason", "sure", "seen")


class ActQuery(Query):
    """`entry`: which one it is about, if it is about one."""

    entry: Name | None = None


async def show_act(request: web.Request) -> web.StreamResponse:
    """`GET /console/sagas/{id}/act/{act}?entry=`: the form, for a dialog or as a page."""
    deed, saga = _deed(request), await load(request)
    entry = asked(request, ActQuery).entry
    return await _form(request, deed, saga, {**dict.fromkeys(_FIELDS, ""), "entry": entry or ""})


async def do_act(request: web.Request) -> web.StreamResponse:
    """`POST` of the form: done once, then back to the saga; what cannot be done is told above the form."""
    deed, saga = _deed(request), await load(request)
    form = await read_form(request)
    given = {name: text_in(form, name) for name in _FIELDS}
    try:
        await _once(request, deed, saga, given)
    except Wrong as wrong:
        return await _form(request, deed, saga, given, wrong=wrong.key, status=422)
    except EngineError as error:
        problem, now = of_engine(error), await load(request)
        if not await _was_done(request, deed, now, given):
            return await _form(request, deed, now, given, problem=problem, status=problem.kind.status)
    return see_other(f"/console/sagas/{part(saga.saga_id)}?done={deed}")


async def _once(request: web.Request, deed: Deed, saga: Saga, given: dict[str, str]) -> None:
    """Do what the form asks for, unless it was sent before. Raises Wrong, and what the intervention raises."""
    decide = as_seen(decided(deed, saga, given), given["seen"])
    if await _was_done(request, deed, saga, given):
        return
    runner, actor = context_of(request).engine.runner, acting(request)
    answer = await runner.intervene(saga.saga_id, decide, actor=actor.name, reason=given["reason"].strip())
    await _note(request, deed, saga, answer, given)


async def _form(
    request: web.Request,
    deed: Deed,
    saga: Saga,
    given: dict[str, str],
    *,
    wrong: str = "",
    problem: Problem | None = None,
    status: int = 200,
) -> web.Response:
    machine, _, _ = await machine_or_why(context_of(request), saga.machine, saga.machine_version)
    entries = _entries(deed, saga)
    named = [entry for entry in entries if entry.id == given["entry"]] if given["entry"] else entries
    chosen = named[0] if named else None
    names = {
        "fragment": is_fragment(request),
        "deed": deed,
        "saga": saga,
        "others": [entry for entry in entries if entry is not chosen],
        "entry": chosen,
        "replies": _replies(machine, chosen),
        "states": [state.name for state in machine.definition.states.values()] if machine else [saga.state],
        "payload": given["payload"]
        or (indented(payload_of(saga, chosen)) if chosen and deed == "retry" else "{}"),
        "given": given,
        "wrong": wrong,
        "problem": problem,
    }
    return show(request, "act_form.html" if is_fragment(request) else "act.html", names, status=status)


def _deed(request: web.Request) -> Deed:
    name = read_name(request, "act")
    if name not in DEEDS:
        raise Problem("not-found", "There is nothing at this path.")
    return name


def _entries(deed: Deed, saga: Saga) -> list[Entry]:
    """What the deed may be done to: parked ones first."""
    if deed not in ("retry", "skip", "answer"):
        return []
    kinds = ("command", "poll") if deed == "answer" else ("command", "poll", "effect")
    fit = [entry for entry in saga.agenda if entry.status != "done" and entry.kind in kinds]
    return sorted(fit, key=lambda entry: entry.status != "parked")


def _replies(machine: Machine | None, entry: Entry | None) -> list[str]:
    command = machine.definition.commands.get(entry.name) if machine and entry else None
    return list(command.replies) if command else []


async def _was_done(request: web.Request, deed: Deed, saga: Saga, given: dict[str, str]) -> bool:
    """Whether this very form was sent before: a double click."""
    seen, actor = given["seen"], acting(request).name
    if not seen.isdecimal() or len(seen) > 15 or int(seen) >= saga.version:
        return False
    rows = await context_of(request).engine.store.history(saga.saga_id, after=int(seen), limit=1)
    same = [row for row in rows if row.actor == actor and row.reason == given["reason"].strip()]
    return any(row.event == f"${deed}" or deed == "answer" for row in same)


async def _note(request: web.Request, deed: Deed, saga: Saga, answer: Answer, given: dict[str, str]) -> None:
    before: Json = {"state": saga.state, "version": saga.version}
    after: Json = {"state": answer.state, "version": answer.version}
    named = {name: given[name] for name in ("entry", "reply") if given[name]}
    await context_of(request).access.audit.note(
        acting(request), f"saga.{deed}", f"saga {saga.saga_id}",
        reason=given["reason"].strip(), before=before, after=after | named,
    )  # fmt: skip
