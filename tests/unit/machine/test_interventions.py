"""What a person does by hand: each is a step with its own row, actor and reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from engine.errors import ActionNotPossible, EntryNotFound, ExpressionFailed, PayloadInvalid, StateNotFound
from engine.machine.interventions import Hand, answer, chosen, move, only, pause, resume, retry, skip
from engine.machine.pausing import FROZEN
from engine.model import EntryStatus, Saga, Step
from tests.fakes.clock import START
from tests.fakes.machines import begun, names, owed, sample_machine, told

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
ANN = Hand(actor="ann", reason="the bank called", now=START + 9)


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
    made = retry(MACHINE, saga, chosen(saga, None), ANN)
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
    made = skip(MACHINE, saga, only(saga, None), ANN)
    assert made.removed == (owed(saga, "pay").id,)
    assert (made.saga.state, made.row.event) == ("A", "$skip")
    assert "pay" not in names(made.saga.agenda)
    _signed(made)


def test_a_timer_is_no_request_that_could_be_repeated_or_skipped() -> None:
    saga = _saga()
    timer = owed(saga, "$after.1h")
    with pytest.raises(ActionNotPossible, match="timer"):
        retry(MACHINE, saga, [timer], ANN)
    with pytest.raises(ActionNotPossible, match="timer"):
        skip(MACHINE, saga, timer, ANN)


def test_an_answer_by_hand_is_the_reply_itself() -> None:
    saga = _saga(pay="parked")
    made = answer(MACHINE, saga, only(saga, None), ANN, reply="done", payload={"paymentId": "p"})
    assert (made.saga.state, made.row.event, made.row.event_id) == ("B", "paid", owed(saga, "pay").id)
    assert made.saga.metadata["paymentId"] == "p"
    assert owed(made.saga, "ship").payload == {"to": "Rome"}
    _signed(made)


def test_an_answer_is_held_to_the_replies_contract() -> None:
    saga = _saga(pay="parked")
    with pytest.raises(PayloadInvalid):
        answer(MACHINE, saga, only(saga, None), ANN, reply="done", payload={})


def test_a_reply_that_the_command_does_not_have_is_refused_with_those_it_has() -> None:
    saga = _saga(pay="parked")
    with pytest.raises(ActionNotPossible, match=r"no reply 'maybe' \(it has: done, failed\)"):
        answer(MACHINE, saga, only(saga, None), ANN, reply="maybe", payload={})


def test_a_side_effect_has_no_reply() -> None:
    saga = _saga(greet="parked")
    with pytest.raises(ActionNotPossible, match="it has: none"):
        answer(MACHINE, saga, only(saga, None), ANN, reply="done", payload={})


def test_a_move_enters_the_state_as_a_transition_would_and_drops_what_the_old_one_owed() -> None:
    saga = _saga(pay="parked")
    made = move(MACHINE, saga, "B", ANN)
    assert (made.saga.state, made.row.source, made.row.event, made.row.entered) == ("B", "A", "$move", True)
    assert made.row.note == "moved by hand from A to B"
    assert set(made.removed) == {owed(saga, "pay").id, owed(saga, "$after.1h").id}
    assert sorted(names(made.saga.agenda)) == ["greet", "ship"]
    _signed(made)


def test_a_move_to_a_final_state_ends_the_saga() -> None:
    made = move(MACHINE, _saga(), "Z", ANN)
    assert (made.saga.is_final, made.saga.business_state) == (True, "SHUT")


def test_a_saga_that_has_ended_can_be_moved_back_into_life() -> None:
    ended = move(MACHINE, _saga(), "Z", ANN).saga
    assert not move(MACHINE, ended, "A", ANN).saga.is_final


def test_there_is_no_moving_to_a_state_that_the_machine_does_not_have() -> None:
    with pytest.raises(StateNotFound, match="no state 'Y'"):
        move(MACHINE, _saga(), "Y", ANN)


def test_a_move_whose_command_has_no_payload_on_this_data_changes_nothing() -> None:
    saga = replace(_saga(), metadata={})
    with pytest.raises(ExpressionFailed):
        move(MACHINE, saga, "B", ANN)


def test_a_retry_with_another_payload_is_another_request() -> None:
    saga = _saga(pay="parked")
    made = retry(MACHINE, saga, chosen(saga, None), ANN, payload={"amount": 1})
    (again,) = made.added
    assert (again.id, again.payload, again.attempts) == ("s1.2.0", {"amount": 1}, 0)
    assert made.removed == (owed(saga, "pay").id,)


def test_a_retry_with_other_metadata_asks_anew_with_them() -> None:
    saga = begun(MACHINE, {"address": {"city": "Rome"}})
    at_b = answer(MACHINE, saga, owed(saga, "pay"), ANN, reply="done", payload={"paymentId": "p"}).saga
    made = retry(MACHINE, at_b, [owed(at_b, "ship")], ANN, metadata={"address": {"city": "Pisa"}})
    assert owed(made.saga, "ship").payload == {"to": "Pisa"}
    assert made.saga.metadata["address"] == {"city": "Pisa"}


def test_one_payload_is_not_given_to_several_entries() -> None:
    saga = _saga(pay="parked", greet="parked")
    with pytest.raises(ActionNotPossible, match="one entry"):
        retry(MACHINE, saga, chosen(saga, None), ANN, payload={})


def test_a_paused_saga_has_nothing_due_and_its_timers_keep_what_was_left_of_them() -> None:
    saga = begun(MACHINE, {"address": {"city": "Rome"}})
    paused = pause(MACHINE, saga, ANN).saga
    assert paused.paused
    assert all(entry.due >= FROZEN for entry in paused.agenda)
    later = replace(ANN, now=START + 5 * 3_600_000)
    going = resume(MACHINE, paused, later).saga
    assert not going.paused
    assert owed(going, "$after.1h").due == later.now + 3_600_000 - 9
    assert owed(going, "pay").due == later.now


def test_a_pause_fences_the_try_that_is_under_way() -> None:
    saga = _saga()
    paused = pause(MACHINE, saga, ANN).saga
    assert owed(paused, "pay").token == owed(saga, "pay").token + 1


def test_a_paused_saga_takes_events_and_what_they_ask_for_waits() -> None:
    paused = pause(MACHINE, begun(MACHINE, {"address": {"city": "Rome"}}), ANN).saga
    moved = told(MACHINE, paused, "paid", {"paymentId": "p"}).saga
    assert moved.state == "B"
    assert owed(moved, "ship").due >= FROZEN


@pytest.mark.parametrize(("act", "says"), [(pause, "paused already"), (resume, "not paused")])
def test_a_pause_is_not_begun_twice_and_not_ended_before_it_began(
    act: Callable[..., Step], says: str
) -> None:
    saga = replace(_saga(), paused=act is pause)
    with pytest.raises(ActionNotPossible, match=says):
        act(MACHINE, saga, ANN)
