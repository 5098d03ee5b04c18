"""What a person does by hand: each is a step with its own row, actor and reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.errors import ActionNotPossible, EntryNotFound, ExpressionFailed, PayloadInvalid, StateNotFound
from engine.machine.interventions import answer, chosen, move, only, retry, skip
from engine.model import EntryStatus, Saga, Step
from tests.fakes.clock import START
from tests.fakes.machines import begun, names, owed, sample_machine

STATES = """
A:
  businessState: OPEN
  command: pay
  sideEffects: [greet]
  on: {paid: B, payFailed: Z}
  after: {1h: Z}
B: {businessState: OPEN, command: ship, on: {shipped: Z, shipFailed: Z}}
Z: {businessState: SHUT, final: true}
"""
TOP = """
events: {paid: {payload: {type: object, required: [paymentId]}}}
commands:
  pay: {channel: money, replies: {done: paid, failed: payFailed}}
  ship: {channel: vans, payload: {to: "{{ metadata.address.city }}"}, replies: {done: shipped, failed: shipFailed}}
sideEffects: {greet: {channel: mail}}
"""
MACHINE = sample_machine(STATES, top=TOP)
BY: Any = {"now": START + 9, "actor": "ann", "reason": "the bank called"}


def _saga(**statuses: EntryStatus) -> Saga:
    saga = begun(MACHINE, {"address": {"city": "Rome"}})
    agenda = tuple(
        replace(e, status=statuses.get(e.name, e.status), attempts=5, token=5, reason="gave up")
        for e in saga.agenda
    )
    return replace(saga, agenda=agenda)


def _signed(step: Step) -> None:
    assert (step.row.actor, step.row.reason, step.row.at) == ("ann", "the bank called", START + 9)
    assert step.row.seq == step.saga.version == 2


def test_without_a_name_every_parked_entry_is_meant() -> None:
    saga = _saga(pay="parked", greet="parked")
    assert set(names(chosen(saga, None))) == {"pay", "greet"}


def test_with_a_name_that_entry_is_meant_parked_or_not() -> None:
    saga = _saga()
    assert names(chosen(saga, owed(saga, "pay").id)) == ["pay"]


def test_an_entry_that_is_not_owed_cannot_be_named() -> None:
    with pytest.raises(EntryNotFound, match=r"owes no entry 's1\.9\.9'"):
        chosen(_saga(), "s1.9.9")


def test_there_must_be_something_parked() -> None:
    with pytest.raises(ActionNotPossible, match="no parked entry"):
        chosen(_saga(), None)


def test_what_works_on_one_entry_asks_which_one_when_several_are_parked() -> None:
    with pytest.raises(ActionNotPossible, match=r"name one of s1\.1\.\d, s1\.1\.\d"):
        only(_saga(pay="parked", greet="parked"), None)


def test_a_retry_makes_the_entry_due_now_with_its_tries_counted_from_zero() -> None:
    saga = _saga(pay="parked")
    made = retry(saga, chosen(saga, None), **BY)
    (again,) = made.added
    assert (again.status, again.due, again.attempts, again.reason) == ("due", START + 9, 0, None)
    assert (again.id, again.token) == (owed(saga, "pay").id, 5)
    assert (made.row.event, made.row.note, made.row.entered) == (
        "$retry",
        "retried by hand: command pay",
        False,
    )
    assert sorted(names(made.saga.agenda)) == sorted(names(saga.agenda))
    _signed(made)


def test_a_skip_gives_the_entry_up_and_leaves_the_saga_where_it_is() -> None:
    saga = _saga(pay="parked")
    made = skip(saga, only(saga, None), **BY)
    assert made.removed == (owed(saga, "pay").id,)
    assert (made.saga.state, made.row.event) == ("A", "$skip")
    assert "pay" not in names(made.saga.agenda)
    _signed(made)


def test_a_timer_is_no_request_that_could_be_repeated_or_skipped() -> None:
    saga = _saga()
    timer = owed(saga, "$after.1h")
    with pytest.raises(ActionNotPossible, match="timer"):
        retry(saga, [timer], **BY)
    with pytest.raises(ActionNotPossible, match="timer"):
        skip(saga, timer, **BY)


def test_an_answer_by_hand_is_the_reply_itself() -> None:
    saga = _saga(pay="parked")
    made = answer(MACHINE, saga, only(saga, None), reply="done", payload={"paymentId": "p"}, **BY)
    assert (made.saga.state, made.row.event, made.row.event_id) == ("B", "paid", owed(saga, "pay").id)
    assert made.saga.metadata["paymentId"] == "p"
    assert owed(made.saga, "ship").payload == {"to": "Rome"}
    _signed(made)


def test_an_answer_is_held_to_the_replies_contract() -> None:
    saga = _saga(pay="parked")
    with pytest.raises(PayloadInvalid):
        answer(MACHINE, saga, only(saga, None), reply="done", payload={}, **BY)


def test_a_reply_that_the_command_does_not_have_is_refused_with_those_it_has() -> None:
    saga = _saga(pay="parked")
    with pytest.raises(ActionNotPossible, match=r"no reply 'maybe' \(it has: done, failed\)"):
        answer(MACHINE, saga, only(saga, None), reply="maybe", payload={}, **BY)


def test_a_side_effect_has_no_reply() -> None:
    saga = _saga(greet="parked")
    with pytest.raises(ActionNotPossible, match="it has: none"):
        answer(MACHINE, saga, only(saga, None), reply="done", payload={}, **BY)


def test_a_move_enters_the_state_as_a_transition_would_and_drops_what_the_old_one_owed() -> None:
    saga = _saga(pay="parked")
    made = move(MACHINE, saga, "B", **BY)
    assert (made.saga.state, made.row.source, made.row.event, made.row.entered) == ("B", "A", "$move", True)
    assert made.row.note == "moved by hand from A to B"
    assert set(made.removed) == {owed(saga, "pay").id, owed(saga, "$after.1h").id}
    assert sorted(names(made.saga.agenda)) == ["greet", "ship"]
    _signed(made)


def test_a_move_to_a_final_state_ends_the_saga() -> None:
    made = move(MACHINE, _saga(), "Z", **BY)
    assert (made.saga.is_final, made.saga.business_state) == (True, "SHUT")


def test_a_saga_that_has_ended_can_be_moved_back_into_life() -> None:
    ended = move(MACHINE, _saga(), "Z", **BY).saga
    assert not move(MACHINE, ended, "A", **BY).saga.is_final


def test_there_is_no_moving_to_a_state_that_the_machine_does_not_have() -> None:
    with pytest.raises(StateNotFound, match="no state 'Y'"):
        move(MACHINE, _saga(), "Y", **BY)


def test_a_move_whose_command_has_no_payload_on_this_data_changes_nothing() -> None:
    saga = replace(_saga(), metadata={})
    with pytest.raises(ExpressionFailed):
        move(MACHINE, saga, "B", **BY)
