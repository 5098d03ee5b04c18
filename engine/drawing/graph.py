"""What a diagram shows, free of any notation: nodes, edges and groups taken from a Definition.

Called by `diagram`; `dot` and `mermaid` write it down. Nothing here escapes text, chooses colours
or runs a program.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from engine.definition.ir import Definition, State, Timer, Transition

Level = Literal["technical", "business"]
Move = tuple[str, str, str]
"""A line of a saga's history: (state before, event, state after)."""

ANY = "*"
"""Begins the key of the node that stands for "any state" of a business state or of the machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One line on an edge.

    Attributes:
        event: The name that the history shows for it.
        business: What it is called at the business level: the business event, else the event.
    """

    event: str
    text: str
    business: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A box. `key` is unique in the graph; `id` is what the SVG element is called."""

    key: str
    id: str
    title: str
    group: str | None = None
    notes: tuple[str, ...] = ()
    tip: str = ""
    initial: bool = False
    final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """An arrow between two node keys; parallel transitions share one, a label each."""

    id: str
    source: str
    target: str
    labels: tuple[Label, ...]
    outside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A business state: its name and what people read."""

    name: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    groups: tuple[Group, ...]


Line = tuple[str, str, Label]
"""(source key, target key, label) before lines between the same two nodes are merged."""


def technical(definition: Definition) -> Graph:
    """Every state and every transition; transitions of a business state or of the machine leave an "any state" node."""
    states = [_state_node(definition, state) for state in definition.states.values()]
    anywhere = list(_any_nodes(definition))
    return Graph(
        title=_title(definition),
        nodes=(*states, *anywhere),
        edges=_merged(_all_lines(definition)),
        groups=tuple(_groups(definition)),
    )


def business(definition: Definition) -> Graph:
    """Business states only; an arrow wherever a transition leads from one into another."""
    return Graph(
        title=_title(definition),
        nodes=tuple(_business_nodes(definition)),
        edges=_merged(_business_lines(definition)),
        groups=tuple(_groups(definition)),
    )


def moves(definition: Definition) -> Iterator[tuple[Move, Line]]:
    """Each move that the machine allows, beside the line that draws it.

    A move over an inherited transition is drawn from the "any state" node; one that a nearer
    `on` replaces is left out.
    """
    for line in _all_lines(definition):
        source, target, label = line
        for state in _covered(definition, source, label.event):
            yield (state, label.event, target), line


def _all_lines(definition: Definition) -> list[Line]:
    own = [line for state in definition.states.values() for line in _lines_of_state(definition, state)]
    return own + _inherited_lines(definition)


def _covered(definition: Definition, source: str, event: str) -> list[str]:
    if not source.startswith(ANY):
        return [source]
    states = [state for state in definition.states.values() if not state.final and event not in state.on]
    if source == ANY:
        return [one.name for one in states if event not in definition.business_states[one.business_state].on]
    return [one.name for one in states if one.business_state == source[len(ANY) :]]


def _title(definition: Definition) -> str:
    return f"{definition.name} version {definition.version}"


def _groups(definition: Definition) -> Iterator[Group]:
    used = {state.business_state for state in definition.states.values()}
    for name, state in definition.business_states.items():
        if name in used:
            yield Group(name=name, title=state.description or name)


def _state_node(definition: Definition, state: State) -> Node:
    return Node(
        key=state.name,
        id=f"s-{state.name}",
        title=state.name,
        group=state.business_state,
        notes=tuple(_notes(state)),
        tip=_tip(definition, state),
        initial=state.name == definition.initial_state,
        final=state.final,
    )


def _notes(state: State) -> Iterator[str]:
    yield from (f"sends {name}" for name in state.commands)
    if state.compensate is not None:
        yield f"undoes {state.compensate if state.compensate == 'all' else ', '.join(state.compensate)}"
    if state.poll is not None:
        yield f"polls {state.poll.command}"
    yield from (f"effect {name}" for name in state.side_effects)
    yield from (_timer_note(timer) for timer in state.timers)
    yield from _stays(state.on)


def _stays(on: Mapping[str, tuple[Transition, ...]]) -> Iterator[str]:
    staying = [event for event, alternatives in on.items() if any(a.to is None for a in alternatives)]
    yield from (f"stays on {event}" for event in staying)


def _timer_note(timer: Timer) -> str:
    return f"after {timer.label}" if timer.event.startswith("$") else f"after {timer.label}: {timer.event}"


def _tip(definition: Definition, state: State) -> str:
    commands = [definition.commands[name] for name in state.commands if name in definition.commands]
    sends = [f"sends {command.name} over {command.channel}" for command in commands]
    return "; ".join(part for part in (state.name, state.description, *sends) if part)


def _lines_of_state(definition: Definition, state: State) -> Iterator[Line]:
    yield from _lines(definition, state.name, state.on)
    for timer in state.timers:
        if timer.transition is not None and timer.transition.to is not None:
            label = _label(definition, timer.event, _timer_note(timer), timer.transition)
            yield state.name, timer.transition.to, label


def _lines(definition: Definition, source: str, on: Mapping[str, tuple[Transition, ...]]) -> Iterator[Line]:
    for event, alternatives in on.items():
        for transition in alternatives:
            if transition.to is not None:
                yield source, transition.to, _label(definition, event, event, transition)


def _label(definition: Definition, event: str, text: str, transition: Transition) -> Label:
    guard = f" [{transition.guard.source.strip()}]" if transition.guard else ""
    spec = definition.events.get(event)
    business_event = transition.business_event or (spec.business_event if spec else None)
    return Label(event=event, text=text + guard, business=business_event or text)


def _inherited_lines(definition: Definition) -> list[Line]:
    lines = [
        line
        for state in definition.business_states.values()
        for line in _lines(definition, ANY + state.name, state.on)
    ]
    return lines + list(_lines(definition, ANY, definition.on))


def _any_nodes(definition: Definition) -> Iterator[Node]:
    for business_state in definition.business_states.values():
        if business_state.on:
            yield Node(
                key=ANY + business_state.name,
                id=f"any-{business_state.name}",
                title="any state here",
                group=business_state.name,
                notes=tuple(_stays(business_state.on)),
                tip=f"any state of {business_state.name}",
            )
    if definition.on:
        yield Node(
            key=ANY,
            id="any",
            title="any state",
            notes=tuple(_stays(definition.on)),
            tip="any state that is not final",
        )


def _merged(lines: Iterable[Line]) -> tuple[Edge, ...]:
    edges: dict[tuple[str, str], Edge] = {}
    for source, target, label in lines:
        known = edges.get((source, target))
        if known is None:
            edges[source, target] = Edge(id=f"e-{len(edges)}", source=source, target=target, labels=(label,))
        elif label not in known.labels:
            edges[source, target] = replace(known, labels=(*known.labels, label))
    return tuple(edges.values())


def _business_nodes(definition: Definition) -> Iterator[Node]:
    initial = definition.states[definition.initial_state].business_state
    for name, state in definition.business_states.items():
        members = [one for one in definition.states.values() if one.business_state == name]
        if members:
            yield Node(
                key=name,
                id=f"b-{name}",
                title=name,
                group=name,
                notes=(state.description,) if state.description else (),
                tip=f"{name} ({state.id}): {', '.join(one.name for one in members)}",
                initial=name == initial,
                final=all(one.final for one in members),
            )


def _business_lines(definition: Definition) -> Iterator[Line]:
    group = {state.name: state.business_state for state in definition.states.values()}
    for (source, event, target), (_, _, label) in moves(definition):
        if target in group and group[source] != group[target]:
            yield group[source], group[target], Label(event=event, text=label.business)
