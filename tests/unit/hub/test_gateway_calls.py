from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from adapters.stores.memory import MemoryStore
from engine.errors import PayloadInvalid
from engine.model import Json
from engine.records import Records
from hub.gateway_calls import Answer, GatewayCalls
from providers.base import Rejected, Unknown
from tests.fakes.clock import FakeClock

ORDER = {"amount": 1200}
PAID = {"result": "OK", "paymentId": "p-1"}


class Desk:
    """Does what it is told, and remembers how it was asked."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, bool]] = []

    async def do(self, key: str, again: bool) -> Answer:
        self.asked.append((key, again))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def on_calls(body: Callable[[GatewayCalls, Records], Awaitable[None]]) -> None:
    async def run() -> None:
        records = MemoryStore().records
        await body(GatewayCalls(records, FakeClock()), records)

    asyncio.run(run())


def test_what_was_done_is_not_done_again_by_another_daemon_either() -> None:
    async def body(calls: GatewayCalls, records: Records) -> None:
        desk = Desk(PAID)
        assert await calls.once("k", ORDER, desk.do) == PAID
        assert await GatewayCalls(records, FakeClock()).once("k", ORDER, desk.do) == PAID
        assert len(desk.asked) == 1

    on_calls(body)


@pytest.mark.parametrize("broken", [Unknown(reason="late"), RuntimeError("the process dies")], ids=repr)
def test_after_an_unknown_end_the_same_key_is_used_again(broken: Answer | Exception) -> None:
    async def body(calls: GatewayCalls, records: Records) -> None:
        desk = Desk(broken, PAID)
        if isinstance(broken, Exception):
            with pytest.raises(RuntimeError):
                await calls.once("k", ORDER, desk.do)
        else:
            assert await calls.once("k", ORDER, desk.do) == broken
        assert await calls.once("k", ORDER, desk.do) == PAID
        (first, fresh), (second, again) = desk.asked
        assert first == second
        assert (fresh, again) == (False, True)

    on_calls(body)


def test_what_was_refused_leaves_nothing_but_not_after_an_unknown_try() -> None:
    async def body(calls: GatewayCalls, records: Records) -> None:
        refused = Rejected(reason="no such currency")
        desk = Desk(refused, Unknown(reason="late"), refused, PAID)
        await calls.once("k", ORDER, desk.do)
        await calls.once("k", {"amount": 1300}, desk.do)
        await calls.once("k", {"amount": 1300}, desk.do)
        with pytest.raises(PayloadInvalid):
            await calls.once("k", ORDER, desk.do)
        assert await calls.once("k", {"amount": 1300}, desk.do) == PAID
        assert [again for _, again in desk.asked] == [False, False, True, True]

    on_calls(body)


def test_what_is_kept_holds_neither_the_key_nor_a_card_number() -> None:
    async def body(calls: GatewayCalls, records: Records) -> None:
        answer: Json = {"result": "KO", "resultDescription": "card 4111111111111111 is blocked"}
        await calls.once("my-key", ORDER, Desk(answer).do)
        [record] = await records.find("gateway-call")
        assert "4111111111111111" not in repr((record.id, record.body))
        assert "my-key" not in repr((record.id, record.body))

    on_calls(body)
