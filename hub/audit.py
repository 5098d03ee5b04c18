"""The audit log: who changed what, when, why, and what was there before and after. Only ever appended to.

Values that must not be kept (secrets, payment data) are left out by the caller; card numbers are masked here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.model import Json, Millis
from engine.ports import Clock, Ids
from engine.records import Record, Records
from hub.access.roles import Actor
from hub.cards import masked

AUDIT = "audit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One row. `target` is what was changed, such as "saga payment-1" or "rule high-risk"."""

    id: str
    at: Millis
    actor: str
    action: str
    target: str
    reason: str = ""
    before: Json = field(default_factory=dict, repr=False)
    after: Json = field(default_factory=dict, repr=False)


class Audit:
    """Written after the change: a row says what was done, not what was tried."""

    def __init__(self, records: Records, clock: Clock, ids: Ids) -> None:
        self._records = records
        self._clock = clock
        self._ids = ids

    async def note(
        self,
        actor: Actor,
        action: str,
        target: str,
        *,
        reason: str = "",
        before: Json | None = None,
        after: Json | None = None,
    ) -> None:
        """Keep one row. `action` is a name such as "payment.refund"."""
        body = {
            "actor": actor.name,
            "action": action,
            "target": target,
            "reason": reason,
            "before": before or {},
            "after": after or {},
        }
        tags = {"actor": actor.name, "action": action, "target": target}
        await self._records.insert(
            Record(kind=AUDIT, id=self._ids.new(), at=self._clock.now(), tags=tags, body=masked(body))
        )

    async def list(
        self,
        *,
        actor: str | None = None,
        action: str | None = None,
        target: str | None = None,
        since: Millis | None = None,
        until: Millis | None = None,
        after: tuple[Millis, str] | None = None,
        limit: int = 50,
    ) -> Sequence[Act]:
        """Newest first, `since <= at < until`; `after` is (at, id) of the last one seen."""
        asked = {"actor": actor, "action": action, "target": target}
        tags = {name: value for name, value in asked.items() if value}
        found = await self._records.find(
            AUDIT, tags=tags, since=since, until=until, after=after, newest=True, limit=limit
        )
        return [Act(id=record.id, at=record.at, **record.body) for record in found]
