"""Walks every configuration that a machine can reach, breadth first, and notes what is wrong on the way.

Data are left out (see `abstraction`), so a guard may hold or not whenever it is asked. What is found
is therefore possible as far as the flow goes; the shortest way to it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace

from engine.errors import EventNotAccepted, ExpressionFailed
from engine.machine.plan import Machine
from engine.machine.start import start
from engine.model import Saga, Step
from engine.rehearsal.abstraction import Choices, Trail, without_data
from engine.rehearsal.acts import Act
from engine.rehearsal.configurations import Chance, chances, owed, shape
from engine.rehearsal.edges import Edge, edges_of
from engine.rehearsal.troubles import Trouble, Troubles

BOUND = 20_000
"""Configurations that are looked at, unless the caller says otherwise: some ten seconds' worth."""

Outcome = Step | Saga | EventNotAccepted | ExpressionFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A configuration, and the shortest way to it. `guessed`: on the way a guard was taken not to hold."""

    saga: Saga
    act: Act | None = None
    before: Node | None = None
    guessed: bool = False

    def way(self) -> tuple[Act, ...]:
        acts: list[Act] = []
        node: Node | None = self
        while node is not None:
            acts += [node.act] if node.act is not None else []
            node = node.before
        return tuple(reversed(acts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploration:
    """What was found.

    Attributes:
        configurations: How many were looked at.
        complete: False if there are more than that.
        never: Edges of states that are reached which nothing ever takes; only if complete.
    """

    troubles: tuple[Trouble, ...]
    configurations: int
    complete: bool
    never: tuple[Edge, ...]


def explore(machine: Machine, *, bound: int = BOUND) -> Exploration:
    """Look at every configuration, at most `bound` of them. Always the same for the same machine."""
    return _Explorer(machine, bound).run()


class _Explorer:
    def __init__(self, machine: Machine, bound: int) -> None:
        self._choices = Choices()
        self._taken: set[Edge] = set()
        self._real = machine
        self._machine = without_data(machine, self._choices, self._taken.add)
        self._bound = bound
        self._nodes: dict[Hashable, Node] = {}
        self._at_once: dict[Hashable, dict[Hashable, bool]] = {}
        self._troubles = Troubles(self._machine)

    def run(self) -> Exploration:
        looked, complete = 0, True
        waiting = list(self._begin())
        for node in waiting:  # grows while it is walked
            if looked == self._bound:
                complete = False
                break
            looked += 1
            self._troubles.judge(node.saga, node.way(), guessed=node.guessed)
            for chance in chances(self._machine, node.saga):
                waiting += self._follow(node, chance)
        self._judge_circles()
        return Exploration(
            troubles=self._troubles.all(),
            configurations=looked,
            complete=complete,
            never=self._never() if complete else (),
        )

    def _never(self) -> tuple[Edge, ...]:
        states = {node.saga.state for node in self._nodes.values()}
        return tuple(e for e in edges_of(self._real) if e.state in states and e not in self._taken)

    def _begin(self) -> Iterator[Node]:
        act = _tried(lambda: start(self._machine, saga_id="s", entity_id="", metadata={}, now=0))
        nowhere = Node(saga=_NOWHERE)
        for result, trail in self._choices.runs(act):
            if isinstance(result, ExpressionFailed):
                initial = self._machine.definition.initial_state
                self._troubles.round_by_itself(initial, (), sure=not trail)
            elif isinstance(result, Step) and (node := self._reach(nowhere, None, result.saga, trail)):
                yield node

    def _follow(self, node: Node, chance: Chance) -> Iterator[Node]:
        """The new configurations that come of it."""
        for result, trail in self._choices.runs(_tried(chance.make)):
            if isinstance(result, EventNotAccepted):
                continue
            act = _noted(chance.act, trail)
            way = (*node.way(), act)
            if isinstance(result, ExpressionFailed):
                self._troubles.round_by_itself(node.saga.state, way, sure=not trail)
                continue
            if isinstance(result, Step) and result.row.result == "ignored":
                self._troubles.unheard(node.saga, chance.answers, way)
            saga = owed(result.saga if isinstance(result, Step) else result)
            if chance.at_once:
                self._at_once.setdefault(shape(node.saga), {})[shape(saga)] = not trail
            if (new := self._reach(node, act, saga, trail)) is not None:
                yield new

    def _reach(self, before: Node, act: Act | None, saga: Saga, trail: Trail) -> Node | None:
        """The configuration, if it is a new one."""
        saga = owed(saga)
        key = shape(saga)
        if key in self._nodes:
            return None
        guessed = before.guessed or any(not answer for _, answer in trail)
        self._nodes[key] = Node(saga=saga, act=act, before=before, guessed=guessed)
        return self._nodes[key]

    def _judge_circles(self) -> None:
        for key, targets in self._at_once.items():
            if _leads_back(self._at_once, key):
                node = self._nodes[key]
                self._troubles.round_at_once(node.saga.state, node.way(), sure=all(targets.values()))


def _tried(make: Callable[[], Step | Saga]) -> Callable[[], Outcome]:
    def act() -> Outcome:
        try:
            return make()
        except (EventNotAccepted, ExpressionFailed) as error:
            return error

    return act


def _noted(act: Act, trail: Trail) -> Act:
    """The act, with what was assumed of the data."""
    if not trail:
        return act
    said = dict.fromkeys(f"{question}{'' if answer else ': no'}" for question, answer in trail)
    assumed = f"if {'; '.join(said)}"
    return replace(act, note=f"{act.note}; {assumed}" if act.note else assumed)


def _leads_back(graph: dict[Hashable, dict[Hashable, bool]], key: Hashable) -> bool:
    seen: set[Hashable] = set()
    waiting = list(graph.get(key, ()))
    while waiting:
        each = waiting.pop()
        if each == key:
            return True
        if each not in seen:
            seen.add(each)
            waiting += graph.get(each, ())
    return False


_NOWHERE = Saga(
    saga_id="s", machine="", machine_version=1, version=0, entity_id="", state="", is_final=False,
    business_state="", business_state_id=0, business_state_description="", latest_event="", metadata={},
    created_at=0, updated_at=0,
)  # fmt: skip
