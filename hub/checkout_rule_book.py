"""The checkout rules that are in force: those of the configuration's file and those that people keep in the store.

Asked at every checkout, so it answers from memory; a change through this daemon is seen at once, one through another
daemon after `fresh` at the latest. Called by web/checkout_rules.py and by the pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.errors import ActionNotPossible, RecordExists
from engine.model import Millis
from engine.ports import Clock
from engine.records import Record, Records
from hub.checkout_rules import Looked, Offers, Rule, available, changed, explain, first_match, read_rule

KIND = "checkout-rule"
FRESH: Millis = 5_000
"""How long what was read is believed, where the configuration does not say."""

_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A rule and where it stands: `version` of a stored one; None: in the configuration's file."""

    rule: Rule
    version: int | None


class RuleBook:
    """One a daemon. Every method but the constructor may raise StoreUnavailable."""

    def __init__(
        self,
        records: Records,
        clock: Clock,
        *,
        offers: Offers,
        fixed: tuple[Rule, ...] = (),
        fresh: Millis = FRESH,
    ) -> None:
        self._records = records
        self._clock = clock
        self._offers = offers
        self._fixed = {rule.rule_id: Kept(rule=rule, version=None) for rule in fixed}
        self._fresh = fresh
        self._read: tuple[Kept, ...] | None = None
        self._read_at: Millis = 0
        self._changes = 0

    @property
    def offers(self) -> Offers:
        """What a response may offer."""
        return self._offers

    async def rules(self) -> tuple[Kept, ...]:
        """All rules, in no order that matters. At most `fresh` old, without methods that nobody takes any more."""
        if self._read is None or not 0 <= self._clock.now() - self._read_at < self._fresh:
            await self._load()
        assert self._read is not None
        return self._read

    async def check(self, type_: str, data: object) -> Rule | None:
        """The first rule of this type that matches."""
        return first_match((kept.rule for kept in await self.rules()), type_, data)

    async def explain(self, type_: str, data: object) -> list[Looked]:
        """What becomes of each rule of this type, and why."""
        return explain((kept.rule for kept in await self.rules()), type_, data)

    async def find(self, rule_id: str) -> Kept | None:
        """The rule as it is in the store or in the file at this moment."""
        if rule_id in self._fixed:
            return self._fixed[rule_id]
        record = await self._records.get(KIND, rule_id)
        return None if record is None else _kept(record)

    async def add(self, written: Mapping[str, Any]) -> Kept:
        """Keep a new rule.

        Raises:
            PayloadInvalid: It does not fit.
            RecordExists: There is one with its id.
        """
        rule = read_rule(written, self._offers)
        if rule.rule_id in self._fixed:
            raise RecordExists("The configuration's file has a checkout rule of this id")
        record = Record(
            kind=KIND, id=rule.rule_id, at=self._clock.now(), tags={"type": rule.type}, body=rule.document()
        )
        await self._records.insert(record)
        self._forget()
        return _kept(record)

    async def change(self, rule_id: str, changes: Mapping[str, Any]) -> Kept | None:
        """Change some fields of a rule; None: there is none of this id.

        Raises:
            PayloadInvalid: What would come of it does not fit.
            ActionNotPossible: It stands in the configuration's file.
            StaleRecord: Somebody else changed it at the same time.
        """
        record = await self._stored(rule_id)
        if record is None:
            return None
        rule = changed(_kept(record).rule, changes, self._offers)
        written = replace(record, tags={"type": rule.type}, body=rule.document())
        after = await self._records.replace(written)
        self._forget()
        return _kept(after)

    async def remove(self, rule_id: str) -> bool:
        """Forget a rule; False: there is none of this id.

        Raises:
            ActionNotPossible: It stands in the configuration's file.
        """
        if await self._stored(rule_id) is None:
            return False
        gone = await self._records.delete(KIND, rule_id)
        self._forget()
        return gone

    async def _stored(self, rule_id: str) -> Record | None:
        if rule_id in self._fixed:
            raise ActionNotPossible(
                "this checkout rule stands in the file that the configuration names: change it there"
            )
        return await self._records.get(KIND, rule_id)

    async def _load(self) -> None:
        started, changes = self._clock.now(), self._changes
        found = list(self._fixed.values())
        after: tuple[Millis, str] | None = None
        while page := await self._records.find(KIND, after=after, limit=_PAGE):
            found += [_kept(record) for record in page if record.id not in self._fixed]
            after = page[-1].at, page[-1].id
        self._read = tuple(replace(kept, rule=available(kept.rule, self._offers)) for kept in found)
        # a change that came while this was read may not be in it: it is read again at the next question
        self._read_at = started if changes == self._changes else started - self._fresh

    def _forget(self) -> None:
        self._changes += 1
        self._read = None


def _kept(record: Record) -> Kept:
    """What is stored was checked when it came; its providers may be disabled since."""
    body = record.body
    unchecked = {**body, "response": []}
    rule = read_rule(unchecked, {})
    return Kept(rule=replace(rule, response=body["response"]), version=record.version)
