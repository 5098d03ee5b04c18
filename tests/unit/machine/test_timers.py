"""`after`: what is owed for it, and what firing does."""

from __future__ import annotations

from tests.fakes.clock import START
from tests.fakes.machines import begun, names, owed, sample_machine, told

STATES = """
A:
  businessState: OPEN
  on:
    reminded: {set: {reminded: true}}
    left: B
    again: A
  after:
    15m: B
    1h: {event: expired, to: Z}
    30s: {event: reminded}
    2h: {event: graceEnded, to: Z, if: metadata.strict}
B: {businessState: OPEN, on: {expired: {set: {b: true}}, closed: Z}}
Z: {businessState: SHUT, final: true}
"""


def test_entering_a_state_owes_its_timers_at_their_moments() -> None:
    saga = begun(sample_machine(STATES))
    assert [(e.name, e.kind, e.due - START, e.state, e.channel) for e in saga.agenda] == [
        ("$after.15m", "timer", 900_000, "A", None),
        ("$after.1h", "timer", 3_600_000, "A", None),
        ("$after.30s", "timer", 30_000, "A", None),
        ("$after.2h", "timer", 7_200_000, "A", None),
    ]


def _fired(label: str, **metadata: object) -> tuple[str, str, str]:
    machine = sample_machine(STATES)
    saga = begun(machine, metadata)
    made = told(machine, saga, f"$after.{label}", entry=owed(saga, f"$after.{label}").id)
    assert owed(saga, f"$after.{label}").id in made.removed
    return made.row.result, made.row.event, made.saga.state


def test_a_timer_without_a_name_goes_to_its_target_under_its_delay() -> None:
    assert _fired("15m") == ("applied", "$after.15m", "B")


def test_a_timer_with_a_name_stands_under_it_in_the_history() -> None:
    assert _fired("1h") == ("applied", "expired", "Z")


def test_a_timer_that_only_raises_an_event_is_taken_by_the_states_own_transition() -> None:
    machine = sample_machine(STATES)
    saga = begun(machine)
    made = told(machine, saga, "$after.30s", entry=owed(saga, "$after.30s").id)
    assert (made.row.event, made.row.entered, made.saga.metadata) == ("reminded", False, {"reminded": True})
    assert names(made.saga.agenda) == ["$after.15m", "$after.1h", "$after.2h"]


def test_a_timer_is_guarded_like_any_transition() -> None:
    assert _fired("2h", strict=True) == ("applied", "graceEnded", "Z")
    assert _fired("2h", strict=False) == ("ignored", "graceEnded", "A")


def test_leaving_the_state_takes_its_timers_along() -> None:
    machine = sample_machine(STATES)
    saga = begun(machine)
    left = told(machine, saga, "left")
    assert set(left.removed) == {entry.id for entry in saga.agenda}
    assert left.saga.agenda == ()


def test_entering_the_state_again_starts_its_timers_again() -> None:
    machine = sample_machine(STATES)
    saga = begun(machine)
    again = told(machine, saga, "again", now=START + 60_000)
    assert owed(again.saga, "$after.15m").due == START + 960_000
    assert owed(again.saga, "$after.15m").id != owed(saga, "$after.15m").id
