"""What the checks say beyond the bad files of tests/bad/machines, and what they must not say."""

from __future__ import annotations

import pytest

from tests.unit.definition.samples import DOOR, ORDER, checked, codes

RING = "    command: ring\n"
PUSH = "on: {bellPushed: RINGING}"


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        # names
        ([("command: ring\n", "command: ring\n    after: {1m: NOWHERE}\n")], ["unknown-state"]),
        ([(PUSH, "on: {bellPushed: [{if: payload.a, to: NOWHERE}, RINGING]}")], ["unknown-state"]),
        ([("states:\n", "on: {burnt: NOWHERE}\nstates:\n")], ["unknown-state"]),
        ([("The door is shut}", "The door is shut, on: {burnt: NOWHERE}}")], ["unknown-state"]),
        ([(PUSH, "on: {bellPushed: {to: RINGING, sideEffects: [tell]}}")], ["unknown-side-effect"]),
        ([("commands:", "events: {bellPushed: {businessEvent: X}}\ncommands:")], ["unknown-business-event"]),
        ([("commands:", "events: {bellPushed: {aliases: [bellPushed]}}\ncommands:")], ["alias-clash"]),
        (
            [("commands:", "events: {bellPushed: {aliases: [knocked]}}\ncommands:"), (PUSH, "on: {bellPushed: RINGING, knocked: RINGING}")],
            ["alias-clash"],
        ),
        # inherited transitions
        ([(", final: true", ""), ("states:\n", "on: {mended: CLOSED}\nstates:\n")], []),
        ([("bellRung: CLOSED, ", ""), ("states:\n", "on: {bellRung: CLOSED}\nstates:\n")], []),
        ([("bellRung: CLOSED, ", ""), ("The door is shut}", "The door is shut, on: {bellRung: CLOSED}}")], []),
        ([("bellRung: CLOSED, ", ""), ("no door any more}", "no door any more, on: {bellRung: CLOSED}}")], ["reply-not-accepted"]),
        # replies
        ([(RING, RING), ("version: 1", "version: 1\nsettings: {unexpectedEvents: ignore}"), ("bellRung: CLOSED, ", "")], ["reply-not-accepted"]),
        ([("bellRung, failed: bellBroken}", "bellRung}, retry: {attempts: 3}")], []),
        # timers
        ([(RING, RING + "    after: {1m: {event: bellRung}}\n")], []),
        ([(RING, RING + "    after: {0s: {if: metadata.loud, to: RINGING}}\n")], ["loop-without-event"]),
        ([(RING, RING + "    after: {0s: {set: {rings: 1}}}\n")], []),
        ([(RING, RING + "    after: {0s: BROKEN}\n")], []),
        ([(RING, RING + "    after: {1ms: RINGING}\n")], []),
        # order of alternatives
        ([(PUSH, "on: {bellPushed: [{if: payload.a, to: RINGING}, {if: payload.b, to: BROKEN}, CLOSED]}")], []),
        ([(PUSH, "on: {bellPushed: [RINGING, BROKEN, CLOSED]}")], ["never-tried", "never-tried"]),
    ],
)  # fmt: skip
def test_a_door_has_these_findings(edits: list[tuple[str, str]], expected: list[str]) -> None:
    assert codes(DOOR, *edits) == expected


def test_a_state_is_reached_through_inherited_transitions_and_timers() -> None:
    spare = "  SPARE: {businessState: SHUT, on: {used: CLOSED}}\n"
    assert codes(DOOR + spare) == ["unreachable-state"]
    assert codes(DOOR + spare + "on: {broken: SPARE}\n") == []
    assert codes(DOOR + spare, (RING, RING + "    after: {1m: SPARE}\n")) == []


def test_a_state_behind_an_alternative_that_is_never_tried_is_not_reached() -> None:
    spare = "  SPARE: {businessState: SHUT, on: {used: CLOSED}}\n"
    assert codes(DOOR + spare, (PUSH, "on: {bellPushed: [RINGING, SPARE]}")) == [
        "never-tried",
        "unreachable-state",
    ]


def test_a_state_that_rests_needs_no_end() -> None:
    assert (
        codes(
            ORDER,
            (
                "ORDER_DELIVERED: {businessState: DELIVERED, final: true,",
                "ORDER_DELIVERED: {businessState: DELIVERED, on: {rated: ORDER_DELIVERED},",
            ),
        )
        == []
    )


def test_two_states_that_drive_each_other_for_ever_never_rest() -> None:
    text = """
machine: clock
version: 1
initialState: TICK
creationEvent: wound
businessStates: {ON: {id: 0}}
states:
  TICK: {businessState: ON, after: {1s: TOCK}}
  TOCK: {businessState: ON, after: {1s: TICK}}
"""
    assert codes(text) == ["never-rests", "never-rests"]


def test_a_guarded_loop_of_timers_is_a_warning_and_a_sure_one_an_error() -> None:
    (finding,) = checked(DOOR, (RING, RING + "    after: {0s: {if: metadata.loud, to: RINGING}}\n")).findings
    assert finding.severity == "warning"
    (finding,) = checked(DOOR, (RING, RING + "    after: {0s: RINGING}\n")).findings
    assert finding.severity == "error"


def test_a_reply_that_is_ignored_by_order_is_a_warning() -> None:
    edits = (("version: 1", "version: 1\nsettings: {unexpectedEvents: ignore}"), ("bellRung: CLOSED, ", ""))
    (finding,) = checked(DOOR, *edits).findings
    assert finding.severity == "warning"


def test_an_unknown_name_does_not_bring_doubtful_findings_along() -> None:
    assert codes(DOOR, (PUSH, "on: {bellPushed: RINGNG}")) == ["unknown-state"]


def test_a_transition_that_the_state_overrides_leads_nowhere_from_there() -> None:
    text = """
machine: m
version: 1
initialState: A
creationEvent: made
businessStates: {ONE: {id: 0, on: {go: C}}}
states:
  A: {businessState: ONE, on: {GO}}
  B: {businessState: ONE, final: true}
  C: {businessState: ONE, final: true}
"""
    assert codes(text, ("{GO}", "{go: B}")) == ["unreachable-state"]
    assert codes(text, ("{GO}", "{go: {if: payload.b, to: B}}")) == []
    assert codes(text, ("{GO}", "{other: B}")) == []


def test_hundreds_of_states_may_inherit_hundreds_of_events() -> None:
    states = "".join(f"  S{number}: {{businessState: ONE}}\n" for number in range(600))
    events = "".join(f"  e{number}: S{number}\n" for number in range(600))
    head = "machine: m\nversion: 1\ninitialState: S0\ncreationEvent: made\nbusinessStates: {ONE: {id: 0}}\n"
    assert codes(f"{head}states:\n{states}on:\n{events}") == []
