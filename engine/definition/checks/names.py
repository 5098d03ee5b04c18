"""Names that mean nothing, or two things."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.definition.lines import Plain, command_uses, lines, tables, timed_parts
from engine.definition.reporter import Reporter
from engine.definition.tree import Path


def check_states(machine: Plain, report: Reporter) -> None:
    """initialState and every target must be a state."""
    states = machine["states"]
    _known(machine["initialState"], states, "unknown-state", "state", ("initialState",), report)
    for line in lines(machine):
        if "to" in line.spec:
            _known(line.spec["to"], states, "unknown-state", "state", line.to_path, report)


def check_business_names(machine: Plain, report: Reporter) -> None:
    """Every business state and business event must be declared."""
    known = machine["businessStates"]
    for name, state in machine["states"].items():
        where: Path = ("states", name, "businessState")
        _known(state["businessState"], known, "unknown-business-state", "business state", where, report)
    for path, part in _parts_with_business_event(machine):
        named = part.get("businessEvent")
        if named is not None:
            events = machine.get("businessEvents", {})
            at = (*path, "businessEvent")
            _known(named, events, "unknown-business-event", "business event", at, report)


def check_requests(machine: Plain, report: Reporter) -> None:
    """Every command and side effect that is asked for must be declared."""
    commands, effects = machine.get("commands", {}), machine.get("sideEffects", {})
    for path, name in command_uses(machine):
        _known(name, commands, "unknown-command", "command", path, report)
    for path, part in _parts_with_effects(machine):
        for index, name in enumerate(part.get("sideEffects", ())):
            at = (*path, "sideEffects", index)
            _known(name, effects, "unknown-side-effect", "side effect", at, report)


def check_aliases(machine: Plain, report: Reporter) -> None:
    """An alias belongs to one event and is not an event itself; `on` names an event once."""
    events = machine.get("events", {})
    owner: dict[str, str] = {}
    for name, event in events.items():
        for index, alias in enumerate(event.get("aliases", ())):
            at: Path = ("events", name, "aliases", index)
            if alias in events:
                report.report("alias-clash", at, f"{alias} is an alias and an event of its own")
            elif alias in owner:
                report.report("alias-clash", at, f"{alias} is an alias of {owner[alias]} already")
            else:
                owner[alias] = name
    for path, table in tables(machine):
        _one_spelling(path, table, owner, report)


def check_duplicates(machine: Plain, report: Reporter) -> None:
    """Business ids are unique, and a command and a side effect do not share a name."""
    for group, kind in (("businessStates", "business state"), ("businessEvents", "business event")):
        _unique_ids(group, kind, machine.get(group, {}), report)
    for name in machine.get("sideEffects", {}):
        if name in machine.get("commands", {}):
            message = f"{name} is a command and a side effect"
            report.report(
                "duplicate-name", ("sideEffects", name), message, fix="rename one of them", key=True
            )


def check_set(machine: Plain, report: Reporter) -> None:
    """A path of `set` is one into the metadata already."""
    for line in lines(machine):
        for target in line.spec.get("set", {}):
            if target.startswith("metadata."):
                message = f"{target} writes metadata.{target}"
                fix = f"write {target.removeprefix('metadata.')}"
                report.report("suspicious-set", (*line.path, "set", target), message, fix=fix, key=True)


def _known(name: str, known: Mapping[str, Any], code: str, kind: str, path: Path, report: Reporter) -> None:
    if name not in known:
        report.unknown(code, path, kind, name, known)


def _parts_with_effects(machine: Plain) -> Iterator[tuple[Path, Plain]]:
    for name, state in machine["states"].items():
        yield ("states", name), state
    for path, part in timed_parts(machine):
        if isinstance(part.get("sla"), dict):
            yield (*path, "sla"), part["sla"]
    for line in lines(machine):
        yield line.path, line.spec


def _parts_with_business_event(machine: Plain) -> Iterable[tuple[Path, Plain]]:
    for name, event in machine.get("events", {}).items():
        yield ("events", name), event
    for line in lines(machine):
        yield line.path, line.spec


def _one_spelling(path: Path, table: Plain, event_of: Mapping[str, str], report: Reporter) -> None:
    for event in table:
        if event in event_of and event_of[event] in table:
            message = f"{event} is an alias of {event_of[event]}, which stands here too"
            report.report("alias-clash", (*path, event), message, fix="remove one of them", key=True)


def _unique_ids(group: str, kind: str, parts: Plain, report: Reporter) -> None:
    owner: dict[int, str] = {}
    free = 1 + max((part["id"] for part in parts.values()), default=0)
    for name, part in parts.items():
        first = owner.setdefault(part["id"], name)
        if first != name:
            message = f"{kind} {name} has the id {part['id']}, as {first} has"
            report.report("duplicate-id", (group, name, "id"), message, fix=f"write e.g. {free}")
