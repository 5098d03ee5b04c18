"""Provider callbacks: believed by the provider's own check, brought to the saga they are about, kept where
there is none. One a daemon; web/callbacks.py calls it, docs/payment-gateway.md tells what it promises.

What has happened before is the machine's to know: an event carries the id of the provider's news, so a repeat is
found by the engine, and what comes late or out of order is taken by no transition.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Protocol

import structlog

from engine.errors import (
    EngineError,
    EventNotAccepted,
    Invalid,
    KeyAmbiguous,
    Refused,
    SagaNotFound,
)
from engine.locks import KeyedLocks
from engine.model import Answer, Event, Saga, Step
from engine.ports import Ids, Store
from engine.records import Record
from engine.runner import Runner
from hub.callback_bodies import kept_body
from hub.callback_events import Heard, Odd, event_of, recording, second_payment, with_history
from hub.callback_records import KeptCallbacks, heard_in
from hub.gateway import Gateway
from hub.read_back import ReadBack
from hub.renewals import AGREEMENT_KEY, Renewals
from providers.callbacks import CallbackRequest, Notice, Told
from providers.callbacks import Refused as NotBelieved

NO_PAYMENT = "no payment has this id (yet)"
_REFUND_TOLD = frozenset(("refundPending", "partialRefundExecuted", "totalRefundExecuted", "refundFailed"))

_log = structlog.get_logger("sagaloom.hub")


class Running(Protocol):
    """What of an engine the callbacks need."""

    @property
    def store(self) -> Store: ...

    @property
    def runner(self) -> Runner: ...

    @property
    def ids(self) -> Ids: ...


class Callbacks:
    """Attributes: `counts`: (provider, what became of it) since the daemon started."""

    def __init__(self, gateway: Gateway, engine: Running) -> None:
        self._gateway = gateway
        self._engine = engine
        self._read_back = ReadBack(gateway)
        self._renewals = Renewals(engine)
        self._locks = KeyedLocks()
        self._again: set[asyncio.Task[None]] = set()
        self.kept = KeptCallbacks(engine.store.records)
        self.counts: Counter[tuple[str, str]] = Counter()

    async def start(self) -> None:
        """Look again at what was kept before, and from now on whenever a payment gets its id."""
        self._engine.runner.on_step.append(self._seen)
        self._later(None)

    async def stop(self) -> None:
        """Safe to call twice. What is cut off is done at the next start."""
        for task in self._again:
            task.cancel()
        await asyncio.gather(*self._again, return_exceptions=True)

    async def take(self, provider: str, request: CallbackRequest) -> Told | NotBelieved:
        """Everything that the callback tells is durable when this returns; the provider may be answered.

        Raises:
            ProviderNotFound
            ChannelUnavailable, StoreUnavailable: It is not known what became of it: the provider repeats it.
        """
        name = self._gateway.name_of(provider)
        told = await self._gateway.read_callback(name, request)
        if isinstance(told, NotBelieved):
            self.counts[name, "refused"] += 1
            _log.warning("callback.refused", provider=name, reason=told.reason)
            return told
        body = kept_body(request) if len(told.notices) == 1 else ""
        for notice in told.notices:
            if notice.about != "other":
                await self._hear(Heard(provider=name, notice=notice, received=request.received, body=body))
        return told

    async def retry(self, record: Record) -> str | None:
        """Try to bring a kept callback to its saga: the saga's id, None if it still has none.

        Raises:
            StoreUnavailable: Nothing is lost; it is still kept.
        """
        heard = heard_in(record)
        if heard.of_subscription:
            return await self._renewed(heard, record)
        saga = await self._saga_of(heard.notice)
        if saga is None or not await self._tell(heard, saga.saga_id, kept=record):
            return None
        await self.kept.forget(record)
        return saga.saga_id

    async def _hear(self, heard: Heard) -> None:
        if heard.of_subscription:
            await self._hear_of_subscription(heard)
            return
        saga = await self._saga_of(heard.notice)
        if heard.notice.word is None:
            notice = await self._read_back.confirmed(heard, saga)
            if notice is None:
                self.counts[heard.provider, "unconfirmed"] += 1
                return
            heard = replace(heard, notice=notice)
            saga = saga or await self._saga_of(notice)
        if saga is None:
            await self._keep(heard, NO_PAYMENT)
        elif await self._tell(heard, saga.saga_id):
            return
        record = await self.kept.get(heard.id)
        if record is not None:  # what it waits for may have come while it was written down
            await self.retry(record)

    async def _hear_of_subscription(self, heard: Heard) -> None:
        if heard.notice.word is None:
            notice = await self._read_back.of_subscription(heard)
            if notice is None:
                self.counts[heard.provider, "unconfirmed"] += 1
                return
            heard = replace(heard, notice=notice)
        await self._renewed(heard)

    async def _renewed(self, heard: Heard, kept: Record | None = None) -> str | None:
        """The saga that news of a running subscription was brought to; None: it is kept."""
        became = await self._renewals.take(heard)
        if not isinstance(became, Odd):
            self.counts[heard.provider, "applied"] += 1
            if kept is not None:
                await self.kept.forget(kept)
            return became
        if kept is not None:
            await self.kept.explain(kept, became.why)
        elif heard.notice.word != "PENDING":
            await self._keep(heard, became.why)
        return None

    async def _saga_of(self, notice: Notice) -> Saga | None:
        """By the provider's id first: merchants give theirs a second time."""
        for handle in (notice.payment_id, notice.shop_transaction_id):
            if handle:
                with suppress(SagaNotFound, KeyAmbiguous):
                    return await self._engine.store.load(await self._engine.store.find(handle))
        return None

    async def _tell(self, heard: Heard, saga_id: str, kept: Record | None = None) -> bool:
        """Whether the saga could be told; if not, a record is kept of it."""
        async with self._locks.hold(saga_id):  # two at once would each write the other's history away
            saga = await self._engine.store.load(saga_id)
            if payment_id := _first_news_of(heard, saga):
                heard = await self._read_back.completed(heard, payment_id)
            became = await self._became(heard, saga)
            if isinstance(became, Odd):
                await self._odd(heard, saga, became.why, kept)
            elif became != "applied":
                await self._record(heard, saga, became)
            else:
                self.counts[heard.provider, became] += 1
            return not isinstance(became, Odd)

    async def _became(self, heard: Heard, saga: Saga) -> str | Odd:
        """applied (and then the saga's history of callbacks has it), ignored or repeated."""
        event = event_of(heard, saga)
        if event is None or isinstance(event, Odd):
            return event or "ignored"
        try:
            answer = await self._handle(saga.saga_id, with_history(event, heard, saga, "applied"))
        except EventNotAccepted:
            return "ignored"
        except (Refused, Invalid) as error:
            return Odd(why=f"the saga refuses it: {error.code}")
        if answer.result == "ignored" and second_payment(heard, saga):
            return Odd(why="money was taken a second time for this order")
        return "repeated" if answer.repeated else answer.result

    async def _odd(self, heard: Heard, saga: Saga, why: str, kept: Record | None) -> None:
        if kept is not None:
            await self.kept.explain(kept, why)
            return
        await self._keep(heard, why)
        await self._record(heard, saga, "kept")

    async def _keep(self, heard: Heard, why: str) -> None:
        await self.kept.keep(heard, why)
        self.counts[heard.provider, "unmatched"] += 1
        _log.warning("callback.unmatched", provider=heard.provider, about=heard.notice.about, why=why)

    async def _record(self, heard: Heard, saga: Saga, became: str) -> None:
        """Write into the saga that the callback came; a machine that knows no such event need not."""
        self.counts[heard.provider, became] += 1
        event = with_history(recording(heard, self._engine.ids.new()), heard, saga, became)
        with suppress(EventNotAccepted):
            await self._handle(saga.saga_id, event)

    async def _handle(self, saga_id: str, event: Event) -> Answer:
        return await self._engine.runner.handle(saga_id, event)

    def _seen(self, step: Step) -> None:
        """For `Runner.on_step`: a payment's id became known, or one of its refunds has one now."""
        claimed = [key.value for key in step.claimed if key.name == "metadata.paymentId"]
        if step.row.event in _REFUND_TOLD and not claimed:
            claimed = [key.value for key in step.saga.keys if key.name == "metadata.paymentId"]
        for payment_id in claimed:
            self._later(payment_id)
        if any(key.name == AGREEMENT_KEY for key in step.claimed):
            self._later(None)

    def _later(self, payment_id: str | None) -> None:
        task = asyncio.get_running_loop().create_task(self._look_again(payment_id))
        self._again.add(task)
        task.add_done_callback(self._again.discard)

    async def _look_again(self, payment_id: str | None) -> None:
        """At what was kept of one payment, or of all: what cannot be brought home now stays kept."""
        with _logged():
            found = await (self.kept.unmatched() if payment_id is None else self.kept.of_payment(payment_id))
            for record in found:
                with _logged():  # one that fails keeps none of the others waiting
                    await self.retry(record)


@contextmanager
def _logged() -> Iterator[None]:
    try:
        yield
    except EngineError as error:
        _log.warning("callback.look_again_failed", code=error.code)


def _first_news_of(heard: Heard, saga: Saga) -> str | None:
    """The payment's id, if the callback is faster than the answer to our own request."""
    return None if saga.metadata.get("paymentId") else heard.notice.payment_id
