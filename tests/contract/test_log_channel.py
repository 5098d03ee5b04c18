"""The channel contract over the log, and what its line may hold."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters.channels.log import open_log
from engine.errors import ConfigInvalid
from engine.model import Delivery, Done
from tests.contract.channel_contract import SECRET, ChannelContract, Subject

EFFECT = Delivery(
    id="entry-1",
    saga_id="saga-1",
    entity_id="",
    machine="payment",
    kind="effect",
    name="notifyPaymentExecuted",
    payload={"address": SECRET},
)


class TestLogChannel(ChannelContract):
    def open(self) -> AbstractAsyncContextManager[Subject]:
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Subject]:
        with capture_logs():
            channel = open_log("notifications", {}, Path())
            yield Subject(channel=channel, delivery=EFFECT, broken=EFFECT)


def test_the_line_names_the_delivery_and_holds_no_payload() -> None:
    with capture_logs() as lines:
        asyncio.run(_send(EFFECT))
    [line] = lines
    assert line["channel"] == "notifications"
    assert line["name"] == "notifyPaymentExecuted"
    assert line["entry"] == "entry-1"
    assert line["saga"] == "saga-1"
    assert SECRET not in repr(line)


def test_a_command_that_waits_for_a_reply_goes_on() -> None:
    with capture_logs():
        outcome = asyncio.run(_send(replace(EFFECT, kind="command", replies={"done": "notificationSent"})))
    assert outcome == Done(reply="done")


def test_an_option_is_refused() -> None:
    with pytest.raises(ConfigInvalid):
        open_log("notifications", {"level": "debug"}, Path())


async def _send(delivery: Delivery) -> Done:
    outcome = await open_log("notifications", {}, Path()).send(delivery)
    assert isinstance(outcome, Done)
    return outcome
