"""The channel contract over a team's function, and what is the python channel's own."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.channels import demo
from adapters.channels.python import PythonChannel, open_python
from engine.errors import ConfigInvalid
from engine.model import Delivery, Done, Failed, Later, Outcome
from tests.contract.channel_contract import SECRET, ChannelContract, Subject

COMMAND = Delivery(
    id="entry-1",
    saga_id="saga-1",
    entity_id="",
    machine="order",
    kind="command",
    name="prepareOrder",
    payload={"address": SECRET},
    replies={"done": "orderPrepared", "failed": "prepareOrderFailed"},
)


class TestPythonChannel(ChannelContract):
    def open(self) -> AbstractAsyncContextManager[Subject]:
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Subject]:
        reached = asyncio.Event()

        async def handler(delivery: Delivery) -> dict[str, Any]:
            if delivery.name == "break":
                raise ValueError(delivery.payload)
            if delivery.name == "stall":
                reached.set()
                await asyncio.Event().wait()
            return {"saga": delivery.saga_id}

        yield Subject(
            channel=PythonChannel(handler),
            delivery=COMMAND,
            broken=replace(COMMAND, name="break"),
            stalled=replace(COMMAND, name="stall"),
            reached=reached,
        )


def sent(channel: PythonChannel, delivery: Delivery = COMMAND) -> Outcome:
    return asyncio.run(_send(channel, delivery))


async def _send(channel: PythonChannel, delivery: Delivery) -> Outcome:
    return await channel.send(delivery)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (None, Done(reply="done")),
        ({}, Done(reply="done")),
        ({"shelf": 4}, Done(reply="done", payload={"shelf": 4})),
        (Done(event="orderLost"), Done(event="orderLost")),
        (Later(reason="busy", delay=5), Later(reason="busy", delay=5)),
        (Failed(reason="no such article"), Failed(reason="no such article")),
    ],
)
def test_what_the_function_answers_decides(answer: Any, outcome: Outcome) -> None:
    async def handler(_: Delivery) -> Any:
        return answer

    assert sent(PythonChannel(handler)) == outcome
    assert sent(PythonChannel(lambda _: answer)) == outcome


def test_a_command_without_a_done_reply_is_simply_done() -> None:
    assert sent(PythonChannel(lambda _: None), replace(COMMAND, replies={})) == Done()


def test_an_exception_is_tried_again_and_its_text_is_kept_to_itself() -> None:
    async def handler(_: Delivery) -> None:
        raise KeyError(SECRET)

    assert sent(PythonChannel(handler)) == Later(reason="KeyError", uncertain=True)


def test_an_answer_of_another_type_is_a_defect_of_the_function() -> None:
    async def handler(_: Delivery) -> Any:
        return SECRET

    with pytest.raises(TypeError) as caught:
        sent(PythonChannel(handler))
    assert SECRET not in str(caught.value)


def test_a_plain_function_does_not_block_the_loop() -> None:
    threads: list[int] = []

    def handler(_: Delivery) -> None:
        threads.append(threading.get_ident())

    sent(PythonChannel(handler))
    assert threads != [threading.get_ident()]


def test_an_object_with_an_async_call_runs_in_the_loop() -> None:
    class Handler:
        async def __call__(self, _: Delivery) -> dict[str, Any]:
            return {"thread": threading.get_ident()}

    assert sent(PythonChannel(Handler())) == Done(reply="done", payload={"thread": threading.get_ident()})


def test_a_dotted_path_is_found_beside_the_configuration_and_leaves_the_path_alone(tmp_path: Path) -> None:
    (tmp_path / "warehouse_of_a_team.py").write_text(
        "class Desk:\n    @staticmethod\n    async def prepare(delivery):\n        return {'by': delivery.name}\n"
    )
    before = list(sys.path)
    try:
        channel = open_python("warehouse", {"handler": "warehouse_of_a_team:Desk.prepare"}, tmp_path)
        assert sent(channel) == Done(reply="done", payload={"by": "prepareOrder"})
    finally:
        sys.modules.pop("warehouse_of_a_team", None)
    assert sys.path == before


def test_the_demo_handlers_are_bound_by_their_dotted_path(tmp_path: Path) -> None:
    channel = open_python("couriers", {"handler": "adapters.channels.demo:couriers"}, tmp_path)
    deliver = replace(COMMAND, name="deliverOrder", payload={})
    assert sent(channel, deliver) == Done(reply="done", payload={"signedBy": "demo customer"})


@pytest.mark.parametrize(
    "handler",
    [
        None,
        "",
        7,
        "no-such-entry-point",
        "no_such_module:run",
        "adapters.channels.demo:missing",
        "adapters.channels.demo:__doc__",
        "adapters.channels.demo:",
        ":run",
    ],
)
def test_a_handler_that_is_not_there_is_found_out_when_the_channel_is_opened(
    handler: object, tmp_path: Path
) -> None:
    with pytest.raises(ConfigInvalid, match="channel warehouse: "):
        open_python("warehouse", {"handler": handler}, tmp_path)


def test_a_module_that_breaks_on_import_is_named_without_its_words(tmp_path: Path) -> None:
    (tmp_path / "breaks_on_import.py").write_text(f"raise RuntimeError('{SECRET}')\n")
    with pytest.raises(ConfigInvalid) as caught:
        open_python("warehouse", {"handler": "breaks_on_import:run"}, tmp_path)
    assert "RuntimeError" in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("handler", "name"),
    [(demo.warehouse, "prepareOrder"), (demo.warehouse, "restock"), (demo.couriers, "deliverOrder")],
)
def test_the_demo_fails_the_commands_that_the_payload_names(handler: Any, name: str) -> None:
    failing = replace(COMMAND, name=name, payload={"demoFails": [name]})
    assert sent(PythonChannel(handler), failing) == Done(reply="failed")
    assert isinstance(sent(PythonChannel(handler), replace(failing, replies={"done": "x"})), Failed)
    assert isinstance(sent(PythonChannel(handler), replace(failing, payload={})), Done)
