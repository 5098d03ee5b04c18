"""Names in a Flow Manager file that stand for nothing, or for two things: errors, all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from engine.definition.reporter import Reporter
from engine.definition.tree import Path, shorten

Plain = Mapping[str, Any]
_MACHINE = "machineDefinition"


def check_references(data: Plain, report: Reporter) -> None:
    """Report double ids and references to what the file does not have. The shape is right already."""
    machine = data[_MACHINE]
    _unique(machine["states"], (_MACHINE, "states"), "state", report)
    _unique(machine["businessStates"], (_MACHINE, "businessStates"), "business state", report)
    _unique(machine.get("businessEvents", ()), (_MACHINE, "businessEvents"), "business event", report)
    channels = data.get("communicationProtocols")
    _unique(channels or (), ("communicationProtocols",), "channel", report)
    _check_states(machine, report)
    if channels is not None:
        _check_channels(machine, dict.fromkeys(channel["id"] for channel in channels), report)


def requests(state: Plain, path: Path) -> Iterator[tuple[Path, Plain]]:
    """The output command of a state and its side effects, with their places."""
    if "outputCommand" in state:
        yield (*path, "outputCommand"), state["outputCommand"]
    for index, effect in enumerate(state.get("sideEffects", ())):
        yield (*path, "sideEffects", index), effect


def states(machine: Plain) -> Iterator[tuple[Path, Plain]]:
    """Every state with its place in the file."""
    for index, state in enumerate(machine["states"]):
        yield (_MACHINE, "states", index), state


def transitions(state: Plain, path: Path) -> Iterator[tuple[Path, Plain]]:
    """The outgoing transitions of a state with their places."""
    for index, transition in enumerate(state.get("outgoingTransitions", ())):
        yield (*path, "outgoingTransitions", index), transition


def _unique(parts: Sequence[Plain], path: Path, kind: str, report: Reporter) -> None:
    first: dict[str, int] = {}
    for index, part in enumerate(parts):
        name = str(part["id"])
        if name in first:
            message = f"there are two {kind}s with the id {shorten(name)}"
            report.report("duplicate-id", (*path, index, "id"), message, fix="rename or remove one of them")
        first.setdefault(name, index)


def _check_states(machine: Plain, report: Reporter) -> None:
    names = dict.fromkeys(state["id"] for state in machine["states"])
    business = dict.fromkeys(str(part["id"]) for part in machine["businessStates"])
    events = dict.fromkeys(str(part["id"]) for part in machine.get("businessEvents", ()))
    initial = (_MACHINE, "initialState")
    _known("unknown-state", "state", machine["initialState"], names, initial, report)
    for path, state in states(machine):
        named = str(state["businessStateId"])
        at = (*path, "businessStateId")
        _known("unknown-business-state", "business state", named, business, at, report)
        for where, transition in transitions(state, path):
            target = transition["targetState"]
            _known("unknown-state", "state", target, names, (*where, "targetState"), report)
            if "businessEventId" in transition:
                named, at = str(transition["businessEventId"]), (*where, "businessEventId")
                _known("unknown-business-event", "business event", named, events, at, report)


def _check_channels(machine: Plain, known: Collection[str], report: Reporter) -> None:
    for path, state in states(machine):
        for where, request in requests(state, path):
            at = (*where, "channel")
            _known("unbound-channel", "channel", request["channel"], known, at, report)


def _known(code: str, kind: str, name: str, known: Collection[str], path: Path, report: Reporter) -> None:
    if name not in known:
        report.unknown(code, path, kind, name, known)
