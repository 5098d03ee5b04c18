from __future__ import annotations

from pathlib import Path

import pytest

from commands.test_ import failure_lines
from engine.rehearsal.playing import Result, coverage, play
from engine.rehearsal.reading import read_scenarios
from tests.fakes.engine import machine_of
from tests.unit.rehearsal.trip import TRIP

GOLDEN = Path(__file__).with_name("failures.txt")
HEAD = "scenarios:\n  - name: a run\n    metadata: {traveller: Ada}\n    steps:\n"
FAILING = {
    "a state": "      - reply: {bookFlight: done}\n      - expect: {state: CAR, final: true}\n",
    "lists": "      - expect: {commands: [bookCar], timers: [15m], sideEffects: [tell], parked: [bookHotel]}\n",
    "a part of the metadata": "      - expect: {metadata: {traveller: {name: Ada}, seats: 2}}\n",
    "a payload": "      - expect: {payloads: {bookFlight: {who: Bob}, bookCar: {}}}\n",
    "a refused event": "      - reply: {bookHotel: done}\n      - send: agreed\n",
    "an event that was to be refused": "      - send: {event: cancelled, refused: true}\n",
    "a command that is not open": "      - reply: {bookCar: done}\n",
    "an expression": "      - move: WAITING\n      - send: agreed\n",
}


def played(folder: Path, steps: str) -> Result:
    (folder / "trip.yaml").write_text(TRIP)
    (folder / "trip.scenarios.yaml").write_text(HEAD + steps)
    read = read_scenarios(folder / "trip.scenarios.yaml")
    assert read.machine is not None, read.findings
    (scenario,) = read.scenarios
    return play(read.machine, scenario)


def shown(folder: Path) -> str:
    told = []
    for what, steps in FAILING.items():
        lines = "\n".join(failure_lines(played(folder, steps)))
        told.append(f"# {what}\n{lines.replace(f'{folder}/', '')}\n")
    return "\n".join(told)


def test_failures_are_told_as_agreed(tmp_path: Path) -> None:
    assert shown(tmp_path) == GOLDEN.read_text()


@pytest.mark.parametrize(
    "expected", ["state: BOOKING", "final: false", "businessState: OPEN", "late: false", "parked: []"]
)
def test_what_holds_passes(tmp_path: Path, expected: str) -> None:
    assert played(tmp_path, f"      - expect: {{{expected}}}\n").failure is None


def test_lists_are_compared_in_any_order(tmp_path: Path) -> None:
    assert played(tmp_path, "      - expect: {commands: [bookHotel, bookFlight]}\n").failure is None


def test_metadata_may_hold_more_than_is_expected(tmp_path: Path) -> None:
    steps = "      - move: WAITING\n      - send: {event: agreed, payload: {by: Bob}}\n"
    assert (
        played(tmp_path, steps + "      - expect: {state: BOOKED, metadata: {agreed: Bob}}\n").failure is None
    )


def test_side_effects_are_those_since_they_were_last_looked_at(tmp_path: Path) -> None:
    steps = """\
      - reply: {bookFlight: done}
      - reply: {bookHotel: failed}
      - stuck: cancelFlight
      - expect: {state: UNDOING}
      - expect: {sideEffects: [tell]}
      - expect: {sideEffects: []}
"""
    assert played(tmp_path, steps).failure is None


def test_metadata_that_the_machine_refuses_fail_the_scenario_at_its_own_line(tmp_path: Path) -> None:
    (tmp_path / "trip.yaml").write_text(TRIP)
    (tmp_path / "trip.scenarios.yaml").write_text("scenarios:\n  - name: a run\n    steps: []\n")
    read = read_scenarios(tmp_path / "trip.scenarios.yaml")
    assert read.machine is not None
    failure = play(read.machine, read.scenarios[0]).failure
    assert failure is not None
    assert (failure.line, "traveller" in failure.refusal) == (2, True)


def test_coverage_counts_each_alternative_of_each_state_once(tmp_path: Path) -> None:
    machine = machine_of(TRIP)
    none = coverage(machine, [])
    assert (len(none.edges), none.missing, none.percent) == (15, none.edges, 0.0)
    some = coverage(machine, [played(tmp_path, "      - send: cancelled\n")] * 2)
    assert [str(edge) for edge in none.edges if edge not in some.missing] == [
        "BOOKING --cancelled--> UNDOING"
    ]


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as made:
        GOLDEN.write_text(shown(Path(made)))
