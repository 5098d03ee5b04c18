"""What a business state and the machine hold: `on` and `after` in every state, begun and ended with their scope."""

from __future__ import annotations

from engine.machine.interventions import Hand, move
from tests.fakes.clock import START
from tests.fakes.machines import begun, names, owed, sample_machine, told
from tests.unit.machine.asking import events, fired

BUSINESS = """
OPEN:
  id: 0
  on: {noted: {set: {by: business}}, cancelled: Z, both: Z}
  after: {1h: {event: slow, to: B}, 30m: {event: nudged}}
SHUT: {id: 1}
LATE: {id: 2, after: {1h: Z}}
"""
TOP = """
on: {noted: {set: {by: machine}}, stopped: Z}
after: {90d: {event: tooOld, to: Z}}
"""
STATES = """
A: {businessState: OPEN, on: {went: B, again: A, late: C, both: {set: {by: state}}, nudged: {set: {nudged: true}}}}
B: {businessState: OPEN, on: {noted: {set: {by: state}}, late: C}}
C: {businessState: LATE, on: {back: A}}
Z: {businessState: SHUT, final: true}
"""
MACHINE = sample_machine(STATES, top=TOP, business=BUSINESS)
OPEN_TIMERS = ["$businessAfter.1h", "$businessAfter.30m"]


def test_they_begin_with_the_business_state_and_with_the_machine() -> None:
    saga = begun(MACHINE)
    assert [(e.name, e.state, e.business, e.due - START) for e in saga.agenda] == [
        ("$businessAfter.1h", None, "OPEN", 3_600_000),
        ("$businessAfter.30m", None, "OPEN", 1_800_000),
        ("$machineAfter.90d", None, None, 90 * 86_400_000),
    ]


def test_steps_between_states_of_the_business_state_do_not_touch_them() -> None:
    saga = begun(MACHINE)
    for event in ("again", "went"):
        moved = told(MACHINE, saga, event, now=START + 60_000).saga
        assert moved.agenda == saga.agenda


def test_they_end_when_the_business_state_is_left_and_begin_anew_when_it_is_entered_again() -> None:
    saga = begun(MACHINE)
    late = told(MACHINE, saga, "late", now=START + 60_000)
    assert set(late.removed) == {owed(saga, name).id for name in OPEN_TIMERS}
    assert names(late.saga.agenda) == ["$machineAfter.90d", "$businessAfter.1h"]
    back = told(MACHINE, late.saga, "back", now=START + 120_000).saga
    assert owed(back, "$businessAfter.1h").due == START + 120_000 + 3_600_000


def test_one_that_fires_moves_the_saga_from_any_of_its_states() -> None:
    made = fired(MACHINE, begun(MACHINE), "$businessAfter.1h")
    assert (events(made), made.saga.state) == (["slow"], "B")
    assert names(made.saga.agenda) == ["$businessAfter.30m", "$machineAfter.90d"]


def test_one_that_only_raises_an_event_is_taken_where_the_state_takes_it() -> None:
    saga = begun(MACHINE)
    assert fired(MACHINE, saga, "$businessAfter.30m").saga.metadata == {"nudged": True}
    at_b = told(MACHINE, saga, "went").saga
    deaf = fired(MACHINE, at_b, "$businessAfter.30m")
    assert (deaf.row.event, deaf.row.result) == ("nudged", "ignored")
    assert "$businessAfter.30m" not in names(deaf.saga.agenda)


def test_the_machines_own_timer_lasts_through_business_states_until_the_end() -> None:
    saga = told(MACHINE, begun(MACHINE), "late").saga
    assert fired(MACHINE, saga, "$machineAfter.90d").row.event == "tooOld"
    assert told(MACHINE, saga, "stopped").saga.agenda == ()


def test_nearest_wins_state_then_business_state_then_machine() -> None:
    saga = begun(MACHINE)
    at_b, at_c = told(MACHINE, saga, "went").saga, told(MACHINE, saga, "late").saga
    by = [told(MACHINE, each, "noted").saga.metadata["by"] for each in (at_b, saga, at_c)]
    assert by == ["state", "business", "machine"]
    assert told(MACHINE, saga, "both").saga.metadata == {"by": "state"}


def test_moving_by_hand_within_the_business_state_keeps_its_timers() -> None:
    saga = begun(MACHINE)
    made = move(MACHINE, saga, "B", Hand(actor="ann", reason="so", now=START + 9))
    assert made.saga.agenda == saga.agenda
