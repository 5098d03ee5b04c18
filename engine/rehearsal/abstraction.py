"""A machine without its data: each guard is a choice, templates and `set` are gone, the rest is as it was.

The engine's own steps run on it, so that what the model check finds is what the engine would do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

from engine.definition.expressions import Names, Template
from engine.definition.ir import Definition, Timer
from engine.machine.plan import Alternative, Machine
from engine.rehearsal.edges import Edge, tried, with_guard

T = TypeVar("T")

Trail = tuple[tuple[str, bool], ...]
"""The questions that a step asked of the data, and the answers it got."""


class Choices:
    """Answers each question with yes and, in another run, with no."""

    def __init__(self) -> None:
        self._given: tuple[bool, ...] = ()
        self._asked: list[tuple[str, bool]] = []

    def ask(self, question: str) -> bool:
        """The answer of this run."""
        position = len(self._asked)
        answer = self._given[position] if position < len(self._given) else True
        self._asked.append((question, answer))
        return answer

    def runs(self, act: Callable[[], T]) -> Iterator[tuple[T, Trail]]:
        """What `act` comes to for every combination of answers, yes first."""
        waiting: list[tuple[bool, ...]] = [()]
        while waiting:
            self._given, self._asked = waiting.pop(0), []
            result = act()
            yield result, tuple(self._asked)
            answers = [answer for _, answer in self._asked]
            waiting += [(*answers[:i], False) for i in range(len(self._given), len(answers))]


def without_data(machine: Machine, choices: Choices, note: Callable[[Edge], object]) -> Machine:
    """The abstract machine; it calls `note` with every edge that it takes."""

    def choosing(state: str, event: str) -> tuple[Alternative, ...]:
        return tuple(
            _chosen(edge, found, rivals, choices, note)
            for edge, found, rivals in _rivals(machine, state, event)
        )

    return replace(
        machine,
        definition=_bare(machine.definition, choices),
        plan={(state, event): choosing(state, event) for state, event in machine.plan},
    )


def _rivals(machine: Machine, state: str, event: str) -> Iterator[tuple[Edge, Alternative, list[str]]]:
    """Each alternative with the guards that are tried before it."""
    before: list[str] = []
    for edge, alternative in tried(machine, state, event):
        yield edge, alternative, list(before)
        before.append(edge.guard)


def _chosen(
    edge: Edge, alternative: Alternative, before: list[str], choices: Choices, note: Callable[[Edge], object]
) -> Alternative:
    sure = not edge.guard or _opposite(edge.guard) in map(_plain, before)

    def evaluate(_: Names) -> bool:
        holds = sure or choices.ask(edge.guard)
        if holds:
            note(edge)
        return holds

    bare = replace(alternative, transition=replace(alternative.transition, assignments=()))
    return with_guard(bare, evaluate)


def _plain(guard: str) -> str:
    return " ".join(guard.split())


def _opposite(guard: str) -> str:
    """How an author writes that the guard does not hold, where that is a matter of one word."""
    plain = _plain(guard)
    for word, other in (
        (" is not ", " is "),
        (" is ", " is not "),
        (" not in ", " in "),
        (" == ", " != "),
        (" != ", " == "),
    ):
        if word in plain:
            return plain.replace(word, other, 1)
    return plain.removeprefix("not ") if plain.startswith("not ") else f"not {plain}"


def _bare(definition: Definition, choices: Choices) -> Definition:
    def timers(found: tuple[Timer, ...]) -> tuple[Timer, ...]:
        return tuple(timer if timer.moment is None else _at(timer, choices) for timer in found)

    return replace(
        definition,
        keys=(),
        metadata_contract=None,
        merge="none",
        timers=timers(definition.timers),
        business_states={
            name: replace(each, timers=timers(each.timers))
            for name, each in definition.business_states.items()
        },
        states={name: replace(each, timers=timers(each.timers)) for name, each in definition.states.items()},
        commands={name: replace(each, payload=None) for name, each in definition.commands.items()},
        side_effects={name: replace(each, payload=None) for name, each in definition.side_effects.items()},
        events={name: replace(each, payload=None) for name, each in definition.events.items()},
    )


def _at(timer: Timer, choices: Choices) -> Timer:
    """A moment is known, or it is not yet."""
    known = f"{timer.label} is a moment"
    moment = Template(source=timer.label, build=lambda names: 1 if choices.ask(known) else None)
    return replace(timer, moment=moment)
