"""Providers are asked in turn, and whatever breaks in between, no payment is taken by two of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.stores.memory import MemoryStore
from hub.routing_trail import Answer, Attempt, RecordTrail, Routed, ask_in_turn, goes_on
from providers.base import Payment, Rejected, Unknown
from tests.fakes.clock import FakeClock

OK = Payment(result="OK", payment_id="p")
DECLINED = Payment(result="KO", payment_id="p", description="insufficient funds")
SOFT = Payment(result="KO", payment_id="p", description="try another one", elsewhere=True)
NO_METHOD = Rejected(reason="method not enabled", elsewhere=True)
WRONG_KEY = Rejected(reason="HTTP 401", ours=True)
TIMED_OUT = Unknown(reason="no answer in time")
NO_CONNECTION = Unknown(reason="no connection", sent=False)


class Crash(Exception):
    """The process ends here."""


def trail() -> RecordTrail:
    return RecordTrail(MemoryStore().records, FakeClock())


def asked(
    *answers: Answer, again: bool = False, past: Sequence[Attempt] = ()
) -> tuple[Routed, list[tuple[str, bool]]]:
    """What comes of asking a, b and c, who answer in this order; and who was asked, and how."""
    seen: list[tuple[str, bool]] = []

    async def ask(name: str, repeated: bool) -> Answer:
        seen.append((name, repeated))
        return answers[len(seen) - 1]

    async def run() -> Routed:
        kept = trail()
        if past:
            await kept.write("k", past[:1])
            await kept.write("k", past)
        return await ask_in_turn(["a", "b", "c"], "k", again=again, trail=kept, ask=ask)

    return asyncio.run(run()), seen


@pytest.mark.parametrize("answer", [OK, DECLINED, WRONG_KEY, TIMED_OUT], ids=repr)
def test_what_is_decided_or_unknown_ends_the_turn(answer: Answer) -> None:
    routed, seen = asked(answer)
    assert seen == [("a", False)]
    assert (routed.answer, routed.provider) == (answer, "a")


@pytest.mark.parametrize("answer", [SOFT, NO_METHOD, NO_CONNECTION], ids=repr)
def test_a_refusal_that_allows_it_sends_the_payment_to_the_next_provider(answer: Answer) -> None:
    routed, seen = asked(answer, OK)
    assert seen == [("a", False), ("b", False)]
    assert (routed.answer, routed.provider) == (OK, "b")
    assert [one["provider"] for one in routed.kept()["routing"]["attempts"]] == ["a", "b"]
    assert routed.kept()["provider"] == "b"
    assert routed.attempts[0].result in ("KO", "REFUSED", "UNREACHED")
    assert routed.attempts[0].reason


def test_a_decline_says_more_than_a_refusal_behind_it() -> None:
    routed, _ = asked(SOFT, NO_METHOD, NO_METHOD)
    assert (routed.answer, routed.provider) == (SOFT, "a")
    assert len(routed.attempts) == 3


def test_a_repeat_begins_with_the_provider_that_was_asked_last() -> None:
    past = (Attempt(provider="a", result="KO", reason="no"), Attempt(provider="b"))
    routed, seen = asked(SOFT, OK, again=True, past=past)
    assert seen == [("b", True), ("c", False)]
    assert [one.provider for one in routed.attempts] == ["a", "b", "c"]


@pytest.mark.parametrize("answer", [NO_METHOD, NO_CONNECTION], ids=repr)
def test_a_refusal_proves_nothing_about_an_earlier_try(answer: Answer) -> None:
    routed, seen = asked(answer, OK, again=True, past=(Attempt(provider="a"),))
    assert seen == [("a", True)]
    assert routed.answer == answer
    assert not goes_on(answer, repeated=True)


def test_a_provider_that_left_the_configuration_is_asked_all_the_same() -> None:
    routed, seen = asked(TIMED_OUT, again=True, past=(Attempt(provider="gone"),))
    assert seen == [("gone", True)]
    assert routed.provider == "gone"


_BEFORE_LOOKING: dict[str, Answer] = {"refuses": NO_METHOD, "is away": NO_CONNECTION, "is silent": TIMED_OUT}


@dataclass
class Bank:
    """A provider with a memory: idempotent by key, and as fickle as `moods` says."""

    moods: list[str]
    taken: set[str] = field(default_factory=set)
    declined: set[str] = field(default_factory=set)
    calls: int = 0

    def answer(self, key: str) -> Answer:
        mood = self.moods[min(self.calls, len(self.moods) - 1)]
        self.calls += 1
        if mood in _BEFORE_LOOKING:
            return _BEFORE_LOOKING[mood]
        if key in self.taken:
            return OK
        return SOFT if key in self.declined else self._by(mood, key)

    def _by(self, mood: str, key: str) -> Answer:
        if mood in ("takes", "takes in silence"):
            self.taken.add(key)
            return OK if mood == "takes" else TIMED_OUT
        self.declined.add(key)
        return SOFT


_MOODS = st.lists(
    st.sampled_from(["takes", "takes in silence", "declines", "refuses", "is away", "is silent"]),
    min_size=1,
    max_size=4,
)


@settings(max_examples=500, deadline=None)
@example(
    moods=[["takes in silence", "refuses"], ["takes"], ["takes"]], crashes=set(), orders=[["a", "b", "c"]] * 6
)
@example(moods=[["refuses", "takes"], ["takes"], ["takes"]], crashes={9}, orders=[["a", "b", "c"]] * 6)
@given(
    st.lists(_MOODS, min_size=3, max_size=3),
    st.sets(st.integers(0, 30)),
    st.lists(st.permutations(["a", "b", "c"]), min_size=6, max_size=6),
)
def test_no_two_providers_take_one_payment_whatever_crashes_and_however_the_routes_change(
    moods: list[list[str]], crashes: set[int], orders: list[list[str]]
) -> None:
    """Every delivery may die before or after each write and each call, and may find other routes the next time."""
    banks = {name: Bank(moods=mood) for name, mood in zip("abc", moods, strict=True)}
    moment = count()

    def perhaps_crash() -> None:
        if next(moment) in crashes:
            raise Crash

    class CrashingTrail(RecordTrail):
        async def write(self, key: str, attempts: Sequence[Attempt]) -> None:
            perhaps_crash()
            await super().write(key, attempts)
            perhaps_crash()

    async def ask(name: str, again: bool) -> Answer:
        perhaps_crash()
        answer = banks[name].answer("k")
        perhaps_crash()
        return answer

    async def life() -> Routed | None:
        kept = CrashingTrail(MemoryStore().records, FakeClock())
        for attempt, order in enumerate(orders):
            with suppress(Crash):
                routed = await ask_in_turn(order, "k", again=attempt > 0, trail=kept, ask=ask)
                if not isinstance(routed.answer, Unknown):
                    return routed
        return None

    ended = asyncio.run(life())
    takers = [name for name, bank in banks.items() if "k" in bank.taken]
    assert len(takers) <= 1
    if ended is not None and ended.answer == OK:
        assert takers == [ended.provider], "the saga names the provider that has the money"


def test_who_refused_before_a_crash_and_would_take_it_now_is_not_asked_again() -> None:
    """Reading the first provider back would not help: it knows of no payment, and begins one."""
    banks = {"a": Bank(moods=["refuses", "takes"]), "b": Bank(moods=["takes"])}
    died = False

    async def ask(name: str, again: bool) -> Answer:
        nonlocal died
        answer = banks[name].answer("k")
        if name == "b" and not died:
            died = True
            raise Crash
        return answer

    async def run() -> Routed:
        kept = trail()
        with pytest.raises(Crash):
            await ask_in_turn(["a", "b"], "k", again=False, trail=kept, ask=ask)
        return await ask_in_turn(["a", "b"], "k", again=True, trail=kept, ask=ask)

    routed = asyncio.run(run())
    assert (routed.answer, routed.provider) == (OK, "b")
    assert not banks["a"].taken
