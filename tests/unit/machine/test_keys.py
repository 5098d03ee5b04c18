"""The second handles of a saga: taken up and let go as the metadata change."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import ExpressionFailed
from engine.model import Key, Step
from tests.fakes.machines import begun, first_step, sample_machine, told

STATES = """
A: {businessState: OPEN, on: {told: {description: It stays}, ended: Z}}
Z: {businessState: SHUT, final: true}
"""
TOP = "keys: [metadata.orderNumber, metadata.payment.id]"
ORDER, PAYMENT = "metadata.orderNumber", "metadata.payment.id"


def _key(name: str, value: str) -> Key:
    return Key(machine="sample", name=name, value=value)


def _claims(step: Step) -> tuple[set[Key], set[Key]]:
    return set(step.claimed), set(step.dropped)


def test_a_new_saga_claims_the_keys_that_its_metadata_hold() -> None:
    made = first_step(sample_machine(STATES, top=TOP), {"orderNumber": "n1"})
    assert made.claimed == made.saga.keys == (_key(ORDER, "n1"),)


def test_a_key_whose_data_come_later_is_claimed_then() -> None:
    machine = sample_machine(STATES, top=TOP)
    made = told(machine, begun(machine, {"orderNumber": "n1"}), "told", {"payment": {"id": 17}})
    assert _claims(made) == ({_key(PAYMENT, "17")}, set())
    assert set(made.saga.keys) == {_key(ORDER, "n1"), _key(PAYMENT, "17")}


def test_a_key_that_changes_is_dropped_and_claimed_anew() -> None:
    machine = sample_machine(STATES, top=TOP)
    made = told(machine, begun(machine, {"orderNumber": "n1"}), "told", {"orderNumber": "n2"})
    assert _claims(made) == ({_key(ORDER, "n2")}, {_key(ORDER, "n1")})
    assert made.saga.keys == (_key(ORDER, "n2"),)


@pytest.mark.parametrize("gone", [None, ""])
def test_a_key_whose_data_go_is_dropped(gone: Any) -> None:
    machine = sample_machine(STATES, top=TOP)
    made = told(machine, begun(machine, {"orderNumber": "n1"}), "told", {"orderNumber": gone})
    assert _claims(made) == (set(), {_key(ORDER, "n1")})
    assert made.saga.keys == ()


def test_an_event_that_changes_no_key_claims_and_drops_nothing() -> None:
    machine = sample_machine(STATES, top=TOP)
    made = told(machine, begun(machine, {"orderNumber": "n1"}), "told", {"colour": "red"})
    assert _claims(made) == (set(), set())


@pytest.mark.parametrize("value", [True, 1.5, ["n1"], {"n": 1}, "n" * 257])
def test_a_value_that_is_no_handle_is_an_error_that_does_not_show_it(value: object) -> None:
    machine = sample_machine(STATES, top=TOP)
    with pytest.raises(ExpressionFailed) as caught:
        first_step(machine, {"orderNumber": value})
    assert "metadata.orderNumber" in str(caught.value)
    assert repr(value) not in str(caught.value)
