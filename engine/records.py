"""Documents that live beside the sagas in the same store: rules, invoices, users, audit rows.

The engine keeps nothing in them; the port is for those who build on it (hub/, web/). The conformance
suite is tests/contract/store/records.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from engine.model import Json, Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One document.

    Attributes:
        kind: What family it belongs to ("checkout-rule"); ids are unique within it.
        version: 1 when it is made, one more with every change.
        at: When it was made, or what else it is to be ordered by; never changes.
        tags: Short texts that it can be found by, at most sixteen.
        body: JSON; up to 15 MB.
    """

    kind: str
    id: str
    version: int = 1
    at: Millis
    tags: Mapping[str, str] = field(default_factory=dict)
    body: Json = field(repr=False)


class Records(Protocol):
    """Durable home of records; each call is atomic and durable when it returns.

    Every method may raise StoreUnavailable: the outcome is unknown then.
    """

    async def insert(self, record: Record) -> None:
        """Make it, at version 1.

        Raises:
            RecordExists: Its kind has one with this id. Also when a call whose outcome was unknown
                has made it.
        """
        ...

    async def replace(self, record: Record) -> Record:
        """Write body and tags over the one that has `record.version`; answers it with its new version.

        Raises:
            StaleRecord: It is at another version, or is not there.
        """
        ...

    async def delete(self, kind: str, id: str, *, version: int | None = None) -> bool:
        """Remove it; False if it was not there. With `version` only if it is at that one.

        Raises:
            StaleRecord: It is at another version.
        """
        ...

    async def get(self, kind: str, id: str) -> Record | None: ...

    async def find(
        self,
        kind: str,
        *,
        tags: Mapping[str, str] | None = None,
        since: Millis | None = None,
        until: Millis | None = None,
        after: tuple[Millis, str] | None = None,
        newest: bool = False,
        limit: int = 50,
    ) -> Sequence[Record]:
        """Those with all of `tags` and `since <= at < until`, by (at, id); newest first if asked.

        `after` is (at, id) of the last one seen, in the same order.
        """
        ...

    async def starting(self, kind: str, tag: str, prefix: str, *, limit: int = 50) -> Sequence[Record]:
        """At most `limit` of those whose tag begins with `prefix`, which is not empty; in no certain order."""
        ...

    async def count(self, kind: str, *, tags: Mapping[str, str] | None = None) -> int: ...
