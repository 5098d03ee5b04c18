"""The published sagas, imported, do for every (state, event) what their source says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.foreign.flow_manager.importer import import_flow_manager
from engine.machine.plan import Machine, compile_machine
from engine.machine.start import start
from engine.machine.step import step
from engine.model import Event, Saga
from tests.fakes.clock import START
from tests.unit.foreign.flow_manager import PAYMENT, SUBSCRIPTION, codes, machine

SAGAS = {"payment": (PAYMENT, 18, 55, 20), "subscription": (SUBSCRIPTION, 6, 17, 7)}


def _source(file: Path) -> dict[str, Any]:
    definition: dict[str, Any] = json.loads(file.read_text())["machineDefinition"]
    return definition


def _machine(file: Path) -> Machine:
    return compile_machine(machine(import_flow_manager(file.read_bytes(), file=str(file), name="saga")))


def _transitions(source: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for state in source["states"]:
        for transition in state.get("outgoingTransitions", ()):
            yield state["id"], transition


def _in(machine: Machine, state: str) -> Saga:
    """A saga that stands in a state with nothing owed."""
    first = start(machine, saga_id="s1", entity_id="", metadata={"kept": {"a": 1}}, now=START).saga
    final = machine.definition.states[state].final
    return replace(first, state=state, is_final=final, agenda=())


@pytest.mark.parametrize("name", SAGAS)
def test_nothing_of_the_published_saga_is_missing(name: str) -> None:
    file, states, transitions, events = SAGAS[name]
    definition = _machine(file).definition
    lines = [line for state in definition.states.values() for lines in state.on.values() for line in lines]
    named = {event for state in definition.states.values() for event in state.on}
    assert (len(definition.states), len(lines), len(named)) == (states, transitions, events)


@pytest.mark.parametrize("name", SAGAS)
def test_every_event_in_every_state_does_what_the_source_says(name: str) -> None:
    source, runs = _source(SAGAS[name][0]), _machine(SAGAS[name][0])
    table = {(state, line["inputEvent"]): line for state, line in _transitions(source)}
    business = {state["id"]: state["businessStateId"] for state in source["states"]}
    events = {line["inputEvent"] for _, line in _transitions(source)}
    for state in business:
        for event in events:
            done = step(runs, _in(runs, state), Event(name=event, payload={"kept": {"b": 2}}), START + 1)
            line = table.get((state, event))
            assert done.row.result == ("applied" if line else "ignored"), (state, event)
            assert done.saga.state == (line["targetState"] if line else state)
            if line:
                assert done.row.business_event_id == line["businessEventId"]
                assert done.saga.business_state_id == business[line["targetState"]]
                assert done.saga.metadata == {"kept": {"a": 1, "b": 2}}


@pytest.mark.parametrize("name", SAGAS)
def test_every_state_sends_what_the_source_says_with_the_whole_metadata(name: str) -> None:
    source, runs = _source(SAGAS[name][0]), _machine(SAGAS[name][0])
    wanted = {state["id"]: state.get("outputCommand") for state in source["states"]}
    for state, line in _transitions(source):
        done = step(runs, _in(runs, state), Event(name=line["inputEvent"]), START + 1)
        command = wanted[line["targetState"]]
        sent = [(entry.channel, entry.name, entry.payload) for entry in done.added]
        assert sent == ([(command["channel"], command["label"], None)] if command else [])


@pytest.mark.parametrize("name", SAGAS)
def test_business_states_and_finals_are_those_of_the_source(name: str) -> None:
    source, definition = _source(SAGAS[name][0]), _machine(SAGAS[name][0]).definition
    assert {one.id: one.description for one in definition.business_states.values()} == {
        one["id"]: one["description"] for one in source["businessStates"]
    }
    assert {name: one.final for name, one in definition.states.items()} == {
        one["id"]: one["isFinal"] for one in source["states"]
    }
    assert (definition.initial_state, definition.creation_event) == (
        source["initialState"],
        source["creationEvent"],
    )


@pytest.mark.parametrize("name", SAGAS)
def test_only_the_store_and_the_lists_need_a_thought(name: str) -> None:
    file = SAGAS[name][0]
    result = import_flow_manager(file.read_bytes(), file=str(file), name="saga")
    assert set(codes(result)) == {"store-replaced", "lists-replaced"}
