"""The definition as a statechart: python-statemachine says what a transition exits and enters.

The only module that imports statemachine. It is far too slow to be asked for every event, so
`plan` asks it once for every (state, event, alternative) and keeps the answers.

Theory: the machine is one root compound, each business state a compound in it, each state a leaf.
Transitions that a business state or the machine declares sit on the compound, so "nearest wins"
is the library's own rule. All names are mapped to plain ids (s0, b0, e0): the library gives a
meaning to some (`send`, `model`, a dot, `error_...`) and loops on a child named like its parent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from statemachine.exceptions import TransitionNotAllowed
from statemachine.io import create_machine_class_from_definition

from engine.definition.ir import Definition, State, Transition

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
"""Which alternative: the owner's id (a state's, a business state's, the root's) and its index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What one alternative does: the state afterwards, and the leaf states left and entered."""

    target: str
    exited: tuple[str, ...]
    entered: tuple[str, ...]


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
        states: Any = {ROOT: self._root(definition)}
        self._machine = create_machine_class_from_definition("Chart", states=states, **FLAGS)

    def drive(self, state: str, event: str, *branches: Branch) -> Move | None:
        """Start in `state`, send `event` with only these branches' guards true.

        None when the chart does not let the event through.
        """
        self._open = ()
        running = self._machine(start_value=self._states[state])
        self._open = branches
        self._left, self._entered = [], []
        try:
            running.send(self._events[event])
        except TransitionNotAllowed:
            return None
        (leaf,) = [self._names[v] for v in running.configuration_values if v in self._names]
        return Move(target=leaf, exited=tuple(self._left), entered=tuple(self._entered))

    def _root(self, definition: Definition) -> dict[str, Any]:
        """Everything in one compound, so that the machine's own `on` is inherited by all."""
        inner: dict[str, Any] = {}
        for name in definition.business_states:
            members = [s for s in definition.states.values() if s.business_state == name]
            if members:
                inner[self._owners[name]] = self._business(definition, name, members)
        next(iter(inner.values()))["initial"] = True
        return {"initial": True, "states": inner, "on": self._on(ROOT, definition.on)}

    def _business(self, definition: Definition, name: str, members: Sequence[State]) -> dict[str, Any]:
        leaves = {self._states[s.name]: self._leaf(s) for s in members}
        next(iter(leaves.values()))["initial"] = True
        return {"states": leaves, "on": self._on(self._owners[name], definition.business_states[name].on)}

    def _leaf(self, state: State) -> dict[str, Any]:
        safe = self._states[state.name]
        return {
            "final": state.final,
            "enter": _named(f"enter_{safe}", lambda: self._entered.append(state.name)),
            "exit": _named(f"exit_{safe}", lambda: self._left.append(state.name)),
            "on": self._on(safe, {**state.on, **timer_transitions(state)}),
        }

    def _on(self, owner: str, table: Mapping[str, Sequence[Transition]]) -> dict[str, list[dict[str, Any]]]:
        return {
            self._events[event]: [self._transition(owner, event, i, t) for i, t in enumerate(alternatives)]
            for event, alternatives in table.items()
        }

    def _transition(self, owner: str, event: str, index: int, transition: Transition) -> dict[str, Any]:
        branch = (owner, index)
        guard = _named(f"guard_{owner}_{self._events[event]}_{index}", lambda: branch in self._open)
        return {"target": transition.to and self._states[transition.to], "cond": guard}

    def branches(self, definition: Definition, state: State, event: str) -> list[tuple[Branch, Transition]]:
        """The alternatives of `event` in `state`, nearest first: state, business state, machine."""
        layers = (
            (self._states[state.name], {**state.on, **timer_transitions(state)}),
            (self._owners[state.business_state], definition.business_states[state.business_state].on),
            (ROOT, definition.on),
        )
        return [((owner, i), t) for owner, table in layers for i, t in enumerate(table.get(event, ()))]


def timer_transitions(state: State) -> dict[str, tuple[Transition, ...]]:
    """The transitions that timers carry themselves, under the timer's own event `$after.<label>`."""
    return {timer_name(t.label): (t.transition,) for t in state.after if t.transition is not None}


def timer_name(label: str) -> str:
    """The event by which the engine knows a timer: `$after.24h` (names with $ are the engine's)."""
    return f"$after.{label}"


def _owners(definition: Definition) -> dict[str, str]:
    return {name: f"b{i}" for i, name in enumerate(definition.business_states)}


def _event_names(definition: Definition) -> list[str]:
    tables = [definition.on, *(b.on for b in definition.business_states.values())]
    tables += [{**s.on, **timer_transitions(s)} for s in definition.states.values()]
    return list(dict.fromkeys(name for table in tables for name in table))


def _named(name: str, act: Callable[[], object]) -> Callable[[], object]:
    """The library tells callbacks apart by `__qualname__`; two lambdas would be one."""

    def callback() -> object:
        return act()

    callback.__name__ = callback.__qualname__ = name
    return callback
