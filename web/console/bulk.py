"""Many sagas at once: a filter and what is to be done, what would become of each, then the run and its progress."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from aiohttp import web
from msgspec import Meta

from engine.bulk import Order
from engine.model import Json
from web.answers import see_other
from web.bulk import USUALLY, intervention_for
from web.console.asking import asked, read_fields
from web.console.bulk_runs import Asked, rows_of
from web.console.deeds import DEEDS, LONGEST_REASON, Deed
from web.console.faces import console_of
from web.console.sagas import SagasQuery, Yes, filter_names, filters, query_of
from web.console.words import show
from web.context import context_of
from web.orders import BulkArguments
from web.pages.forms import Form, read_form, text_in
from web.problems import Problem
from web.reading import acting, read_name
from web.requests import Name

MOST = 1_000
USUAL = 100


class BulkQuery(SagasQuery):
    """The filter, and what is to be done to the sagas that it finds."""

    act: Deed = "retry"
    limit: Annotated[int, Meta(ge=1, le=MOST)] = USUAL
    reply: Name | None = None
    target: Name | None = None
    payload: Annotated[str, Meta(max_length=100_000)] | None = None
    reason: Annotated[str, Meta(max_length=LONGEST_REASON)] | None = None
    step: Literal["preview", "run"] = "preview"
    sure: Yes | None = None
    run: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}(?![\s\S])")] | None = None


async def show_bulk(request: web.Request) -> web.StreamResponse:
    """`GET /console/bulk`: the form; a list of sagas leads here with its filter."""
    return _form(request, asked(request, BulkQuery))


async def do_bulk(request: web.Request) -> web.StreamResponse:
    """`POST /console/bulk`: the preview, and from the preview the run."""
    wanted = read_fields(_texts(await read_form(request)), BulkQuery)
    if wrong := _wrong(wanted):
        return _form(request, wanted, wrong=wrong, status=422)
    try:
        order = _order(request, wanted, dry=wanted.step == "preview")
    except Problem as problem:
        return _form(request, wanted, problem=problem, status=problem.kind.status)
    return await (_preview if wanted.step == "preview" else _begin)(request, wanted, order)


def _wrong(wanted: BulkQuery) -> str:
    """The text that says what the form lacks; "" if it lacks nothing."""
    if wanted.reason is None:
        return "console.wrong.reason"
    return "console.wrong.sure" if wanted.step == "run" and not wanted.sure else ""


async def _begin(request: web.Request, wanted: BulkQuery, order: Order) -> web.Response:
    if wanted.run is None:
        raise Problem("invalid-request", "The form does not carry the id of its run: go back to the preview.")
    said: Json = {**filters(wanted), **_given(wanted)}
    await console_of(request).runs.begin(
        Asked(id=wanted.run, deed=wanted.act, order=order, said=said), acting(request)
    )
    return see_other(f"/console/bulk/{wanted.run}")


async def show_run(request: web.Request) -> web.StreamResponse:
    """`GET /console/bulk/{run}`."""
    return await _run(request, "bulk_run.html")


async def show_progress(request: web.Request) -> web.StreamResponse:
    """`GET /console/bulk/{run}/progress`: what the page asks for until the run has ended."""
    return await _run(request, "bulk_progress.html")


async def _run(request: web.Request, template: str) -> web.Response:
    run = await console_of(request).runs.find(read_name(request, "run"))
    if run is None:
        raise Problem("not-found", "There is no such run.")
    return show(request, template, {"run": run})


async def _preview(request: web.Request, wanted: BulkQuery, order: Order) -> web.Response:
    context = context_of(request)
    report = await context.engine.bulk.do(order)
    names = {
        "report": report,
        "rows": rows_of(report),
        "run": context.engine.ids.new(),
        "given": {**filters(wanted), **_given(wanted), "reason": wanted.reason, "cursor": wanted.cursor},
    }
    return _form(request, wanted, names=names)


def _form(
    request: web.Request,
    wanted: BulkQuery,
    *,
    wrong: str = "",
    problem: Problem | None = None,
    names: dict[str, Any] | None = None,
    status: int = 200,
) -> web.Response:
    empty = {"report": None, "deeds": DEEDS, "most": MOST, "wrong": wrong, "problem": problem}
    filled = {**empty, **filter_names(context_of(request), wanted), **(names or {})}
    return show(request, "bulk.html", filled, status=status)


def _order(request: web.Request, wanted: BulkQuery, *, dry: bool) -> Order:
    """Raises Problem: a field cannot be used, or is missing."""
    decide = intervention_for(
        wanted.act, BulkArguments(reply=wanted.reply, state=wanted.target, payload=_payload(wanted.payload))
    )
    return Order(
        query=USUALLY[wanted.act](query_of(wanted, limit=wanted.limit)),
        decide=decide,
        actor=acting(request).name,
        reason=(wanted.reason or "").strip(),
        dry=dry,
    )


def _given(wanted: BulkQuery) -> Json:
    named = {"act": wanted.act, "limit": wanted.limit, "reply": wanted.reply, "target": wanted.target}
    return {name: value for name, value in {**named, "payload": wanted.payload}.items() if value is not None}


def _payload(text: str | None) -> Json | None:
    if text is None:
        return None
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise Problem("invalid-request", "The payload is not a JSON object.")
    return value


def _texts(form: Form) -> dict[str, str]:
    return {name: text_in(form, name) for name in form}
