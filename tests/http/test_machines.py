"""Machines over HTTP: what is deployed, what it is made of, how it looks."""

from __future__ import annotations

import pytest

from tests.http.daemon import Daemon, served
from tests.http.machines import ORDER, ORDER_2


@served
async def test_every_machine_is_listed_by_its_newest_version(daemon: Daemon) -> None:
    await daemon.deploy(ORDER_2)
    order, ticket = (await daemon.get("/api/v1/machines")).json["items"]
    assert (order["name"], order["version"], order["versions"], order["states"]) == ("order", 2, [1, 2], 4)
    assert (ticket["name"], ticket["versions"]) == ("ticket", [1])
    assert len(order["hash"]) == 64


@served
async def test_a_machine_is_shown_with_the_yaml_it_was_made_of(daemon: Daemon) -> None:
    await daemon.deploy(ORDER_2)
    newest = (await daemon.get("/api/v1/machines/order")).json
    assert (newest["version"], newest["source"]) == (2, ORDER_2)
    first = (await daemon.get("/api/v1/machines/order?version=1")).json
    assert (first["version"], first["versions"], first["source"]) == (1, [1, 2], ORDER)
    created = next(state for state in first["states"] if state["name"] == "CREATED")
    assert created["events"] == ["paymentExecuted", "paymentPartlyExecuted"]
    assert created["timers"] == ["24h"]
    assert first["commands"][0]["replies"] == {"done": "orderPrepared", "refused": "orderRefused"}
    assert first["keys"] == ["metadata.orderNumber"]


@served
async def test_an_unknown_machine_or_version_is_not_found(daemon: Daemon) -> None:
    for path in ("none", "order?version=9", "none/diagram", "order/diagram?version=9"):
        reply = await daemon.get(f"/api/v1/machines/{path}")
        assert (reply.status, reply.code) == (404, "machine-not-found")


@pytest.mark.parametrize(
    ("format", "kind", "beginning"),
    [
        ("svg", "image/svg+xml", b"<"),
        ("png", "image/png", b"\x89PNG"),
        ("dot", "text/vnd.graphviz; charset=utf-8", b"digraph"),
        ("mermaid", "text/plain; charset=utf-8", b""),
    ],
)
@served
async def test_a_machine_is_drawn_in_each_format(
    daemon: Daemon, format: str, kind: str, beginning: bytes
) -> None:
    for level in ("technical", "business"):
        reply = await daemon.get(f"/api/v1/machines/order/diagram?format={format}&level={level}")
        assert (reply.status, reply.headers["Content-Type"]) == (200, kind)
        assert reply.body.lstrip().startswith(beginning)
        assert len(reply.body) > 50


@served
async def test_a_drawn_svg_may_do_nothing_when_it_is_opened_by_itself(daemon: Daemon) -> None:
    reply = await daemon.get("/api/v1/machines/order/diagram")
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert b"<script" not in reply.body


@served
async def test_a_sagas_diagram_marks_the_way_it_took(daemon: Daemon) -> None:
    saga_id = await daemon.start("n/1")
    await daemon.tell(saga_id, "paymentExecuted", {"paymentId": "p1"})
    marked = await daemon.get(f"/api/v1/sagas/{saga_id}/diagram")
    assert marked.status == 200
    assert b"current" in marked.body
    assert b"taken" in marked.body
    plain = await daemon.get("/api/v1/machines/order/diagram")
    assert b"taken" not in plain.body
    assert (await daemon.get("/api/v1/sagas/n%2F1/diagram?format=dot&machine=order")).status == 200


@served
async def test_a_saga_is_drawn_on_the_version_it_was_started_with(daemon: Daemon) -> None:
    saga_id = await daemon.start()
    await daemon.deploy(ORDER_2.replace("EXPIRED", "LAPSED"))
    reply = await daemon.get(f"/api/v1/sagas/{saga_id}/diagram?format=dot")
    assert b"EXPIRED" in reply.body
    assert b"LAPSED" not in reply.body
