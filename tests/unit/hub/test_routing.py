from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ConfigInvalid
from engine.model import Json
from hub.routing import Route, choose, read_routes, routed_methods, wants_route
from providers.base import Capabilities

CARDS = Capabilities(methods=frozenset({"credit-cards", "pay-pal"}), default_method="credit-cards")
WIRE = Capabilities(methods=frozenset({"wire-transfer"}), default_method="wire-transfer")
PROVIDERS = {"stripe": CARDS, "adyen": CARDS, "nexi": CARDS, "flowpay": WIRE}
PAYMENT = {"amount": 1200, "currency": "EUR", "paymentMethod": "credit-cards"}


def routes(*written: Json) -> tuple[Route, ...]:
    return read_routes([{"name": f"route {n}", **one} for n, one in enumerate(written)], PROVIDERS)


def order(
    table: tuple[Route, ...],
    key: str = "k",
    payload: Json = PAYMENT,
    able: frozenset[str] = frozenset(PROVIDERS),
) -> tuple[str, ...]:
    chosen = choose(table, "pay", payload, key, able=lambda name: name in able)
    return chosen.order if chosen else ()


def test_providers_come_in_the_order_of_their_priority() -> None:
    assert order(routes({"priority": ["adyen", "stripe"]})) == ("adyen", "stripe")


def test_a_provider_that_cannot_do_it_is_left_out() -> None:
    table = routes({"priority": ["adyen", "stripe"]})
    assert order(table, able=frozenset({"stripe"})) == ("stripe",)


def test_a_route_without_an_able_provider_leaves_the_payment_to_the_next_route() -> None:
    table = routes({"priority": ["adyen"]}, {"priority": ["stripe"]})
    assert order(table, able=frozenset({"stripe"})) == ("stripe",)
    assert order(table, able=frozenset()) == ()


def test_methods_and_conditions_decide_which_route_is_for_a_payment() -> None:
    table = routes(
        {"methods": ["pay-pal"], "priority": ["nexi"]},
        {"when": [{"key": "/amount", "operator": "less_than", "value": 1000}], "priority": ["stripe"]},
        {"priority": ["adyen"]},
    )
    assert order(table) == ("adyen",)
    assert order(table, payload={**PAYMENT, "amount": 999}) == ("stripe",)
    assert order(table, payload={**PAYMENT, "paymentMethod": "pay-pal"}) == ("nexi",)


def test_without_failover_one_provider_is_asked() -> None:
    assert order(routes({"priority": ["adyen", "stripe"], "failover": False})) == ("adyen",)


@pytest.mark.parametrize("operation", ["refund", "checkStatus", "subscriptionPaymentRequested"])
def test_what_belongs_to_a_provider_already_is_not_routed(operation: str) -> None:
    assert choose(routes({"priority": ["adyen"]}), operation, PAYMENT, "k", able=lambda _: True) is None


@given(st.text(max_size=40))
def test_the_same_payment_gets_the_same_order_every_time(key: str) -> None:
    table = routes({"weights": {"stripe": 5, "adyen": 3, "nexi": 1}})
    assert order(table, key) == order(table, key)
    assert sorted(order(table, key)) == ["adyen", "nexi", "stripe"]


def test_weights_share_payments_in_proportion() -> None:
    table = routes({"weights": {"stripe": 70, "adyen": 30, "nexi": 0}})
    first = Counter(order(table, f"payment-{n}")[0] for n in range(10_000))
    assert 6_800 < first["stripe"] < 7_200
    assert 2_800 < first["adyen"] < 3_200
    assert first["nexi"] == 0, "weight 0 waits for a refusal"
    assert all(order(table, f"payment-{n}")[-1] == "nexi" for n in range(100))


def test_a_provider_that_is_added_takes_payments_and_moves_none_between_the_others() -> None:
    two = routes({"weights": {"stripe": 1, "adyen": 1}})
    three = routes({"weights": {"stripe": 1, "adyen": 1, "nexi": 1}})
    for number in range(1_000):
        before, after = order(two, f"p{number}")[0], order(three, f"p{number}")[0]
        assert after in (before, "nexi")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({}, "either priority or weights"),
        ({"priority": ["adyen"], "weights": {"adyen": 1}}, "either priority or weights"),
        ({"priority": ["nobody"]}, "there is no provider nobody"),
        ({"weights": {"adyen": 0}}, "every weight is 0"),
        ({"priority": ["flowpay"], "methods": ["credit-cards"]}, "does not take credit-cards"),
        ({"priority": ["adyen"], "when": [{"key": "/a", "operator": "in", "value": 1}]}, "routing.0.when.0"),
    ],
    ids=str,
)
def test_a_route_that_cannot_be_is_refused_at_start(written: Mapping[str, Any], said: str) -> None:
    with pytest.raises(ConfigInvalid, match=said):
        read_routes([{"name": "r", **written}], PROVIDERS)


def test_two_routes_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigInvalid, match="same name"):
        read_routes([{"name": "r", "priority": ["adyen"]}] * 2, PROVIDERS)


def test_who_names_a_provider_is_not_routed() -> None:
    assert [wants_route({"provider": name}) for name in ("stripe", "auto", "", None)] == [
        False,
        True,
        True,
        True,
    ]
    assert wants_route({})


def test_the_methods_that_routes_can_take_may_be_offered() -> None:
    table = routes({"methods": ["pay-pal"], "priority": ["adyen"]}, {"priority": ["flowpay"]})
    assert routed_methods(table, PROVIDERS) == {"pay-pal", "wire-transfer"}
