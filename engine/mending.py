"""What a person does to sagas by hand, by saga id or key. What it means is engine/machine/interventions.

Each act is an `Intervention`: a function of the saga as it is when it is done, so that the same act
can be done to one saga, tried without doing it, or done to many (engine/bulk.py).
"""

from __future__ import annotations

from engine.machine import interventions
from engine.machine.interventions import Hand, chosen, only
from engine.machine.plan import Machine
from engine.model import Answer, Json, Saga, Step
from engine.runner import Intervention, Runner


class Mending:
    """The interventions, each durable when it returns, with actor and reason in the history.

    All raise SagaNotFound and KeyAmbiguous; those on entries EntryNotFound and ActionNotPossible.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def retry(
        self,
        handle: str,
        entry: str | None = None,
        *,
        payload: Json | None = None,
        metadata: Json | None = None,
        actor: str,
        reason: str,
    ) -> Answer:
        """Do parked entries again (all of the saga's, or the one named), tries counted from zero.

        With `payload` that is sent instead, with `metadata` (merged into the saga's) the request is
        made anew from them; either goes out under an idempotency key of its own.
        """
        decide = retrying(entry, payload=payload, metadata=metadata)
        return await self._runner.intervene(handle, decide, actor=actor, reason=reason)

    async def skip(self, handle: str, entry: str | None = None, *, actor: str, reason: str) -> Answer:
        """Give up a parked entry (the only one, or the one named)."""
        return await self._runner.intervene(handle, skipping(entry), actor=actor, reason=reason)

    async def answer(
        self, handle: str, entry: str | None = None, *, reply: str, payload: Json, actor: str, reason: str
    ) -> Answer:
        """Give a command's reply by hand, as if its receiver had.

        Raises:
            PayloadInvalid, ExpressionFailed: As an event would.
        """
        decide = answering(entry, reply=reply, payload=payload)
        return await self._runner.intervene(handle, decide, actor=actor, reason=reason)

    async def move(self, handle: str, state: str, *, actor: str, reason: str) -> Answer:
        """Put the saga into a state by hand, with all that entering it asks for.

        Raises:
            StateNotFound, ExpressionFailed
        """
        return await self._runner.intervene(handle, moving(state), actor=actor, reason=reason)

    async def pause(self, handle: str, *, actor: str, reason: str) -> Answer:
        """Let nothing of the saga become due until it is resumed; events are still taken."""
        return await self._runner.intervene(handle, interventions.pause, actor=actor, reason=reason)

    async def resume(self, handle: str, *, actor: str, reason: str) -> Answer:
        """Go on after a pause; timers have as much left as when it began."""
        return await self._runner.intervene(handle, interventions.resume, actor=actor, reason=reason)


def retrying(
    entry: str | None = None, *, payload: Json | None = None, metadata: Json | None = None
) -> Intervention:
    """See `Mending.retry`."""

    def decide(machine: Machine, saga: Saga, hand: Hand) -> Step:
        entries = chosen(saga, entry)
        return interventions.retry(machine, saga, entries, hand, payload=payload, metadata=metadata)

    return decide


def skipping(entry: str | None = None) -> Intervention:
    """See `Mending.skip`."""

    def decide(machine: Machine, saga: Saga, hand: Hand) -> Step:
        return interventions.skip(machine, saga, only(saga, entry), hand)

    return decide


def answering(entry: str | None = None, *, reply: str, payload: Json) -> Intervention:
    """See `Mending.answer`."""

    def decide(machine: Machine, saga: Saga, hand: Hand) -> Step:
        return interventions.answer(machine, saga, only(saga, entry), hand, reply=reply, payload=payload)

    return decide


def moving(state: str) -> Intervention:
    """See `Mending.move`."""

    def decide(machine: Machine, saga: Saga, hand: Hand) -> Step:
        return interventions.move(machine, saga, state, hand)

    return decide
