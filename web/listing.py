"""`GET /api/v1/sagas`: sagas by filter and page."""

from __future__ import annotations

from aiohttp import web

from engine.document import summary
from engine.errors import SagaNotFound
from engine.model import Json, Query
from engine.ports import Store
from web.answers import json_answer
from web.context import context_of
from web.cursors import cursor_for, place_of
from web.moments import moment
from web.problems import Problem
from web.reading import read_query
from web.requests import SagaListQuery


async def list_sagas(request: web.Request) -> web.Response:
    """Newest first. `key` answers the saga that has it, or nothing."""
    query = read_query(request, SagaListQuery)
    store = context_of(request).engine.store
    page = await _listed(store, query) if query.key is None else await _with_key(store, query, query.key)
    return json_answer(page)


async def _listed(store: Store, query: SagaListQuery) -> Json:
    sagas = await store.list(_filter(query))
    shown = sagas[: query.limit]
    more = len(sagas) > len(shown)
    cursor = cursor_for((shown[-1].created_at, shown[-1].saga_id)) if more else None
    return {"items": [summary(saga) for saga in shown], "nextCursor": cursor}


def _filter(query: SagaListQuery) -> Query:
    return Query(
        machine=query.machine,
        machine_version=query.version,
        state=query.state,
        business_state=query.business_state,
        entity_id=query.entity_id,
        is_final=query.is_final,
        parked=query.parked,
        paused=query.paused,
        late=query.late,
        created_from=moment("createdFrom", query.created_from),
        created_to=moment("createdTo", query.created_to),
        after=place_of(query.cursor),
        limit=query.limit + 1,
    )


async def _with_key(store: Store, query: SagaListQuery, key: str) -> Json:
    if query != SagaListQuery(key=key, machine=query.machine, limit=query.limit):
        raise Problem(
            "invalid-query", "`key` combines with `machine` and no other filter: it means one saga."
        )
    try:
        saga = await store.load(await store.find(key, query.machine))
    except SagaNotFound:
        return {"items": [], "nextCursor": None}
    has_it = any(each.value == key for each in saga.keys)
    return {"items": [summary(saga)] if has_it else [], "nextCursor": None}
