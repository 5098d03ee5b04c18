"""What engine.ports.Channel promises, as tests. A channel's own file subclasses this and opens one."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace

from engine.model import Delivery, Done, Failed, Later, Outcome
from engine.ports import Channel

SECRET = "the-buyer-lives-in-elm-street"


@dataclass(kw_only=True)
class Subject:
    """A channel under test.

    Attributes:
        delivery: One that the channel can do; its payload holds SECRET.
        broken: One that it cannot do.
        stalled: One whose answer does not come; `reached` is set once it is under way. None for a
            channel that never waits.
    """

    channel: Channel
    delivery: Delivery
    broken: Delivery
    stalled: Delivery | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)


class ChannelContract:
    def open(self) -> AbstractAsyncContextManager[Subject]:
        raise AssertionError("the subclass opens its channel")

    def test_a_delivery_that_works_is_done(self) -> None:
        async def body() -> None:
            async with self.open() as subject:
                assert isinstance(await subject.channel.send(subject.delivery), Done)

        asyncio.run(body())

    def test_the_receivers_fault_is_an_outcome_and_not_an_exception(self) -> None:
        async def body() -> None:
            async with self.open() as subject:
                assert isinstance(await subject.channel.send(subject.broken), Done | Later | Failed)

        asyncio.run(body())

    def test_a_repeat_gets_the_same_answer(self) -> None:
        async def body() -> None:
            async with self.open() as subject:
                again = replace(subject.delivery, attempt=2, uncertain=True)
                assert await subject.channel.send(subject.delivery) == await subject.channel.send(again)

        asyncio.run(body())

    def test_a_side_effect_is_taken_as_a_command_is(self) -> None:
        async def body() -> None:
            async with self.open() as subject:
                effect = replace(subject.delivery, kind="effect", replies={})
                assert isinstance(await subject.channel.send(effect), Done)

        asyncio.run(body())

    def test_deliveries_at_once_do_not_get_each_others_answers(self) -> None:
        async def body() -> None:
            async with self.open() as subject:
                sent = [replace(subject.delivery, id=f"entry-{n}", saga_id=f"saga-{n}") for n in range(50)]
                alone = [await subject.channel.send(one) for one in sent]
                together = await asyncio.gather(*(subject.channel.send(one) for one in sent))
                assert together == alone

        asyncio.run(body())

    def test_a_delivery_is_not_changed(self) -> None:
        async def body() -> None:
            async with self.open() as subject:
                before = repr(subject.delivery)
                await subject.channel.send(subject.delivery)
                assert repr(subject.delivery) == before

        asyncio.run(body())

    def test_ids_with_line_breaks_and_foreign_letters_are_carried_safely(self) -> None:
        async def body() -> None:
            async with self.open() as subject:
                strange = replace(subject.delivery, id="entry\r\nX-Evil: 1", saga_id="саґа-1\n")
                assert isinstance(await subject.channel.send(strange), Done)

        asyncio.run(body())

    def test_no_reason_repeats_what_the_payload_holds(self) -> None:
        async def body() -> None:
            async with self.open() as subject:
                for delivery in (subject.delivery, subject.broken):
                    assert SECRET in repr(delivery.payload)
                    assert SECRET not in _reason(await subject.channel.send(delivery))

        asyncio.run(body())

    def test_a_cancelled_delivery_leaves_the_channel_usable(self) -> None:
        async def body() -> None:
            async with self.open() as subject:
                await _cancelled(subject)
                assert isinstance(await subject.channel.send(subject.delivery), Done)

        asyncio.run(body())

    def test_closing_twice_is_safe_also_when_nothing_was_sent(self) -> None:
        async def body() -> None:
            async with self.open() as subject:
                await subject.channel.close()
                await subject.channel.close()

        asyncio.run(body())

    def test_closing_after_a_delivery_lets_go_of_everything(self) -> None:
        async def body() -> None:
            async with self.open() as subject:
                await subject.channel.send(subject.delivery)
                await subject.channel.close()
                await subject.channel.close()
                assert isinstance(await subject.channel.send(subject.delivery), Done | Later)

        asyncio.run(body())


async def _cancelled(subject: Subject) -> None:
    if subject.stalled is None:
        task = asyncio.create_task(_sent(subject.channel, subject.delivery))
    else:
        task = asyncio.create_task(_sent(subject.channel, subject.stalled))
        async with asyncio.timeout(10):
            await subject.reached.wait()
    task.cancel()
    result = (await asyncio.gather(task, return_exceptions=True))[0]
    assert isinstance(result, asyncio.CancelledError)


async def _sent(channel: Channel, delivery: Delivery) -> Outcome:
    return await channel.send(delivery)


def _reason(outcome: Outcome) -> str:
    return "" if isinstance(outcome, Done) else outcome.reason
