"""What the texts of a connector may speak of, by name, made of requests. Pure but for the time of day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from engine.ports import Clock
from providers.base import PayRequest, RefundRequest
from providers.connector import Connector
from providers.connector_answers import writer


class Scopes:
    """Of one provider."""

    def __init__(self, connector: Connector, options: Mapping[str, str], clock: Clock) -> None:
        self._connector = connector
        self._options = options
        self._clock = clock

    def of(self, **names: Any) -> dict[str, Any]:
        now = datetime.fromtimestamp(self._clock.now() // 1000, UTC)
        return {"option": self._options, "now": f"{now:%Y-%m-%dT%H:%M:%SZ}", **names}

    def money(self, request: PayRequest) -> dict[str, Any]:
        write = writer(self._connector.amounts, request.currency)
        return self.of(
            key=request.key,
            shop=request.shop_transaction_id,
            amount=write(request.amount),
            currency=request.currency,
            method=request.method,
            methodCode=self._connector.methods[request.method],
            successUrl=request.success_url,
            failureUrl=request.failure_url,
            callbackUrl=request.callback_url,
            data=request.provider_data,
            subscription=request.subscription,
        ) | {"$money": write}

    def refund(self, request: RefundRequest) -> dict[str, Any]:
        write = writer(self._connector.amounts, request.currency)
        rest = request.amount if request.paid is None else request.paid - request.refunded
        amount = rest if request.amount is None else request.amount
        return self.of(
            key=request.key,
            shop=request.shop_transaction_id,
            amount=None if amount is None else write(amount),
            currency=request.currency,
            paymentId=request.payment_id,
            keep=request.keep,
            paid=None if request.paid is None else write(request.paid),
            refunded=write(request.refunded),
        ) | {"$money": write}
