"""What engine.records.Records promises, for every store."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from engine.errors import RecordExists, StaleRecord
from engine.ports import Store
from engine.records import Record, Records
from tests.contract.store.suite import StoreSuite, on_a_store


def rule(id_: str = "r1", *, at: int = 1_000, body: dict[str, object] | None = None, **tags: str) -> Record:
    return Record(kind="rules", id=id_, at=at, tags=tags, body={"priority": 1} if body is None else body)


async def ids(records: Records, **asked: object) -> list[str]:
    return [record.id for record in await records.find("rules", **asked)]  # type: ignore[arg-type]


class RecordsSuite(StoreSuite):
    @on_a_store
    async def test_a_record_is_read_as_it_was_written(self, store: Store) -> None:
        written = rule(body={"a.b": [1, None, {"$c": "é"}], "n": 2**60}, method="cards", who="a=b")
        await store.records.insert(written)
        assert await store.records.get("rules", "r1") == written
        assert await store.records.get("rules", "r2") is None
        assert await store.records.get("users", "r1") is None

    @on_a_store
    async def test_an_id_is_taken_once_in_its_kind(self, store: Store) -> None:
        await store.records.insert(rule())
        with pytest.raises(RecordExists):
            await store.records.insert(rule(body={"priority": 2}))
        await store.records.insert(replace(rule(), kind="users"))
        assert (await store.records.get("rules", "r1")) == rule()

    @on_a_store
    async def test_of_two_who_insert_one_wins(self, store: Store) -> None:
        tries = [store.records.insert(rule(body={"by": n})) for n in range(8)]
        ends = await asyncio.gather(*tries, return_exceptions=True)
        assert sum(end is None for end in ends) == 1
        assert all(end is None or isinstance(end, RecordExists) for end in ends)

    @on_a_store
    async def test_of_two_who_replace_one_wins(self, store: Store) -> None:
        await store.records.insert(rule())
        tries = [store.records.replace(rule(body={"by": n}, at=n)) for n in range(8)]
        ends = await asyncio.gather(*tries, return_exceptions=True)
        (won,) = [end for end in ends if isinstance(end, Record)]
        assert (won.version, won.at) == (2, 1_000)
        assert await store.records.get("rules", "r1") == won
        assert sum(isinstance(end, StaleRecord) for end in ends) == 7

    @on_a_store
    async def test_what_is_not_there_cannot_be_replaced(self, store: Store) -> None:
        with pytest.raises(StaleRecord):
            await store.records.replace(rule())

    @on_a_store
    async def test_a_record_is_deleted_only_at_the_version_that_was_seen(self, store: Store) -> None:
        await store.records.insert(rule(tag="x"))
        await store.records.replace(rule(tag="y"))
        with pytest.raises(StaleRecord):
            await store.records.delete("rules", "r1", version=1)
        assert await store.records.delete("rules", "r1", version=2)
        assert not await store.records.delete("rules", "r1")
        assert await store.records.get("rules", "r1") is None
        assert await ids(store.records, tags={"tag": "y"}) == []

    @on_a_store
    async def test_records_are_found_by_their_tags_as_they_are_now(self, store: Store) -> None:
        await store.records.insert(rule("a", at=1, colour="red", size="s"))
        await store.records.insert(rule("b", at=2, colour="red", size="m"))
        await store.records.insert(rule("c", at=3, colour="blue", size="m"))
        assert await ids(store.records, tags={"colour": "red"}) == ["a", "b"]
        assert await ids(store.records, tags={"size": "m", "colour": "red"}) == ["b"]
        assert await ids(store.records, tags={"colour": "green"}) == []
        assert await store.records.count("rules", tags={"size": "m"}) == 2
        await store.records.replace(rule("b", size="m", colour="blue"))
        assert await ids(store.records, tags={"colour": "blue"}, newest=True) == ["c", "b"]
        assert await store.records.count("rules") == 3
        assert await store.records.count("users") == 0

    @on_a_store
    async def test_records_are_found_by_the_beginning_of_a_tag(self, store: Store) -> None:
        await store.records.insert(rule("a", at=1, email="ann@example.org", name="ann"))
        await store.records.insert(rule("b", at=2, email="ann.b@example.org", name="zoe"))
        await store.records.insert(rule("c", at=3, email="bob@example.org", name="bob"))

        async def begun(tag: str, prefix: str, limit: int = 50) -> list[str]:
            return sorted(one.id for one in await store.records.starting("rules", tag, prefix, limit=limit))

        assert await begun("email", "ann") == ["a", "b"]
        assert await begun("email", "ann.") == ["b"]
        assert await begun("name", "ann") == ["a"]
        assert await begun("email", "ann@example.org") == ["a"]
        assert await begun("email", "nn") == await begun("nam", "e=ann") == await begun("email", "a%") == []
        assert len(await begun("email", "ann", limit=1)) == 1
        await store.records.replace(rule("b", email="carol@example.org"))
        assert await begun("email", "ann") == ["a"]
        assert await begun("name", "zoe") == []
        await store.records.delete("rules", "a")
        assert await begun("email", "ann") == []

    @on_a_store
    async def test_pages_meet_every_record_once_in_both_directions(self, store: Store) -> None:
        for number in range(10):
            await store.records.insert(rule(f"r{number}", at=100 + number // 3, tag="t"))
        for newest in (False, True):
            for tags in (None, {"tag": "t"}):
                seen: list[str] = []
                after = None
                while page := await store.records.find(
                    "rules", tags=tags, after=after, newest=newest, limit=3
                ):
                    seen += [record.id for record in page]
                    after = (page[-1].at, page[-1].id)
                assert seen == sorted((f"r{n}" for n in range(10)), reverse=newest)

    @on_a_store
    async def test_a_span_of_time_begins_with_its_first_and_ends_before_its_last_moment(
        self, store: Store
    ) -> None:
        for at in (1, 2, 3, 4):
            await store.records.insert(rule(f"r{at}", at=at, tag="t"))
        assert await ids(store.records, since=2, until=4) == ["r2", "r3"]
        assert await ids(store.records, since=2, until=4, tags={"tag": "t"}, newest=True) == ["r3", "r2"]

    @on_a_store
    async def test_a_later_change_of_what_was_given_or_got_reaches_nobody(self, store: Store) -> None:
        mine: dict[str, object] = {"list": [1]}
        await store.records.insert(rule(body=mine))
        mine["list"] = []
        got = await store.records.get("rules", "r1")
        assert got is not None
        got.body["list"].append(2)
        again = await store.records.get("rules", "r1")
        assert again is not None
        assert again.body == {"list": [1]}
