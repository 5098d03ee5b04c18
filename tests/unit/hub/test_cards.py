from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.cards import forgotten, holds_card_number, wiped

# Test numbers that the networks and providers publish.
CARDS = [
    "4111111111111111",  # Visa
    "4222222222222",  # Visa, 13 digits
    "5555555555554444",  # Mastercard
    "2223003122003222",  # Mastercard, 2-series
    "378282246310005",  # American Express
    "30569309025904",  # Diners
    "3566002020360505",  # JCB
    "6011111111111117",  # Discover
    "6759649826438453",  # Maestro
    "6205500000000000004",  # UnionPay, 19 digits
]


@pytest.mark.parametrize("card", CARDS)
def test_a_card_number_is_found_as_text_and_as_a_number(card: str) -> None:
    assert holds_card_number(card)
    assert holds_card_number(int(card))
    assert holds_card_number({"a": [{"b": f"my card is {card}, thanks"}]})
    assert holds_card_number({card: 1})


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111 1111 1111 1111 12/27",
        "4111 1111 1111 1111 12 27",
        "12 4111 1111 1111 1111",
        "order 7 4111111111111111 737",
        "(4111111111111111)",
        "pan=4111111111111111;",
        "card_4111111111111111",
        "+4111111111111111",
    ],
)
def test_groups_and_neighbours_do_not_hide_a_card(text: str) -> None:
    assert holds_card_number(text)


@pytest.mark.parametrize(
    "harmless",
    [
        "4111111111111112",  # Luhn says no
        "411111111111",  # twelve digits
        "41111111111111111111",  # twenty
        "1732345678901",  # a time stamp in milliseconds
        "9780201379624",  # a book
        "sbx4111111111111111",  # part of an id
        "4111111111111111a0",
        "+4915123456781",  # a telephone, and Luhn would agree
        "IT60X0542811101000000123456",
        1_732_345_678_901,
        10**400,
        1e300,
        12.5,
        True,
        None,
        "",
        {},
        [],
    ],
)
def test_what_is_no_card_is_let_through(harmless: object) -> None:
    assert not holds_card_number(harmless)


def test_deep_nesting_is_searched_to_its_end() -> None:
    value: Any = "4111111111111111"
    for _ in range(100_000):
        value = [value]
    assert holds_card_number(value)


@given(st.text(alphabet="0123456789 -", max_size=2_000))
def test_any_run_of_digits_is_judged(text: str) -> None:
    assert holds_card_number(text) in (True, False)


def test_known_fields_are_wiped_at_every_depth_and_the_rest_is_left() -> None:
    data = {
        "customerId": "c-1",
        "encryptedCardNumber": "adyenjs_0_1",
        "CVV": "737",
        "card-number": "x",
        "paymentMethod": {"encrypted_expiry_month": "y", "brand": "visa"},
        "items": [1],
    }
    assert forgotten(data) == {
        "encryptedCardNumber": None,
        "CVV": None,
        "card-number": None,
        "paymentMethod": {"encrypted_expiry_month": None},
    }


@pytest.mark.parametrize("data", [None, [], "text", {}, {"customerId": "c-1"}])
def test_nothing_to_wipe_is_nothing(data: object) -> None:
    assert forgotten(data) == {}


def test_a_field_within_a_list_is_wiped_with_the_list_given_anew() -> None:
    data = {"items": [{"sku": "1", "cvv": "737"}, {"sku": "2"}], "plain": [1, 2]}
    assert forgotten(data) == {"items": [{"sku": "1", "cvv": None}, {"sku": "2"}]}


def test_outside_a_provider_s_data_only_names_that_can_mean_nothing_else_are_wiped() -> None:
    payment = {
        "cvv": "737",
        "amount": 5,
        "subscriptionInfo": {"token": "stays"},
        "additionalData": {"invoice": {"number": "stays"}, "card": {"encryptedCardNumber": "x"}},
    }
    assert wiped(payment) == {
        "cvv": None,
        "additionalData": {"invoice": {"number": "stays"}, "card": {"encryptedCardNumber": None}},
    }
    assert wiped({**payment, **wiped(payment)}) == {}
