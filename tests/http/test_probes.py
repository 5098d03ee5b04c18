"""Probes and metrics, for whoever runs the daemon."""

from __future__ import annotations

import asyncio

from prometheus_client.parser import text_string_to_metric_families

from engine.model import Failed
from tests.http.daemon import AWAY, Daemon, daemon, served
from tests.http.machines import SLOW


async def samples(daemon: Daemon) -> dict[tuple[str, ...], float]:
    """Metric name and label values -> value."""
    reply = await daemon.get("/-/metrics")
    assert reply.status == 200
    families = text_string_to_metric_families(reply.body.decode())
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


@served
async def test_a_daemon_that_can_take_events_is_alive_and_ready(daemon: Daemon) -> None:
    assert (await daemon.get("/-/healthz")).json == {"status": "ok"}
    assert (await daemon.get("/-/ready")).json == {"status": "ready", "dispatch": "running"}


@served
async def test_without_its_store_a_daemon_is_alive_but_not_ready(daemon: Daemon) -> None:
    daemon.store.fault = AWAY
    assert (await daemon.get("/-/healthz")).status == 200
    reply = await daemon.get("/-/ready")
    assert (reply.status, reply.code, reply.headers["Retry-After"]) == (503, "not-ready", "1")
    assert reply.json["problems"] == ["store: the store does not answer"]
    daemon.store.fault = None
    assert (await daemon.get("/-/ready")).status == 200


@served
async def test_states_entered_and_events_are_counted_by_machine(daemon: Daemon) -> None:
    saga_id = await daemon.start()
    await daemon.pay(saga_id)
    ticket = await daemon.start(machine="ticket")
    await daemon.tell(ticket, "ticketTouched")
    await daemon.tell(ticket, "nonsense")
    found = await samples(daemon)
    assert found["flow_manager_saga_states_total", "order", "CREATED"] == 1
    assert found["flow_manager_saga_states_total", "order", "PAID"] == 1
    assert found["flow_manager_saga_states_total", "ticket", "NEW"] == 2
    assert found["sagaloom_events_total", "ticket", "ignored"] == 1
    assert found["sagaloom_events_total", "ticket", "applied"] == 2


@served
async def test_requests_are_counted_by_route_and_never_by_path(daemon: Daemon) -> None:
    for number in range(3):
        await daemon.get(f"/api/v1/sagas/secret-{number}")
        await daemon.get(f"/scan/secret-{number}.php")
    found = await samples(daemon)
    assert found["sagaloom_http_requests_total", "GET", "/api/v1/sagas/{id}", "404"] == 3
    assert found["sagaloom_http_requests_total", "GET", "unmatched", "404"] == 3
    assert found["sagaloom_http_request_seconds_count", "GET", "/api/v1/sagas/{id}"] == 3
    assert "secret" not in str(found)


@served
async def test_what_is_parked_and_what_is_due_is_shown(daemon: Daemon) -> None:
    daemon.shop.outcome = Failed(reason="no")
    await daemon.pay(await daemon.start("n1"))
    await daemon.start("n2")
    found = await samples(daemon)
    assert (found["sagaloom_entries_parked", "order"], found["sagaloom_entries_due", "order"]) == (1, 0)
    assert found["sagaloom_entries_parked", "ticket"] == 0
    daemon.clock.time += 24 * 3_600_000
    assert (await samples(daemon))["sagaloom_entries_due", "order"] == 1


@served
async def test_a_store_that_is_away_costs_the_gauges_and_not_the_scrape(daemon: Daemon) -> None:
    await daemon.start()
    daemon.store.fault = AWAY
    found = await samples(daemon)
    assert ("flow_manager_saga_states_total", "order", "CREATED") in found
    assert ("sagaloom_entries_parked", "order") not in found


def test_each_daemon_counts_for_itself() -> None:
    async def body() -> None:
        async with daemon() as one, daemon() as other:
            await one.start()
            assert ("flow_manager_saga_states_total", "order", "CREATED") in await samples(one)
            assert ("flow_manager_saga_states_total", "order", "CREATED") not in await samples(other)

    asyncio.run(body())


@served
async def test_late_and_paused_sagas_are_counted_as_long_as_they_are_so(daemon: Daemon) -> None:
    await daemon.deploy(SLOW)
    saga_id = await daemon.start("n1", machine="slow")
    daemon.clock.time += 3_600_000
    await daemon.engine.dispatcher.tick()
    await daemon.engine.dispatcher.idle()
    await daemon.post(f"/api/v1/sagas/{saga_id}/pause", {"reason": "r"})
    found = await samples(daemon)
    assert found["sagaloom_late_total", "slow", "NEW"] == 1
    assert (found["sagaloom_sagas_late", "slow"], found["sagaloom_sagas_paused", "slow"]) == (1, 1)
    assert found["sagaloom_sagas_late", "order"] == 0
    await daemon.tell(saga_id, "slowEnded")
    found = await samples(daemon)
    assert (found["sagaloom_late_total", "slow", "NEW"], found["sagaloom_sagas_late", "slow"]) == (1, 0)


@served
async def test_a_daemon_that_holds_is_ready_and_says_that_it_holds(daemon: Daemon) -> None:
    await daemon.post("/api/v1/dispatch", {"state": "held"})
    ready = await daemon.get("/-/ready")
    assert (ready.status, ready.json["dispatch"]) == (200, "held")
    assert (await samples(daemon))["sagaloom_dispatch_held",] == 1
