"""Users, sessions, API keys, throttling and the audit log, on the memory store and a clock of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from adapters.stores.memory import MemoryStore
from engine.errors import PayloadInvalid, RecordExists
from hub.access.keys import ApiKeys
from hub.access.passwords import Passwords
from hub.access.roles import Actor
from hub.access.sessions import LASTS, SESSIONS, Sessions, csrf_of
from hub.access.throttle import FORGOTTEN, FREE, LONGEST_WAIT, Throttle
from hub.access.users import Users
from hub.audit import Audit
from tests.fakes.clock import CountingIds, FakeClock

PASSWORD = "correct horse battery"


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    store: MemoryStore
    clock: FakeClock
    users: Users
    sessions: Sessions
    keys: ApiKeys
    audit: Audit


def in_house(body: Callable[[House], Awaitable[None]]) -> None:
    async def run() -> None:
        store, clock, passwords, ids = MemoryStore(), FakeClock(), Passwords(), CountingIds()
        users = Users(store.records, clock, passwords)
        await body(
            House(
                store=store,
                clock=clock,
                users=users,
                sessions=Sessions(store.records, clock, users),
                keys=ApiKeys(store.records, clock, ids, passwords),
                audit=Audit(store.records, clock, ids),
            )
        )

    asyncio.run(run())


def test_the_first_start_makes_an_admin_whose_password_is_told_once() -> None:
    async def body(house: House) -> None:
        password = await house.users.first()
        assert password is not None
        assert await house.users.first() is None
        admin = await house.users.verified("admin", password)
        assert admin is not None
        assert admin.role == "admin"
        kept = await house.store.records.get("users", "admin")
        assert password not in repr(kept) + repr(kept and kept.body)

    in_house(body)


def test_a_wrong_password_a_disabled_user_and_nobody_are_let_in_alike() -> None:
    async def body(house: House) -> None:
        await house.users.first()
        await house.users.add("ada", PASSWORD, "operator")
        assert await house.users.verified("ada", PASSWORD) is not None
        assert await house.users.verified("ada", PASSWORD + "!") is None
        assert await house.users.verified("bob", PASSWORD) is None
        assert await house.users.verified("bob", "x") is None
        await house.users.change("ada", disabled=True)
        assert await house.users.verified("ada", PASSWORD) is None

    in_house(body)


@pytest.mark.parametrize(
    ("name", "password", "role"),
    [
        ("", PASSWORD, "viewer"),
        ("Ada B", PASSWORD, "viewer"),
        ("ada", "short", "viewer"),
        ("ada", PASSWORD, "root"),
    ],
)
def test_what_makes_no_user_is_refused_and_nothing_is_kept(name: str, password: str, role: str) -> None:
    async def body(house: House) -> None:
        with pytest.raises(PayloadInvalid):
            await house.users.add(name, password, role)  # type: ignore[arg-type]
        assert await house.users.list() == []

    in_house(body)


def test_a_name_is_taken_once_and_an_admin_always_stays() -> None:
    async def body(house: House) -> None:
        await house.users.add("ada", PASSWORD, "admin")
        with pytest.raises(RecordExists):
            await house.users.add("ada", PASSWORD, "viewer")
        for change in ({"role": "viewer"}, {"disabled": True}):
            with pytest.raises(PayloadInvalid, match="stay admin"):
                await house.users.change("ada", **change)
        await house.users.add("bob", PASSWORD, "admin")
        assert (await house.users.change("ada", role="viewer")).role == "viewer"

    in_house(body)


def test_a_session_ends_with_time_at_logout_and_when_its_user_changes() -> None:
    async def body(house: House) -> None:
        await house.users.first()
        user = await house.users.add("ada", PASSWORD, "operator")
        token = await house.sessions.begin(user)
        found = await house.sessions.find(token)
        assert found is not None
        assert found.actor == Actor(name="ada", role="operator", how="session")
        assert found.csrf == csrf_of(token)
        assert await house.sessions.find(token + "x") is None
        await house.sessions.end(token)
        await house.sessions.end(token)
        assert await house.sessions.find(token) is None
        again = await house.sessions.begin(user)
        await house.users.change("ada", role="viewer")
        assert await house.sessions.find(again) is None
        third = await house.sessions.begin(await house.users.change("ada", role="operator"))
        house.clock.advance(LASTS)
        assert await house.sessions.find(third) is None

    in_house(body)


def test_an_api_key_is_shown_once_and_works_until_it_is_revoked() -> None:
    async def body(house: House) -> None:
        text = await house.keys.add("shop", "operator")
        (key,) = await house.keys.list()
        assert (key.name, key.role) == ("shop", "operator")
        kept = await house.store.records.get("api_keys", key.id)
        assert kept is not None
        assert text.split("_")[2] not in repr(kept.body)
        for _ in range(2):
            assert await house.keys.verified(text) == Actor(name="key:shop", role="operator", how="key")
        for wrong in (text + "x", text.replace("sgl", "abc"), f"sgl_{key.id}_", "", "sgl", "sgl_nobody_x"):
            assert await house.keys.verified(wrong) is None
        assert await house.keys.revoke(key.id)
        assert not await house.keys.revoke(key.id)
        assert await house.keys.verified(text) is None

    in_house(body)


def test_who_guesses_waits_ever_longer_and_a_success_forgets() -> None:
    clock = FakeClock()
    throttle = Throttle(clock)
    for _ in range(FREE - 1):
        throttle.failed("ada", "10.0.0.1")
    assert throttle.wait("ada") == 0
    waits = []
    for _ in range(20):
        throttle.failed("ada", "10.0.0.1")
        waits.append(throttle.wait("ada"))
    assert waits == sorted(waits)
    assert waits[0] > 0
    assert waits[-1] == LONGEST_WAIT
    assert throttle.wait("bob", "10.0.0.1") == LONGEST_WAIT
    assert throttle.wait("bob", "10.0.0.2") == 0
    clock.advance(LONGEST_WAIT)
    assert throttle.wait("ada") == 0
    throttle.succeeded("ada", "10.0.0.1")
    throttle.failed("ada")
    assert throttle.wait("ada") == 0


def test_the_audit_log_is_read_newest_first_by_who_and_what_and_masks_card_numbers() -> None:
    async def body(house: House) -> None:
        ada = Actor(name="ada", role="operator", how="session")
        for number in range(3):
            await house.audit.note(
                ada,
                "payment.refund",
                f"saga p{number}",
                reason="4111 1111 1111 1111",
                after={"amount": number},
            )
            house.clock.advance(1)
        acts = await house.audit.list(actor="ada")
        assert [act.target for act in acts] == ["saga p2", "saga p1", "saga p0"]
        assert "4111" not in acts[0].reason
        assert (await house.audit.list(target="saga p1"))[0].after == {"amount": 1}
        assert await house.audit.list(action="user.add") == []
        assert len(await house.audit.list(after=(acts[0].at, acts[0].id), limit=1)) == 1

    in_house(body)


def test_a_failure_that_was_none_is_taken_back_and_an_hour_forgets_them_all() -> None:
    clock = FakeClock()
    throttle = Throttle(clock)
    for _ in range(FREE - 1):
        throttle.failed("office")
    throttle.failed("office")
    throttle.forgiven("office", "nobody")
    assert throttle.wait("office") == 0
    throttle.failed("office")
    assert throttle.wait("office") > 0
    clock.advance(FORGOTTEN + throttle.wait("office") + 1)
    throttle.failed("office")
    assert throttle.wait("office") == 0


def test_a_login_sweeps_the_sessions_of_the_user_that_are_over() -> None:
    async def body(house: House) -> None:
        anna = await house.users.add("anna", PASSWORD, "viewer")
        for _ in range(3):
            await house.sessions.begin(anna)
        house.clock.advance(LASTS)
        token = await house.sessions.begin(anna)
        house.clock.advance(1)
        await house.sessions.begin(anna)
        assert await house.store.records.count(SESSIONS) == 2
        assert await house.sessions.find(token) is not None

    in_house(body)
