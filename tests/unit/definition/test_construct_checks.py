"""What the checks say of fan-out, compensation, time and other sagas, beyond the bad files; and what they must not say."""

from __future__ import annotations

import pytest

from engine.definition.reader import check_text
from tests.unit.definition.samples import DOOR, HOUSE, checked, codes

JOIN = "on: {$done: WAITING, $failed: UNDOING}"
POLL = "poll: {command: look, every: 1m, for: 1h, giveUp: ownerGone}"
UNDO = "on: {$compensated: GIVEN_UP, $stuck: {sideEffects: [tell]}}"


def test_a_machine_with_every_construct_has_no_finding() -> None:
    assert codes(HOUSE) == []


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        # several at once
        ([(JOIN, JOIN + "\n    after: {1d: UNDOING}")], []),
        ([("commands: [dig, draw]", "command: dig"), (JOIN, "on: {pitDug: WAITING, pitNotDug: UNDOING, drew: WAITING}")], ["unused-command"]),
        ([("commands: [dig, draw]", "command: dig"), (JOIN, "on: {pitDug: WAITING, $failed: UNDOING}")], ["unused-command"]),
        ([("commands: [dig, draw]", "command: dig"), (JOIN, "on: {$done: WAITING, pitNotDug: UNDOING}")], ["unused-command"]),
        ([(", failed: planNotDrawn", "")], []),
        ([("{done: planDrawn, failed: planNotDrawn}", "{failed: planNotDrawn}")], []),
        ([("done: planDrawn,", "done: planDrawn, sketched: planSketched,")], []),
        ([(JOIN, "on: {$done: [{if: payload.good, to: WAITING}, UNDOING], $failed: UNDOING}")], []),
        ([("{id: 0}", "{id: 0, on: {$failed: UNDOING}}"), (JOIN, "on: {$done: WAITING}")], []),
        ([("states:\n", "on: {$failed: UNDOING}\nstates:\n"), (JOIN, "on: {$done: WAITING}")], []),
        # undoing
        ([("compensate: all", "compensate: [dig]")], []),
        ([("compensate: all", "compensate: [dgi]")], ["unknown-command"]),
        ([("undo: fill", "undo: fil")], ["unknown-command"]),
        ([("undo: fill", "undo: dig")], ["undo-of-undo", "undo-failed-reply", "unused-command", "no-failed-reply", "undo-sent"]),
        ([(UNDO, "on: {$compensated: GIVEN_UP}"), ("tell: {", "tell: {description: x, ")], ["unused-side-effect"]),
        # what is raised where
        ([("on: {ownerSeen: BUILT,", "on: {$stuck: {sideEffects: [tell]}, ownerSeen: BUILT,")], []),
        ([("on: {ownerSeen: BUILT,", "on: {$compensated: BUILT, ownerSeen: BUILT,")], ["never-raised"]),
        ([("{id: 1}", "{id: 1, on: {$failed: UNDOING}}")], ["never-raised"]),
        ([("{id: 1}", "{id: 1, on: {$stuck: GIVEN_UP}}")], []),
        ([("states:\n", "on: {$compensated: GIVEN_UP}\nstates:\n")], []),
        # polls
        ([("giveUp: ownerGone", "giveUp: ownerLost")], ["timer-event-not-accepted"]),
        ([("{channel: camera, replies: {done: ownerSeen}}", "{channel: camera, replies: {done: ownerSaw}}")], ["reply-not-accepted"]),
        ([("every: 1m", "every: 1m, maxEvery: 59s")], ["poll-times"]),
        ([("every: 1m", "every: 1m, maxEvery: 1m")], []),
        ([("for: 1h", "for: 1m")], ["poll-times"]),
        # slas
        ([(POLL, POLL + "\n    sla: {within: 2h, sideEffects: [tell]}")], []),
        ([(POLL, POLL + "\n    sla: 1h\n    after: {1h: {if: metadata.a, to: BUILT}}")], []),
        ([(POLL, POLL + "\n    sla: 1h\n    after: {1h: BUILT}")], ["never-late"]),
        ([(POLL, POLL + "\n    sla: 1h\n    after: {30m: {set: {a: 1}}}")], []),
        ([("{id: 0}", "{id: 0, sla: {within: 2h, sideEffects: [tel]}}")], ["unknown-side-effect"]),
        # timers of every scope
        ([("{id: 0}", "{id: 0, after: {1d: UNDOING}}")], []),
        ([("{id: 0}", "{id: 0, after: {1d: NOWHERE}}")], ["unknown-state"]),
        ([("states:\n", "after: {30d: GIVEN_UP}\nstates:\n")], []),
        ([("states:\n", "after: {0s: PLANNED}\nstates:\n")], []),
        ([("{id: 0}", "{id: 0, after: {1d: {event: ownerGone}}}")], ["timer-event-not-accepted"]),
        ([(POLL, 'at: {"{{ metadata.due }}": UNDOING}\n    ' + POLL)], []),
        ([(POLL, 'at: {"{{ metadata.due | default(none) }}": {event: ownerGone}}\n    ' + POLL)], []),
        ([(POLL, 'at: {"{{ metadata.due }}": {event: ownerLost}}\n    ' + POLL)], ["timer-event-not-accepted"]),
        ([(POLL, 'at: {"{{ due }}": BUILT}\n    ' + POLL)], ["bad-expression"]),
        ([(POLL, 'at: {"{{ metadata.due }}": WAITING}\n    ' + POLL)], []),
        ([(POLL, "after: {2m: BUILT, 120s: UNDOING}\n    " + POLL)], ["same-time"]),
    ],
)  # fmt: skip
def test_a_house_has_these_findings(edits: list[tuple[str, str]], expected: list[str]) -> None:
    assert sorted(codes(HOUSE, *edits)) == sorted(expected)


