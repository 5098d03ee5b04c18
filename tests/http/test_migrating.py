"""Moving sagas to another version of their machine over HTTP."""

from __future__ import annotations

from tests.http.daemon import Daemon, Reply, served
from tests.http.machines import ORDER_3


async def migrate(daemon: Daemon, **body: object) -> Reply:
    sent = {"from": 1, "to": 3, "reason": "packing comes first", **body}
    return await daemon.post("/api/v1/machines/order/migrate", sent, {"X-Actor": "Ada"})


async def two(daemon: Daemon) -> tuple[str, str]:
    """An order that waits for its money, and one that is paid; version 3 is deployed."""
    created = await daemon.start("n1")
    daemon.clock.time += 1_000
    paid = await daemon.start("n2")
    await daemon.pay(paid)
    await daemon.deploy(ORDER_3)
    return created, paid


@served
async def test_what_would_happen_is_told_first_and_then_done(daemon: Daemon) -> None:
    created, paid = await two(daemon)
    dry = (await migrate(daemon, dryRun=True)).json
    assert [one["sagaId"] for one in dry["sagas"]] == [created]
    assert [(one["sagaId"], one["detail"]) for one in dry["failed"]] == [
        (paid, "version 3 has no state PAID: map it to one")
    ]
    assert dry["reasons"][0]["sagas"] == 1
    assert (await daemon.show(created))["machineVersion"] == 1
    real = (await migrate(daemon, states={"PAID": "PACKING"})).json
    assert (real["done"], real["failed"]) == (2, [])
    saga = await daemon.show(paid)
    assert (saga["machineVersion"], saga["currentState"]) == (3, "PACKING")
    row = saga["history"]["events"][-1]
    assert (row["event"], row["from"], row["to"], row["actor"], row["reason"], row["note"]) == (
        "$migrate",
        "PAID",
        "PACKING",
        "Ada",
        "packing comes first",
        "migrated from version 1 to 3",
    )
    assert (await daemon.tell(paid, "orderPrepared"))["state"] == "PREPARED"


@served
async def test_a_filter_and_a_limit_hold(daemon: Daemon) -> None:
    created, paid = await two(daemon)
    report = (await migrate(daemon, filter={"state": "CREATED"})).json
    assert [one["sagaId"] for one in report["sagas"]] == [created]
    assert (await daemon.show(paid))["machineVersion"] == 1
    await daemon.start("n3")
    assert (await migrate(daemon, limit=1)).json["more"] is False


@served
async def test_what_is_not_there_or_makes_no_sense_is_refused(daemon: Daemon) -> None:
    await two(daemon)
    assert (await migrate(daemon, to=9)).code == "machine-not-found"
    assert (await migrate(daemon, to=1)).code == "action-not-possible"
    assert (await migrate(daemon, states={"NOWHERE": "PACKING"})).code == "state-not-found"
    assert (await migrate(daemon, filter={"machine": "ticket"})).code == "invalid-request"
    assert (await migrate(daemon, reason="")).code == "invalid-request"
    other = await daemon.post("/api/v1/machines/none/migrate", {"from": 1, "to": 2, "reason": "r"})
    assert other.code == "machine-not-found"
