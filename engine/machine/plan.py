"""The recorded plan: for every state and event the alternatives, and what each one does.

Made once per definition by driving the chart through all of them; `step` runs the table. Where the
chart and the definition's plain reading disagree, the machine is not published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.definition.ir import Definition, State, Timer, Transition
from engine.errors import DefinitionInvalid
from engine.machine.chart import Branch, Chart, Move, timer_name, timer_transitions


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
        names: Every accepted spelling of an event -> its name.
        timers: (state, `$after.<label>`) -> the timer.
    """

    definition: Definition
    plan: Plan
    names: Mapping[str, str]
    timers: Mapping[tuple[str, str], Timer]

    def accepted(self, state: str) -> list[str]:
        """The events that `state` has a transition for, for messages."""
        return sorted(event for at, event in self.plan if at == state and not event.startswith("$"))


def compile_machine(definition: Definition) -> Machine:
    """Record the plan of a checked definition.

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
        names=_names(definition),
        timers={(s.name, timer_name(t.label)): t for s in definition.states.values() for t in s.after},
    )


def _record(
    chart: Chart, definition: Definition, state: State
) -> dict[tuple[str, str], tuple[Alternative, ...]]:
    tables = (state.on, timer_transitions(state), definition.business_states[state.business_state].on)
    events = dict.fromkeys(event for table in (*tables, definition.on) for event in table)
    return {
        (state.name, event): tuple(
            _ask(chart, definition, state, event, branch, transition)
            for branch, transition in chart.branches(definition, state, event)
        )
        for event in events
    }


def _ask(
    chart: Chart, definition: Definition, state: State, event: str, branch: Branch, transition: Transition
) -> Alternative:
    move = chart.drive(state.name, event, branch)
    if move is None or not _agrees(move, state.name, transition):
        where = (
            f"machine {definition.name!r}, state {state.name!r}, event {event!r}, alternative {branch[1] + 1}"
        )
        raise DefinitionInvalid(
            f"{where}: the statechart would do {move}, the definition says to={transition.to!r}; "
            "this is a defect of the engine, please report it with the file"
        )
    return Alternative(transition=transition, target=move.target, moves=bool(move.entered))


def _agrees(move: Move, state: str, transition: Transition) -> bool:
    if transition.to is None:
        return (move.target, move.exited, move.entered) == (state, (), ())
    return (move.target, move.exited, move.entered) == (transition.to, (state,), (transition.to,))


def _names(definition: Definition) -> dict[str, str]:
    names = {alias: spec.name for spec in definition.events.values() for alias in spec.aliases}
    return names | {name: name for name in definition.events}
