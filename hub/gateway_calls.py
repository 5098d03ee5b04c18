"""Requests to the gateway that come without a saga: each is done once, and a repeat gets the first answer.

The request is written down before the provider is asked and its answer afterwards. What is kept is a digest of the
request and the answer's fields, nothing of a payment method. Called by web/gateway.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256

import orjson

from engine.errors import PayloadInvalid, RecordExists, StaleRecord
from engine.locks import KeyedLocks
from engine.model import Json
from engine.ports import Clock
from engine.records import Record, Records
from hub.cards import masked
from hub.gateway import Gateway
from providers.base import Refund, RefundRequest, Rejected, Status, Unknown

KIND = "gateway-call"

Answer = Json | Unknown | Rejected
Do = Callable[[str, bool], Awaitable[Answer]]
"""(idempotency key for the provider, again) -> the answer. Only one that decides is kept."""


class GatewayCalls:
    """One a daemon. Repeats that come to several daemons at once meet at the provider, under the same key."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self._locks = KeyedLocks()

    async def once(self, key: str, request: Json, do: Do) -> Answer:
        """What became of the request that `key` stands for; `do` is called unless that is known.

        A request that was refused before anything happened leaves nothing: it may be mended and sent again.

        Raises:
            PayloadInvalid: The key was used for another request.
            StoreUnavailable: Outcome unknown; repeating is safe.
        """
        id_ = sha256(key.encode()).hexdigest()
        async with self._locks.hold(id_):
            record = Record(
                kind=KIND, id=id_, at=self._clock.now(), body={"request": _digest(request), "answer": None}
            )
            there = await self._begun(record)
            if there is not None and there.body["request"] != record.body["request"]:
                raise PayloadInvalid(
                    "the idempotency key was used for another request: send each request under a key of its own"
                )
            if there is not None and there.body["answer"] is not None:
                known: Json = there.body["answer"]
                return known
            answer = await do(f"v3-{id_[:40]}", there is not None)
            if isinstance(answer, Rejected) and there is None:
                await self._records.delete(KIND, id_)
            elif not isinstance(answer, Unknown | Rejected):
                await self._keep(there or record, answer)
            return answer

    async def refund(
        self, gateway: Gateway, provider: str, request: RefundRequest
    ) -> Refund | Unknown | Rejected:
        """Give back no more than is left, as far as the provider says what is: there is no saga that knows.

        Refunds of one payment go one after the other in this daemon.
        """
        async with self._locks.hold(f"{provider}\0{request.payment_id}"):
            now = await gateway.status(provider, request.payment_id)
            if isinstance(now, Status):
                request = replace(request, paid=now.amount, refunded=now.refunded or 0, keep=now.keep)
            asked, paid = request.amount or 0, request.paid
            if paid is not None and asked > paid - request.refunded and not request.again:
                return Rejected(reason="more than what is left of the payment")
            return await gateway.refund(provider, request)

    async def _keep(self, record: Record, answer: Json) -> None:
        with suppress(StaleRecord):  # another daemon was asked the same and was faster: it was told the same
            await self._records.replace(replace(record, body={**record.body, "answer": masked(answer)}))

    async def _begun(self, record: Record) -> Record | None:
        """Write down that it begins; the record of an earlier try, if there was one."""
        try:
            await self._records.insert(record)
        except RecordExists:
            return await self._records.get(KIND, record.id)
        return None


def _digest(request: Json) -> str:
    return sha256(orjson.dumps(request, option=orjson.OPT_SORT_KEYS)).hexdigest()
