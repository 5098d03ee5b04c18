"""Plain data of the right structure to the IR: the machine, its events, commands and side effects.

Never stops at the first mistake: each is reported at its place and a harmless value stands in for
the part, so that the checks after it can go on. The result is for use only if nothing was reported.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from engine.definition.compiling import Compiler
from engine.definition.expressions import Expression
from engine.definition.flow_parser import FlowParser
from engine.definition.ir import BusinessEvent, Command, Definition, EventSpec, Retry, SideEffect
from engine.definition.lines import Plain, tables, timed_parts, timers
from engine.definition.raised import RAISED_BY
from engine.definition.reporter import Reporter
from engine.definition.tree import Path

_KEY_NAMES = ("metadata", "saga")


def parse(machine: Plain, report: Reporter, *, source: str, file: str) -> Definition:
    """The definition that `machine` says, mistakes replaced by harmless values."""
    return _Parser(machine, report).definition(source, file)


def content_hash(machine: Plain) -> str:
    """sha256 (hex) of the data as canonical JSON: comments, layout and key order do not count."""
    text = json.dumps(machine, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def event_names(machine: Plain) -> dict[str, str]:
    """Alias to the event that it stands for."""
    events = machine.get("events", {})
    return {alias: name for name, event in events.items() for alias in event.get("aliases", ())}


class _Parser:
    """Reads one machine; lives as long as that takes."""

    def __init__(self, machine: Plain, report: Reporter) -> None:
        self.machine = machine
        self.report = report
        self.compiler = Compiler(report, machine.get("variables", {}))
        self.flow = FlowParser(event_names(machine), self.compiler)

    def definition(self, source: str, file: str) -> Definition:
        machine = self.machine
        metadata, settings = machine.get("metadata", {}), machine.get("settings", {})
        return Definition(
            name=machine["machine"],
            version=int(machine["version"]),
            description=machine.get("description", ""),
            saga_id_prefix=machine.get("sagaIdPrefix", ""),
            initial_state=machine["initialState"],
            creation_event=self.flow.event(machine["creationEvent"]),
            variables=machine.get("variables", {}),
            keys=tuple(self.keys()),
            metadata_contract=self.compiler.contract(metadata, "schema", ("metadata",)),
            merge=metadata.get("merge", "shallow"),
            on_duplicate=machine.get("onDuplicate", "return"),
            unexpected_events=settings.get("unexpectedEvents", "reject"),
            reply_timeout=self.compiler.duration(settings, "replyTimeout", ("settings",)),
            business_states=self.each("businessStates", self.flow.business_state),
            business_events=self.each("businessEvents", self.business_event),
            events=self.events(),
            commands=self.each("commands", self.command),
            side_effects=self.each("sideEffects", self.side_effect),
            states=self.each("states", self.flow.state),
            on=self.flow.table(machine, ()),
            timers=self.flow.timers(machine, (), "machine"),
            content_hash=content_hash(machine),
            source=source,
            file=file,
        )

    def each(self, group: str, make: Any) -> dict[str, Any]:
        return {name: make(name, part, (group, name)) for name, part in self.machine.get(group, {}).items()}

    def business_event(self, name: str, part: Plain, _path: Path) -> BusinessEvent:
        return BusinessEvent(name=name, id=int(part["id"]), description=part.get("description", ""))

    def events(self) -> dict[str, EventSpec]:
        found: dict[str, EventSpec] = self.each("events", self.event_spec)
        for name in self.used_events():
            if name not in found and name not in RAISED_BY:
                found[name] = EventSpec(name=name)
        return found

    def event_spec(self, name: str, part: Plain, path: Path) -> EventSpec:
        return EventSpec(
            name=name,
            aliases=tuple(part.get("aliases", ())),
            business_event=part.get("businessEvent"),
            payload=self.compiler.contract(part, "payload", path),
            description=part.get("description", ""),
        )

    def used_events(self) -> Iterator[str]:
        yield self.flow.event(self.machine["creationEvent"])
        for _path, table in tables(self.machine):
            yield from map(self.flow.event, table)
        for command in self.machine.get("commands", {}).values():
            yield from map(self.flow.event, command.get("replies", {}).values())
        for path, part in timed_parts(self.machine):
            for timer in timers(part, path):
                if "event" in timer.line.spec:
                    yield self.flow.event(timer.line.spec["event"])
        for state in self.machine["states"].values():
            if "giveUp" in state.get("poll", {}):
                yield self.flow.event(state["poll"]["giveUp"])

    def command(self, name: str, part: Plain, path: Path) -> Command:
        return Command(
            name=name,
            channel=part["channel"],
            payload=self.compiler.template(part, "payload", path),
            replies={reply: self.flow.event(event) for reply, event in part.get("replies", {}).items()},
            timeout=self.compiler.duration(part, "timeout", path),
            retry=self.retry(part, path),
            undo=part.get("undo"),
            description=part.get("description", ""),
        )

    def side_effect(self, name: str, part: Plain, path: Path) -> SideEffect:
        return SideEffect(
            name=name,
            channel=part["channel"],
            guard=self.compiler.expression(part["if"], (*path, "if")) if "if" in part else None,
            payload=self.compiler.template(part, "payload", path),
            timeout=self.compiler.duration(part, "timeout", path),
            retry=self.retry(part, path),
            description=part.get("description", ""),
        )

    def retry(self, part: Plain, path: Path) -> Retry | None:
        if "retry" not in part:
            return None
        given, path, usual = part["retry"], (*path, "retry"), Retry()
        delay = self.compiler.duration(given, "delay", path)
        longest = self.compiler.duration(given, "maxDelay", path)
        return Retry(
            attempts=int(given.get("attempts", usual.attempts)),
            delay=usual.delay if delay is None else delay,
            factor=float(given.get("factor", usual.factor)),
            max_delay=max(usual.max_delay, delay or 0) if longest is None else longest,
            jitter=float(given.get("jitter", usual.jitter)),
        )

    def keys(self) -> Iterator[tuple[str, Expression]]:
        for index, source in enumerate(self.machine.get("keys", ())):
            expression = self.compiler.expression(source, ("keys", index))
            foreign = sorted({path[0] for path in expression.reads} - set(_KEY_NAMES))
            if foreign:
                message = f"a key may read metadata and saga only, not {foreign[0]}"
                self.report.report("bad-expression", ("keys", index), message)
            yield source, expression
