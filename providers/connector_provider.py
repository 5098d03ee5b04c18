"""Runs a connector: one provider that does what a file declares.

`complete` is the one call that changes something while a standing is asked: it collects what the customer
has agreed to. It is asked for a payment that is approved only, with a key made from its id.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.errors import ConfigInvalid
from engine.ports import Clock
from providers.base import (
    Capabilities,
    Payment,
    PayRequest,
    Refund,
    RefundRequest,
    Rejected,
    Status,
    Unknown,
    money_problem,
    pay_problem,
)
from providers.callbacks import CallbackRequest, Refused, Told
from providers.connector import Connector
from providers.connector_answers import payment_of, refund_of, status_of, word_of
from providers.connector_callbacks import read_callback
from providers.connector_runs import Runs
from providers.connector_signing import check_key
from providers.options import Options


class ConnectorProvider:
    """What it can do beside paying is set on the instance: the file says what there is."""

    def __init__(self, connector: Connector, options: Mapping[str, str], clock: Clock) -> None:
        self._connector = connector
        self._options = options
        self._runs = Runs(connector, options, clock)
        if "link" in connector.operations:
            self.create_link = self._create_link
        if connector.manual:
            self.start_subscription = self._start_subscription
            self.pay_subscription = self._pay_subscription

    @property
    def capabilities(self) -> Capabilities:
        declared = self._connector
        return Capabilities(
            methods=frozenset(declared.methods),
            default_method=declared.default_method,
            currencies=declared.currencies,
            refunds="refund" in declared.operations,
            partial_refunds="refund" in declared.operations and declared.partial_refunds,
            links="link" in declared.operations,
            manual=declared.manual,
            status="status" in declared.operations,
            callbacks=declared.callback is not None,
        )

    async def pay(self, request: PayRequest) -> Payment | Unknown | Rejected:
        return await self._collect("pay", request)

    async def _create_link(self, request: PayRequest) -> Payment | Unknown | Rejected:
        return await self._collect("link", request)

    async def _start_subscription(self, request: PayRequest) -> Payment | Unknown | Rejected:
        return self._not_manual(request) or await self._collect("startSubscription", request)

    async def _pay_subscription(self, request: PayRequest) -> Payment | Unknown | Rejected:
        if not request.subscription.get("token"):
            return Rejected(reason="a following payment needs the subscription's token")
        return self._not_manual(request) or await self._collect("paySubscription", request)

    def _not_manual(self, request: PayRequest) -> Rejected | None:
        if request.method in self._connector.manual:
            return None
        return Rejected(reason="the provider has no subscriptions with this payment method", elsewhere=True)

    async def refund(self, request: RefundRequest) -> Refund | Unknown | Rejected:
        operation = self._connector.operations.get("refund")
        if operation is None:
            return Rejected(reason="the provider gives no money back")
        if problem := money_problem(1 if request.amount is None else request.amount, request.currency):
            return Rejected(reason=problem)
        scope = self._runs.scopes.refund(request)
        if request.again:
            found = await self._runs.refund_found(operation, request, scope)
            if found is not None:
                return found
        ran = await self._runs.run(operation, scope)
        if not isinstance(ran, tuple):
            return ran
        if ran[0].kind == "duplicate":
            found = await self._runs.refund_found(operation, request, scope)
            return found or Unknown(reason="the provider has the refund already and does not show it")
        return refund_of(operation, *ran)

    async def status(self, payment_id: str) -> Status | Unknown | Rejected:
        operation = self._connector.operations.get("status")
        if operation is None:
            return Rejected(reason="the provider cannot be asked")
        ran = await self._runs.run(operation, self._runs.scopes.of(paymentId=payment_id))
        if not isinstance(ran, tuple):
            return ran
        heard, scope = ran
        if heard.kind not in ("fine", "missing"):
            return Unknown(reason="the provider does not say where the payment stands", sent=False)
        word = word_of(operation, scope) if heard.kind == "fine" else "missing"
        if word == "approved":
            completed = await self._runs.complete(payment_id, heard)
            if isinstance(completed, Unknown):
                return completed
            word = completed
        if word == "missing":
            return Rejected(reason="the provider does not know this payment")
        return status_of(self._connector, operation, word, payment_id, scope)

    async def read_callback(self, request: CallbackRequest) -> Told | Refused:
        callback = self._connector.callback
        if callback is None:
            return Refused(reason="the provider sends no callbacks", status=400)
        return read_callback(self._connector, callback, self._options, request)

    async def close(self) -> None:
        await self._runs.close()

    async def _collect(self, name: str, request: PayRequest) -> Payment | Unknown | Rejected:
        if problem := pay_problem(request, self.capabilities):
            return problem
        operation, scope = self._connector.operations[name], self._runs.scopes.money(request)
        if request.again:
            found = await self._runs.found(operation, scope)
            if found is not None:
                return found
        ran = await self._runs.run(operation, scope)
        if not isinstance(ran, tuple):
            return ran
        if ran[0].kind == "duplicate":
            found = await self._runs.found(operation, scope)
            return found or Unknown(reason="the provider has the payment already and does not show it")
        return payment_of(self._connector, operation, *ran)


def open_connector(
    name: str, connector: Connector, options: Mapping[str, Any], *, clock: Clock
) -> ConnectorProvider:
    """The provider of a connector, with the options that its file declares.

    Raises:
        ConfigInvalid: An option is missing, unknown or wrong; a key for callbacks is no key.
    """
    reader = Options(name, options, connector.options)
    given = {each: _read(reader, each, connector, options) for each in connector.options}
    there = {each: value for each, value in given.items() if value is not None}
    if connector.callback is not None:
        try:
            check_key(connector.callback.signature, {"option": there})
        except ValueError as error:
            raise ConfigInvalid(f"provider {name}: the key for callbacks is {error}") from None
    return ConnectorProvider(connector, there, clock)


def _read(reader: Options, name: str, connector: Connector, options: Mapping[str, Any]) -> str | None:
    """Options whose name ends with Url are addresses; a PEM key has several lines, all others one."""
    option = connector.options[name]
    if option.optional and name not in options:
        return None
    if name.endswith("Url"):
        return reader.url(name, option.default or "")
    if str(options.get(name, "")).startswith("-----BEGIN"):
        return reader.pem(name).decode()
    return reader.text(name, option.default)
