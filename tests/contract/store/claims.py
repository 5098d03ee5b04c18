"""The agenda: who does what, until when, and what became of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from engine.errors import StaleLease
from engine.model import Claim, Entry
from engine.ports import Store
from tests.contract.sagas import created, entry, followed
from tests.contract.store.suite import StoreSuite, on_a_store


async def _claim(store: Store, owner: str = "a", now: int = 1_000, limit: int = 10) -> list[Claim]:
    return list(await store.claim(owner=owner, now=now, lease=100, limit=limit))


async def _claimed(store: Store, **changes: Any) -> Entry:
    """The only entry of a new saga, claimed by a."""
    await store.create(created(owes=(entry(**changes),)))
    [claim] = await _claim(store)
    return claim.entry


async def _kept(store: Store) -> Entry:
    [kept] = (await store.load("s1")).agenda
    return kept


class ClaimsSuite(StoreSuite):
    @on_a_store
    async def test_a_claim_carries_its_lease_and_its_saga(self, store: Store) -> None:
        step = created(owes=(entry(payload={"amount": 5}), entry(number=1, due=5_000)))
        await store.create(step)
        [claim] = await _claim(store)
        expected = replace(step.added[0], owner="a", token=1, lease_until=1_100)
        assert claim.entry == expected
        assert claim.saga == replace(step.saga, agenda=())
        assert await store.load("s1") == replace(step.saga, agenda=(expected, step.added[1]))

    @on_a_store
    async def test_a_lease_lasts_the_entry_s_timeout_longer(self, store: Store) -> None:
        assert (await _claimed(store, timeout=30_000)).lease_until == 1_000 + 30_000 + 100

    @on_a_store
    async def test_only_what_is_due_is_claimed_oldest_first(self, store: Store) -> None:
        dues = {"s1": 900, "s2": 1_000, "s3": 1_001, "s4": 100, "s5": 900}
        for saga_id, due in dues.items():
            await store.create(created(saga_id, owes=(entry(saga_id, due=due),)))
        claims = await _claim(store)
        assert [claim.entry.saga_id for claim in claims] == ["s4", "s1", "s5", "s2"]
        assert [claim.saga.saga_id for claim in claims] == ["s4", "s1", "s5", "s2"]

    @on_a_store
    async def test_a_claim_takes_no_more_than_its_limit(self, store: Store) -> None:
        await store.create(created(owes=tuple(entry(number=n, due=900 + n) for n in range(5))))
        taken = [[c.entry.id for c in await _claim(store, limit=2)] for _ in range(4)]
        assert taken == [["s1.1.0", "s1.1.1"], ["s1.1.2", "s1.1.3"], ["s1.1.4"], []]

    @on_a_store
    async def test_an_entry_leased_in_its_own_step_is_not_claimed(self, store: Store) -> None:
        await store.create(created(owes=(entry(owner="a", token=1, lease_until=2_000),)))
        assert await _claim(store, "b", now=1_999) == []
        [claim] = await _claim(store, "b", now=2_000)
        assert (claim.entry.owner, claim.entry.token) == ("b", 2)

    @on_a_store
    async def test_an_entry_has_one_owner_until_its_lease_runs_out(self, store: Store) -> None:
        await _claimed(store)
        assert await _claim(store, "b", now=1_099) == []
        [claim] = await _claim(store, "b", now=1_100)
        assert (claim.entry.owner, claim.entry.token, claim.entry.lease_until) == ("b", 2, 1_200)

    @on_a_store
    async def test_claims_at_once_never_share_an_entry(self, store: Store) -> None:
        await store.create(created(owes=tuple(entry(number=n) for n in range(30))))
        answers = await asyncio.gather(*(_claim(store, f"daemon{n}", limit=4) for n in range(10)))
        ids = [claim.entry.id for claims in answers for claim in claims]
        assert len(ids) == len(set(ids)) == 30

    @on_a_store
    async def test_a_late_writer_is_fenced(self, store: Store) -> None:
        old = await _claimed(store)
        [new] = await _claim(store, "b", now=1_100)
        for late in (
            store.postpone(old, due=9_000, reason=None),
            store.park(old, reason="late"),
            store.settle(old),
        ):
            with pytest.raises(StaleLease):
                await late
        assert await _kept(store) == new.entry

    @on_a_store
    async def test_an_entry_that_is_gone_is_fenced_too(self, store: Store) -> None:
        held = await _claimed(store)
        await store.commit(followed(created().saga, removed=(held.id,)))
        with pytest.raises(StaleLease):
            await store.postpone(held, due=9_000, reason=None)
        with pytest.raises(StaleLease):
            await store.settle(held)
        with pytest.raises(StaleLease):
            await store.park(replace(held, saga_id="nobody"), reason="x")

    @on_a_store
    async def test_a_postponed_entry_is_free_and_due_again_later(self, store: Store) -> None:
        held = await _claimed(store)
        await store.postpone(replace(held, attempts=3), due=5_000, reason="no answer")
        assert await _kept(store) == replace(
            held, attempts=3, due=5_000, reason="no answer", owner=None, lease_until=0
        )
        assert await _claim(store, "b", now=4_999) == []
        [again] = await _claim(store, "b", now=5_000)
        assert (again.entry.token, again.entry.attempts, again.entry.reason) == (2, 3, "no answer")

    @on_a_store
    async def test_a_delivered_entry_waits_for_its_reply(self, store: Store) -> None:
        held = await _claimed(store)
        await store.postpone(held, due=5_000, reason=None, waiting=True)
        assert (await _kept(store)).status == "waiting"
        [late] = await _claim(store, now=5_000)
        assert late.entry.status == "waiting"
        await store.postpone(late.entry, due=6_000, reason="no reply in time")
        assert (await _kept(store)).status == "due"

    @on_a_store
    async def test_a_parked_entry_is_never_claimed(self, store: Store) -> None:
        held = await _claimed(store)
        await store.park(replace(held, attempts=5), reason="gave up")
        kept = await _kept(store)
        assert (kept.status, kept.attempts, kept.reason, kept.owner) == ("parked", 5, "gave up", None)
        assert kept.due == held.due
        assert await _claim(store, now=10**13) == []

    @on_a_store
    async def test_a_settled_entry_is_gone_and_the_rest_stays(self, store: Store) -> None:
        await store.create(created(owes=(entry(), entry(number=1))))
        held, _ = await _claim(store)
        await store.settle(held.entry)
        assert [e.id for e in (await store.load("s1")).agenda] == ["s1.1.1"]

    @on_a_store
    async def test_what_becomes_of_entries_leaves_version_and_history_alone(self, store: Store) -> None:
        await store.create(created(owes=tuple(entry(number=n) for n in range(3))))
        first, second, third = await _claim(store)
        await store.postpone(first.entry, due=9_000, reason=None)
        await store.park(second.entry, reason="x")
        await store.settle(third.entry)
        await store.release()
        assert (await store.load("s1")).version == 1
        assert len(await store.history("s1")) == 1
        await store.commit(followed(created().saga))

    @on_a_store
    async def test_releasing_frees_the_leases_of_one_owner(self, store: Store) -> None:
        await store.create(created(owes=tuple(entry(number=n) for n in range(3))))
        await _claim(store, "a", limit=2)
        await _claim(store, "b", limit=1)
        assert await store.release(owner="a") == 2
        assert await store.release(owner="a") == 0
        again = await _claim(store, "c")
        assert [(c.entry.id, c.entry.token) for c in again] == [("s1.1.0", 2), ("s1.1.1", 2)]

    @on_a_store
    async def test_releasing_everybody_frees_what_a_crash_left(self, store: Store) -> None:
        await store.create(created("s1", owes=(entry("s1", owner="dead", token=4, lease_until=10**12),)))
        await store.create(created("s2", owes=(entry("s2"), entry("s2", number=1, due=10**12))))
        await _claim(store, "b")
        assert await store.release() == 2
        claims = await _claim(store, "c")
        assert [(c.entry.saga_id, c.entry.token) for c in claims] == [("s1", 5), ("s2", 2)]

    @on_a_store
    async def test_a_released_owner_is_not_fenced_until_the_next_claim(self, store: Store) -> None:
        held = await _claimed(store)
        await store.release()
        await store.settle(held)
        assert (await store.load("s1")).agenda == ()

    @on_a_store
    async def test_the_next_due_is_when_something_can_be_claimed(self, store: Store) -> None:
        assert await store.next_due() is None
        await store.create(created("s1", owes=(entry("s1", due=7_000),)))
        assert await store.next_due() == 7_000
        await store.create(created("s2", owes=(entry("s2", due=500),)))
        assert await store.next_due() == 500
        [claim] = await _claim(store)
        assert await store.next_due() == claim.entry.lease_until == 1_100
        await store.postpone(claim.entry, due=20_000, reason=None)
        assert await store.next_due() == 7_000

    @on_a_store
    async def test_the_next_due_looks_past_leases_and_parked_entries(self, store: Store) -> None:
        owes = (
            entry(number=0, due=1, owner="x", token=1, lease_until=50_000),
            entry(number=1, due=2, owner="x", token=1, lease_until=9_000),
            entry(number=2, due=3, status="parked"),
            entry(number=3, due=30_000),
        )
        await store.create(created(owes=owes))
        assert await store.next_due() == 9_000

    @on_a_store
    async def test_the_agenda_is_listed_by_due_and_id(self, store: Store) -> None:
        await store.create(created("s1", owes=(entry("s1", due=30), entry("s1", number=1, due=10))))
        await store.create(
            created(
                "s2", machine="payment", state="NEW", owes=(entry("s2", due=10), entry("s2", number=1, due=5))
            )
        )
        listed = await store.agenda()
        assert [due.entry.id for due in listed] == ["s2.1.1", "s1.1.1", "s2.1.0", "s1.1.0"]
        assert [(due.machine, due.saga_state) for due in listed[:2]] == [
            ("payment", "NEW"),
            ("order", "CREATED"),
        ]
        assert listed[0].entry == entry("s2", number=1, due=5)
        assert [due.entry.id for due in await store.agenda(machine="order")] == ["s1.1.1", "s1.1.0"]
        assert list(await store.agenda(machine="nobody")) == []

    @on_a_store
    async def test_the_agenda_tells_parked_from_open(self, store: Store) -> None:
        await store.create(created(owes=tuple(entry(number=n, due=100 + n) for n in range(4))))
        claims = await _claim(store)
        await store.park(claims[1].entry, reason="x")
        await store.park(claims[3].entry, reason="y")

        async def ids(parked: bool | None) -> list[str]:
            return [due.entry.id[-1] for due in await store.agenda(parked=parked)]

        assert (await ids(True), await ids(False), await ids(None)) == (["1", "3"], ["0", "2"], [*"0123"])

    @on_a_store
    async def test_the_agenda_is_read_page_by_page(self, store: Store) -> None:
        await store.create(created(owes=tuple(entry(number=n, due=100 + n // 3) for n in range(9))))
        seen: list[str] = []
        after: tuple[int, str] | None = None
        while len(seen) <= 9 and (page := await store.agenda(after=after, limit=2)):
            assert len(page) <= 2
            seen += [due.entry.id for due in page]
            after = page[-1].entry.due, page[-1].entry.id
        assert seen == [f"s1.1.{n}" for n in range(9)]
