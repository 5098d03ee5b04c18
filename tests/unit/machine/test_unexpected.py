"""Events that no transition takes: refused or recorded, as the machine says; facts of ours never refused."""

from __future__ import annotations

import pytest

from engine.errors import EventNotAccepted
from tests.fakes.machines import begun, owed, sample_machine, told

STATES = """
A: {businessState: OPEN, command: pay, on: {paid: B, payFailed: Z, cancelled: Z}}
B: {businessState: OPEN, on: {shipped: Z}}
Z: {businessState: SHUT, final: true}
"""
TOP = "commands: {pay: {channel: outside, replies: {done: paid, failed: payFailed}}}"
IGNORING = TOP + "\nsettings: {unexpectedEvents: ignore}"


def test_an_unexpected_event_is_refused_unless_the_machine_says_otherwise() -> None:
    machine = sample_machine(STATES, top=TOP)
    with pytest.raises(EventNotAccepted) as caught:
        told(machine, begun(machine), "shipped", {"secret": "x"})
    assert str(caught.value) == (
        "saga s1 is in state A and does not accept event 'shipped': no transition takes it in this state; "
        "it accepts cancelled, paid, payFailed"
    )


def test_an_event_that_no_machine_knows_is_refused_likewise() -> None:
    machine = sample_machine(STATES, top=TOP)
    with pytest.raises(EventNotAccepted, match="'shiped'"):
        told(machine, begun(machine), "shiped")


def test_a_machine_that_ignores_records_the_event_and_merges_nothing() -> None:
    machine = sample_machine(STATES, top=IGNORING)
    saga = begun(machine, {"a": 1})
    made = told(machine, saga, "shipped", {"a": 2}, id="e1")
    assert (made.row.result, made.row.event, made.row.event_id, made.row.entered) == (
        "ignored",
        "shipped",
        "e1",
        False,
    )
    assert made.row.note == "ignored: no transition takes it in this state"
    assert (made.saga.state, made.saga.metadata, made.saga.version) == ("A", {"a": 1}, 2)
    assert made.saga.latest_event == saga.latest_event
    assert made.saga.agenda == saga.agenda


def test_a_saga_that_has_ended_accepts_nothing() -> None:
    machine = sample_machine(STATES, top=TOP)
    ended = told(machine, begun(machine), "cancelled").saga
    with pytest.raises(EventNotAccepted, match="it accepts no event"):
        told(machine, ended, "cancelled")


@pytest.mark.parametrize("top", [TOP, IGNORING])
def test_a_reply_that_comes_too_late_is_recorded_and_never_refused(top: str) -> None:
    machine = sample_machine(STATES, top=top)
    saga = begun(machine)
    entry = owed(saga, "pay").id
    ended = told(machine, saga, "cancelled").saga
    late = told(machine, ended, "paid", {"paymentId": "p"}, entry=entry, id=entry)
    assert (late.row.result, late.row.event, late.row.event_id) == ("ignored", "paid", entry)
    assert late.saga.state == "Z"
    assert late.added == ()


def test_a_late_reply_counts_where_the_new_state_has_a_transition_for_it() -> None:
    machine = sample_machine(
        """
        A: {businessState: OPEN, command: pay, on: {paid: B, payFailed: Z, cancelled: C}}
        B: {businessState: OPEN, on: {shipped: Z}}
        C: {businessState: OPEN, on: {paid: REFUND, closed: Z}}
        REFUND: {businessState: OPEN, on: {closed: Z}}
        Z: {businessState: SHUT, final: true}
        """,
        top=TOP,
    )
    saga = begun(machine)
    late = told(machine, told(machine, saga, "cancelled").saga, "paid", entry=owed(saga, "pay").id)
    assert (late.row.result, late.saga.state) == ("applied", "REFUND")


def test_a_reply_whose_guards_are_all_false_settles_the_command() -> None:
    machine = sample_machine(
        """
        A: {businessState: OPEN, command: pay, on: {paid: {if: payload.ok, to: Z}, payFailed: Z}}
        Z: {businessState: SHUT, final: true}
        """,
        top=TOP,
    )
    saga = begun(machine)
    entry = owed(saga, "pay").id
    made = told(machine, saga, "paid", {"ok": False}, entry=entry)
    assert (made.row.result, made.removed, made.saga.agenda) == ("ignored", (entry,), ())
