from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.refunds import Ask, Refusal, read_ledger, weigh


def asked(**payload: Any) -> Ask | Refusal:
    return weigh(payload, read_ledger(payload))


def test_a_part_is_partial_and_the_rest_is_total() -> None:
    assert asked(amount=1000, refundRequestData={"amount": 400}) == Ask(amount=400, total=False)
    done = {"totalRefundedAmount": 400, "refundedAmounts": [400]}
    assert asked(amount=1000, refundRequestData={"amount": 600}, refundDetails=done) == Ask(
        amount=600, total=True
    )


def test_without_an_amount_all_that_is_left_is_asked_for() -> None:
    assert asked(amount=1000) == Ask(amount=1000, total=True)
    done = {"totalRefundedAmount": 400, "refundedAmounts": [400]}
    assert asked(amount=1000, refundDetails=done) == Ask(amount=600, total=True)
    assert asked(paymentId="p") == Ask(amount=None, total=True)


@pytest.mark.parametrize("amount", [1001, 0, -1, 1.5, True, "400", [400]])
def test_no_more_than_what_is_left_and_nothing_odd_is_asked_for(amount: object) -> None:
    assert isinstance(asked(amount=1000, refundRequestData={"amount": amount}), Refusal)


def test_a_part_of_an_unknown_amount_is_refused() -> None:
    assert isinstance(asked(refundRequestData={"amount": 400}), Refusal)


def test_a_payment_that_was_given_back_has_nothing_left() -> None:
    done = {"totalRefundedAmount": 1000, "refundedAmounts": [1000]}
    assert asked(amount=1000, refundDetails=done) == Refusal(reason="nothing is left to refund")
    assert isinstance(asked(amount=1000, refundDetails=done, refundRequestData={"amount": 1}), Refusal)


@pytest.mark.parametrize(
    ("details", "left"),
    [
        ({"totalRefundedAmount": 900, "refundedAmounts": [400]}, 100),
        ({"totalRefundedAmount": 400, "refundedAmounts": [900]}, 100),
        ({"totalRefundedAmount": 400}, 600),
        ({"refundedAmounts": [400]}, 600),
        ({"refundedAmounts": [400, -400]}, 600),
        ({"totalRefundedAmount": -400}, 1000),
        ({"refundedAmounts": "400"}, 1000),
        ("nonsense", 1000),
    ],
)
def test_a_ledger_that_disagrees_with_itself_is_read_the_safe_way(details: object, left: int) -> None:
    assert read_ledger({"amount": 1000, "refundDetails": details}).left == left


@given(st.integers(1, 10_000), st.lists(st.integers(-5, 4_000), max_size=20))
def test_never_more_than_was_paid_is_given_back(paid: int, wishes: list[int]) -> None:
    payload: dict[str, Any] = {"amount": paid}
    for wish in wishes:
        payload["refundRequestData"] = {"amount": wish}
        ledger = read_ledger(payload)
        ask = weigh(payload, ledger)
        if isinstance(ask, Ask) and ask.amount is not None:
            payload["refundDetails"] = ledger.after(ask.amount).details()
            details = payload["refundDetails"]
            assert sum(details["refundedAmounts"]) == details["totalRefundedAmount"] <= paid
            assert ask.total == (details["totalRefundedAmount"] == paid)
