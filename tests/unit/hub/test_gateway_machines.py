"""The gateway's own machines are sound, and the configuration decides which of them run."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from commands.wiring import adapters, with_gateway
from engine.assembly import running
from engine.config import HOUSE, load_config
from engine.definition.reader import check_file
from engine.errors import ConfigInvalid
from tests.fakes.clock import CountingIds, FakeClock

MACHINES = sorted((HOUSE / "hub" / "machines").glob("*.yaml"))
CHANNELS = ("payments", "gateway.flowManager", "gateway.merchant", "gateway.messages")


@pytest.mark.parametrize("path", MACHINES, ids=lambda path: path.stem)
def test_a_machine_of_the_gateway_checks_without_a_finding(path: Path) -> None:
    assert check_file(path, channels=CHANNELS).findings == ()


async def deployed(folder: Path, gateway: str, more: str = "") -> set[str]:
    file = folder / "config.yaml"
    order = HOUSE / "machines" / "order.yaml"
    file.write_text(f"store: {{type: memory}}\nmachines: [{order}]\ngateway: {gateway}\n{more}")
    config = with_gateway(load_config(file))
    async with running(config, adapters=adapters(config), clock=FakeClock(), ids=CountingIds()) as engine:
        return {name for name in engine.deployments.names() if name.startswith("gateway-")}


@pytest.mark.parametrize(
    ("gateway", "expected"),
    [
        ("{}", set()),
        ("{flowManagerUrl: 'http://127.0.0.1:9/'}", {"gateway-payment", "gateway-refund"}),
        ("{callbackUrl: 'http://127.0.0.1:9/told'}", {"gateway-notice", "gateway-watch"}),
    ],
)
def test_who_is_to_be_told_decides_which_machines_run(
    tmp_path: Path, gateway: str, expected: set[str]
) -> None:
    assert asyncio.run(deployed(tmp_path, gateway)) == expected


def test_messages_are_sent_for_a_flow_manager_where_there_is_a_mail_server(tmp_path: Path) -> None:
    other, mail = (
        "{flowManagerUrl: 'http://127.0.0.1:9/'}",
        "mail: {host: 127.0.0.1, sender: a@example.org}\n",
    )
    found = asyncio.run(deployed(tmp_path, other, mail))
    assert found == {"gateway-payment", "gateway-refund", "gateway-message"}


@pytest.mark.parametrize("url", ["ftp://x", "http://", "no address"])
def test_what_is_no_address_is_refused_at_start(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigInvalid, match="address"):
        asyncio.run(deployed(tmp_path, f"{{flowManagerUrl: '{url}'}}"))
