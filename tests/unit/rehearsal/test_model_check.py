"""What the model check finds, and that it finds nothing where nothing is wrong."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from engine.definition.reader import load
from engine.rehearsal.codes import CHECK_CODES
from engine.rehearsal.exploration import Exploration, explore
from engine.rehearsal.verdicts import model_check
from engine.rehearsal.writing import act_text
from tests.architecture.source import ROOT
from tests.fakes.engine import definition_of, machine_of
from tests.fakes.machines import sample, sample_machine
from tests.unit.rehearsal.trip import POLLED, TRIP

ASK = "commands: {ask: {channel: outside, replies: {done: told, failed: untold}}}"
TWO = """
commands:
  one: {channel: outside, replies: {done: oneDone, failed: oneFailed}, undo: unOne}
  two: {channel: outside, replies: {done: twoDone, failed: twoFailed}}
  unOne: {channel: outside, retry: {attempts: 2}}
"""
END = "Z: {businessState: SHUT, final: true}"


def found(states: str, *, top: str = "") -> Exploration:
    return explore(sample_machine(f"{dedent(states)}\n{END}", top=top))


def troubles(explored: Exploration) -> list[tuple[str, str, bool]]:
    return [(each.code, each.state, each.sure) for each in explored.troubles]


def way(explored: Exploration) -> list[str]:
    return [act_text(act) for act in explored.troubles[0].way]


@pytest.mark.parametrize("path", sorted((ROOT / "machines").glob("*[a-z].yaml")), ids=lambda path: path.stem)
def test_the_shipped_machines_are_clean(path: Path) -> None:
    if path.name.endswith(".scenarios.yaml"):
        return
    check = model_check(load(path))
    assert check.complete
    assert [verdict.finding for verdict in check.verdicts] == []


@pytest.mark.parametrize("text", [TRIP, POLLED], ids=["trip", "polled"])
def test_a_sound_machine_has_no_findings(text: str) -> None:
    explored = explore(machine_of(text))
    assert (troubles(explored), explored.complete) == ([], True)


def test_a_guard_that_does_not_hold_may_leave_a_saga_waiting_for_ever() -> None:
    explored = found(
        "A: {businessState: OPEN, command: ask, on: {told: {if: payload.ok, to: Z}, untold: Z}}", top=ASK
    )
    assert troubles(explored) == [("dead-end", "A", False)]
    assert way(explored) == ["- reply: {ask: done}  # if payload.ok: no"]


def test_guards_that_are_each_other_s_opposite_leave_no_gap() -> None:
    for one, other in (
        ("payload.ok", "not payload.ok"),
        ("payload.a is defined", "payload.a is not defined"),
    ):
        on = f"told: [{{if: {one}, to: Z}}, {{if: {other}, to: A}}], untold: Z"
        assert troubles(found(f"A: {{businessState: OPEN, command: ask, on: {{{on}}}}}", top=ASK)) == []


def test_a_state_that_an_answer_does_not_leave_is_a_dead_end() -> None:
    explored = found(
        "A: {businessState: OPEN, command: ask, on: {told: {description: stays}, untold: Z}}", top=ASK
    )
    assert troubles(explored) == [("dead-end", "A", True)]


def test_an_event_from_outside_or_a_timer_is_a_way_out() -> None:
    for out in (
        "on: {told: {description: stays}, untold: Z, called: Z}",
        "on: {told: {description: x}, untold: Z}, after: {1h: Z}",
    ):
        assert troubles(found(f"A: {{businessState: OPEN, command: ask, {out}}}", top=ASK)) == []


def test_the_shortest_way_to_a_dead_end_is_shown() -> None:
    explored = found(
        """
        A: {businessState: OPEN, on: {go: B, slow: C}}
        C: {businessState: OPEN, after: {1h: B}}
        B: {businessState: OPEN, command: ask, on: {told: {description: stays}, untold: Z}}
        """,
        top=ASK,
    )
    assert way(explored) == ["- send: go", "- reply: {ask: done}"]


def test_a_join_that_can_only_be_helped_from_outside_is_a_warning() -> None:
    # What `fan-out-without-failed` cannot see: $failed is taken, and does not lead on.
    states = "A: {businessState: OPEN, commands: [one, two], on: {$done: Z, $failed: {description: stays}, called: Z}}"
    assert troubles(found(states, top=TWO)) == [("stuck-join", "A", False)]


def test_a_join_that_nothing_helps_is_an_error() -> None:
    states = "A: {businessState: OPEN, commands: [one, two], on: {$done: Z, $failed: {description: stays}}}"
    explored = found(states, top=TWO)
    assert troubles(explored) == [("stuck-join", "A", True)]
    assert len(explored.troubles[0].way) == 2


def test_a_loop_of_timers_without_delay_is_found() -> None:
    explored = found(
        "A: {businessState: OPEN, on: {go: B, out: Z}}\nB: {businessState: OPEN, on: {out: Z}, after: {0s: {if: metadata.x, to: A}, 1h: Z}}"
    )
    assert troubles(explored) == []
    explored = found(
        "A: {businessState: OPEN, on: {go: B, out: Z}}\nB: {businessState: OPEN, on: {out: Z}, after: {0s: {if: metadata.x, to: B}}}"
    )
    assert ("endless-loop", "B", False) in troubles(explored)


def test_a_compensation_that_goes_round_by_itself_is_found() -> None:
    explored = found(
        """
        A: {businessState: OPEN, commands: [one, two], on: {$done: B, $failed: B}}
        B: {businessState: OPEN, compensate: all, on: {$compensated: [{if: metadata.again, to: B}, {to: Z}]}}
        """,
        top=TWO,
    )
    assert ("endless-loop", "A", False) in troubles(explored)


def test_a_reply_that_comes_to_be_ignored_is_found() -> None:
    definition = definition_of(
        sample(
            f"A: {{businessState: OPEN, command: ask, on: {{told: Z}}, after: {{1h: Z}}}}\n{END}",
            top=f"{ASK}\nsettings: {{unexpectedEvents: ignore}}",
        )
    )
    verdicts = model_check(definition).verdicts
    assert [(v.finding.code, v.finding.severity) for v in verdicts] == [("unheard-reply", "warning")]


def test_what_nothing_ever_takes_is_found() -> None:
    # The timer of an hour always leaves the state before the one of a day fires.
    explored = found("A: {businessState: OPEN, after: {1h: Z, 24h: Z}}")
    assert [str(edge) for edge in explored.never] == ["A --24h--> Z"]


def test_a_machine_that_is_too_large_is_looked_at_in_part_and_says_so() -> None:
    check = model_check(definition_of(TRIP), bound=5)
    assert (check.configurations, check.complete) == (5, False)
    assert [verdict.finding.code for verdict in check.verdicts] == ["check-cut-short"]


def test_a_finding_has_its_place_and_a_scenario_that_leads_there() -> None:
    states = (
        f"A: {{businessState: OPEN, command: ask, on: {{told: {{description: stays}}, untold: Z}}}}\n{END}"
    )
    (verdict,) = model_check(definition_of(sample(states, top=ASK), file="m.yaml")).verdicts
    finding = verdict.finding
    line = sample(states, top=ASK).splitlines()[finding.line - 1]
    assert (finding.code, finding.file, line.strip()[:2]) == ("dead-end", "m.yaml", "A:")
    assert verdict.scenario == '  - name: "leads to dead-end in A"\n    steps:\n      - reply: {ask: done}\n'


def test_every_code_is_explained_on_its_page() -> None:
    page = (ROOT / "docs" / "model-check.md").read_text()
    assert [code for code in CHECK_CODES if f"`{code}`" not in page] == []
