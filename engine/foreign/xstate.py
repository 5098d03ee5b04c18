"""A machine as the config object of XState v5 (`createMachine(config)` or `setup({...}).createMachine(config)`).

Guards and actions are names that the host implements: `if: <expression>` and `command`, `sideEffect`, `set`, ...
Nothing here runs JavaScript; docs/export.md says what the names mean.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from engine.definition.ir import Definition, Sla, State, Timer, Transition
from engine.foreign.entry import Act, acts, effect, late, timer_delay, timers_of
from engine.foreign.naming import Names
from engine.foreign.outline import Outline, Table, outline

Config = dict[str, Any]


def to_xstate(definition: Definition) -> str:
    """The machine as JSON."""
    return json.dumps(_Config(definition).machine(), indent=2, ensure_ascii=False) + "\n"


class _Config:
    def __init__(self, definition: Definition) -> None:
        self._definition = definition
        self._outline: Outline = outline(definition)
        self._groups = _keys(self._outline.groups)
        self._states = _keys(definition.states)
        self._id = _key(definition.name)

    def machine(self) -> Config:
        definition = self._definition
        first = definition.states[definition.initial_state]
        return _said(
            id=self._id,
            version=str(definition.version),
            description=definition.description,
            initial=self._groups[first.business_state],
            on=self._on(self._outline.machine, None),
            after=self._after(timers_of(definition), None),
            states={self._groups[name]: self._business(name, members)
                    for name, members in self._outline.groups.items()},
        )  # fmt: skip

    def _business(self, name: str, members: Sequence[State]) -> Config:
        business = self._definition.business_states[name]
        names = [state.name for state in members]
        first = self._definition.initial_state if self._definition.initial_state in names else names[0]
        return _said(
            description=business.description,
            meta={"businessState": {"id": business.id, "name": name}},
            initial=self._states[first],
            on=self._on(self._outline.business[name], None),
            after=self._after(timers_of(business), None, business.sla),
            states={self._states[state.name]: self._state(state) for state in members},
        )

    def _state(self, state: State) -> Config:
        return _said(
            description=state.description,
            meta={} if self._states[state.name] == state.name else {"name": state.name},
            type="final" if state.final else None,
            entry=_actions(acts(self._definition, state)),
            on=self._on(self._outline.states[state.name], state),
            after={} if state.final else self._after(timers_of(state), state, state.sla),
        )

    def _on(self, table: Table, state: State | None) -> Config:
        return {event: [self._line(event, line, state) for line in lines] for event, lines in table.items()}

    def _after(self, timers: Sequence[Timer], state: State | None, sla: Sla | None = None) -> Config:
        """Delays in ms. A timer that only raises an event does what the event does."""
        table: Config = {}
        for timer in timers:
            table.setdefault(timer_delay(timer), []).extend(self._timed(timer, state))
        if sla is not None:
            table.setdefault(str(sla.within), []).append({"actions": _actions(late(self._definition, sla))})
        return table

    def _timed(self, timer: Timer, state: State | None) -> list[Config]:
        """A compound does not know which state the saga is in, so there the event itself is raised."""
        if timer.transition is None and state is None:
            return [{"actions": [{"type": "raise", "params": {"event": timer.event}}]}]
        lines = [timer.transition] if timer.transition else self._raised(timer.event, state)
        return [self._line(timer.event, line, state, shown=timer.event) for line in lines]

    def _raised(self, event: str, state: State | None) -> Sequence[Transition]:
        """What takes an event in a state, nearest first."""
        name, group = (state.name, state.business_state) if state else ("", "")
        levels = (
            self._outline.states.get(name, {}),
            self._outline.business.get(group, {}),
            self._outline.machine,
        )
        return [line for level in levels for line in level.get(event, ())]

    def _line(self, event: str, line: Transition, state: State | None, *, shown: str | None = None) -> Config:
        """`shown`: what the history calls the event, where the config has no place for it."""
        spec = self._definition.events.get(event)
        business = line.business_event or (spec.business_event if spec else None)
        own = state is not None and line.to == state.name
        return _said(
            target=None if line.to is None else self._target(line.to),
            reenter=True if own else None,
            guard=None if line.guard is None else f"if: {line.guard.source}",
            actions=self._done(line),
            description=line.description,
            meta=_said(event=shown, businessEvent=business),
        )

    def _done(self, line: Transition) -> list[Config]:
        """What a transition does beside moving."""
        changes = {".".join(one.path): one.value.source for one in line.assignments}
        written: list[Config] = [{"type": "set", "params": changes}] if changes else []
        return written + _actions(effect(self._definition, name) for name in line.side_effects)

    def _target(self, state: str) -> str:
        business = self._definition.states[state].business_state
        return f"#{self._id}.{self._groups[business]}.{self._states[state]}"


def _actions(done: Iterable[Act]) -> list[Config]:
    return [_said(type=act.kind, params=dict(act.params)) for act in done]


def _keys(names: Any) -> dict[str, str]:
    """Keys of state nodes: a dot would be read as a path."""
    free = Names()
    return {name: free.take(_key(name)) for name in names}


def _key(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)


def _said(**parts: Any) -> Config:
    """The parts that say something; `on: {EVENT: [{}]}` is kept, for it forbids nothing and takes the event."""
    return {key: value for key, value in parts.items() if value not in (None, "", [], {})}
