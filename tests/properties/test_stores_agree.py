"""Whatever is done to the stores, in whatever order, SQLite answers as the memory store does."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.stores.memory import open_memory
from adapters.stores.sqlite import open_sqlite
from engine.errors import EngineError
from engine.model import Claim, Entry, EntryStatus, Key, Query, Saga, Step, StoredDefinition
from engine.ports import Store
from tests.contract.sagas import created, entry, followed, key, raised

IDS = ("s1", "s2", "s3")
MOMENTS = st.integers(0, 40)
STATES = st.sampled_from(("CREATED", "PAID", "DONE"))
KEYS = st.sampled_from(
    [key(v, machine=m, name=n) for v in ("n1", "s2") for m in ("order", "payment") for n in "ab"]
)
STATUSES: st.SearchStrategy[EntryStatus] = st.sampled_from(("due", "due", "waiting", "parked", "done"))
LATE = st.sampled_from(("", "", "$sla"))
EVENT_IDS = st.sampled_from((None, None, "e1", "e2", "e3"))
OWNERS = st.sampled_from((None, "a", "b"))
FLAGS = st.none() | st.booleans()
PAYLOADS = st.none() | st.dictionaries(st.sampled_from("xy"), st.integers(), max_size=1)

Call = Callable[[Store, "World"], Awaitable[Any]]


class World:
    """What the callers know: sagas as they last saw them, steps and claims they once had."""

    def __init__(self) -> None:
        self.sagas: dict[str, list[Saga]] = {saga_id: [] for saga_id in IDS}
        self.steps: list[Step] = []
        self.entries: list[Entry] = []


def _agree(calls: list[Call]) -> None:
    async def body() -> None:
        with tempfile.TemporaryDirectory() as folder:
            stores = [await open_memory({}, Path(folder)), await open_sqlite({"path": "x.db"}, Path(folder))]
            worlds = [World(), World()]
            for call in calls:
                answers = [await _outcome(call, s, w) for s, w in zip(stores, worlds, strict=True)]
                assert answers[0] == answers[1]
            assert await _everything(stores[0]) == await _everything(stores[1])
            for store in stores:
                await store.close()

    asyncio.run(body())


async def _outcome(call: Call, store: Store, world: World) -> Any:
    try:
        answer = await call(store, world)
    except EngineError as error:
        return type(error), str(error)
    return list(answer) if isinstance(answer, (list, tuple)) else answer


async def _everything(store: Store) -> Any:
    sagas = await store.list(Query())
    return (
        [await store.load(saga.saga_id) for saga in sagas],
        [list(await store.history(saga.saga_id)) for saga in sagas],
        list(sagas),
        list(await store.agenda()),
        list(await store.counts()),
        await store.next_due(),
        list(await store.tallies(now=20)),
    )


@st.composite
def creations(draw: st.DrawFn) -> Call:
    saga_id = draw(st.sampled_from(IDS))
    owes = tuple(draw(_entries(saga_id, 1, number)) for number in range(draw(st.integers(0, 3))))
    step = created(
        saga_id,
        owes=owes,
        keys=tuple(draw(st.lists(KEYS, max_size=2, unique=True))),
        state=draw(STATES),
        machine=draw(st.sampled_from(("order", "payment"))),
        entity_id=draw(st.sampled_from(("", "ann"))),
        created_at=draw(MOMENTS),
        updated_at=draw(st.sampled_from((1_000, 1_001))),
        is_final=draw(st.booleans()),
        paused=draw(st.booleans()),
        late=draw(LATE),
    )
    if draw(st.booleans()):
        step = raised(step, state=draw(STATES), event_id=draw(EVENT_IDS))

    async def call(store: Store, world: World) -> None:
        world.steps.append(step)
        await store.create(step)
        world.sagas[saga_id].append(step.saga)

    return call


@st.composite
def commits(draw: st.DrawFn) -> Call:
    saga_id, back = draw(st.sampled_from(IDS)), draw(st.sampled_from((1, 1, 1, 2)))
    event_id = draw(EVENT_IDS)
    follows: list[str | None] = draw(
        st.lists(EVENT_IDS.filter(lambda id_: id_ != event_id or id_ is None), max_size=1)
    )
    owes = draw(st.lists(st.builds(lambda *a: a, MOMENTS, STATUSES, PAYLOADS), max_size=2))
    removed, rewritten, replaced = (draw(st.sets(st.integers(0, 3), max_size=2)) for _ in range(3))
    claimed: list[Key] = draw(st.lists(KEYS, max_size=1))
    dropped: list[Key] = draw(st.lists(KEYS, max_size=1))
    state, metadata = draw(STATES), {"n": draw(st.integers(0, 3))}
    paused, late, is_final = draw(st.booleans()), draw(LATE), draw(st.booleans())
    status, where = draw(STATUSES), draw(st.sampled_from((None, "A")))

    def made(before: Saga) -> Step:
        known = dict(enumerate(before.agenda))
        fresh = [
            entry(saga_id, n, version=before.version + 1, due=due, status=status, payload=payload)
            for n, (due, status, payload) in enumerate(owes)
        ]
        step = followed(
            before,
            event_id=event_id,
            owes=(*fresh, *(replace(known[n], due=7, status="due") for n in sorted(replaced) if n in known)),
            removed=tuple(known[n].id for n in sorted(removed - replaced) if n in known),
            rewritten=tuple(
                replace(known[n], payload={"old": 1}, state=where, undoes=where, status=status, done=n)
                for n in sorted(rewritten)
                if n in known
            ),
            claimed=tuple(claimed),
            dropped=tuple(dropped),
            state=state,
            metadata=metadata,
            paused=paused,
            late=late,
            is_final=is_final,
        )
        return raised(step, event_id=follows[0]) if follows else step

    async def call(store: Store, world: World) -> None:
        seen = world.sagas[saga_id][-back:]
        if not seen:  # there is no such saga, so this is refused and nobody repeats it
            return await store.commit(made(created(saga_id).saga))
        step = made(seen[0])
        world.steps.append(step)
        await store.commit(step)
        return world.sagas[saga_id].append(step.saga)

    return call


@st.composite
def repeats(draw: st.DrawFn) -> Call:
    back = draw(st.integers(1, 4))

    async def call(store: Store, world: World) -> None:
        for step in world.steps[-back:][:1]:
            await (store.create(step) if step.row.seq == 1 else store.commit(step))
            if not world.sagas[step.saga.saga_id]:  # what was refused the first time was done now
                world.sagas[step.saga.saga_id].append(step.saga)

    return call


@st.composite
def claims(draw: st.DrawFn) -> Call:
    owner, now, limit = draw(st.sampled_from("ab")), draw(MOMENTS), draw(st.integers(0, 3))

    async def call(store: Store, world: World) -> list[Claim]:
        taken = list(await store.claim(owner=owner, now=now, lease=5, limit=limit))
        world.entries += [claim.entry for claim in taken]
        return taken

    return call


@st.composite
def outcomes(draw: st.DrawFn) -> Call:
    back, what, attempts = draw(st.integers(1, 3)), draw(st.sampled_from("pwks")), draw(st.integers(0, 3))
    due, reason = draw(MOMENTS), draw(st.none() | st.just("why"))

    async def call(store: Store, world: World) -> None:
        for held in world.entries[-back:][:1]:
            tried = replace(held, attempts=attempts)
            if what == "k":
                await store.park(tried, reason="gave up")
            elif what == "s":
                await store.settle(tried)
            else:
                await store.postpone(tried, due=due, reason=reason, waiting=what == "w")

    return call


@st.composite
def reads(draw: st.DrawFn) -> Call:
    after = draw(st.none() | st.tuples(MOMENTS, st.sampled_from((*IDS, "s1.1.0"))))
    limit, machine, parked = draw(st.integers(0, 3)), draw(st.sampled_from((None, "order", "x"))), draw(FLAGS)
    handle, owner = draw(st.sampled_from((*IDS, "n1", "zz"))), draw(OWNERS)
    query = Query(
        machine=machine,
        state=draw(st.none() | STATES),
        entity_id=draw(st.sampled_from((None, None, "", "ann"))),
        is_final=draw(st.sampled_from((None, None, False))),
        parked=parked,
        paused=draw(st.sampled_from((None, None, True, False))),
        late=draw(st.sampled_from((None, None, True, False))),
        created_from=draw(st.none() | MOMENTS),
        created_to=draw(st.none() | MOMENTS),
        after=after,
        limit=limit,
    )
    asked: Callable[[Store], Awaitable[Any]] = draw(
        st.sampled_from(
            (
                lambda store: store.list(query),
                lambda store: store.agenda(parked=parked, machine=machine, after=after, limit=limit),
                lambda store: store.find(handle, machine),
                lambda store: store.load(handle),
                lambda store: store.history(handle, after=limit, limit=limit, newest=bool(parked)),
                lambda store: store.row_of(handle, "e1"),
                lambda store: store.next_due(),
                lambda store: store.counts(machine),
                lambda store: store.tallies(now=limit * 10),
                lambda store: store.release(owner=owner),
            )
        )
    )

    async def call(store: Store, world: World) -> Any:
        return await asked(store)

    return call


@st.composite
def deployments(draw: st.DrawFn) -> Call:
    definition = StoredDefinition(
        machine=draw(st.sampled_from("ab")),
        version=draw(st.integers(1, 2)),
        content_hash=draw(st.sampled_from("xy")),
        source="machine: a",
        deployed_at=draw(MOMENTS),
    )
    replaces = draw(st.booleans())

    async def call(store: Store, world: World) -> Any:
        await store.deploy(definition, replace=replaces)
        return await store.definitions()

    return call


def _entries(saga_id: str, version: int, number: int) -> st.SearchStrategy[Entry]:
    return st.builds(
        lambda due, status, timeout, payload: entry(
            saga_id, number, version=version, due=due, status=status, timeout=timeout, payload=payload
        ),
        MOMENTS,
        STATUSES,
        st.none() | st.just(3),
        PAYLOADS,
    )


CALLS = st.one_of(
    creations(),
    creations(),
    commits(),
    commits(),
    commits(),
    repeats(),
    claims(),
    outcomes(),
    reads(),
    deployments(),
)


@settings(max_examples=120, deadline=None)
@given(st.lists(CALLS, min_size=1, max_size=25))
def test_both_stores_answer_alike(calls: list[Call]) -> None:
    _agree(calls)
