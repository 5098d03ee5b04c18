"""The machine definition of a Flow Manager file as the data of a machine file, in the order of the language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.definition.tree import Path, shorten
from engine.foreign.flow_manager.business import Business, business_events, business_states
from engine.foreign.flow_manager.events import Events, collect_events
from engine.foreign.flow_manager.references import states, transitions
from engine.foreign.flow_manager.remarks import Remarks
from engine.foreign.flow_manager.requests import Requests, collect_requests, use_of
from engine.foreign.naming import Names, as_name

Plain = Mapping[str, Any]


def machine_of(data: Plain, name: str, channels: Mapping[str, str], remarks: Remarks) -> dict[str, Any]:
    """The machine file's data; `channels`: the Flow Manager's id of a channel -> its name."""
    machine = data["machineDefinition"]
    named = _state_names(machine, remarks)
    ends = {state["id"] for path, state in states(machine) if _ends(state, path, remarks)}
    seen = business_states(machine["businessStates"], remarks)
    told = business_events(machine.get("businessEvents", ()), remarks)
    events = collect_events(machine, told.names, remarks)
    sent = collect_requests(machine, channels, ends, remarks)
    _explain_attempts(sent, remarks)
    build = _States(named, ends, seen, told, events, sent, remarks)
    written: dict[str, Any] = {
        "machine": name,
        "version": 1,
        "initialState": named[machine["initialState"]],
        "creationEvent": events.names[machine["creationEvent"]],
        "metadata": {"merge": _merge(data, remarks)},
        "settings": {"unexpectedEvents": _unexpected(data)},
        "businessStates": seen.section,
        "businessEvents": told.section,
        "events": events.section,
        "commands": sent.command_section,
        "sideEffects": sent.effect_section,
        "states": {named[state["id"]]: build.state(state, path) for path, state in states(machine)},
    }
    return {key: value for key, value in written.items() if value != {}}


def _explain_attempts(sent: Requests, remarks: Remarks) -> None:
    if sent.command_section or sent.effect_section:
        section = "commands" if sent.command_section else "sideEffects"
        remarks.comment(
            (section,), "The Flow Manager sends once. Raise `attempts` where the receiver takes a second"
        )
        remarks.comment((section,), "request with the same Idempotency-Key for what it is.")


def _state_names(machine: Plain, remarks: Remarks) -> dict[str, str]:
    free, names = Names(), {}
    for path, state in states(machine):
        name = free.take(as_name(state["id"], "STATE"))
        names[state["id"]] = name
        if name != state["id"]:
            message = (
                f"the state {shorten(state['id'])} is called {name} now: its id is no name for a machine"
            )
            fix = "what reads currentState must know the new name"
            remarks.add("name-changed", (*path, "id"), message, fix=fix)
            remarks.comment(("states", name), f"Flow Manager: the id was {shorten(state['id'])}")
    return names


def _ends(state: Plain, path: Path, remarks: Remarks) -> bool:
    """Whether the saga ends there: where nothing leads on it does, and where something does it does not."""
    ends = not state.get("outgoingTransitions")
    final = state.get("isFinal", False)
    short = shorten(state["id"])
    if final and not ends:
        message = f"{short} is final and has transitions; they are kept, so it is not final here"
        remarks.add(
            "final-changed", (*path, "isFinal"), message, fix="remove the transitions if it ends there"
        )
    elif ends and not final:
        message = f"{short} is not final and has no transitions; nothing can move it, so it is final here"
        remarks.add("final-changed", (*path, "id"), message, fix="add the transitions that it lacks")
    return ends


def _merge(data: Plain, remarks: Remarks) -> str:
    setting = data.get("settings", {}).get("deepMergeMetadata", {})
    path: Path = ("settings", "deepMergeMetadata")
    if not setting.get("enabled"):
        return "shallow"
    if "hook" in setting:
        message = "the hook that merges metadata is JavaScript; objects are merged and lists replaced instead"
        fix = "if the hook appends lists, write `merge: deepConcat`"
        remarks.add("hook-left-out", (*path, "hook"), message, fix=fix, key=True)
        remarks.comment(("metadata", "merge"), "Flow Manager: a JavaScript hook; deepConcat appends lists")
        return "deep"
    message = "deep merge replaces a list here; the Flow Manager merges lists item by item"
    fix = "nothing, unless an event sends a part of a list; `merge: deepConcat` appends lists"
    remarks.add("lists-replaced", path, message, fix=fix, key=True)
    return "deep"


def _unexpected(data: Plain) -> str:
    return "reject" if data.get("settings", {}).get("throwOnUnexpectedEvents") else "ignore"


class _States:
    """Builds state after state from what was collected before."""

    def __init__(
        self, named: Mapping[str, str], ends: set[str], seen: Business, told: Business, events: Events,
        sent: Requests, remarks: Remarks,
    ) -> None:  # fmt: skip
        self._named, self._ends, self._seen, self._told = named, ends, seen, told
        self._events, self._sent, self._remarks = events, sent, remarks

    def state(self, state: Plain, path: Path) -> dict[str, Any]:
        ends = state["id"] in self._ends
        effects = self._sent.effects_of(state, ends)
        table = self._on(state, path)
        written = {
            "businessState": self._seen.names[str(state["businessStateId"])],
            "description": state.get("description"),
            "final": ends,
            "command": None if ends else self._command(state),
            "sideEffects": effects,
            "on": table,
        }
        return {key: value for key, value in written.items() if value}

    def _command(self, state: Plain) -> str | None:
        command = state.get("outputCommand")
        return self._sent.commands[use_of(command)] if command else None

    def _on(self, state: Plain, path: Path) -> dict[str, Any]:
        table: dict[str, list[Any]] = {}
        for where, transition in transitions(state, path):
            event = transition["inputEvent"]
            alternatives = table.setdefault(self._events.names[event], [])
            alternatives.append(self._alternative(transition))
            if len(alternatives) == 2:
                self._several(state, event, where)
        return {event: lines[0] if len(lines) == 1 else lines for event, lines in table.items()}

    def _alternative(self, transition: Plain) -> Any:
        target = self._named[transition["targetState"]]
        business = transition.get("businessEventId")
        if business is None or transition["inputEvent"] in self._events.shared:
            return target
        return {"to": target, "businessEvent": self._told.names[str(business)]}

    def _several(self, state: Plain, event: str, where: Path) -> None:
        message = (
            f"{shorten(state['id'])} has several transitions for {shorten(event)}; the first is always taken"
        )
        fix = "give the first an `if`, or remove the others"
        self._remarks.add("several-transitions", (*where, "inputEvent"), message, fix=fix)
