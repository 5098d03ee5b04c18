"""Commands and side effects: the Flow Manager writes them into the states, a machine declares them once.

The name of a command is the `messageLabel` that its receiver gets, so a label is kept wherever it can be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.definition.tree import Path, shorten
from engine.foreign.flow_manager.references import requests, states
from engine.foreign.flow_manager.remarks import Remarks
from engine.foreign.naming import Names, as_name

Plain = Mapping[str, Any]
Use = tuple[str, str]
"""Channel and label: the same pair is the same request, in whatever state it stands."""

ONCE = {"attempts": 1}
"""The Flow Manager sends a request once; its receivers may not know that a repeat is a repeat."""


@dataclass(slots=True)
class Requests:
    """What is sent: (channel, label) -> name, and the sections as they are written."""

    commands: dict[Use, str] = field(default_factory=dict)
    effects: dict[Use, str] = field(default_factory=dict)
    command_section: dict[str, Plain] = field(default_factory=dict)
    effect_section: dict[str, Plain] = field(default_factory=dict)

    def effects_of(self, state: Plain, ends: bool) -> list[str]:
        """The side effects that a state sends, each once."""
        uses = [
            use_of(effect) for _, effect in requests(state, ()) if effect is not state.get("outputCommand")
        ]
        if ends and "outputCommand" in state:
            uses.insert(0, use_of(state["outputCommand"]))
        return list(dict.fromkeys(self.effects[use] for use in uses))


def use_of(request: Plain) -> Use:
    """What tells one request from another."""
    return request["channel"], request["label"]


def collect_requests(
    machine: Plain, channels: Mapping[str, str], ends: set[str], remarks: Remarks
) -> Requests:
    """Everything that the states send.

    Args:
        channels: The Flow Manager's id of a channel -> its name.
        ends: Ids of the states that are final in the result: these send side effects only.
    """
    found = Requests()
    free = Names()
    sent = [
        (state, where, request) for path, state in states(machine) for where, request in requests(state, path)
    ]
    for state, where, request in sent:
        if where[-1] == "outputCommand" and state["id"] not in ends:
            _declare(
                found.commands, found.command_section, "commands", where, request, channels, free, remarks
            )
    for state, where, request in sent:
        if where[-1] != "outputCommand" or state["id"] in ends:
            _declare(
                found.effects, found.effect_section, "sideEffects", where, request, channels, free, remarks
            )
        if where[-1] == "outputCommand" and state["id"] in ends:
            _as_side_effect(state, where, remarks)
    for path, state in states(machine):
        _check_repeats(state, path, remarks)
    return found


def _declare(
    names: dict[Use, str], section: dict[str, Plain], key: str, where: Path, request: Plain,
    channels: Mapping[str, str], free: Names, remarks: Remarks,
) -> None:  # fmt: skip
    use = use_of(request)
    if use not in names:
        channel, label = use
        name = free.take(as_name(label, "request"), apart=as_name(channel, "channel"))
        names[use] = name
        section[name] = {"channel": channels[channel], "retry": ONCE}
        if name != label:
            _renamed(name, label, where, remarks)
            remarks.comment((key, name), f"Flow Manager: the label was {shorten(label)}")
    if "hook" in request:
        _hook(names[use], key, where, remarks)


def _renamed(name: str, label: str, where: Path, remarks: Remarks) -> None:
    message = f"the label {shorten(label)} cannot be kept: it is no name, or names something else already"
    fix = f"the receiver gets the messageLabel {name} now: teach it that name"
    remarks.add("name-changed", (*where, "label"), message, fix=fix)


def _hook(name: str, key: str, where: Path, remarks: Remarks) -> None:
    message = f"the hook that makes the payload of {name} is JavaScript; the whole metadata are sent instead"
    fix = 'write the payload as a template, e.g. payload: {amount: "{{ metadata.amount }}"}'
    remarks.add("hook-left-out", (*where, "hook"), message, fix=fix, key=True)
    line = "Flow Manager: a JavaScript hook made the payload; write it as payload: {...}"
    if line not in remarks.comments.get((key, name), ()):
        remarks.comment((key, name), line)


def _as_side_effect(state: Plain, where: Path, remarks: Remarks) -> None:
    message = f"{shorten(state['id'])} ends the saga, so its command is sent as a side effect"
    remarks.add("command-as-side-effect", where, message, key=True)


def _check_repeats(state: Plain, path: Path, remarks: Remarks) -> None:
    seen: set[Use] = set()
    for index, effect in enumerate(state.get("sideEffects", ())):
        if use_of(effect) in seen:
            message = f"{shorten(state['id'])} sends {shorten(effect['label'])} twice; here it is sent once"
            remarks.add("repeated-side-effect", (*path, "sideEffects", index), message)
        seen.add(use_of(effect))
