"""Events of a Flow Manager file: the Flow Manager knows them only by its transitions.

What all transitions of an event say alike (business event, payload schema) goes to `events`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.definition.contracts import BadSchema, compile_contract
from engine.definition.tree import Path, shorten
from engine.foreign.flow_manager.references import states, transitions
from engine.foreign.flow_manager.remarks import Remarks
from engine.foreign.naming import Names, as_name

Plain = Mapping[str, Any]
_SCHEMA = "payloadValidationSchema"


@dataclass(slots=True)
class Events:
    """What is known of the events.

    Attributes:
        names: The Flow Manager's name -> the machine's.
        shared: Events whose business event is the same in every transition: it is written in `events`.
        section: `events` as it is written.
    """

    names: dict[str, str] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)
    section: dict[str, Plain] = field(default_factory=dict)


def collect_events(machine: Plain, business: Mapping[str, str], remarks: Remarks) -> Events:
    """Every event of the machine.

    Args:
        business: The Flow Manager's id of a business event -> its name.
    """
    found, free = Events(), Names()
    uses: dict[str, list[tuple[Path, Plain]]] = {}
    creation = machine["creationEvent"]
    found.names[creation] = _named(creation, ("machineDefinition", "creationEvent"), free, remarks)
    for path, state in states(machine):
        for where, transition in transitions(state, path):
            name = transition["inputEvent"]
            if name not in found.names:
                found.names[name] = _named(name, (*where, "inputEvent"), free, remarks)
            uses.setdefault(name, []).append((where, transition))
    for name, lines in uses.items():
        spec = _shared_business_event(name, lines, creation, business) | _payload(name, lines, remarks)
        if "businessEvent" in spec:
            found.shared.add(name)
        if spec:
            found.section[found.names[name]] = spec
    return found


def _named(event: str, where: Path, free: Names, remarks: Remarks) -> str:
    name = free.take(as_name(event, "event"))
    if name != event:
        message = f"the event {shorten(event)} is called {name} now: it is no name for a machine"
        fix = f"who sends it must send the messageLabel {name}"
        remarks.add("name-changed", where, message, fix=fix)
    return name


def _shared_business_event(
    name: str, lines: list[tuple[Path, Plain]], creation: str, business: Mapping[str, str]
) -> dict[str, Any]:
    """The one business event of an event; the creation itself has none, so its name keeps them apart."""
    ids = {str(line["businessEventId"]) if "businessEventId" in line else None for _, line in lines}
    (first, *others) = ids
    if others or first is None or name == creation:
        return {}
    return {"businessEvent": business[first]}


def _payload(name: str, lines: list[tuple[Path, Plain]], remarks: Remarks) -> dict[str, Any]:
    schemas = [line.get(_SCHEMA) for _, line in lines]
    where, chosen = next(((path, line[_SCHEMA]) for path, line in lines if _SCHEMA in line), ((), None))
    if chosen is None:
        return {}
    if any(schema != chosen for schema in schemas):
        _differs(name, lines, remarks)
        return {}
    try:
        compile_contract(chosen)
    except BadSchema as error:
        message = f"the payload schema of {shorten(name)} cannot be used: {error.message}"
        fix = f"{error.fix or 'mend it'}, and put it under events, {shorten(name)}, payload"
        remarks.add("payload-schema-left-out", (*where, _SCHEMA, *error.path), message, fix=fix)
        return {}
    return {"payload": chosen}


def _differs(name: str, lines: list[tuple[Path, Plain]], remarks: Remarks) -> None:
    having = [path for path, line in lines if _SCHEMA in line]
    short = shorten(name)
    message = f"{short} has a payload schema in {len(having)} of its {len(lines)} transitions, or not the same in all"
    fix = (
        f"a machine has one schema an event: write what holds everywhere under events, {short}, payload, and the "
        "rest as `if` at the transitions"
    )
    for path in having:
        remarks.add("payload-schema-left-out", (*path, _SCHEMA), message, fix=fix, key=True)
