"""The recorded plan says what the chart does, and a machine on which they differ is not published."""

from __future__ import annotations

from dataclasses import replace

from engine.definition.ir import Transition
from engine.machine.chart import Chart, Move
from engine.machine.plan import compile_machine
from tests.fakes.engine import definition_of, machine_of
from tests.fakes.machines import ORDER, sample_machine

STATES = """
A: {businessState: OPEN, on: {go: [{if: metadata.fast, to: Z}, {to: A}], noted: {description: It stays}}, after: {1h: Z}}
Z: {businessState: SHUT, final: true}
"""


def test_the_plan_holds_every_alternative_in_the_order_it_is_tried() -> None:
    machine = sample_machine(STATES, top="on: {go: Z, stopped: Z}")
    assert [(a.target, a.moves) for a in machine.plan["A", "go"]] == [("Z", True), ("A", True), ("Z", True)]
    assert [(a.target, a.moves) for a in machine.plan["A", "noted"]] == [("A", False)]
    assert [(a.target, a.moves) for a in machine.plan["A", "$after.1h"]] == [("Z", True)]
    assert machine.accepted("A") == ["go", "noted", "stopped"]


def test_nothing_is_planned_for_a_final_state() -> None:
    machine = sample_machine(STATES, top="on: {stopped: Z}")
    assert [key for key in machine.plan if key[0] == "Z"] == []


def test_the_chart_leaves_and_enters_what_a_reader_would_think() -> None:
    definition = sample_machine(STATES).definition
    chart = Chart(definition)
    ((fast, _), (slow, _)) = chart.branches(definition, definition.states["A"], "go")
    assert chart.drive("A", "go", fast) == Move(target="Z", exited=("A",), entered=("Z",), business=True)
    assert chart.drive("A", "go", slow) == Move(target="A", exited=("A",), entered=("A",))
    assert chart.drive("A", "go", slow, fast) == chart.drive("A", "go", fast)


def test_the_chart_lets_nothing_through_whose_guard_is_false() -> None:
    definition = sample_machine(STATES).definition
    assert Chart(definition).drive("A", "go") is None


def test_compiling_leaves_the_definition_as_it_was() -> None:
    definition = definition_of(ORDER)
    before = repr(definition)
    compile_machine(definition)
    assert repr(definition) == before


def test_two_equal_guards_on_different_layers_are_told_apart() -> None:
    definition = sample_machine(STATES, top="on: {go: {if: metadata.fast, to: Z}}").definition
    assert [a.transition for a in compile_machine(definition).plan["A", "go"]] == [
        *definition.states["A"].on["go"],
        *definition.on["go"],
    ]


def test_a_transition_says_no_more_than_what_was_written() -> None:
    machine = machine_of(ORDER)
    (noted,) = machine.plan["CREATED", "addressChanged"]
    assert replace(noted.transition, assignments=()) == Transition()
