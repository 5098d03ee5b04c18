"""Plain data of the right structure to the IR. Compiles expressions, templates and contracts.

Never stops at the first mistake: each is reported at its place and a harmless value stands in for
the part, so that the checks after it can go on. The result is for use only if nothing was reported.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from engine.definition.contracts import BadSchema, Contract, compile_contract
from engine.definition.durations import milliseconds
from engine.definition.expressions import (
    BadExpression,
    Expression,
    Template,
    compile_expression,
    compile_template,
)
from engine.definition.ir import (
    Assignment,
    BusinessEvent,
    BusinessState,
    Command,
    Definition,
    EventSpec,
    Retry,
    SideEffect,
    State,
    Timer,
    Transition,
)
from engine.definition.lines import Line, Plain, alternatives, tables, timers
from engine.definition.reporter import Reporter
from engine.definition.tree import Path
from engine.model import Millis

_KEY_NAMES = ("metadata", "saga")
_NOTHING = Expression(source="", evaluate=lambda names: None)
_NOT_TRANSITION = frozenset(("event", "description"))


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
        self.event_of = event_names(machine)

    def definition(self, source: str, file: str) -> Definition:
        machine = self.machine
        metadata, settings = machine.get("metadata", {}), machine.get("settings", {})
        return Definition(
            name=machine["machine"],
            version=int(machine["version"]),
            description=machine.get("description", ""),
            saga_id_prefix=machine.get("sagaIdPrefix", ""),
            initial_state=machine["initialState"],
            creation_event=self.event(machine["creationEvent"]),
            keys=tuple(self.keys()),
            metadata_contract=self.contract(metadata, "schema", ("metadata",)),
            merge=metadata.get("merge", "shallow"),
            unexpected_events=settings.get("unexpectedEvents", "reject"),
            reply_timeout=self.duration(settings, "replyTimeout", ("settings",)),
            business_states=self.each("businessStates", self.business_state),
            business_events=self.each("businessEvents", self.business_event),
            events=self.events(),
            commands=self.each("commands", self.command),
            side_effects=self.each("sideEffects", self.side_effect),
            states=self.each("states", self.state),
            on=self.table(machine, ()),
            content_hash=content_hash(machine),
            source=source,
            file=file,
        )

    def each(self, group: str, make: Any) -> dict[str, Any]:
        return {name: make(name, part, (group, name)) for name, part in self.machine.get(group, {}).items()}

    def event(self, name: str) -> str:
        return self.event_of.get(name, name)

    # What has a name

    def business_state(self, name: str, part: Plain, path: Path) -> BusinessState:
        return BusinessState(
            name=name, id=int(part["id"]), description=part.get("description", ""), on=self.table(part, path)
        )

    def business_event(self, name: str, part: Plain, _path: Path) -> BusinessEvent:
        return BusinessEvent(name=name, id=int(part["id"]), description=part.get("description", ""))

    def events(self) -> dict[str, EventSpec]:
        found: dict[str, EventSpec] = self.each("events", self.event_spec)
        for name in self.used_events():
            if name not in found:
                found[name] = EventSpec(name=name)
        return found

    def event_spec(self, name: str, part: Plain, path: Path) -> EventSpec:
        return EventSpec(
            name=name,
            aliases=tuple(part.get("aliases", ())),
            business_event=part.get("businessEvent"),
            payload=self.contract(part, "payload", path),
            description=part.get("description", ""),
        )

    def used_events(self) -> Iterator[str]:
        yield self.event(self.machine["creationEvent"])
        for _path, table in tables(self.machine):
            yield from map(self.event, table)
        for command in self.machine.get("commands", {}).values():
            yield from map(self.event, command.get("replies", {}).values())
        for name, state in self.machine["states"].items():
            for _delay, line in timers(state, ("states", name)):
                if "event" in line.spec:
                    yield self.event(line.spec["event"])

    def command(self, name: str, part: Plain, path: Path) -> Command:
        return Command(
            name=name,
            channel=part["channel"],
            payload=self.template(part, "payload", path),
            replies={reply: self.event(event) for reply, event in part.get("replies", {}).items()},
            timeout=self.duration(part, "timeout", path),
            retry=self.retry(part, path),
            description=part.get("description", ""),
        )

    def side_effect(self, name: str, part: Plain, path: Path) -> SideEffect:
        return SideEffect(
            name=name,
            channel=part["channel"],
            payload=self.template(part, "payload", path),
            timeout=self.duration(part, "timeout", path),
            retry=self.retry(part, path),
            description=part.get("description", ""),
        )

    def retry(self, part: Plain, path: Path) -> Retry | None:
        if "retry" not in part:
            return None
        given, path, usual = part["retry"], (*path, "retry"), Retry()
        delay, longest = self.duration(given, "delay", path), self.duration(given, "maxDelay", path)
        return Retry(
            attempts=int(given.get("attempts", usual.attempts)),
            delay=usual.delay if delay is None else delay,
            factor=float(given.get("factor", usual.factor)),
            max_delay=max(usual.max_delay, delay or 0) if longest is None else longest,
            jitter=float(given.get("jitter", usual.jitter)),
        )

    def state(self, name: str, part: Plain, path: Path) -> State:
        return State(
            name=name,
            business_state=part["businessState"],
            description=part.get("description", ""),
            final=part.get("final", False),
            command=part.get("command"),
            side_effects=tuple(part.get("sideEffects", ())),
            on=self.table(part, path),
            after=tuple(self.timer(delay, line) for delay, line in timers(part, path)),
        )

    # Transitions

    def table(self, part: Plain, path: Path) -> dict[str, tuple[Transition, ...]]:
        return {
            self.event(event): tuple(map(self.transition, alternatives(value, (*path, "on", event))))
            for event, value in part.get("on", {}).items()
        }

    def timer(self, delay: str, line: Line) -> Timer:
        event = line.spec.get("event")
        moves = not line.spec.keys() <= _NOT_TRANSITION
        return Timer(
            label=delay,
            delay=self.delay(delay, line.path, key=True),
            event=f"$after.{delay}" if event is None else self.event(event),
            transition=self.transition(line) if moves or event is None else None,
        )

    def transition(self, line: Line) -> Transition:
        spec = line.spec
        return Transition(
            to=spec.get("to"),
            guard=self.expression(spec["if"], (*line.path, "if")) if "if" in spec else None,
            assignments=tuple(self.assignments(spec.get("set", {}), (*line.path, "set"))),
            business_event=spec.get("businessEvent"),
            side_effects=tuple(spec.get("sideEffects", ())),
            description=spec.get("description", ""),
        )

    def assignments(self, given: Mapping[str, Any], path: Path) -> Iterator[Assignment]:
        for target, value in given.items():
            yield Assignment(path=tuple(target.split(".")), value=self.compiled(value, (*path, target)))

    # What is compiled

    def keys(self) -> Iterator[tuple[str, Expression]]:
        for index, source in enumerate(self.machine.get("keys", ())):
            expression = self.expression(source, ("keys", index))
            foreign = sorted({path[0] for path in expression.reads} - set(_KEY_NAMES))
            if foreign:
                message = f"a key may read metadata and saga only, not {foreign[0]}"
                self.report.report("bad-expression", ("keys", index), message)
            yield source, expression

    def expression(self, source: str, path: Path) -> Expression:
        try:
            return compile_expression(source, place=self.report.where(path))
        except BadExpression as error:
            self.bad_expression(path, error)
            return _NOTHING

    def template(self, part: Plain, key: str, path: Path) -> Template | None:
        return self.compiled(part[key], (*path, key)) if key in part else None

    def compiled(self, value: Any, path: Path) -> Template:
        return compile_template(
            value,
            where=lambda inner: self.report.where((*path, *inner)),
            refuse=lambda inner, error: self.bad_expression((*path, *inner), error),
        )

    def bad_expression(self, path: Path, error: BadExpression) -> None:
        message = f"the expression does not compile: {error.message}"
        self.report.report("bad-expression", path, message, fix=error.fix)

    def contract(self, part: Plain, key: str, path: Path) -> Contract | None:
        if key not in part:
            return None
        try:
            return compile_contract(part[key])
        except BadSchema as error:
            at = (*path, key, *error.path)
            self.report.report("bad-payload-schema", at, f"not a JSON Schema: {error.message}", fix=error.fix)
            return None

    def duration(self, part: Plain, key: str, path: Path) -> Millis | None:
        return self.delay(part[key], (*path, key)) if key in part else None

    def delay(self, text: str, path: Path, *, key: bool = False) -> Millis:
        try:
            return milliseconds(text)
        except ValueError as error:
            self.report.report("bad-duration", path, f"{text} {error}", key=key)
            return 0