def test_a_state_is_reached_through_what_the_engine_raises() -> None:
    assert (
        codes(
            HOUSE, ("on: {ownerSeen: BUILT, ownerGone: UNDOING}", "on: {ownerSeen: BUILT, ownerGone: BUILT}")
        )
        == []
    )
    assert codes(HOUSE, (JOIN, "on: {$done: WAITING, $failed: WAITING}")) == []


def test_a_state_that_only_what_never_comes_leads_to_is_not_reached() -> None:
    spare = "  SPARE: {businessState: OPEN, on: {used: BUILT}}\n"
    found = codes(HOUSE + spare, ("on: {ownerSeen: BUILT,", "on: {$done: SPARE, ownerSeen: BUILT,"))
    assert sorted(found) == ["never-raised", "unreachable-state"]


def test_a_state_with_nothing_but_an_sla_waits_for_nothing() -> None:
    assert "waits-for-nothing" in codes(DOOR, ("    on: {bellPushed: RINGING}\n", "    sla: 1h\n"))


def test_a_state_of_rest_may_have_an_sla() -> None:
    assert codes(DOOR, (", final: true", ", sla: 1h, on: {mended: CLOSED}")) == []


def test_two_compensating_states_that_lead_to_each_other_would_go_round_for_ever() -> None:
    again = "  AGAIN: {businessState: SHUT, compensate: all, on: {$compensated: UNDOING, sold: GIVEN_UP}}\n"
    report = checked(HOUSE + again, ("$compensated: GIVEN_UP,", "$compensated: AGAIN,"))
    assert [(finding.code, finding.severity) for finding in report.findings] == [
        ("loop-without-event", "error"),
        ("loop-without-event", "error"),
    ]


def test_commands_that_are_sent_again_and_again_on_a_condition_are_no_loop() -> None:
    edit = ("$done: WAITING,", "$done: [{if: payload.again, to: PLANNED}, WAITING],")
    assert codes(HOUSE, edit) == []


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ("{start: garage, metadata: {size: 2}, sagaId: g1, entityId: e}", []),
        ('{start: "{{ metadata.kind }}", metadata: "{{ metadata.garage }}"}', []),
        ('{tell: "{{ metadata.parent }}", event: houseBuilt, payload: {size: 1}, machine: town}', []),
        ("{start: garage, event: built}", ["bad-saga-request"]),
        ("{start: ''}", ["bad-saga-request"]),
        ("{start: [garage]}", ["bad-saga-request"]),
        ("{start: garage, tell: town, event: x}", ["bad-saga-request"]),
        ("{tell: town, event: 5}", ["bad-saga-request"]),
        ("{tell: town, event: x, payload: [1]}", ["bad-saga-request"]),
        ("{}", ["bad-saga-request"]),
    ],
)
def test_a_request_to_other_sagas_has_these_findings(payload: str, expected: list[str]) -> None:
    assert codes(HOUSE, ("{channel: mail}", f"{{channel: sagas, payload: {payload}}}")) == expected


def test_the_channel_of_other_sagas_needs_no_binding() -> None:
    text = HOUSE.replace("{channel: mail}", "{channel: sagas, payload: {tell: town, event: x}}")
    assert check_text(text, file="m.yaml", channels=["diggers", "architects", "camera"]).findings == ()


def test_a_command_need_not_name_its_failure_where_something_else_tells_of_it() -> None:
    assert codes(HOUSE, (", failed: pitNotDug", ""), (", failed: planNotDrawn", "")) == []
