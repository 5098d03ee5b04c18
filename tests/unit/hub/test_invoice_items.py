from __future__ import annotations

from typing import Any

import pytest

from engine.errors import PayloadInvalid
from engine.model import Json
from hub.invoice_items import rate_of, read_lines, settled
from hub.invoice_sums import Line

WORDS = {"payment": "Payment", "surcharge": "Delivery", "discount": "Discount"}


def item(**more: Any) -> Json:
    return {"itemId": "a", "description": "Chair", "quantity": 2, "amount": 1_000, "iva": 22, **more}


def rows(lines: tuple[Line, ...]) -> list[tuple[str, int, int]]:
    return [(line.description, line.rate, line.total) for line in lines]


def paid(items: list[Json] | None, amount: int) -> list[tuple[str, int, int]]:
    return rows(settled(read_lines(items, rate=2_200), amount, rate=2_200, words=WORDS))


def test_a_payment_without_items_is_one_line() -> None:
    assert paid(None, 1_299) == [("Payment", 2_200, 1_299)]


def test_items_that_add_up_are_left_as_they_are() -> None:
    assert paid([item()], 2_000) == [("Chair", 2_200, 2_000)]


def test_what_was_paid_beyond_the_items_is_a_line_of_its_own() -> None:
    assert paid([item(iva=4)], 2_590) == [("Chair", 400, 2_000), ("Delivery", 2_200, 590)]


def test_what_was_paid_less_is_taken_off_each_rate_in_proportion() -> None:
    bought = [item(iva=22, amount=1_500), item(iva=4, amount=500)]
    assert paid(bought, 3_000) == [
        ("Chair", 2_200, 3_000),
        ("Chair", 400, 1_000),
        ("Discount", 2_200, -750),
        ("Discount", 400, -250),
    ]


@pytest.mark.parametrize(
    ("written", "rate"),
    [(22, 2_200), ("22", 2_200), ("22%", 2_200), (5.5, 550), (0, 0), (100, 10_000), (-1, None), (101, None),
     (1.234, None), (True, None), ("a", None), (float("nan"), None), (None, None), ([], None)],
)  # fmt: skip
def test_a_rate_is_a_percentage(written: object, rate: int | None) -> None:
    assert rate_of(written) == rate


def test_a_quantity_may_have_three_decimals_and_an_item_need_not_say_more_than_what_and_how_much() -> None:
    assert rows(read_lines([{"description": " Tea ", "amount": 999, "quantity": "0.125"}], rate=400)) == [
        ("Tea", 400, 125)
    ]
    assert rows(read_lines([{"description": "Tea", "amount": 999}], rate=400)) == [("Tea", 400, 999)]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [({"description": " "}, "description"), ({"quantity": 0}, "quantity"), ({"quantity": -1}, "quantity"),
     ({"quantity": "1e5"}, "quantity"), ({"quantity": 0.00001}, "quantity"), ({"amount": 9.99}, "amount"), ({"amount": None}, "amount"),
     ({"amount": True}, "amount"), ({"amount": 10**13, "quantity": 100}, "amount"), ({"amount": 10**15}, "amount"), ({"iva": "a lot"}, "iva")],
)  # fmt: skip
def test_an_item_that_cannot_be_read_is_named_without_its_value(wrong: Json, told: str) -> None:
    with pytest.raises(PayloadInvalid) as caught:
        read_lines([item(), item(**wrong)], rate=2_200)
    (problem,) = caught.value.problems
    assert problem.startswith(f"items[1].{told} ")
    assert "1e5" not in problem
    assert "a lot" not in problem


@pytest.mark.parametrize("items", ["chair", {}, [1], [item()] * 501])
def test_what_is_no_list_of_items_is_refused(items: object) -> None:
    with pytest.raises(PayloadInvalid):
        read_lines(items, rate=2_200)


def test_a_rate_that_comes_to_less_than_nothing_is_refused() -> None:
    with pytest.raises(PayloadInvalid):
        paid([item(), item(iva=4, amount=-1)], 2_000)
