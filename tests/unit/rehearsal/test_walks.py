"""Random walks: the same dice give the same walks, no machine makes them raise, and the model check knows more."""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.definition.contracts import compile_contract
from engine.machine.plan import Machine
from engine.model import Json
from engine.rehearsal.acts import perform
from engine.rehearsal.exploration import explore
from engine.rehearsal.samples import STEADY, first_metadata, payload_for, sample
from engine.rehearsal.stage import Rehearsal
from engine.rehearsal.walks import Walk, survey, walk
from tests.fakes.engine import machine_of
from tests.fakes.machines import sample_machine
from tests.properties.engine_machines import START_DATA, machines
from tests.unit.rehearsal.trip import POLLED, TRIP

STEADILY = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def compiled(data: Json) -> Machine:
    return machine_of(json.dumps(data))


def walks(text: str, seed: int, count: int = 40) -> list[Walk]:
    machine, dice = machine_of(text), Random(seed)
    return [walk(machine, dice, steps=60, failures=0.3) for _ in range(count)]


@pytest.mark.parametrize("text", [TRIP, POLLED], ids=["trip", "polled"])
def test_the_same_seed_gives_the_same_walks_and_another_seed_others(text: str) -> None:
    assert walks(text, 1) == walks(text, 1)
    assert walks(text, 1) != walks(text, 2)


def test_every_edge_of_a_sound_machine_happens_and_nobody_gets_stuck() -> None:
    found = survey(machine_of(TRIP), walks(TRIP, 1, 400))
    # A timer without delay is always faster than anybody outside.
    assert ([str(edge) for edge in found.never], found.bad) == (["WAITING_LONG --cancelled--> UNDOING"], ())
    assert {(end, state) for end, state in found.ends} >= {("final", "BOOKED"), ("final", "FAILED")}


def test_a_walk_can_be_walked_again() -> None:
    for each in walks(TRIP, 3):
        stage = Rehearsal(machine_of(TRIP), metadata=each.metadata)
        for act in each.acts:
            perform(stage, act)
        assert stage.saga.state == each.state


def test_a_saga_that_gets_stuck_is_told_with_its_shortest_walk() -> None:
    machine = sample_machine(
        "A: {businessState: OPEN, command: ask, on: {told: {description: stays}, untold: Z}}\n"
        "Z: {businessState: SHUT, final: true}",
        top="commands: {ask: {channel: outside, replies: {done: told, failed: untold}}}",
    )
    dice = Random(1)
    found = survey(machine, [walk(machine, dice, steps=50, failures=0.2) for _ in range(50)])
    (bad,) = found.bad
    assert (bad.end, bad.state) == ("stuck", "A")
    assert [act.value for act in bad.acts] == [{"ask": "done"}]


def test_a_template_without_its_data_is_told_as_an_error() -> None:
    machine = sample_machine(
        "A: {businessState: OPEN, on: {go: {to: Z, set: {a: '{{ metadata.b.c }}'}}}}\nZ: {businessState: SHUT, final: true}"
    )
    dice = Random(1)
    found = survey(machine, [walk(machine, dice, steps=50, failures=0, metadata={}) for _ in range(10)])
    assert [(bad.end, "metadata.b" in bad.detail) for bad in found.bad] == [("error", True)]


def test_made_up_metadata_hold_what_templates_read() -> None:
    machine = sample_machine(
        "A: {businessState: OPEN, on: {go: {if: metadata.size == 'big', to: Z}}}\nZ: {businessState: SHUT, final: true}"
    )
    assert first_metadata(machine, STEADY) == {"size": "big"}
    assert payload_for(machine, "A", "go", STEADY) == {}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "required": ["a", "b"], "properties": {"a": {"enum": ["x"]}, "b": {"type": "array", "minItems": 2, "items": {"type": "integer", "minimum": 3}}}},
        {"type": "string", "pattern": "^[A-Z]{3}$", "maxLength": 3},
        {"type": "string", "minLength": 5},
        {"oneOf": [{"type": "boolean"}, {"type": "null"}]},
        {"type": ["string", "null"], "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        {"type": "number", "minimum": 1, "maximum": 2},
        {"const": 7},
    ],
    ids=str,
)  # fmt: skip
def test_a_sample_fits_its_schema(schema: Json) -> None:
    assert compile_contract(schema).problems(sample(schema, STEADY)) == ()
    assert compile_contract(schema).problems(sample(schema, Random(1))) == ()


@STEADILY
@given(machines(), st.integers(0, 1_000))
def test_no_machine_makes_a_walk_raise(data: Json, seed: int) -> None:
    machine, dice = compiled(data), Random(seed)
    found = [walk(machine, dice, steps=40, failures=0.4, metadata=START_DATA) for _ in range(3)]
    assert survey(machine, found).walks == 3


@STEADILY
@given(machines(), st.integers(0, 1_000))
def test_what_happens_in_a_walk_is_never_said_to_be_impossible(data: Json, seed: int) -> None:
    machine, dice = compiled(data), Random(seed)
    explored = explore(machine, bound=2_000)
    taken = {
        edge
        for _ in range(4)
        for edge in walk(machine, dice, steps=40, failures=0.4, metadata=START_DATA).taken
    }
    assert taken & set(explored.never) == set()
