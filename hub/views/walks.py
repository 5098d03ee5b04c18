"""Pages of a view, newest first: walks along the store's indexes, and searches by the beginning of a text.

A page costs the same however many rows there are: what no index answers (a range of amounts) is looked for among so
many rows at most, then the page ends early and says where to go on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from engine.model import Millis
from engine.records import Record, Records
from hub.views.filters import SEARCHED, Filter, folded, in_range, sizes

Place = tuple[Millis, str]
"""Where a page ended: date and saga id of its last row."""

LOOKED = 1_000
"""Rows of one walk that are looked at for one page."""

FOUND = 500
"""Rows that a search looks at for each text that it compares."""

WALKS = 24
"""Sizes of amounts that are walked side by side; a wider range is so common that rows are just looked at."""

_PAGE = 500

Rank = Callable[[Mapping[str, str]], Awaitable[dict[str, str]]]
"""Puts the tag first that the fewest rows have: the store walks along that one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Records of a page; `after` is where to go on, None at the end; `cut`: a search did not look at all rows."""

    records: Sequence[Record]
    after: Place | None
    cut: bool = False


async def page_of(
    records: Records, kind: str, wanted: Filter, *, after: Place | None, limit: int, rank: Rank
) -> Found:
    """The rows that match, from `after` on."""
    if wanted.search and (text := folded(wanted.search)):
        matching, cut = await matches(records, kind, wanted, text)
        rest = [record for record in matching if after is None or place(record) < after]
        return Found(
            records=rest[:limit], after=place(rest[limit - 1]) if len(rest) > limit else None, cut=cut
        )
    ways = [await rank(tags) for tags in _ways(wanted.tags(), wanted)]
    ends = [await _walk(records, kind, tags, wanted, after, limit) for tags in ways]
    horizon = max((stop for _, stop in ends if stop is not None), default=None)
    rows = sorted((record for found, _ in ends for record in found), key=place, reverse=True)
    seen = [record for record in rows if horizon is None or place(record) >= horizon]
    if len(seen) > limit:
        return Found(records=seen[:limit], after=place(seen[limit - 1]))
    return Found(records=seen, after=horizon)


async def matches(records: Records, kind: str, wanted: Filter, text: str) -> tuple[list[Record], bool]:
    """What a search finds, newest first, and whether it may have missed some. `text` is folded."""
    exact = await records.get(kind, (wanted.search or "").strip())
    found = {} if exact is None else {exact.id: exact}
    cut = False
    for tag in SEARCHED[kind]:
        same = await records.find(kind, tags={tag: text}, newest=True, limit=FOUND)
        begun = await records.starting(kind, tag, text, limit=FOUND)
        found |= {record.id: record for record in (*same, *begun)}
        cut |= len(begun) == FOUND
    matching = [record for record in found.values() if _matches(record, wanted)]
    return sorted(matching, key=place, reverse=True), cut


def place(record: Record) -> Place:
    """Where the record stands in the order of lists."""
    return record.at, record.id


def _matches(record: Record, wanted: Filter) -> bool:
    return (
        wanted.tags().items() <= record.tags.items()
        and (wanted.since is None or record.at >= wanted.since)
        and (wanted.until is None or record.at < wanted.until)
        and in_range(record.body["amount"], wanted)
    )


def _ways(tags: dict[str, str], wanted: Filter) -> list[dict[str, str]]:
    """The tags of the walks that together meet every row that matches."""
    if wanted.amount_from is None and wanted.amount_to is None:
        return [tags]
    found = sizes(wanted.amount_from, wanted.amount_to)
    return [tags] if len(found) > WALKS else [{**tags, "size": size} for size in found]


async def _walk(
    records: Records, kind: str, tags: dict[str, str], wanted: Filter, after: Place | None, limit: int
) -> tuple[list[Record], Place | None]:
    """One more than `limit` rows, or all there are, or those up to the place where it gave up."""
    found: list[Record] = []
    looked, many = 0, limit + 1
    while looked < LOOKED:
        page = await records.find(
            kind, tags=tags, since=wanted.since, until=wanted.until, after=after, newest=True, limit=many
        )
        found += [record for record in page if in_range(record.body["amount"], wanted)]
        if len(found) > limit or len(page) < many:
            return found[: limit + 1], None
        looked, after, many = looked + len(page), place(page[-1]), _PAGE
    return found, after
