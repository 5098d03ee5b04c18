"""Asks the provider what is behind a callback: behind one that is a hint only, or that came before our own answer.

A hint is anybody's: nothing of it is believed but that it may be worth asking. Called by hub/callbacks.py.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from engine.errors import ChannelUnavailable
from engine.model import Saga
from hub.callback_events import Heard
from hub.gateway import Gateway
from hub.refunds import given_back
from hub.requests import payment_id_of
from providers.base import Rejected, Status, Unknown
from providers.callbacks import Notice, Word

_AT_ONCE = 8
"""Questions under way: a flood of made-up hints must not become a flood at the provider."""

_ENDED = ("CANCELED", "EXPIRED")


class ReadBack:
    """One a daemon."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def confirmed(self, heard: Heard, saga: Saga | None) -> Notice | None:
        """The hint as the provider says it itself; None: the provider knows nothing of the kind.

        Raises:
            ChannelUnavailable: The provider does not answer now.
        """
        notice = heard.notice
        known = None if saga is None else payment_id_of(saga.metadata)
        payment_id = known or notice.payment_id
        if payment_id is None:
            return None
        status = await self._status(heard.provider, payment_id)
        if status is None or (known is None and not _is_of(status, saga)):
            return None
        word = status.standing if notice.about != "refund" else _refund_word(status, saga)
        # Two different words about one payment are two pieces of news, under whatever id the hint came.
        id_ = f"{payment_id}-{notice.about}-{word}-{status.refunded or 0}"
        return Notice(
            id=id_,
            about=notice.about,
            word=word,
            payment_id=payment_id,
            shop_transaction_id=status.shop_transaction_id,
            amount=status.amount if notice.about == "payment" else None,
            currency=status.currency,
            keep=status.keep,
        )

    async def of_subscription(self, heard: Heard) -> Notice | None:
        """The same for news of a running subscription: that it ended, or that its provider collected.

        Raises:
            ChannelUnavailable: The provider does not answer now.
        """
        notice, token = heard.notice, heard.notice.subscription_token
        if token is None:
            return None
        if notice.renewal:
            return await self._renewal(heard, token)
        async with self._turns:
            answer = await self._gateway.subscription_status(heard.provider, token)
        if isinstance(answer, Unknown):
            raise ChannelUnavailable(f"provider {heard.provider} could not be asked: {answer.reason}")
        if isinstance(answer, Rejected):
            return None
        word: Word = "FAILED" if answer.standing in _ENDED else "PENDING"
        return replace(notice, id=f"{token}-{answer.standing}", word=word)

    async def _renewal(self, heard: Heard, token: str) -> Notice | None:
        payment_id = heard.notice.payment_id
        status = None if payment_id is None else await self._status(heard.provider, payment_id)
        if status is None or status.keep.get("subscriptionToken") != token:
            return None  # the hint would have another payment count for this subscription
        return replace(
            heard.notice,
            id=f"{payment_id}-renewal-{status.standing}",
            word=status.standing,
            amount=status.amount,
            currency=status.currency,
            keep=status.keep,
        )

    async def completed(self, heard: Heard, payment_id: str) -> Heard:
        """With what the answer to our own request would have brought for the saga to keep."""
        if heard.notice.keep or heard.notice.about != "payment":
            return heard
        try:
            status = await self._status(heard.provider, payment_id)
        except ChannelUnavailable:
            return heard
        return heard if status is None else replace(heard, notice=replace(heard.notice, keep=status.keep))

    async def _status(self, provider: str, payment_id: str) -> Status | None:
        async with self._turns:
            answer = await self._gateway.status(provider, payment_id)
        if isinstance(answer, Unknown):
            raise ChannelUnavailable(f"provider {provider} could not be asked: {answer.reason}")
        return answer if isinstance(answer, Status) else None


def _is_of(status: Status, saga: Saga | None) -> bool:
    """Whether a payment that a hint named is that of the saga it named: by the provider's word alone."""
    if saga is None:
        return True
    ours = saga.metadata.get("shopTransactionId") or saga.saga_id
    return status.shop_transaction_id == ours


def _refund_word(status: Status, saga: Saga | None) -> Word | None:
    """A refund is done when the provider has given back as much as with it."""
    if saga is None or status.refunded is None:
        return None
    return "ACCEPTED" if given_back(status.refunded, saga.metadata) else "PENDING"
