"""Jobs: the calendar starts sagas, of each period one, whichever daemons look at it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.cron import open_calendar
from adapters.stores.memory import MemoryStore
from adapters.stores.mongo import open_mongo
from engine.assembly import Adapters, running
from engine.config import Binding, Config, JobConfig
from engine.errors import ConfigInvalid, StoreUnavailable
from engine.jobs import Jobs, latest
from engine.model import Millis, Query, Saga
from engine.ports import Store
from engine.reporting import Reporter
from tests.contract import mongo_server
from tests.contract.mongo_server import NOWHERE
from tests.fakes.clock import CountingIds, FakeClock
from tests.fakes.engine import Bench, engine_for
from tests.fakes.faulty_store import Call, faulty
from tests.fakes.machines import sample

REPORT = sample(
    """
    A: {businessState: OPEN, on: {made: DONE}}
    DONE: {businessState: SHUT, final: true}
    """
)
STRICT = REPORT.replace("version: 1", "version: 1\nonDuplicate: reject", 1)
KEYED = REPORT.replace("version: 1", "version: 1\nkeys: [metadata.name]", 1)

MINUTE: Millis = 60_000
HOUR = 60 * MINUTE


def at(text: str) -> Millis:
    """The moment, in UTC."""
    return round(datetime.fromisoformat(f"{text}+00:00").timestamp() * 1000)


def job(cron: str = "0 3 * * *", **more: Any) -> JobConfig:
    return JobConfig(cron=cron, machine="sample", **more)


def jobs_of(bench: Bench, configs: Mapping[str, JobConfig]) -> Jobs:
    opened = {name: (one, open_calendar(name, one.cron, one.timezone)) for name, one in configs.items()}
    return Jobs(opened, runner=bench.runner, clock=bench.clock, report=Reporter())


async def daemon(
    start: str, *, store: Store | None = None, machine: str = REPORT, owner: str = "daemon-1"
) -> Bench:
    return await engine_for(machine, store=store, clock=FakeClock(at(start)), owner=owner)


async def started(bench: Bench) -> list[Saga]:
    return sorted(await bench.store.list(Query()), key=lambda saga: saga.created_at)


async def ids(bench: Bench) -> list[str]:
    return [saga.saga_id for saga in await started(bench)]


async def days(bench: Bench, jobs: Jobs, count: int, *, every: Millis = HOUR) -> None:
    """Let days pass; the jobs are looked at every so often."""
    for _ in range(count * 24 * HOUR // every):
        bench.clock.advance(every)
        await jobs.tick()


def test_a_saga_is_started_once_a_period_and_knows_which() -> None:
    async def body() -> None:
        bench = await daemon("2026-05-01T12:00")
        nightly = job(metadata={"kind": "daily"}, entity_id="shop-1")
        jobs = jobs_of(bench, {"nightly": nightly})
        await days(bench, jobs, 2)
        one, two = await started(bench)
        assert (one.saga_id, two.saga_id) == ("job-nightly-20260502T0300Z", "job-nightly-20260503T0300Z")
        told = {"name": "nightly", "period": "2026-05-02T03:00:00Z"}
        assert (one.metadata, one.entity_id) == ({"kind": "daily", "job": told}, "shop-1")
        assert (await bench.history(one.saga_id))[0].actor == "job nightly"

    asyncio.run(body())


@pytest.mark.parametrize("machine", [REPORT, STRICT])
def test_two_daemons_on_one_store_start_a_period_once(machine: str) -> None:
    async def body() -> None:
        one = await daemon("2026-05-01T12:00", machine=machine)
        two = await daemon("2026-05-01T12:00", machine=machine, store=one.store, owner="daemon-2")
        both = [(bench, jobs_of(bench, {"nightly": job()})) for bench in (one, two)]
        for bench, _ in both:
            bench.clock.advance(24 * HOUR)
        await asyncio.gather(*(jobs.tick() for _, jobs in both))
        assert await ids(one) == ["job-nightly-20260502T0300Z"]
        assert len(await one.history("job-nightly-20260502T0300Z")) == 1

    asyncio.run(body())


def test_many_daemons_on_one_mongodb_start_a_period_once() -> None:
    async def body() -> None:
        uri, database = mongo_server.uri(), mongo_server.new_database()
        stores = [await open_mongo({"uri": uri, "database": database}, NOWHERE) for _ in range(4)]
        benches = [
            await daemon("2026-05-01T12:00", store=store, owner=f"daemon-{n}")
            for n, store in enumerate(stores)
        ]
        all_jobs = [jobs_of(bench, {"nightly": job()}) for bench in benches]
        for bench in benches:
            bench.clock.advance(24 * HOUR)
        await asyncio.gather(*(jobs.tick() for jobs in all_jobs))
        assert await ids(benches[0]) == ["job-nightly-20260502T0300Z"]
        assert len(await benches[1].history("job-nightly-20260502T0300Z")) == 1
        for store in stores:
            await store.close()
        await mongo_server.drop(database)

    asyncio.run(body())


def test_a_daemon_that_starts_makes_up_for_the_last_period_only_and_only_for_so_long() -> None:
    async def body() -> None:
        for catch_up, expected in ((0, 0), (HOUR, 0), (3 * HOUR, 1), (72 * HOUR, 1)):
            bench = await daemon("2026-05-04T05:00")
            await jobs_of(bench, {"nightly": job(catch_up=catch_up)}).tick()
            assert await ids(bench) == ["job-nightly-20260504T0300Z"] * expected

    asyncio.run(body())


def test_a_daemon_that_stood_still_starts_the_last_period_that_it_slept_through() -> None:
    async def body() -> None:
        bench = await daemon("2026-05-01T12:00")
        jobs = jobs_of(bench, {"often": job("*/5 * * * *", catch_up=0)})
        bench.clock.advance(62 * MINUTE)
        await jobs.tick()
        await jobs.tick()
        assert await ids(bench) == ["job-often-20260501T1300Z"]
        bench.clock.advance(5 * MINUTE)
        await jobs.tick()
        assert (await ids(bench))[1:] == ["job-often-20260501T1305Z"]

    asyncio.run(body())


def test_a_period_waits_for_a_store_that_is_away_and_is_started_once_all_the_same() -> None:
    async def body() -> None:
        calls: list[Call] = []

        def fault(call: Call) -> None:
            if call.method == "create" and call.when == "after" and len(calls) < 2:
                calls.append(call)
                raise StoreUnavailable("the database is away")

        bench = await daemon("2026-05-01T02:59", store=faulty(MemoryStore(), fault))
        jobs = jobs_of(bench, {"nightly": job()})
        bench.clock.advance(2 * MINUTE)
        for _ in range(3):
            await jobs.tick()
        assert len(calls) > 0
        assert await ids(bench) == ["job-nightly-20260501T0300Z"]

    asyncio.run(body())


def test_what_cannot_be_started_does_not_keep_the_other_jobs_nor_the_next_period() -> None:
    async def body() -> None:
        bench = await daemon("2026-05-01T02:30")
        wrong = JobConfig(cron="0 * * * *", machine="nowhere")
        jobs = jobs_of(bench, {"wrong": wrong, "right": job("0 * * * *")})
        for _ in range(2):
            bench.clock.advance(HOUR)
            await jobs.tick()
        assert await ids(bench) == ["job-right-20260501T0300Z", "job-right-20260501T0400Z"]

    asyncio.run(body())


def test_a_key_that_is_always_the_same_starts_one_saga_and_no_more() -> None:
    async def body() -> None:
        bench = await daemon("2026-05-01T02:30", machine=KEYED)
        jobs = jobs_of(bench, {"hourly": job("0 * * * *", metadata={"name": "same"})})
        for _ in range(2):
            bench.clock.advance(HOUR)
            await jobs.tick()
        assert await ids(bench) == ["job-hourly-20260501T0300Z"]

    asyncio.run(body())


def moments(cron: str, timezone: str, start: str, end: str) -> list[str]:
    """Day and time, in UTC, of the moments between two."""
    calendar, found, moment = open_calendar("j", cron, timezone), [], at(start)
    while (following := calendar.next(moment)) is not None and following < at(end):
        found.append(f"{datetime.fromtimestamp(following / 1000, UTC):%dT%H:%M}")
        moment = following
    return found


@pytest.mark.parametrize(
    ("cron", "start", "end", "expected"),
    [
        # 29 March 2026: from 01:00 UTC on Rome is two hours ahead instead of one; 02:00 to 03:00 is left out.
        ("30 2 * * *", "2026-03-28T00:00", "2026-03-30T12:00", ["28T01:30", "29T01:30", "30T00:30"]),
        ("0 3 * * *", "2026-03-28T00:00", "2026-03-30T12:00", ["28T02:00", "29T01:00", "30T01:00"]),
        ("0 * * * *", "2026-03-28T23:30", "2026-03-29T02:30", ["29T00:00", "29T01:00", "29T02:00"]),
        # 25 October 2026: at 01:00 UTC 03:00 becomes 02:00; 02:00 to 03:00 comes twice.
        ("30 2 * * *", "2026-10-24T12:00", "2026-10-26T12:00", ["25T00:30", "26T01:30"]),
        ("0 * * * *", "2026-10-24T23:30", "2026-10-25T02:30", ["25T00:00", "25T01:00", "25T02:00"]),
    ],
)
def test_a_day_has_one_period_also_where_the_clock_is_changed(
    cron: str, start: str, end: str, expected: list[str]
) -> None:
    assert moments(cron, "Europe/Rome", start, end) == expected


@pytest.mark.parametrize(
    ("field", "days_of_may"),
    [
        ("0", [3, 10]),  # Sunday, as cron counts
        ("7", [3, 10]),
        ("1-5", [1, 4, 5, 6, 7, 8, 11]),
        ("fri-mon", [1, 2, 3, 4, 8, 9, 10, 11]),
        ("Mon,3", [4, 6, 11]),
        ("1-5/2", [1, 4, 6, 8, 11]),
        ("*/6", [2, 3, 9, 10]),
    ],
)
def test_days_of_the_week_count_as_in_cron(field: str, days_of_may: list[int]) -> None:
    found = moments(f"0 0 * * {field}", "UTC", "2026-04-30T12:00", "2026-05-12T00:00")
    assert [int(each[:2]) for each in found] == days_of_may


@pytest.mark.parametrize(
    ("cron", "timezone"),
    [
        ("", "UTC"),
        ("0 3 * *", "UTC"),
        ("0 3 * * * *", "UTC"),
        ("61 3 * * *", "UTC"),
        ("0 3 * * 8", "UTC"),
        ("0 3 * * moonday", "UTC"),
        ("0 3 30 2 *", "UTC"),
        ("0 3 1 * 1", "UTC"),
        ("@daily", "UTC"),
        ("0 3 * * *", "Europe/Rom"),
        ("0 3 * * *", "../../etc/passwd"),
    ],
)
def test_what_is_no_calendar_is_an_error_that_names_the_job(cron: str, timezone: str) -> None:
    with pytest.raises(ConfigInvalid, match="job nightly: "):
        open_calendar("nightly", cron, timezone)


def test_the_last_moment_is_found_among_a_year_of_minutes() -> None:
    calendar = open_calendar("j", "* * * * *", "UTC")
    first, now = at("2025-01-01T00:00"), at("2026-01-01T00:00") + 59_999
    assert latest(calendar, first, now) == at("2026-01-01T00:00")
    yearly = open_calendar("j", "0 0 29 2 *", "UTC")
    assert latest(yearly, at("2020-02-29T00:00"), now) == at("2024-02-29T00:00")


def test_a_job_of_a_machine_that_is_not_there_keeps_the_daemon_from_starting(tmp_path: Path) -> None:
    async def body() -> None:
        (tmp_path / "sample.yaml").write_text(REPORT)

        async def open_store(options: Mapping[str, Any], folder: Path) -> Store:
            return MemoryStore()

        config = Config(
            store=Binding(type="memory"),
            machines=(tmp_path / "sample.yaml",),
            channels={},
            jobs={"nightly": JobConfig(cron="0 3 * * *", machine="nowhere")},
            base=tmp_path,
        )
        adapters = Adapters(stores={"memory": open_store}, channels={}, calendar=open_calendar)
        with pytest.raises(ConfigInvalid, match="job nightly: there is no machine 'nowhere'"):
            async with running(config, adapters=adapters, clock=FakeClock(), ids=CountingIds()):
                raise AssertionError("it began")

    asyncio.run(body())
