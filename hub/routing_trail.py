"""Asking providers in turn, and remembering durably which of them was asked, so that no crash asks two for one payment.

A provider is written down before it is asked. A try that comes after an unknown outcome, a crash or a changed
configuration begins with the last one written down. Called by the gateway; see docs/decisions/0012-routing.md.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from engine.errors import RecordExists
from engine.model import Json
from engine.ports import Clock
from engine.records import Record, Records
from providers.base import Payment, Rejected, Unknown

KIND = "payment-route"

Answer = Payment | Unknown | Rejected
Ask = Callable[[str, bool], Awaitable[Answer]]
"""(provider's name, again) -> its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A provider that was asked. `result`: a payment's, or REFUSED, UNREACHED, UNKNOWN; "" as long as it is open."""

    provider: str
    result: str = ""
    reason: str = ""

    def document(self) -> Json:
        return {"provider": self.provider, "result": self.result, "reason": self.reason}


class Trail(Protocol):
    """Who was asked for a payment so far, by the payment's key; durable when `write` returns."""

    async def read(self, key: str) -> tuple[Attempt, ...]: ...

    async def write(self, key: str, attempts: Sequence[Attempt]) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """What came of it: the answer that counts, whose it is, and all who were asked."""

    answer: Answer
    provider: str
    attempts: tuple[Attempt, ...]

    def kept(self) -> Json:
        """What the saga's metadata get."""
        attempts = [attempt.document() for attempt in self.attempts]
        return {"provider": self.provider, "routing": {"attempts": attempts}}


class RecordTrail:
    """The trail in the engine's records."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    async def read(self, key: str) -> tuple[Attempt, ...]:
        record = await self._records.get(KIND, key)
        return () if record is None else tuple(_attempt(one) for one in record.body["attempts"])

    async def write(self, key: str, attempts: Sequence[Attempt]) -> None:
        body = {"attempts": [attempt.document() for attempt in attempts]}
        record = Record(kind=KIND, id=key, at=self._clock.now(), body=body)
        if len(attempts) == 1:
            try:
                await self._records.insert(record)
            except RecordExists:
                await self._over(record)
        else:
            await self._over(record)

    async def _over(self, record: Record) -> None:
        there = await self._records.get(record.kind, record.id)
        assert there is not None, "a trail is never removed"
        await self._records.replace(replace(there, body=record.body))


async def ask_in_turn(order: Sequence[str], key: str, *, again: bool, trail: Trail, ask: Ask) -> Routed:
    """Ask the providers of `order` until one does not send us on.

    After an earlier try (`again`) that left a trail, its last provider is the first and those before it are not asked
    again; without one nobody was asked. Raises what the trail raises; nothing was asked then that is not written down.
    """
    past = await trail.read(key) if again else ()
    settled = past[:-1]
    asked = {attempt.provider for attempt in past}
    rest = [name for name in order if name not in asked]
    turn = [past[-1].provider, *rest] if past else rest
    answers: list[tuple[str, Answer]] = []
    for place, name in enumerate(turn):
        repeated = bool(past) and place == 0
        if not repeated:
            await trail.write(key, (*settled, Attempt(provider=name)))
        answer = await ask(name, repeated)
        answers.append((name, answer))
        settled = (*settled, _closed(name, answer))
        if not goes_on(answer, repeated=repeated):
            break
    name, answer = _counts(answers)
    return Routed(answer=answer, provider=name, attempts=settled)


def goes_on(answer: Answer, *, repeated: bool) -> bool:
    """Whether another provider may be asked: this one has certainly taken nothing, now and before.

    A decline is about the payment's key, so it speaks of earlier tries too. A refusal and a missing connection speak
    of this try alone: after an earlier one whose outcome is unknown they prove nothing.
    """
    if isinstance(answer, Payment):
        return answer.result == "KO" and answer.elsewhere
    if isinstance(answer, Rejected):
        return answer.elsewhere and not repeated
    return not answer.sent and not repeated


def _counts(answers: Sequence[tuple[str, Answer]]) -> tuple[str, Answer]:
    """The last answer; but a decline before it says more than a last one's refusal to look at the payment."""
    name, answer = answers[-1]
    if isinstance(answer, Rejected):
        declined = [one for one in answers if isinstance(one[1], Payment)]
        return declined[-1] if declined else (name, answer)
    return name, answer


def _closed(name: str, answer: Answer) -> Attempt:
    if isinstance(answer, Payment):
        return Attempt(provider=name, result=answer.result, reason=answer.description)
    if isinstance(answer, Rejected):
        return Attempt(provider=name, result="REFUSED", reason=answer.reason)
    return Attempt(provider=name, result="UNKNOWN" if answer.sent else "UNREACHED", reason=answer.reason)


def _attempt(written: Mapping[str, Any]) -> Attempt:
    return Attempt(provider=written["provider"], result=written["result"], reason=written["reason"])
