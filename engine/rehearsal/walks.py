"""Random sagas: what happens is thrown, failures, repeated tries and late answers included. Same dice, same walks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from engine.errors import EngineError, EventNotAccepted, PayloadInvalid
from engine.machine.plan import Machine
from engine.model import Json
from engine.rehearsal.acts import Act, perform
from engine.rehearsal.configurations import called
from engine.rehearsal.edges import Edge, edges_of
from engine.rehearsal.offers import Offer, duration_text, offers
from engine.rehearsal.samples import Dice, first_metadata, payload_for
from engine.rehearsal.stage import Rehearsal

End = Literal["final", "rests", "under way", "stuck", "error"]

_LATE = 0.05
_STOP_AT_REST = 0.3
_ANSWER_FIRST = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One random saga.

    Attributes:
        end: `rests` waits for somebody outside, `stuck` for nobody, `error`: the engine could not go on.
        detail: Of an error, what the engine said.
    """

    end: End
    state: str
    metadata: Json
    acts: tuple[Act, ...]
    taken: tuple[Edge, ...]
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What many walks show.

    Attributes:
        ends: (end, state) -> how many, most first.
        never: Edges that no walk took.
        bad: Of each way to be stuck or to fail, the shortest walk.
    """

    walks: int
    ends: Mapping[tuple[End, str], int]
    edges: int
    never: tuple[Edge, ...]
    bad: tuple[Walk, ...]


def survey(machine: Machine, walks: Iterable[Walk]) -> Survey:
    """Count the walks of one machine."""
    ends: Counter[tuple[End, str]] = Counter()
    taken: set[Edge] = set()
    bad: dict[tuple[End, str, str], Walk] = {}
    for each in walks:
        ends[each.end, each.state] += 1
        taken.update(each.taken)
        kind = each.end, each.state, each.detail
        if each.end in ("stuck", "error") and (kind not in bad or len(each.acts) < len(bad[kind].acts)):
            bad[kind] = each
    edges = edges_of(machine)
    return Survey(
        walks=ends.total(),
        ends=dict(sorted(ends.items(), key=lambda item: (-item[1], item[0]))),
        edges=len(edges),
        never=tuple(edge for edge in edges if edge not in taken),
        bad=tuple(bad.values()),
    )


def walk(machine: Machine, dice: Dice, *, steps: int, failures: float, metadata: Json | None = None) -> Walk:
    """Run one saga with at most `steps` acts; a command fails with the probability `failures`.

    Args:
        metadata: What it starts with; made up from the machine's schema if None.
    """
    begin = first_metadata(machine, dice) if metadata is None else metadata
    try:
        stage = Rehearsal(machine, metadata=begin)
    except EngineError as error:
        initial = machine.definition.initial_state
        return Walk(end="error", state=initial, metadata=begin, acts=(), taken=(), detail=str(error))
    return _Walker(stage, dice, failures, begin).run(steps)


class _Walker:
    def __init__(self, stage: Rehearsal, dice: Dice, failures: float, metadata: Json) -> None:
        self._stage = stage
        self._dice = dice
        self._failures = failures
        self._metadata = metadata
        self._acts: list[Act] = []
        self._heard: list[str] = []

    def run(self, steps: int) -> Walk:
        for _ in range(steps):
            if self._stage.saga.is_final:
                return self._end("final")
            found = offers(self._stage)
            if not found:
                return self._end("stuck")
            if self._at_rest() and self._dice.random() < _STOP_AT_REST:
                return self._end("rests" if called(self._stage.machine, self._stage.saga) else "stuck")
            error = self._do(self._late() or self._chosen(found))
            if error is not None:
                return self._end("error", detail=str(error))
        return self._end(
            "final" if self._stage.saga.is_final else "rests" if self._at_rest() else "under way"
        )

    def _at_rest(self) -> bool:
        return not any(entry.status != "done" for entry in self._stage.saga.agenda)

    def _do(self, offer: Offer) -> EngineError | None:
        """The error that the engine would park the entry for; a refusal of what came from outside is none."""
        act = self._with_payload(offer)
        try:
            perform(self._stage, act)
        except EngineError as error:
            if act.kind == "send" and isinstance(error, EventNotAccepted | PayloadInvalid):
                return None
            self._acts.append(act)
            return error
        self._acts.append(act)
        if offer.kind == "answer" and offer.event is not None and not offer.event.startswith("$"):
            self._heard.append(offer.event)
        return None

    def _late(self) -> Offer | None:
        """An answer comes once more, late: as an event from outside."""
        if not self._heard or self._dice.random() >= _LATE:
            return None
        event = self._dice.choice(self._heard)
        return Offer(act=Act(kind="send", value=event, note="late"), kind="event", event=event)

    def _chosen(self, found: list[Offer]) -> Offer:
        answers = [offer for offer in found if offer.kind in ("answer", "failure", "mending")]
        others = [offer for offer in found if offer.kind in ("timer", "event")]
        if answers and (not others or self._dice.random() < _ANSWER_FIRST):
            return self._answered(answers)
        return self._dice.choice(others)

    def _answered(self, answers: list[Offer]) -> Offer:
        bad = [offer for offer in answers if offer.kind == "failure"]
        good = [offer for offer in answers if offer.kind != "failure"]
        if bad and (not good or self._dice.random() < self._failures):
            failed = self._dice.choice(bad)
            return failed if self._dice.random() < 0.5 else self._again(failed)
        return self._dice.choice(good)

    def _again(self, failed: Offer) -> Offer:
        """A try failed and another follows: time passes, and timers may fire meanwhile."""
        retry = self._stage.machine.definition.commands[failed.act.command].retry
        wait = duration_text(retry.delay if retry else 1_000)
        note = f"{failed.act.command} is tried again"
        return Offer(act=Act(kind="wait", value=wait, note=note), kind="timer")

    def _with_payload(self, offer: Offer) -> Act:
        """The act with made-up data, where its event asks for any."""
        act = offer.act
        if offer.event is None or act.kind not in ("send", "reply"):
            return act
        payload = payload_for(self._stage.machine, self._stage.saga.state, offer.event, self._dice)
        if not payload:
            return act
        value = {"event": act.value} if act.kind == "send" else act.value
        return replace(act, value={**value, "payload": payload})

    def _end(self, end: End, *, detail: str = "") -> Walk:
        return Walk(
            end=end,
            state=self._stage.saga.state,
            metadata=self._metadata,
            acts=tuple(self._acts),
            taken=tuple(self._stage.taken),
            detail=detail,
        )
