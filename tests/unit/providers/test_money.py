from __future__ import annotations

import pytest

from providers.money import CURRENCIES, decimal_text, minor_units


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (1299, "EUR", "12.99"),
        (1299, "JPY", "1299"),
        (1299, "KWD", "1.299"),
        (5, "USD", "0.05"),
        (0, "EUR", "0.00"),
    ],
)
def test_amounts_are_written_with_the_decimals_of_their_currency(
    amount: int, currency: str, text: str
) -> None:
    assert decimal_text(amount, currency) == text
    assert minor_units(text, currency) == amount


def test_every_currency_comes_back_as_it_went() -> None:
    for currency in CURRENCIES:
        assert minor_units(decimal_text(99_999_999_999_999, currency), currency) == 99_999_999_999_999


@pytest.mark.parametrize(("text", "amount"), [(12.5, 1250), (12, 1200), ("12.990", 1299), ("-0.01", -1)])
def test_a_number_need_not_have_all_its_decimals(text: object, amount: int) -> None:
    assert minor_units(text, "EUR") == amount


@pytest.mark.parametrize(
    "text",
    [
        *("12.999", "1e3", "1e999999", "1e999999999", "1e-999999999", "9" * 5000, "NaN", "sNaN", "Infinity"),
        *("", " 1", "1,5", "+1", "١٢", "0x10", 1e300, float("nan"), True, None, [], {}),
    ],
    ids=lambda text: str(text)[:12],
)
def test_what_is_no_plain_number_is_no_amount(text: object) -> None:
    assert minor_units(text, "EUR") is None


def test_a_currency_that_nobody_knows_has_no_minor_units() -> None:
    assert minor_units("12.99", "ZZZ") is None
    assert minor_units("12.99", "") is None
