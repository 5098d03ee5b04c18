"""Machines that change while the daemon runs: sent as YAML or JSON, or read again from their files."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.http.daemon import Daemon, Reply, daemon, served
from tests.http.machines import ORDER, ORDER_2

YAML = {"Content-Type": "application/yaml"}
BROKEN = ORDER_2.replace("to: EXPIRED", "to: NOWHERE")


async def send(daemon: Daemon, text: str, content_type: str = "application/yaml") -> Reply:
    return await daemon.call(
        "POST", "/api/v1/machines", body=text.encode(), headers={"Content-Type": content_type}
    )


@pytest.mark.parametrize("how", ["application/yaml", "text/yaml; charset=utf-8", "json"])
@served
async def test_a_machine_that_is_sent_starts_new_sagas_and_leaves_those_that_run(
    daemon: Daemon, how: str
) -> None:
    old = await daemon.start("n1")
    if how == "json":
        reply = await daemon.post("/api/v1/machines", {"source": ORDER_2})
    else:
        reply = await send(daemon, ORDER_2, how)
    assert (reply.status, [(one["name"], one["version"]) for one in reply.json["items"]]) == (
        200,
        [("order", 2)],
    )
    new = await daemon.start("n2")
    assert [(await daemon.show(id_))["machineVersion"] for id_ in (old, new)] == [1, 2]
    assert (await daemon.tell(old, "paymentExecuted", {"paymentId": "p"}))["state"] == "PAID"


@served
async def test_what_runs_already_is_no_change(daemon: Daemon) -> None:
    assert (await send(daemon, ORDER)).json == {"items": []}


@served
async def test_a_broken_machine_changes_nothing_and_is_answered_with_its_findings(daemon: Daemon) -> None:
    reply = await send(daemon, BROKEN)
    assert (reply.status, reply.code) == (422, "definition-invalid")
    finding = reply.json["findings"][0]
    line = BROKEN[: BROKEN.index("NOWHERE")].count("\n") + 1
    assert (finding["code"], finding["severity"], finding["line"]) == ("unknown-state", "error", line)
    assert "NOWHERE" in finding["message"]
    assert (await daemon.get("/api/v1/machines/order")).json["version"] == 1
    assert (await daemon.get("/-/ready")).status == 200


@served
async def test_another_content_under_a_deployed_version_is_refused(daemon: Daemon) -> None:
    reply = await send(daemon, ORDER_2.replace("version: 2", "version: 1").replace("24h", "12h"))
    assert (reply.status, reply.code) == (409, "definition-changed")
    assert "bump version to 2" in reply.json["detail"]


@served
async def test_what_is_no_yaml_and_no_json_is_refused(daemon: Daemon) -> None:
    assert (await send(daemon, "a: [")).code == "definition-invalid"
    assert (await send(daemon, "a: \x00")).code == "definition-invalid"
    assert (await send(daemon, "{", "application/json")).code == "invalid-json"
    assert (await send(daemon, '{"yaml": ""}', "application/json")).code == "invalid-request"
    assert (await send(daemon, ORDER_2, "text/plain")).code == "unsupported-media-type"


def test_without_a_body_the_files_are_read_again(tmp_path: Path) -> None:
    file = tmp_path / "order.yaml"
    file.write_text(ORDER)

    async def body() -> None:
        async with daemon(paths=[tmp_path]) as running:
            assert (await running.call("POST", "/api/v1/machines")).json == {"items": []}
            _write(file, ORDER_2)
            reply = await running.call("POST", "/api/v1/machines", headers=YAML)
            assert [one["version"] for one in reply.json["items"]] == [2]

    asyncio.run(body())


def test_files_that_are_wrong_are_told_in_the_list_until_they_are_mended(tmp_path: Path) -> None:
    file = tmp_path / "order.yaml"
    file.write_text(BROKEN)

    async def body() -> None:
        async with daemon(paths=[tmp_path]) as running:
            reply = await running.call("POST", "/api/v1/machines")
            assert (reply.status, reply.code) == (422, "definition-invalid")
            assert reply.json["findings"][0]["file"] == str(file)
            listed = (await running.get("/api/v1/machines")).json
            assert [one["code"] for one in listed["problems"]] == ["unknown-state"]
            assert [one["name"] for one in listed["items"]] == ["order", "ticket"]
            assert (await running.get("/-/ready")).status == 200
            _write(file, ORDER_2)
            await running.call("POST", "/api/v1/machines")
            assert (await running.get("/api/v1/machines")).json["problems"] == []

    asyncio.run(body())


@served
async def test_a_machine_lists_its_versions_with_their_sagas(daemon: Daemon) -> None:
    await daemon.start("n1")
    await daemon.start("n2")
    daemon.clock.time += 60_000
    await daemon.deploy(ORDER_2)
    await daemon.start("n3")
    first, second = (await daemon.get("/api/v1/machines/order")).json["deployed"]
    assert (first["version"], first["sagas"], first["starts"]) == (1, 2, False)
    assert (second["version"], second["sagas"], second["starts"]) == (2, 1, True)
    assert (first["deployedAt"], second["deployedAt"]) == (
        "2026-01-01T12:00:00.000Z",
        "2026-01-01T12:01:00.000Z",
    )
    assert first["hash"] != second["hash"]
    assert (await daemon.get("/api/v1/machines/order?version=1")).json["deployed"] == [first, second]


def _write(file: Path, text: str) -> None:
    file.write_text(text)
