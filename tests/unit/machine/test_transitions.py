"""Which transition an event takes, and what taking it does to where the saga stands."""

from __future__ import annotations

import pytest

from engine.errors import EventNotAccepted, ExpressionFailed
from tests.fakes.clock import START
from tests.fakes.machines import BUSINESS, begun, names, sample_machine, told

GUARDED = """
A:
  businessState: OPEN
  on:
    scored:
      - {if: payload.points > 90, to: TOP}
      - {if: payload.points > 50, to: MIDDLE}
      - {to: BOTTOM}
TOP: {businessState: SHUT, final: true}
MIDDLE: {businessState: SHUT, final: true}
BOTTOM: {businessState: SHUT, final: true}
"""

LAYERED = """
A:
  businessState: OPEN
  on:
    stopped: {if: payload.soft, to: RESTING}
    next: B
B:
  businessState: OPEN
  on: {next: C}
C:
  businessState: LATE
  on: {next: RESTING}
RESTING: {businessState: SHUT, final: true}
HALTED: {businessState: SHUT, final: true}
ENDED: {businessState: SHUT, final: true}
"""
LAYERED_BUSINESS = """
OPEN: {id: 0, description: Open, on: {stopped: HALTED}}
LATE: {id: 1, description: Late}
SHUT: {id: 2, description: Shut}
"""
LAYERED_TOP = "on: {stopped: ENDED}"

AGAIN = """
A:
  businessState: OPEN
  command: ask
  on:
    again: A
    noted: {description: It stays}
    asked: Z
    askFailed: Z
Z: {businessState: SHUT, final: true}
"""
ASK = "commands: {ask: {channel: outside, replies: {done: asked, failed: askFailed}}}"


@pytest.mark.parametrize(("points", "state"), [(91, "TOP"), (90, "MIDDLE"), (51, "MIDDLE"), (50, "BOTTOM")])
def test_the_first_alternative_whose_guard_holds_is_taken(points: int, state: str) -> None:
    machine = sample_machine(GUARDED)
    assert told(machine, begun(machine), "scored", {"points": points}).saga.state == state


def test_a_guard_about_something_that_is_not_there_is_an_error_and_never_false() -> None:
    machine = sample_machine(GUARDED)
    with pytest.raises(ExpressionFailed):
        told(machine, begun(machine), "scored", {})


def test_an_event_whose_guards_are_all_false_is_refused_with_what_the_state_accepts() -> None:
    machine = sample_machine(
        """
        A: {businessState: OPEN, on: {tried: {if: payload.ok, to: Z}, left: Z}}
        Z: {businessState: SHUT, final: true}
        """
    )
    with pytest.raises(EventNotAccepted, match="none of its guards holds; it accepts left, tried"):
        told(machine, begun(machine), "tried", {"ok": False})


def test_the_state_is_asked_before_its_business_state_and_that_before_the_machine() -> None:
    machine = sample_machine(LAYERED, business=LAYERED_BUSINESS, top=LAYERED_TOP)
    at_a = begun(machine)
    at_b = told(machine, at_a, "next").saga
    at_c = told(machine, at_b, "next").saga
    assert told(machine, at_a, "stopped", {"soft": True}).saga.state == "RESTING"
    assert told(machine, at_a, "stopped", {"soft": False}).saga.state == "HALTED"
    assert told(machine, at_b, "stopped").saga.state == "HALTED"
    assert told(machine, at_c, "stopped").saga.state == "ENDED"


def test_the_business_state_follows_the_state() -> None:
    machine = sample_machine(LAYERED, business=LAYERED_BUSINESS, top=LAYERED_TOP)
    stopped = told(machine, begun(machine), "stopped", {"soft": False})
    assert (stopped.saga.business_state, stopped.saga.business_state_id) == ("SHUT", 2)
    assert stopped.row.business_state_description == "Shut"
    assert stopped.saga.is_final


def test_a_transition_to_its_own_state_enters_it_again_and_sends_the_command_again() -> None:
    machine = sample_machine(AGAIN, top=ASK)
    saga = begun(machine)
    again = told(machine, saga, "again")
    assert again.row.entered
    assert names(again.added) == ["ask"]
    assert again.removed == (saga.agenda[0].id,)
    assert again.added[0].id != saga.agenda[0].id


def test_a_transition_without_a_target_enters_nothing_and_leaves_the_command_alone() -> None:
    machine = sample_machine(AGAIN, top=ASK)
    saga = begun(machine)
    noted = told(machine, saga, "noted", {"colour": "red"})
    assert not noted.row.entered
    assert (noted.added, noted.removed) == ((), ())
    assert noted.saga.state == "A"
    assert noted.saga.metadata == {"colour": "red"}
    assert [entry.id for entry in noted.saga.agenda] == [entry.id for entry in saga.agenda]


