"""history and row_of: every step leaves one row, for ever."""

from __future__ import annotations

from dataclasses import replace

from engine.model import HistoryRow
from engine.ports import Store
from tests.contract.sagas import created, followed
from tests.contract.store.suite import StoreSuite, on_a_store


async def _six_rows(store: Store) -> list[HistoryRow]:
    step = created()
    await store.create(step)
    rows = [step.row]
    for number in range(2, 7):
        step = followed(step.saga, f"event{number}", event_id=f"id{number}" if number % 2 else None)
        await store.commit(step)
        rows.append(step.row)
    return rows


class HistorySuite(StoreSuite):
    @on_a_store
    async def test_rows_come_oldest_first_as_they_were_given(self, store: Store) -> None:
        rows = await _six_rows(store)
        assert list(await store.history("s1")) == rows

    @on_a_store
    async def test_every_field_of_a_row_is_kept(self, store: Store) -> None:
        step = created()
        await store.create(step)
        step = followed(step.saga, event_id="e1")
        row = replace(
            step.row,
            result="ignored",
            entered=True,
            business_event_id=0,
            business_event_description="The money arrived",
            actor="ann",
            reason="asked for it",
            note="ignored: nothing waits for it",
        )
        await store.commit(replace(step, rows=(row,)))
        assert (await store.history("s1"))[1] == row

    @on_a_store
    async def test_a_part_is_read_from_either_end(self, store: Store) -> None:
        await _six_rows(store)

        async def seqs(after: int = 0, limit: int | None = None, newest: bool = False) -> list[int]:
            return [r.seq for r in await store.history("s1", after=after, limit=limit, newest=newest)]

        assert await seqs(after=4) == [5, 6]
        assert await seqs(limit=2) == [1, 2]
        assert await seqs(limit=2, newest=True) == [5, 6]
        assert await seqs(after=1, limit=3) == [2, 3, 4]
        assert await seqs(after=4, limit=9, newest=True) == [5, 6]
        assert await seqs(newest=True) == [1, 2, 3, 4, 5, 6]
        assert await seqs(limit=0) == await seqs(limit=0, newest=True) == await seqs(after=6) == []

    @on_a_store
    async def test_an_unknown_saga_has_no_rows(self, store: Store) -> None:
        assert list(await store.history("nobody")) == []
        assert await store.row_of("nobody", "e1") is None

    @on_a_store
    async def test_the_row_of_an_event_is_found_by_its_id(self, store: Store) -> None:
        rows = await _six_rows(store)
        assert await store.row_of("s1", "id3") == rows[2]
        assert await store.row_of("s1", "id2") is None
        assert await store.row_of("s1", "") is None
