"""The recorded plan: for every state and event the alternatives, and what each one does.

Made once per definition by driving the chart through all of them; a turn runs the table. Where the
chart and the definition's plain reading disagree, the machine is not published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.definition.ir import Definition, Sla, State, Timer, Transition
from engine.errors import DefinitionInvalid
from engine.machine.chart import Branch, Chart, Move, business_table, machine_table, state_table
from engine.machine.engine_events import DONE, FAILED, SLA
from engine.model import Entry, Saga


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One alternative: the transition as written, and what the chart said it does.

    `moves` is False for a transition without `to`: nothing is left, nothing is entered.
    """

    transition: Transition
    target: str
    moves: bool


Plan = Mapping[tuple[str, str], tuple[Alternative, ...]]
"""(state, event) -> alternatives, nearest first, in the order they are tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A definition as a function: what `step` and `start` run.

    Attributes:
        variables: The definition's, with the values that the configuration gives them.
        names: Every accepted spelling of an event -> its name.
        timers: (state, the engine's name of a timer) -> the timer that can fire there.
        joining: The states that wait for several commands, or for `$done` or `$failed`.
    """

    definition: Definition
    plan: Plan
    variables: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, str]
    timers: Mapping[tuple[str, str], Timer]
    joining: frozenset[str]

    def accepted(self, state: str) -> list[str]:
        """The events that `state` has a transition for, for messages."""
        return sorted(event for at, event in self.plan if at == state and not event.startswith("$"))

    def alternatives(self, saga: Saga, event: str) -> tuple[Alternative, ...]:
        """What could take the event where the saga stands: nothing in a final state."""
        if saga.is_final:
            return ()
        found = self.plan.get((saga.state, event))
        if found is None and (timer := self.timers.get((saga.state, event))):
            found = self.plan.get((saga.state, timer.event))
        return found or ()

    def shown(self, state: str | None, event: str) -> str:
        """The event's name in the history: a timer goes by the author's name for it."""
        timer = self.timers.get((state or "", event))
        return timer.event if timer else event

    def sla(self, state: str, timer: str) -> Sla:
        """What the state's (or its business state's) sla timer says."""
        place = self.definition.states[state]
        found = place.sla if timer == SLA else self.definition.business_states[place.business_state].sla
        return found or Sla(within=0)

    def joins(self, state: str) -> bool:
        """Whether the state's commands are answered to all together, by `$done` and `$failed`."""
        return state in self.joining

    def reply_event(self, entry: Entry, reply: str) -> str | None:
        """The event that `reply` of a command is; None if the command names none and nobody waits for it.

        Where a join or a compensation waits, a reply that is not named is an event of the engine's own.
        """
        command = self.definition.commands.get(entry.name) if entry.kind in ("command", "poll") else None
        if command is None:
            return None
        named = command.replies.get(reply)
        return f"${entry.name}.{reply}" if named is None and self._awaits(entry, reply) else named

    def _awaits(self, entry: Entry, reply: str) -> bool:
        if entry.kind == "poll":
            return False
        free = entry.state is None or entry.undoes is not None or self.joins(entry.state)
        return free or (reply == "done" and self.definition.commands[entry.name].undo is not None)


def compile_machine(definition: Definition, variables: Mapping[str, Any] | None = None) -> Machine:
    """Record the plan of a checked definition; `variables` gives some of its variables other values.

    Raises:
        DefinitionInvalid: The chart does something else than the definition says.
    """
    chart = Chart(definition)
    plan: dict[tuple[str, str], tuple[Alternative, ...]] = {}
    for state in definition.states.values():
        if not state.final:
            plan.update(_record(chart, definition, state))
    return Machine(
        definition=definition,
        plan=plan,
        variables={**definition.variables, **(variables or {})},
        names=_names(definition),
        timers={(s.name, t.name): t for s in definition.states.values() for t in _timers(definition, s)},
        joining=frozenset(s.name for s in definition.states.values() if _joins(s, plan)),
    )


def _timers(definition: Definition, state: State) -> tuple[Timer, ...]:
    business = definition.business_states[state.business_state]
    return (*state.timers, *business.timers, *definition.timers)


def _joins(state: State, plan: Plan) -> bool:
    return len(state.commands) > 1 or any((state.name, event) in plan for event in (DONE, FAILED))


def _record(
    chart: Chart, definition: Definition, state: State
) -> dict[tuple[str, str], tuple[Alternative, ...]]:
    business = definition.business_states[state.business_state]
    tables = (state_table(state), business_table(business), machine_table(definition))
    return {
        (state.name, event): tuple(
            _ask(chart, definition, state, event, branch, transition)
            for branch, transition in chart.branches(definition, state, event)
        )
        for event in dict.fromkeys(event for table in tables for event in table)
    }


def _ask(
    chart: Chart, definition: Definition, state: State, event: str, branch: Branch, transition: Transition
) -> Alternative:
    move = chart.drive(state.name, event, branch)
    if move != _expected(definition, state, transition):
        where = (
            f"machine {definition.name!r}, state {state.name!r}, event {event!r}, alternative {branch[1] + 1}"
        )
        raise DefinitionInvalid(
            f"{where}: the statechart would do {move}, the definition says to={transition.to!r}; "
            "this is a defect of the engine, please report it with the file"
        )
    return Alternative(
        transition=transition, target=transition.to or state.name, moves=transition.to is not None
    )


def _expected(definition: Definition, state: State, transition: Transition) -> Move:
    if transition.to is None:
        return Move(target=state.name, exited=(), entered=())
    business = definition.states[transition.to].business_state != state.business_state
    return Move(target=transition.to, exited=(state.name,), entered=(transition.to,), business=business)


def _names(definition: Definition) -> dict[str, str]:
    names = {alias: spec.name for spec in definition.events.values() for alias in spec.aliases}
    return names | {name: name for name in definition.events}
