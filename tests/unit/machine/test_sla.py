"""`sla`: a saga that is not out in time is late; people are told, and it does not move."""

from __future__ import annotations

from tests.fakes.clock import START
from tests.fakes.machines import begun, names, sample_machine, told
from tests.unit.machine.asking import fired

BUSINESS = """
OPEN: {id: 0, sla: {within: 7d, sideEffects: [alert]}}
SHUT: {id: 1}
"""
STATES = """
A: {businessState: OPEN, sla: {within: 2h, sideEffects: [warn]}, on: {went: B, again: A, ended: Z, noted: {description: It stays}}}
B: {businessState: OPEN, on: {ended: Z}}
Z: {businessState: SHUT, final: true}
"""
TOP = "sideEffects: {warn: {channel: mail}, alert: {channel: mail}}"
MACHINE = sample_machine(STATES, top=TOP, business=BUSINESS)


def test_both_begin_on_entry() -> None:
    saga = begun(MACHINE)
    assert [(e.name, e.due - START) for e in saga.agenda] == [
        ("$sla", 7_200_000),
        ("$businessSla", 7 * 86_400_000),
    ]
    assert saga.late == ""


def test_when_it_runs_over_the_saga_is_late_people_are_told_and_it_stays() -> None:
    made = fired(MACHINE, begun(MACHINE), "$sla")
    assert (made.saga.late, made.saga.state, names(made.added)) == ("$sla", "A", ["warn"])
    assert (made.row.event, made.row.result, made.row.entered, made.row.note) == (
        "$sla",
        "applied",
        False,
        "late",
    )


def test_a_step_that_stays_does_not_make_it_timely_again() -> None:
    late = fired(MACHINE, begun(MACHINE), "$sla").saga
    assert told(MACHINE, late, "noted").saga.late == "$sla"


def test_out_of_the_state_it_is_on_time_again() -> None:
    late = fired(MACHINE, begun(MACHINE), "$sla").saga
    assert told(MACHINE, late, "went").saga.late == ""
    again = told(MACHINE, late, "again").saga
    assert (again.late, "$sla" in names(again.agenda)) == ("", True)


def test_late_in_the_business_state_it_stays_until_that_is_left() -> None:
    late = fired(MACHINE, begun(MACHINE), "$businessSla")
    assert (late.saga.late, names(late.added)) == ("$businessSla", ["alert"])
    went = told(MACHINE, late.saga, "went").saga
    assert went.late == "$businessSla"
    assert told(MACHINE, went, "ended").saga.late == ""


def test_a_timer_of_an_sla_goes_with_its_scope() -> None:
    went = told(MACHINE, begun(MACHINE), "went").saga
    assert names(went.agenda) == ["$businessSla"]
