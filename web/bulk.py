"""Many sagas at once: `POST /api/v1/bulk` and `POST /api/v1/machines/{name}/migrate`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import msgspec
from aiohttp import web

from engine.bulk import Order, Report
from engine.machine import interventions
from engine.mending import answering, moving, retrying, skipping
from engine.migration import Change
from engine.model import Json, Query
from engine.runner import Intervention
from web.acts import note
from web.answers import json_answer
from web.bodies import read_body
from web.context import context_of
from web.orders import BulkArguments, BulkOrder, MigrateSagas
from web.problems import Problem
from web.reading import read_actor, read_name, read_query
from web.reports import BulkReport
from web.requests import NoQuery

_ORDER = msgspec.json.Decoder(BulkOrder)
_MIGRATE = msgspec.json.Decoder(MigrateSagas)


async def do_bulk(request: web.Request) -> web.Response:
    """`POST /api/v1/bulk`: an intervention on every saga that a filter finds, or what it would do."""
    read_query(request, NoQuery)
    actor = read_actor(request)
    body = await read_body(request, _ORDER)
    query = body.filter.query(limit=body.limit, cursor=body.cursor)
    order = Order(
        query=USUALLY[body.action](query),
        decide=intervention_for(body.action, body.arguments),
        actor=actor,
        reason=body.reason,
        dry=body.dry_run,
    )
    report = await context_of(request).engine.bulk.do(order)
    if not body.dry_run:
        asked = msgspec.to_builtins(body.filter)
        await _note_bulk(request, f"bulk.{body.action}", "sagas", asked, report, body.reason)
    return json_answer(BulkReport.of(report, dry_run=body.dry_run))


async def migrate(request: web.Request) -> web.Response:
    """`POST .../migrate`: sagas of one version to another, or what would become of them."""
    read_query(request, NoQuery)
    actor, name = read_actor(request), read_name(request, "name")
    body = await read_body(request, _MIGRATE)
    if body.filter.machine not in (None, name) or body.filter.version not in (None, body.source):
        raise Problem("invalid-request", "The filter names another machine or version than the migration.")
    change = Change(
        machine=name,
        source=body.source,
        target=body.target,
        states=body.states,
        query=body.filter.query(limit=body.limit, cursor=body.cursor),
        drop_entries=body.drop_entries,
        send_new=body.send_new,
        dry=body.dry_run,
    )
    report = await context_of(request).engine.migration.do(change, actor=actor, reason=body.reason)
    if not body.dry_run:
        asked = {"from": body.source, "to": body.target}
        await _note_bulk(request, "machine.migrate", f"machine {name}", asked, report, body.reason)
    return json_answer(BulkReport.of(report, dry_run=body.dry_run))


async def _note_bulk(
    request: web.Request, action: str, target: str, asked: Json, report: Report, reason: str
) -> None:
    """One row for the whole; what became of each saga is in its history, with the same actor and reason."""
    counts = {"matched": report.matched, "done": len(report.done), "failed": len(report.failed)}
    after = {name: value for name, value in asked.items() if value is not None} | counts
    await note(request, action, target, reason=reason, after=after)


def _parked(query: Query) -> Query:
    return query if query.parked is not None else replace(query, parked=True)


def _paused(query: Query) -> Query:
    return query if query.paused is not None else replace(query, paused=True)


def _not_paused(query: Query) -> Query:
    return _open(query) if query.paused is not None else replace(_open(query), paused=False)


def _open(query: Query) -> Query:
    return query if query.is_final is not None else replace(query, is_final=False)


USUALLY: Mapping[str, Callable[[Query], Query]] = {
    "retry": _parked,
    "skip": _parked,
    "answer": _parked,
    "move": _open,
    "pause": _not_paused,
    "resume": _paused,
}
"""Which sagas an action is for where the filter does not say it."""


def intervention_for(action: str, given: BulkArguments) -> Intervention:
    """What is done to each saga. Raises Problem: invalid-request, an argument is missing or is not for it."""
    _check(action, given)
    if action == "retry":
        return retrying(payload=given.payload, metadata=given.metadata)
    if action == "skip":
        return skipping()
    if action == "answer":
        return answering(reply=given.reply or "", payload=given.payload or {})
    if action == "move":
        return moving(given.state or "")
    return interventions.pause if action == "pause" else interventions.resume


_TAKES = {"retry": {"payload", "metadata"}, "answer": {"reply", "payload"}, "move": {"state"}}
_NEEDS = {"answer": {"reply"}, "move": {"state"}}


def _check(action: str, given: BulkArguments) -> None:
    named = {name for name in given.__struct_fields__ if getattr(given, name) is not None}
    if missing := _NEEDS.get(action, set()) - named:
        raise Problem("invalid-request", f"`{action}` needs the argument {', '.join(sorted(missing))}.")
    if unknown := named - _TAKES.get(action, set()):
        raise Problem("invalid-request", f"`{action}` takes no argument {', '.join(sorted(unknown))}.")
