"""The part of the provider suite that is about callbacks: whom to believe, and what they say."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from providers.base import Payment, PayRequest
from providers.callbacks import TOLERANCE, CallbackRequest, Refused, Told, Word
from tests.contract.provider.world import World

MUTATIONS = 10_000


class Callbacks:
    def in_world(self, body: Callable[[World], Awaitable[None]]) -> None:
        raise AssertionError("the suite runs it")

    def request(self, world: World) -> PayRequest:
        raise AssertionError("the suite makes it")

    def called(self, body: Callable[[World, Payment], Awaitable[None]]) -> None:
        """Run on a provider that sends callbacks; one that sends none refuses whatever comes."""

        async def run(world: World) -> None:
            if not world.provider.capabilities.callbacks:
                nothing = CallbackRequest(method="POST", target="/", body=b"{}", received=0)
                assert isinstance(await world.provider.read_callback(nothing), Refused)
                return
            world.script("pending")
            payment = await world.provider.pay(self.request(world))
            assert isinstance(payment, Payment)
            await body(world, payment)

        self.in_world(run)

    @pytest.mark.parametrize("word", ["ACCEPTED", "FAILED"])
    def test_a_callback_says_what_became_of_the_payment(self, word: Word) -> None:
        async def body(world: World, payment: Payment) -> None:
            world.settle(payment.payment_id, word)
            told = await world.provider.read_callback(world.callback(payment.payment_id, word))
            assert isinstance(told, Told)
            (notice,) = told.notices
            assert notice.about == "payment"
            assert notice.word in ((word,) if world.signed else (word, None))
            assert notice.payment_id == payment.payment_id or notice.shop_transaction_id == "shop-1"
            assert notice.id

        self.called(body)

    def test_a_repeat_has_the_same_id(self) -> None:
        async def body(world: World, payment: Payment) -> None:
            world.settle(payment.payment_id, "ACCEPTED")
            request = world.callback(payment.payment_id, "ACCEPTED")
            first = await world.provider.read_callback(request)
            again = await world.provider.read_callback(replace(request, received=request.received + 60_000))
            assert isinstance(first, Told)
            assert first == again

        self.called(body)

    def test_a_wrong_key_is_refused(self) -> None:
        async def body(world: World, payment: Payment) -> None:
            request = world.callback(payment.payment_id, "ACCEPTED", key="another")
            assert not_believed(await world.provider.read_callback(request))

        self.called(body)

    def test_an_old_callback_is_refused_where_the_signature_covers_a_time(self) -> None:
        async def body(world: World, payment: Payment) -> None:
            request = world.callback(payment.payment_id, "ACCEPTED")
            late = replace(request, received=request.received + TOLERANCE + 1_000)
            assert isinstance(await world.provider.read_callback(late), Refused if world.stamped else Told)
            early = replace(request, received=request.received - TOLERANCE - 1_000)
            assert not world.stamped or isinstance(await world.provider.read_callback(early), Refused)

        self.called(body)

    def test_without_any_of_its_signature_it_is_refused(self) -> None:
        async def body(world: World, payment: Payment) -> None:
            request = world.callback(payment.payment_id, "ACCEPTED")
            bare = replace(request, headers={}, query={}, body=b"" if not request.headers else request.body)
            assert not_believed(await world.provider.read_callback(bare))

        self.called(body)

    def test_nothing_that_is_mutated_is_believed_and_nothing_crashes(self) -> None:
        async def body(world: World, payment: Payment) -> None:
            request = world.callback(payment.payment_id, "ACCEPTED")
            original = await world.provider.read_callback(request)
            dice = random.Random(20)  # the same mutations every time
            for _ in range(MUTATIONS):
                changed = mutated(request, dice)
                answer = await world.provider.read_callback(changed)
                assert answer == original or not_believed(answer)

        self.called(body)


def not_believed(answer: Told | Refused) -> bool:
    """Refused, or a hint: the provider is asked before anything is done."""
    return isinstance(answer, Refused) or all(notice.word is None for notice in answer.notices)


def mutated(request: CallbackRequest, dice: random.Random) -> CallbackRequest:
    """The same request with one thing spoilt: a byte, a header, a query value, or all of the body."""
    kind = dice.choice(("byte", "cut", "noise", "header", "query"))
    if kind == "byte" and request.body:
        place = dice.randrange(len(request.body))
        spoilt = bytes([request.body[place] ^ dice.randrange(1, 256)])
        return replace(request, body=request.body[:place] + spoilt + request.body[place + 1 :])
    if kind == "cut" and request.body:
        return replace(request, body=request.body[: dice.randrange(len(request.body))])
    if kind == "header" and request.headers:
        name = dice.choice(sorted(request.headers))
        return replace(request, headers={**request.headers, name: dice.randbytes(8).hex()})
    if kind == "query" and request.query:
        name = dice.choice(sorted(request.query))
        return replace(request, query={**request.query, name: dice.randbytes(8).hex()})
    return replace(request, body=dice.randbytes(dice.randrange(64)))
