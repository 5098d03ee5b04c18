"""States and what moves between them: transitions, timers, polls, slas, from plain data to the IR."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.definition.compiling import Compiler
from engine.definition.ir import Assignment, BusinessState, Poll, Scope, Sla, State, Timer, Transition
from engine.definition.lines import Clocked, Line, Plain, alternatives, timers
from engine.definition.tree import Path
from engine.model import Millis

_AFTER: Mapping[Scope, str] = {"state": "after", "business state": "businessAfter", "machine": "machineAfter"}
_POLL_LIMIT: Millis = 3_600_000
"""The longest wait of a poll that names none: an hour."""
_NOT_TRANSITION = frozenset(("event", "description"))


class FlowParser:
    """Reads the states of one machine. `event_of` is what aliases stand for."""

    def __init__(self, event_of: Mapping[str, str], compiler: Compiler) -> None:
        self.event_of = event_of
        self.compiler = compiler

    def event(self, name: str) -> str:
        """The event's own name."""
        return self.event_of.get(name, name)

    def business_state(self, name: str, part: Plain, path: Path) -> BusinessState:
        sla = self.sla(part, path)
        return BusinessState(
            name=name,
            id=int(part["id"]),
            description=part.get("description", ""),
            on=self.table(part, path),
            timers=self.timers(part, path, "business state") + self.sla_timer(sla, "business state"),
            sla=sla,
        )

    def state(self, name: str, part: Plain, path: Path) -> State:
        poll, sla = self.poll(part, path), self.sla(part, path)
        compensate = part.get("compensate")
        return State(
            name=name,
            business_state=part["businessState"],
            description=part.get("description", ""),
            final=part.get("final", False),
            commands=(part["command"],) if "command" in part else tuple(part.get("commands", ())),
            compensate=tuple(compensate) if isinstance(compensate, list) else compensate,
            side_effects=tuple(part.get("sideEffects", ())),
            on=self.table(part, path),
            timers=self.timers(part, path, "state") + self.give_up(poll) + self.sla_timer(sla, "state"),
            poll=poll,
            sla=sla,
        )

    # Time

    def timers(self, part: Plain, path: Path, scope: Scope) -> tuple[Timer, ...]:
        return tuple(self.timer(timer, scope) for timer in timers(part, path))

    def timer(self, timer: Clocked, scope: Scope) -> Timer:
        line, is_at = timer.line, timer.group == "at"
        name = f"$at.{timer.number}" if is_at else f"${_AFTER[scope]}.{timer.label}"
        event = line.spec.get("event")
        moves = not line.spec.keys() <= _NOT_TRANSITION
        return Timer(
            name=name,
            label=timer.label,
            scope=scope,
            delay=0 if is_at else self.compiler.delay(timer.label, line.path, key=True),
            moment=self.compiler.compiled(timer.label, line.path) if is_at else None,
            event=name if event is None else self.event(event),
            transition=self.transition(line) if moves or event is None else None,
        )

    def poll(self, part: Plain, path: Path) -> Poll | None:
        if "poll" not in part:
            return None
        given, path = part["poll"], (*path, "poll")
        every = self.compiler.delay(given["every"], (*path, "every"))
        longest = self.compiler.duration(given, "maxEvery", path)
        factor = float(given.get("factor", 1))
        return Poll(
            command=given["command"],
            every=every,
            factor=factor,
            max_every=max(every, _POLL_LIMIT) if longest is None else longest,
            lasts=self.compiler.duration(given, "for", path),
            give_up=self.event(given["giveUp"]) if "giveUp" in given else None,
        )

    def give_up(self, poll: Poll | None) -> tuple[Timer, ...]:
        """The timer that ends a poll by raising an event."""
        if poll is None or poll.lasts is None or poll.give_up is None:
            return ()
        return (Timer(name="$giveUp", label="poll", scope="state", delay=poll.lasts, event=poll.give_up),)

    def sla(self, part: Plain, path: Path) -> Sla | None:
        if "sla" not in part:
            return None
        given, path = part["sla"], (*path, "sla")
        if isinstance(given, str):
            return Sla(within=self.compiler.delay(given, path))
        effects = tuple(given.get("sideEffects", ()))
        return Sla(within=self.compiler.delay(given["within"], (*path, "within")), side_effects=effects)

    def sla_timer(self, sla: Sla | None, scope: Scope) -> tuple[Timer, ...]:
        if sla is None:
            return ()
        name = "$sla" if scope == "state" else "$businessSla"
        return (Timer(name=name, label="sla", scope=scope, delay=sla.within, event=name),)

    # Transitions

    def table(self, part: Plain, path: Path) -> dict[str, tuple[Transition, ...]]:
        return {
            self.event(event): tuple(map(self.transition, alternatives(value, (*path, "on", event))))
            for event, value in part.get("on", {}).items()
        }

    def transition(self, line: Line) -> Transition:
        spec = line.spec
        return Transition(
            to=spec.get("to"),
            guard=self.compiler.expression(spec["if"], (*line.path, "if")) if "if" in spec else None,
            assignments=tuple(self.assignments(spec.get("set", {}), (*line.path, "set"))),
            business_event=spec.get("businessEvent"),
            side_effects=tuple(spec.get("sideEffects", ())),
            description=spec.get("description", ""),
        )

    def assignments(self, given: Mapping[str, Any], path: Path) -> Iterator[Assignment]:
        for target, value in given.items():
            yield Assignment(
                path=tuple(target.split(".")), value=self.compiler.compiled(value, (*path, target))
            )
