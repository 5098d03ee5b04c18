"""A machine laid out for tools that know statecharts only: which level takes which event, under which ids.

The exports are written from this. Final states take nothing here, as in the engine, while a statechart
lets them inherit: a level with a final state hands its transitions down to the others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.definition.ir import Definition, State, Transition
from engine.foreign.naming import Names

Table = Mapping[str, Sequence[Transition]]

# What python-statemachine's classes have already; a test compares this with the library.
RESERVED = frozenset(
    "TransitionNotAllowed activate_initial_state active_listeners add_listener allow_event_without_transition"
    " allowed_events atomic_configuration_update bind_events_to cancel_event catch_errors_as_events configuration"
    " configuration_values current_state current_state_value enable_self_transition_entries enabled_events events"
    " final_states history_values id initial_state is_terminated model name prepare prepare_event raise_ send"
    " start_configuration_values start_value state state_field states states_map".split()
)
_PLAIN_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_SPECIAL = ("error_", "done_state_", "done_invoke_", "if_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A machine by levels.

    Attributes:
        groups: Business state -> its states, in the order of the file; without those that have none.
        machine, business, states: What each level takes, final states and handing down considered.
    """

    definition: Definition
    groups: Mapping[str, Sequence[State]]
    machine: Table
    business: Mapping[str, Table]
    states: Mapping[str, Table]


def outline(definition: Definition) -> Outline:
    """Lay out a checked machine."""
    groups = {
        name: members
        for name in definition.business_states
        if (members := [s for s in definition.states.values() if s.business_state == name])
    }
    ends = any(state.final for state in definition.states.values())
    inherited: Table = definition.on if ends else {}
    business: dict[str, Table] = {}
    states: dict[str, Table] = {}
    for name, members in groups.items():
        level = _joined(definition.business_states[name].on, inherited)
        hands_down = any(state.final for state in members)
        business[name] = {} if hands_down else level
        for state in members:
            states[state.name] = {} if state.final else _joined(state.on, level if hands_down else {})
    machine = {} if ends else definition.on
    return Outline(definition=definition, groups=groups, machine=machine, business=business, states=states)


def _joined(near: Table, far: Table) -> Table:
    """Both, the nearer one's alternatives first; behind one that always holds nothing is tried."""
    joined = {event: tuple(lines) for event, lines in near.items()}
    for event, lines in far.items():
        before = joined.get(event, ())
        if all(line.guard is not None for line in before):
            joined[event] = (*before, *lines)
    return joined


class Ids:
    """Ids that XML, SCXML and python-statemachine all take, each given to one thing; names that are fine stay."""

    def __init__(self) -> None:
        self._free = Names(RESERVED)
        self._given: dict[tuple[str, str], str] = {}

    def of(self, kind: str, name: str) -> str:
        """The id of a thing; the same one each time it is asked for."""
        key = (kind, name)
        if key not in self._given:
            self._given[key] = self._free.take(_plain(kind, name), apart=kind)
        return self._given[key]


def _plain(kind: str, name: str) -> str:
    if _PLAIN_ID.fullmatch(name) and not name.startswith(_SPECIAL) and kind != "business":
        return name
    return f"{kind}_{re.sub(r'[^A-Za-z0-9_]+', '_', name).strip('_')}"
