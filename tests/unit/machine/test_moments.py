"""`at`: durable timers at moments that the saga's data give."""

from __future__ import annotations

import pytest

from engine.errors import ExpressionFailed
from engine.model import Json
from tests.fakes.clock import START
from tests.fakes.machines import begun, names, owed, sample_machine, told
from tests.unit.machine.asking import events, fired

STATES = """
A:
  businessState: OPEN
  at:
    "{{ metadata.when }}": {event: dueNow, to: Z}
    "{{ metadata.other }}": Z
  on: {moved: A, noted: {description: It stays}}
Z: {businessState: SHUT, final: true}
"""
MACHINE = sample_machine(STATES)


def _due(when: object) -> int:
    return owed(begun(MACHINE, {"when": when, "other": None}), "$at.1").due


@pytest.mark.parametrize(
    "when",
    [
        "2026-01-02T10:00:00Z",
        "2026-01-02T10:00:00.000Z",
        "2026-01-02T12:00:00+02:00",
        "2026-01-02T10:00:00",
        1_767_348_000_000,
    ],
)
def test_a_moment_is_iso_8601_in_utc_unless_it_says_otherwise_or_milliseconds(when: object) -> None:
    assert _due(when) == START + 25 * 3_600_000


def test_a_date_is_its_midnight() -> None:
    assert _due("2026-01-02") == START + 15 * 3_600_000


def test_a_moment_that_is_not_known_yet_sets_no_timer() -> None:
    assert begun(MACHINE, {"when": None, "other": None}).agenda == ()


def test_it_is_computed_when_the_state_is_entered_and_again_when_it_is_entered_again() -> None:
    saga = begun(MACHINE, {"when": None, "other": None})
    noted = told(MACHINE, saga, "noted", {"when": "2026-01-02"}).saga
    assert noted.agenda == ()
    assert names(told(MACHINE, noted, "moved").saga.agenda) == ["$at.1"]


def test_a_moment_that_is_over_is_due_at_once() -> None:
    assert _due("2020-01-01") < START


def test_it_fires_under_its_name() -> None:
    made = fired(MACHINE, begun(MACHINE, {"when": "2026-01-02", "other": "2026-01-03"}), "$at.1")
    assert (events(made), made.saga.state) == (["dueNow"], "Z")


def test_without_a_name_the_history_shows_which_line_it_was() -> None:
    made = fired(MACHINE, begun(MACHINE, {"when": "2026-01-02", "other": "2026-01-03"}), "$at.2")
    assert events(made) == ["$at.2"]


@pytest.mark.parametrize("when", ["soon", True, 1.5, {}, ""])
def test_anything_else_is_an_error_that_names_the_line(when: object) -> None:
    data: Json = {"when": when, "other": None}
    with pytest.raises(ExpressionFailed, match=r"metadata\.when.*neither an ISO 8601 moment"):
        begun(MACHINE, data)
