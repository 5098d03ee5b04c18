"""The definition as a statechart: python-statemachine says what a transition exits and enters.

The only module that imports statemachine. It is far too slow to be asked for every event, so
`plan` asks it once for every (state, event, alternative) and keeps the answers.

Theory: the machine is one root compound, each business state a compound in it, each state a leaf.
Transitions that a business state or the machine declares sit on the business state's compound, so
"nearest wins" is the library's own rule, and a business state is left only for another one. All names are mapped to plain ids (s0, b0, e0): the library gives a
meaning to some (`send`, `model`, a dot, `error_...`) and loops on a child named like its parent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from statemachine.exceptions import TransitionNotAllowed
from statemachine.io import create_machine_class_from_definition

from engine.definition.ir import BusinessState, Definition, State, Timer, Transition

ROOT = "root"
FLAGS: Mapping[str, bool] = {
    # The library's defaults swallow unknown events and turn a guard that raises into "false".
    "allow_event_without_transition": False,
    "catch_errors_as_events": False,
    "atomic_configuration_update": True,
    "enable_self_transition_entries": True,
    # It looks at top-level states only; engine/definition/checks does this for all of them.
    "validate_final_reachability": False,
    "validate_trap_states": False,
    "validate_disconnected_states": False,
}

Branch = tuple[str, int]
"""Which alternative: the owner's id (a state's, a business state's) and its index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What one alternative does: the state afterwards, and the states left and entered.

    `business` is True if the business state was left as well.
    """

    target: str
    exited: tuple[str, ...]
    entered: tuple[str, ...]
    business: bool = False


class Chart:
    """A definition that can be driven. Not to be shared between threads."""

    def __init__(self, definition: Definition) -> None:
        self._states = {name: f"s{i}" for i, name in enumerate(definition.states)}
        self._names = {safe: name for name, safe in self._states.items()}
        self._owners = _owners(definition)
        self._events = {name: f"e{i}" for i, name in enumerate(_event_names(definition))}
        self._open: tuple[Branch, ...] = ()
        self._left: list[str] = []
        self._entered: list[str] = []
        self._crossed: list[str] = []
        states: Any = {ROOT: self._root(definition)}
        self._machine = create_machine_class_from_definition("Chart", states=states, **FLAGS)

    def drive(self, state: str, event: str, *branches: Branch) -> Move | None:
        """Start in `state`, send `event` with only these branches' guards true.

        None when the chart does not let the event through.
        """
        self._open = ()
        running = self._machine(start_value=self._states[state])
        self._open = branches
        self._left, self._entered, self._crossed = [], [], []
        try:
            running.send(self._events[event])
        except TransitionNotAllowed:
            return None
        (leaf,) = [self._names[v] for v in running.configuration_values if v in self._names]
        return Move(
            target=leaf,
            exited=tuple(self._left),
            entered=tuple(self._entered),
            business=bool(self._crossed),
        )

    def _root(self, definition: Definition) -> dict[str, Any]:
        """Everything in one compound, so that the machine's own `on` is inherited by all."""
        inner: dict[str, Any] = {}
        for name in definition.business_states:
            members = [s for s in definition.states.values() if s.business_state == name]
            if members:
                inner[self._owners[name]] = self._business(definition, name, members)
        next(iter(inner.values()))["initial"] = True
        return {"initial": True, "states": inner}

    def _business(self, definition: Definition, name: str, members: Sequence[State]) -> dict[str, Any]:
        leaves = {self._states[s.name]: self._leaf(s) for s in members}
        next(iter(leaves.values()))["initial"] = True
        safe, inside = self._owners[name], frozenset(s.name for s in members)
        return {
            "exit": _named(f"exit_{safe}", lambda: self._crossed.append(name)),
            "states": leaves,
            "on": self._on(safe, inherited_table(definition, name), inside),
        }

    def _leaf(self, state: State) -> dict[str, Any]:
        safe = self._states[state.name]
        return {
            "final": state.final,
            "enter": _named(f"enter_{safe}", lambda: self._entered.append(state.name)),
            "exit": _named(f"exit_{safe}", lambda: self._left.append(state.name)),
            "on": self._on(safe, state_table(state)),
        }

    def _on(
        self, owner: str, table: Table, inside: frozenset[str] = frozenset()
    ) -> dict[str, list[dict[str, Any]]]:
        """`inside`: the leaves of a compound; a transition of its own to one of them does not leave it."""
        return {
            self._events[event]: [
                self._transition(owner, event, i, t, inside) for i, t in enumerate(alternatives)
            ]
            for event, alternatives in table.items()
        }

    def _transition(
        self, owner: str, event: str, index: int, transition: Transition, inside: frozenset[str]
    ) -> dict[str, Any]:
        branch = (owner, index)
        guard = _named(f"guard_{owner}_{self._events[event]}_{index}", lambda: branch in self._open)
        target = transition.to and self._states[transition.to]
        return {"target": target, "cond": guard, "internal": transition.to in inside}

    def branches(self, definition: Definition, state: State, event: str) -> list[tuple[Branch, Transition]]:
        """The alternatives of `event` in `state`, nearest first: state, business state, machine."""
        layers = (
            (self._states[state.name], state_table(state)),
            (self._owners[state.business_state], inherited_table(definition, state.business_state)),
        )
        return [((owner, i), t) for owner, table in layers for i, t in enumerate(table.get(event, ()))]


Table = Mapping[str, Sequence[Transition]]


def state_table(state: State) -> Table:
    """What the state itself takes, its timers' own transitions included."""
    return {**state.on, **_timed(state.timers)}


def inherited_table(definition: Definition, business_state: str) -> Table:
    """What the states of a business state inherit: its own transitions first, then the machine's."""
    own, machine = business_table(definition.business_states[business_state]), machine_table(definition)
    return {event: (*own.get(event, ()), *machine.get(event, ())) for event in {**own, **machine}}


def business_table(business: BusinessState) -> Table:
    """What holds in each state of the business state."""
    return {**business.on, **_timed(business.timers)}


def machine_table(definition: Definition) -> Table:
    """What holds in every state of the machine."""
    return {**definition.on, **_timed(definition.timers)}


def _timed(timers: Sequence[Timer]) -> dict[str, tuple[Transition, ...]]:
    return {timer.name: (timer.transition,) for timer in timers if timer.transition is not None}


def _owners(definition: Definition) -> dict[str, str]:
    return {name: f"b{i}" for i, name in enumerate(definition.business_states)}


def _event_names(definition: Definition) -> list[str]:
    tables = [machine_table(definition)]
    tables += [business_table(b) for b in definition.business_states.values()]
    tables += [state_table(s) for s in definition.states.values()]
    return list(dict.fromkeys(name for table in tables for name in table))


def _named(name: str, act: Callable[[], object]) -> Callable[[], object]:
    """The library tells callbacks apart by `__qualname__`; two lambdas would be one."""

    def callback() -> object:
        return act()

    callback.__name__ = callback.__qualname__ = name
    return callback