def test_set_writes_after_the_payload_was_merged_and_each_line_sees_the_one_before() -> None:
    machine = sample_machine(
        """
        A:
          businessState: OPEN
          on:
            paid:
              to: Z
              set:
                total.paid: "{{ payload.amount }}"
                total.left: "{{ metadata.total.due - metadata.total.paid }}"
                label: "left {{ metadata.total.left }}"
                amount: "{{ metadata.amount + 1 }}"
        Z: {businessState: SHUT, final: true}
        """
    )
    paid = told(machine, begun(machine, {"total": {"due": 100}}), "paid", {"amount": 40})
    assert paid.saga.metadata == {
        "total": {"due": 100, "paid": 40, "left": 60},
        "label": "left 60",
        "amount": 41,
    }


def test_a_step_changes_nothing_of_the_saga_it_was_given() -> None:
    machine = sample_machine(AGAIN, top=ASK)
    saga = begun(machine, {"deep": {"list": [1]}})
    before = repr(saga)
    told(machine, saga, "noted", {"deep": {"list": [2]}})
    assert repr(saga) == before


def test_an_expression_may_speak_of_the_saga_the_event_and_now() -> None:
    machine = sample_machine(
        """
        A:
          businessState: OPEN
          on: {looked: {to: Z, set: {seen: ["{{ saga.id }}", "{{ saga.state }}", "{{ event }}", "{{ now }}", "{{ saga.entityId }}"]}}}
        Z: {businessState: SHUT, final: true}
        """
    )
    seen = told(machine, begun(machine), "looked", now=START + 1).saga.metadata["seen"]
    assert seen == ["s1", "A", "looked", "2026-01-01T09:00:00.001Z", "e1"]


def test_the_transition_names_the_business_event_else_the_event_does() -> None:
    machine = sample_machine(
        """
        A:
          businessState: OPEN
          on:
            paid: {description: It stays}
            settled: {to: Z, businessEvent: CLOSED}
            moved: {description: It stays}
        Z: {businessState: SHUT, final: true}
        """,
        top="""
        businessEvents: {PAID: {id: 7, description: Money came}, CLOSED: {id: 8, description: Closed}}
        events: {paid: {businessEvent: PAID}, settled: {businessEvent: PAID}}
        """,
    )
    saga = begun(machine)
    assert told(machine, saga, "paid").row.business_event_id == 7
    assert told(machine, saga, "settled").row.business_event_description == "Closed"
    assert told(machine, saga, "moved").row.business_event_id is None


def test_a_step_counts_the_version_up_and_the_row_says_where_from_and_where_to() -> None:
    machine = sample_machine(GUARDED)
    saga = begun(machine)
    made = told(machine, saga, "scored", {"points": 1}, id="e-1", now=START + 5)
    assert (made.saga.version, made.row.seq) == (2, 2)
    assert (made.row.source, made.row.state, made.row.event_id) == ("A", "BOTTOM", "e-1")
    assert (made.row.at, made.saga.updated_at, made.saga.created_at) == (START + 5, START + 5, START)
    assert made.saga.latest_event == "scored"


def test_the_same_arguments_give_the_same_step() -> None:
    machine = sample_machine(AGAIN, top=ASK)
    saga = begun(machine, {"a": 1})
    assert told(machine, saga, "again", {"b": 2}, id="x") == told(machine, saga, "again", {"b": 2}, id="x")


def test_odd_names_do_not_confuse_the_chart() -> None:
    """Names that python-statemachine gives a meaning to, or loops on, are plain names here."""
    machine = sample_machine(
        """
        A: {businessState: A, on: {send: root, model.changed: s0}}
        s0: {businessState: A, on: {error_of_ours: root, done_state_A: states}}
        states: {businessState: A, on: {internal: root}}
        root: {businessState: root, final: true}
        """,
        business="A: {id: 0, description: Same name as its state}\nroot: {id: 1, description: Root}",
    )
    at_s0 = told(machine, begun(machine), "model.changed", {"event": 1, "machine": 2, "state": 3}).saga
    assert at_s0.state == "s0"
    assert at_s0.metadata == {"event": 1, "machine": 2, "state": 3}
    at_states = told(machine, at_s0, "done_state_A").saga
    assert told(machine, at_states, "internal").saga.state == "root"
    assert told(machine, at_s0, "error_of_ours").saga.is_final
    assert told(machine, begun(machine), "send").saga.state == "root"


def test_business_states_are_what_people_see_of_the_creation_too() -> None:
    machine = sample_machine(
        "A: {businessState: OPEN, on: {x: Z}}\nZ: {businessState: SHUT, final: true}", business=BUSINESS
    )
    assert begun(machine).business_state_description == "Being worked on"
