"""Lists of sagas: filters and pages."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.http.daemon import NOON, Daemon, served


async def ids(daemon: Daemon, query: str) -> list[str]:
    reply = await daemon.get(f"/api/v1/sagas?{query}")
    assert reply.status == 200, reply.body
    return [item["sagaId"] for item in reply.json["items"]]


@served
async def test_pages_show_every_saga_once_newest_first(daemon: Daemon) -> None:
    made = []
    for number in range(25):
        daemon.clock.time = NOON + number // 3  # several in one millisecond
        made.append((daemon.clock.time, await daemon.start(f"n{number}", sagaId=f"s{number:02}")))
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await daemon.get(f"/api/v1/sagas?limit=4{cursor}")).json
        seen += [item["sagaId"] for item in page["items"]]
        if page["nextCursor"] is None:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert seen == [saga_id for _, saga_id in sorted(made, reverse=True)]


@served
async def test_each_filter_keeps_what_fits(daemon: Daemon) -> None:
    paid = await daemon.start("n1", associatedEntityId="cart/1")
    await daemon.pay(paid)
    daemon.clock.time = NOON + 60_000
    ticket = await daemon.start("t1", machine="ticket")
    await daemon.tell(ticket, "ticketClosed")
    assert await ids(daemon, "") == [ticket, paid]
    assert await ids(daemon, "machine=order") == [paid]
    assert await ids(daemon, "machine=order&version=1") == [paid]
    assert await ids(daemon, "machine=order&version=2") == []
    assert await ids(daemon, "state=PAID") == [paid]
    assert await ids(daemon, "businessState=OPEN") == [ticket, paid]
    assert await ids(daemon, "isFinal=true") == [ticket]
    assert await ids(daemon, "isFinal=false") == [paid]
    assert await ids(daemon, f"entityId={quote('cart/1', safe='')}") == [paid]
    assert await ids(daemon, "state=DONE&isFinal=false") == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("createdFrom=2026-01-01T12:01:00Z", ["b"]),
        ("createdTo=2026-01-01T12:01:00Z", ["a"]),
        ("createdFrom=2026-01-01T13:01:00%2B01:00", ["b"]),
        ("createdFrom=2026-01-01", ["b", "a"]),
        ("createdTo=2026-01-01", []),
        ("createdFrom=2026-01-01T12:00:00.000Z&createdTo=2026-01-01T12:00:00.001Z", ["a"]),
        ("createdFrom=2026-01-01T12:01:00", ["b"]),
    ],
)
@served
async def test_times_of_creation_are_a_half_open_range(daemon: Daemon, query: str, found: list[str]) -> None:
    await daemon.start("n1", sagaId="a")
    daemon.clock.time = NOON + 60_000
    await daemon.start("n2", sagaId="b")
    assert await ids(daemon, query) == found


@served
async def test_sagas_with_parked_entries_are_told_from_others(daemon: Daemon) -> None:
    from engine.model import Failed

    daemon.shop.outcome = Failed(reason="no such product")
    stuck, fine = await daemon.start("n1"), await daemon.start("n2")
    await daemon.pay(stuck)
    assert await ids(daemon, "parked=true") == [stuck]
    assert await ids(daemon, "parked=false") == [fine]
    reply = await daemon.get("/api/v1/sagas?parked=true")
    assert [item["parked"] for item in reply.json["items"]] == [True]


@served
async def test_a_key_lists_the_one_saga_that_has_it(daemon: Daemon) -> None:
    order, ticket = await daemon.start("n 1"), await daemon.start("n 1", machine="ticket")
    assert await ids(daemon, "machine=order&key=n%201") == [order]
    assert await ids(daemon, "machine=ticket&key=n%201") == [ticket]
    assert await ids(daemon, "key=unknown") == []
    assert await ids(daemon, f"key={order}") == []  # an id is no key
    assert (await daemon.get("/api/v1/sagas?key=n%201")).code == "key-ambiguous"
    assert (await daemon.get("/api/v1/sagas?key=n%201&state=PAID")).code == "invalid-query"


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "!!!!",
        "AAAA",
        "WzEsMl0",
        "WyJhIiwiYiJd",
        "WzEuNSwiYSJd",
        "WzEsImEiLDNd",
        "Wy0xLCJhIl0",
        "é".encode().hex(),
    ],
)
@served
async def test_a_made_up_cursor_is_refused(daemon: Daemon, cursor: str) -> None:
    for path in ("/api/v1/sagas", "/api/v1/agenda"):
        reply = await daemon.get(f"{path}?cursor={cursor}")
        assert (reply.status, reply.code) == (400, "invalid-cursor")
