"""Contracts of what comes in: payload schemas, the creation's metadata, saga ids, aliases."""

from __future__ import annotations

import pytest

from engine.errors import PayloadInvalid
from engine.machine.start import start
from tests.fakes.clock import START
from tests.fakes.machines import begun, first_step, owed, sample_machine, told

STATES = """
A: {businessState: OPEN, command: pay, on: {paid: Z, payFailed: Z}}
Z: {businessState: SHUT, final: true}
"""
TOP = """
metadata:
  schema: {type: object, required: [total], properties: {total: {type: integer}}}
events:
  paid:
    aliases: [payment-executed, PAYMENT.DONE]
    payload: {type: object, required: [paymentId], properties: {paymentId: {type: string}}}
commands: {pay: {channel: outside, replies: {done: paid, failed: payFailed}}}
"""


def test_a_payload_that_does_not_fit_is_refused_and_its_value_is_not_repeated() -> None:
    machine = sample_machine(STATES, top=TOP)
    with pytest.raises(PayloadInvalid) as caught:
        told(machine, begun(machine, {"total": 1}), "paid", {"paymentId": 4_111_111})
    assert "/paymentId" in str(caught.value)
    assert "4111111" not in str(caught.value)


def test_the_reply_of_a_command_is_held_to_the_same_contract() -> None:
    machine = sample_machine(STATES, top=TOP)
    saga = begun(machine, {"total": 1})
    with pytest.raises(PayloadInvalid):
        told(machine, saga, "paid", {}, entry=owed(saga, "pay").id)


def test_an_alias_is_the_event_under_its_own_name() -> None:
    machine = sample_machine(STATES, top=TOP)
    for spelling in ("paid", "payment-executed", "PAYMENT.DONE"):
        made = told(machine, begun(machine, {"total": 1}), spelling, {"paymentId": "p"})
        assert (made.row.event, made.saga.latest_event, made.saga.state) == ("paid", "paid", "Z")


def test_an_alias_is_held_to_the_contract_of_its_event() -> None:
    machine = sample_machine(STATES, top=TOP)
    with pytest.raises(PayloadInvalid, match="'paid'"):
        told(machine, begun(machine, {"total": 1}), "payment-executed", {})


def test_metadata_of_a_new_saga_are_held_to_the_machines_schema() -> None:
    machine = sample_machine(STATES, top=TOP)
    with pytest.raises(PayloadInvalid, match="total"):
        first_step(machine, {"total": "1"})


@pytest.mark.parametrize("saga_id", ["", "-a", "a b", "a/b", "a\n", "ä", "a" * 129, "a\x00"])
def test_an_id_that_could_not_stand_in_a_url_is_refused(saga_id: str) -> None:
    machine = sample_machine(STATES, top=TOP)
    with pytest.raises(PayloadInvalid, match="saga id"):
        start(machine, saga_id=saga_id, entity_id="", metadata={"total": 1}, now=START)


@pytest.mark.parametrize("saga_id", ["a", "0", "order-1:2026.01_x", "a" * 128])
def test_other_ids_are_taken_as_they_are(saga_id: str) -> None:
    machine = sample_machine(STATES, top=TOP)
    assert first_step(machine, {"total": 1}, saga_id=saga_id).saga.saga_id == saga_id
