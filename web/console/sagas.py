"""The list of sagas: filters in the URL, pages by cursor, and the search that finds one by id, key or entity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from aiohttp import web
from msgspec import Meta

from engine.errors import KeyAmbiguous, SagaNotFound
from engine.model import Millis, Saga
from engine.model import Query as Wanted
from engine.ports import Store
from web.answers import see_other
from web.console.asking import asked
from web.console.words import part, show
from web.context import Context, context_of
from web.cursors import cursor_for, place_of
from web.moments import moment
from web.requests import Cursor, EntityId, Moment, Name, Query, Version

PAGE = 50
_DAY: Millis = 86_400_000
_DAY_ALONE = len("2026-01-31")

Yes = Literal["1"]


class SagasQuery(Query):
    """The filters of the list, as they stand in the URL."""

    q: Annotated[str, Meta(max_length=500)] | None = None
    machine: Name | None = None
    version: Version | None = None
    state: Name | None = None
    business_state: Name | None = None
    entity: EntityId | None = None
    ended: Literal["yes", "no"] | None = None
    parked: Yes | None = None
    paused: Yes | None = None
    late: Yes | None = None
    created_from: Moment | None = None
    created_to: Moment | None = None
    cursor: Cursor | None = None


async def show_sagas(request: web.Request) -> web.StreamResponse:
    """`GET /console/sagas`."""
    wanted, context = asked(request, SagasQuery), context_of(request)
    if wanted.q is not None:
        found = await _searched(context.engine.store, wanted.q, wanted.machine)
        if len(found) == 1:
            return see_other(f"/console/sagas/{part(found[0].saga_id)}")
        names: dict[str, Any] = {"sagas": found, "more": None}
    else:
        names = await _listed(context.engine.store, wanted)
    return show(request, "sagas.html", {**names, **filter_names(context, wanted)})


def query_of(wanted: SagasQuery, *, limit: int) -> Wanted:
    """The filters for a store. Raises Problem: invalid-query, invalid-cursor."""
    return Wanted(
        machine=wanted.machine,
        machine_version=wanted.version,
        state=wanted.state,
        business_state=wanted.business_state,
        entity_id=wanted.entity,
        is_final={None: None, "yes": True, "no": False}[wanted.ended],
        parked=True if wanted.parked else None,
        paused=True if wanted.paused else None,
        late=True if wanted.late else None,
        created_from=moment("createdFrom", wanted.created_from),
        created_to=_until(wanted.created_to),
        after=place_of(wanted.cursor),
        limit=limit,
    )


def filter_names(context: Context, wanted: SagasQuery) -> dict[str, Any]:
    """What the filter's fields need: what was chosen, and what there is to choose from."""
    deployments = context.engine.deployments
    names = deployments.names()
    known = [deployments.latest(name).definition for name in names if wanted.machine in (None, name)]
    return {
        "wanted": wanted,
        "filters": filters(wanted),
        "machines": names,
        "state_names": sorted({state for each in known for state in each.states}),
        "business_names": sorted({state for each in known for state in each.business_states}),
    }


def filters(wanted: SagasQuery) -> dict[str, object]:
    """What is set, by its name in the URL, without the place in the list."""
    found = {name: getattr(wanted, field) for field, name in _NAMES.items()}
    return {name: value for name, value in found.items() if value is not None}


_NAMES = dict(zip(SagasQuery.__struct_fields__, SagasQuery.__struct_encode_fields__, strict=True))
del _NAMES["cursor"]


async def _listed(store: Store, wanted: SagasQuery) -> dict[str, Any]:
    sagas = await store.list(query_of(wanted, limit=PAGE + 1))
    shown = sagas[:PAGE]
    more = cursor_for((shown[-1].created_at, shown[-1].saga_id)) if len(sagas) > PAGE else None
    return {"sagas": shown, "more": more}


async def _searched(store: Store, text: str, machine: str | None) -> Sequence[Saga]:
    """Those with this id, this key (of whichever machine) or this entity, newest first."""
    ids = await _with_handle(store, text, machine)
    sagas = {saga_id: await store.load(saga_id) for saga_id in ids}
    for saga in await store.list(Wanted(entity_id=text, machine=machine, limit=PAGE)):
        sagas.setdefault(saga.saga_id, saga)
    return sorted(sagas.values(), key=lambda saga: (saga.created_at, saga.saga_id), reverse=True)


async def _with_handle(store: Store, text: str, machine: str | None) -> set[str]:
    try:
        return {await store.find(text, machine)}
    except SagaNotFound:
        return set()
    except KeyAmbiguous:
        if machine is not None:
            return set()
        machines = {each.machine for each in await store.definitions()}
        return set().union(*[await _with_handle(store, text, name) for name in machines])


def _until(text: str | None) -> Millis | None:
    """A day alone is meant with all its hours."""
    at = moment("createdTo", text)
    return at + _DAY if at is not None and text is not None and len(text) == _DAY_ALONE else at
