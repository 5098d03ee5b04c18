"""A daemon that holds: events are taken and durable, nothing that sagas owe is begun."""

from __future__ import annotations

from engine.model import Done
from tests.http.daemon import Daemon, served


@served
async def test_what_is_owed_waits_while_the_daemon_holds_and_goes_out_afterwards(daemon: Daemon) -> None:
    held = await daemon.post("/api/v1/dispatch", {"state": "held"})
    assert (held.status, held.json) == (200, {"state": "held"})
    daemon.shop.outcome = Done(reply="done")
    saga_id = await daemon.start()
    await daemon.pay(saga_id)
    assert await daemon.engine.dispatcher.tick() == 0
    assert (daemon.shop.seen, (await daemon.show(saga_id))["currentState"]) == ([], "PAID")
    assert (await daemon.get("/api/v1/dispatch")).json == {"state": "held"}
    going = await daemon.post("/api/v1/dispatch", {"state": "running"})
    assert going.json == {"state": "running"}
    await daemon.engine.dispatcher.tick()
    await daemon.engine.dispatcher.idle()
    assert (await daemon.show(saga_id))["currentState"] == "PREPARED"


@served
async def test_holding_and_going_on_twice_is_the_same_as_once(daemon: Daemon) -> None:
    for state in ("held", "held", "running", "running"):
        assert (await daemon.post("/api/v1/dispatch", {"state": state})).json == {"state": state}
    assert (await daemon.post("/api/v1/dispatch", {"state": "asleep"})).code == "invalid-request"
