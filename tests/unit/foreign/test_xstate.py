"""The XState config says what the engine does. (It was also driven by xstate 5.33.3 itself, by hand.)"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.definition.ir import Definition
from engine.definition.reader import load as load_definition
from engine.foreign.xstate import to_xstate
from engine.machine.plan import compile_machine
from tests.unit.foreign.machines import hard

HOUSE = Path(__file__).parents[3]
MACHINES = sorted(path.stem for path in (HOUSE / "machines").glob("*.yaml") if ".scenarios" not in path.name)
Config = dict[str, Any]


def definition(name: str) -> Definition:
    return hard() if name == "hard" else load_definition(HOUSE / "machines" / f"{name}.yaml")


def config(name: str) -> Config:
    found: Config = json.loads(to_xstate(definition(name)))
    return found


def leaves(config: Config) -> Iterator[tuple[str, Config, list[Config]]]:
    """Each state: its name, its node, and the nodes from it to the top."""
    for group in config["states"].values():
        for key, node in group["states"].items():
            yield node.get("meta", {}).get("name", key), node, [node, group, config]


def lines(levels: list[Config], table: str, event: str) -> list[Config]:
    return [line for level in levels for line in level.get(table, {}).get(event, [])]


def target(config: Config, line: Config) -> Config | None:
    """The node that a line leads to; it must be there."""
    if "target" not in line:
        return None
    top, group, state = line["target"].removeprefix("#").split(".")
    assert top == config["id"]
    found: Config = config["states"][group]["states"][state]
    return found


@pytest.mark.parametrize("name", [*MACHINES, "hard"])
def test_every_edge_of_the_machine_is_there_and_no_other(name: str) -> None:
    machine, exported = compile_machine(definition(name)), config(name)
    nodes = {state: node for state, node, _ in leaves(exported)}
    events = {event for _, event in machine.plan if not event.startswith("$after")}
    assert set(nodes) == set(machine.definition.states)
    for state, node, levels in leaves(exported):
        for event in events:
            alternatives = machine.plan.get((state, event), ())
            found = lines(levels, "on", event)
            assert bool(found) == bool(alternatives), (state, event)
            for alternative, line in zip(alternatives, found, strict=False):
                to = alternative.transition.to
                assert target(exported, line) is (nodes[to] if to else None)
                guard = alternative.transition.guard
                assert line.get("guard") == (f"if: {guard.source}" if guard else None)
                own = node.get("on", {}).get(event, [])
                assert ("reenter" in line) == (to == state and line in own)


@pytest.mark.parametrize("name", [*MACHINES, "hard"])
def test_states_are_nested_and_begin_as_the_machine_does(name: str) -> None:
    machine, exported = definition(name), config(name)
    group = exported["states"][exported["initial"]]
    first = group["states"][group["initial"]]
    assert first is {state: node for state, node, _ in leaves(exported)}[machine.initial_state]
    finals = {state for state, node, _ in leaves(exported) if node.get("type") == "final"}
    assert finals == {state.name for state in machine.states.values() if state.final}
    ids = {group["meta"]["businessState"]["id"] for group in exported["states"].values()}
    assert ids == {machine.business_states[state.business_state].id for state in machine.states.values()}


def test_timers_are_delays_in_milliseconds_and_do_what_their_event_does() -> None:
    nodes = {state: node for state, node, _ in leaves(config("hard"))}
    assert set(nodes["hard"]["after"]) == {"10000", "20000"}
    assert nodes["hard"]["after"]["10000"] == [{"target": "#hard.hard.send", "meta": {"event": "late"}}]
    assert nodes["1st.state"]["after"] == {
        "3600000": [{"target": "#hard.over.ended", "meta": {"event": "$after.1h"}}]
    }


def test_commands_side_effects_and_set_are_actions() -> None:
    nodes = {state: node for state, node, _ in leaves(config("hard"))}
    ask = {"name": "ask", "channel": "outside", "payload": {"a": "{{ metadata.a }}"},
           "replies": {"done": "send", "failed": "e.f"}}  # fmt: skip
    tell = {"type": "sideEffect", "params": {"name": "tell", "channel": "outside"}}
    assert nodes["hard"]["entry"] == [tell, {"type": "command", "params": ask}]
    assert nodes["hard"]["on"]["send"][0]["actions"] == [
        {"type": "set", "params": {"x.y": "{{ payload.a }}"}},
        tell,
    ]
