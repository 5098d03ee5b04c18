"""Nothing of a payment method stays with us, wherever it stands in what comes in and however the payment ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands.wiring import adapters
from engine.assembly import Engine, running
from engine.config import HOUSE, Binding, Config
from engine.errors import PayloadInvalid
from engine.model import Event, Json, Query
from hub.callback_events import Heard, event_of
from hub.cards import holds_card_number, masked
from providers.callbacks import Notice
from tests.fakes.clock import CountingIds, FakeClock

SECRET = "adyenjs_0_1_SECRET"
CARD = "4111 1111 1111 1111"
CARDS = [CARD, 4111111111111111, "378282246310005", "card: 5555-5555-5555-4444.", "6011111111111117"]
FIELDS = ["encryptedCardNumber", "encrypted_security_code", "cvv", "applePayToken", "cardNumber"]
LOOSE = ["token", "nonce", "number"]


@asynccontextmanager
async def hub() -> AsyncIterator[Engine]:
    """The engine as the daemon has it, on the sandbox."""
    config = Config(
        store=Binding(type="memory"),
        machines=(HOUSE / "machines" / "payment.yaml",),
        channels={
            "payments": Binding(type="payments"),
            "notifications": Binding(type="log"),
            "merchant": Binding(type="log"),
        },
        base=Path(),
    )
    async with running(
        config, adapters=adapters(config), clock=FakeClock(), ids=CountingIds(), heartbeat=None
    ) as engine:
        yield engine


def on_the_hub(body: Callable[[Engine], Awaitable[None]]) -> None:
    async def run() -> None:
        async with hub() as engine:
            await body(engine)

    asyncio.run(run())


async def all_kept(engine: Engine) -> str:
    """All that the store holds, as text."""
    sagas = [await engine.store.load(saga.saga_id) for saga in await engine.store.list(Query())]
    history = [await engine.store.history(saga.saga_id) for saga in sagas]
    shelves = [await engine.store.records.find(kind) for kind in ("payment-route", "gateway-call")]
    return repr([saga.metadata for saga in sagas]) + repr(sagas) + repr(history) + repr(shelves)


def payment(amount: int, **more: Any) -> Json:
    return {"shopTransactionId": "shop-1", "amount": amount, "currency": "EUR", **more}


def nested(names: list[str], secret: object) -> st.SearchStrategy[Json]:
    """JSON objects with `secret` under one of the names, at any depth, in lists too."""
    leaf: st.SearchStrategy[Any] = st.dictionaries(
        st.sampled_from(names), st.just(secret), min_size=1, max_size=2
    )
    plain = st.dictionaries(st.sampled_from(["a", "b", "buyerName"]), st.integers(0, 99), max_size=2)

    def grow(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        within = st.one_of(inner, st.lists(st.one_of(inner, plain), min_size=1, max_size=3))
        return st.builds(lambda part, rest: {**rest, "part": part}, within, plain)

    return st.recursive(leaf, grow, max_leaves=4)


@settings(max_examples=25, deadline=None)
@given(
    nested(FIELDS + LOOSE, SECRET),
    nested(FIELDS, SECRET),
    st.sampled_from([1200, 1201, 1202, 1203]),
    st.sampled_from(["credit-cards", "shells"]),
    st.booleans(),
)
def test_payment_method_fields_do_not_outlive_the_call(
    provider_data: Json, elsewhere: Json, amount: int, method: str, at_creation: bool
) -> None:
    async def body(engine: Engine) -> None:
        secret = {"payRequestData": {"providerData": provider_data}, "additionalData": elsewhere}
        asked = {"paymentMethod": method, "provider": "sandbox"}
        first, later = ({**secret, **asked}, {}) if at_creation else ({}, {**secret, **asked})
        saga = (await engine.runner.start("payment", metadata=payment(amount, **first))).saga
        await engine.runner.handle(saga.saga_id, Event(name="scheduleRequested", payload=later))
        await engine.dispatcher.idle()
        assert (await engine.store.load(saga.saga_id)).state != "PAYMENT_SCHEDULE_REQUESTED"
        assert "SECRET" not in await all_kept(engine)

    on_the_hub(body)


def placed(card: object) -> st.SearchStrategy[Json]:
    """JSON objects with a card number somewhere: as a value, in a text, as a name, in a list."""
    leaf: st.SearchStrategy[Any] = st.one_of(
        st.just(card),
        st.just(f"pay with {card}, please"),
        st.just({str(card): True}),
        st.just({"note": card, "amount": 5}),
    )
    wrapped = st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=2), st.builds(lambda one: {"x": one}, inner)
        ),
    )
    return st.builds(lambda part: {"additionalData": {"part": part}}, wrapped)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(CARDS).flatmap(placed))
def test_a_card_number_gets_into_no_saga_by_any_way(data: Json) -> None:
    async def body(engine: Engine) -> None:
        with pytest.raises(PayloadInvalid) as refused:
            await engine.runner.start("payment", metadata=payment(1200, **data))
        assert not holds_card_number(str(refused.value))
        saga = (await engine.runner.start("payment", metadata=payment(1200))).saga
        with pytest.raises(PayloadInvalid):
            await engine.runner.handle(saga.saga_id, Event(name="scheduleRequested", payload=data))
        assert not holds_card_number(await all_kept(engine))

    on_the_hub(body)


@given(st.sampled_from(CARDS).flatmap(placed))
def test_what_is_masked_holds_no_card_number_and_is_the_same_elsewhere(data: Json) -> None:
    clean = masked({**data, "order": "A-7", "amount": 1299})
    assert not holds_card_number(clean)
    assert (clean["order"], clean["amount"]) == ("A-7", 1299)
    assert masked(clean) == clean


def test_a_masked_card_shows_its_last_four_digits() -> None:
    assert masked(f"a {CARD} b 5555555555554444") == "a ****1111 b ****4444"
    assert masked({"n": 4111111111111111}) == {"n": "****1111"}
    assert masked("nothing here") == "nothing here"


def test_a_callback_that_is_faster_than_the_answer_wipes_them_too() -> None:
    async def body(engine: Engine) -> None:
        secret = {"payRequestData": {"providerData": {"encryptedCardNumber": SECRET}}, "provider": "sandbox"}
        saga = (await engine.runner.start("payment", metadata=payment(1205, **secret))).saga
        await engine.runner.handle(saga.saga_id, Event(name="scheduleRequested"))
        await engine.dispatcher.idle()
        waiting = await engine.store.load(saga.saga_id)
        assert waiting.state == "PAYMENT_SCHEDULE_REQUESTED"
        notice = Notice(
            id="n-1", about="payment", word="ACCEPTED", payment_id="p-1", shop_transaction_id="shop-1"
        )
        event = event_of(Heard(provider="sandbox", notice=notice, received=0), waiting)
        assert isinstance(event, Event)
        await engine.runner.handle(saga.saga_id, event)
        assert (await engine.store.load(saga.saga_id)).state == "PAYMENT_EXECUTED"
        assert "SECRET" not in await all_kept(engine)

    on_the_hub(body)
