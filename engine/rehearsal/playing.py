"""Plays a scenario to its end or to the first thing that is not as expected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.errors import EngineError
from engine.machine.plan import Machine
from engine.rehearsal.acts import Act, Scenario, perform, told
from engine.rehearsal.edges import Edge, edges_of
from engine.rehearsal.expecting import Mismatch, mismatches
from engine.rehearsal.stage import Rehearsal


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One act on the way, and where it led."""

    act: str
    state: str
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a scenario failed: the line of the step, and either what differs or what the engine said."""

    line: int
    mismatches: tuple[Mismatch, ...] = ()
    refusal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a scenario went.

    Attributes:
        failure: None if all was as expected.
        taken: The edges it took, in order.
        way: What was done until then.
    """

    scenario: Scenario
    failure: Failure | None
    taken: tuple[Edge, ...]
    way: tuple[Stop, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Which edges of a machine were taken, in the order of the file."""

    machine: str
    edges: tuple[Edge, ...]
    missing: tuple[Edge, ...]

    @property
    def percent(self) -> float:
        """100 for a machine without edges."""
        return 100.0 if not self.edges else 100.0 * (len(self.edges) - len(self.missing)) / len(self.edges)


def play(machine: Machine, scenario: Scenario) -> Result:
    """Run it. Never raises for what the machine or the scenario does."""
    return _Player(machine, scenario).run()


def coverage(machine: Machine, results: Iterable[Result]) -> Coverage:
    """What the scenarios of one machine took together."""
    taken = {edge for result in results for edge in result.taken}
    edges = edges_of(machine)
    missing = tuple(edge for edge in edges if edge not in taken)
    return Coverage(machine=machine.definition.name, edges=edges, missing=missing)


def way_text(way: Sequence[Stop]) -> list[str]:
    """The way so far, in columns."""
    width = max((len(stop.act) for stop in way), default=0)
    return [
        f"{stop.act.ljust(width)} -> {stop.state}"
        + (f" ({', '.join(stop.commands)})" if stop.commands else "")
        for stop in way
    ]


class _Player:
    def __init__(self, machine: Machine, scenario: Scenario) -> None:
        self._machine = machine
        self._scenario = scenario
        self._way: list[Stop] = []
        self._looked = 0

    def run(self) -> Result:
        scenario = self._scenario
        try:
            stage = Rehearsal(
                self._machine, metadata=scenario.metadata, entity_id=scenario.entity_id, now=scenario.now
            )
        except EngineError as error:
            return self._result(None, Failure(line=scenario.line, refusal=str(error)))
        self._pass("start", stage)
        for act in scenario.acts:
            failure = self._expect(stage, act) if act.kind == "expect" else self._act(stage, act)
            if failure is not None:
                return self._result(stage, failure)
        return self._result(stage, None)

    def _act(self, stage: Rehearsal, act: Act) -> Failure | None:
        try:
            perform(stage, act)
        except EngineError as error:
            return Failure(line=act.line, refusal=f"{told(act)}: {error}")
        self._pass(told(act), stage)
        return None

    def _expect(self, stage: Rehearsal, act: Act) -> Failure | None:
        found = mismatches(stage, act.value, stage.effects[self._looked :])
        if "sideEffects" in act.value:
            self._looked = len(stage.effects)
        return Failure(line=act.line, mismatches=tuple(found)) if found else None

    def _pass(self, what: str, stage: Rehearsal) -> None:
        stop = Stop(act=what, state=stage.saga.state, commands=tuple(stage.commands()))
        self._way.append(stop)

    def _result(self, stage: Rehearsal | None, failure: Failure | None) -> Result:
        taken = tuple(stage.taken) if stage is not None else ()
        return Result(scenario=self._scenario, failure=failure, taken=taken, way=tuple(self._way))
