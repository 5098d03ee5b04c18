"""What is exported to SCXML is loaded by python-statemachine and does in every state what the engine does."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from statemachine import StateChart
from statemachine.io import load

from engine.definition.ir import Definition
from engine.definition.reader import load as load_definition
from engine.foreign.outline import RESERVED
from engine.foreign.scxml import to_scxml
from engine.machine.plan import Alternative, compile_machine
from tests.unit.foreign.machines import hard

HOUSE = Path(__file__).parents[3]
MACHINES = sorted(path.stem for path in (HOUSE / "machines").glob("*.yaml") if ".scenarios" not in path.name)
SPACE = "{http://www.w3.org/2005/07/scxml}"
OURS = "{urn:sagaloom:export}"


def definition(name: str) -> Definition:
    return hard() if name == "hard" else load_definition(HOUSE / "machines" / f"{name}.yaml")


class Document:
    """An export, read back as XML and loaded as a chart."""

    def __init__(self, definition: Definition) -> None:
        text = to_scxml(definition)
        root = ET.fromstring(text)
        self.chart: Any = load(text, format="scxml")
        self.parents = {child: parent for parent in root.iter() for child in parent}
        leaves = [*root.iter(f"{SPACE}state"), *root.iter(f"{SPACE}final")]
        self.leaves = {e.get(f"{OURS}name", ""): e for e in leaves if e.find(f"{SPACE}state") is None
                       and e.find(f"{SPACE}final") is None}  # fmt: skip
        self.conditions = [e.get("id", "") for e in root.iter(f"{SPACE}data")]

    def lines(self, state: str, event: str) -> list[ET.Element]:
        """The transitions that take an event in a state, nearest first."""
        element: ET.Element | None = self.leaves[state]
        found: list[ET.Element] = []
        while element is not None:
            found += [e for e in element.findall(f"{SPACE}transition") if event in _names(e)]
            element = self.parents.get(element)
        return found

    def drive(self, state: str, line: ET.Element) -> tuple[str, list[str]]:
        """The state after a transition, and the states entered, with only this one's condition true."""
        running = self.chart(start_value=self.leaves[state].get("id"))
        for name in self.conditions:
            setattr(running.model, name, name == line.get("cond"))
        seen = Entered()
        running.add_listener(seen)
        running.send(line.get("event"))
        ids = {element.get("id"): name for name, element in self.leaves.items()}
        (leaf,) = [ids[one] for one in running.configuration_values if one in ids]
        return leaf, [ids[one] for one in seen.states if one in ids]


class Entered:
    def __init__(self) -> None:
        self.states: list[str] = []

    def on_enter_state(self, state: Any) -> None:
        self.states.append(state.id)


def _names(element: ET.Element) -> tuple[str | None, ...]:
    return (element.get(f"{OURS}eventName", element.get("event")),)


def _tried(alternatives: tuple[Alternative, ...]) -> list[Alternative]:
    """Those that can be taken: up to the first without a guard."""
    guards = [alternative.transition.guard is None for alternative in alternatives]
    return list(alternatives[: guards.index(True) + 1] if True in guards else alternatives)


@pytest.mark.parametrize("name", [*MACHINES, "hard"])
def test_the_reloaded_chart_goes_along_every_edge_as_the_engine_does(name: str) -> None:
    machine = compile_machine(definition(name))
    document = Document(machine.definition)
    for (state, event), alternatives in machine.plan.items():
        lines = document.lines(state, event)
        for alternative, line in zip(_tried(alternatives), lines, strict=False):
            assert line.get(f"{OURS}if") == (
                alternative.transition.guard and alternative.transition.guard.source
            )
            leaf, entered = document.drive(state, line)
            assert (leaf, entered) == (alternative.target, [leaf] if alternative.moves else []), (
                state,
                event,
            )
        assert len(lines) >= len(_tried(alternatives))


@pytest.mark.parametrize("name", [*MACHINES, "hard"])
def test_no_state_takes_more_than_in_the_engine(name: str) -> None:
    machine = compile_machine(definition(name))
    document = Document(machine.definition)
    events = {event for _, event in machine.plan}
    for state in machine.definition.states:
        taken = {event for event in events if document.lines(state, event)}
        assert taken == {event for at, event in machine.plan if at == state}


@pytest.mark.parametrize("name", [*MACHINES, "hard"])
def test_the_chart_begins_where_a_saga_begins(name: str) -> None:
    document = Document(definition(name))
    running = document.chart()
    assert document.leaves[definition(name).initial_state].get("id") in running.configuration_values


def test_what_scxml_cannot_say_stands_beside_it() -> None:
    text = to_scxml(hard())
    root = ET.fromstring(text)
    (command,) = root.iter(f"{OURS}command")
    assert command.attrib == {
        "name": "ask",
        "channel": "outside",
        "payload": '{"a": "{{ metadata.a }}"}',
        "replies": '{"done": "send", "failed": "e.f"}',
    }
    timers = [(one.get("after"), one.get("shownAs")) for one in root.iter(f"{OURS}timer")]
    assert timers == [("10s", "late"), ("20s", "halted"), ("1h", "$after.1h")]
    (line,) = [
        one
        for one in root.iter(f"{SPACE}transition")
        if one.get(f"{OURS}set") == '{"x.y": "{{ payload.a }}"}'
    ]
    assert line.get(f"{OURS}sideEffects") == "tell"
    assert "\x07" not in text


def test_the_names_of_the_library_s_own_attributes_are_given_to_nobody() -> None:
    document = Document(hard())
    exported = {element.get("id") for element in document.parents} | {
        e.get("event") for e in document.parents
    }
    own = {name for name in {*dir(StateChart), *vars(document.chart())} if not name.startswith("_")}
    assert own - exported <= RESERVED
    assert exported & RESERVED == set()
