"""The payment machine on a provider's world: the whole engine in process, the hub's callbacks, a loopback server.

`ON` lists the suites whose worlds the proofs run on; a provider joins them with a line.
"""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from engine.model import Json
from engine.ports import Ids, Store
from engine.runner import Runner
from hub.callbacks import Callbacks
from hub.gateway import Gateway
from hub.payments_channel import PaymentsChannel
from providers.callbacks import CallbackRequest, Word
from tests.contract.provider.suite import ProviderSuite
from tests.contract.provider.world import TellsRefunds, World
from tests.flow.journey import SECOND, CountedIds, Journey, journey

ON = {
    "sandbox": ("tests.contract.test_sandbox_provider", "TestSandbox"),
    "stripe": ("tests.contract.test_stripe_provider", "TestStripe"),
    "stripe-direct": ("tests.contract.test_stripe_provider", "TestDirect"),
    "paypal": ("tests.contract.test_paypal_provider", "TestPayPal"),
    "adyen": ("tests.contract.test_adyen_provider", "TestAdyenProvider"),
    "braintree": ("tests.contract.test_braintree_provider", "TestBraintreeProvider"),
    "satispay": ("tests.contract.test_satispay_provider", "TestSatispayProvider"),
    "nexi": ("tests.contract.provider.test_nexi", "TestNexi"),
    "axerve": ("tests.contract.provider.test_axerve", "TestAxerve"),
    "scalapay": ("tests.contract.provider.test_scalapay", "TestScalapay"),
    "external": ("tests.contract.provider.test_external", "TestExternal"),
}


def suite_of(name: str) -> ProviderSuite:
    """The conformance suite of a provider, imported where it is needed: else its tests would run here as well."""
    module, suite = ON[name]
    made: ProviderSuite = getattr(importlib.import_module(module), suite)()
    return made


@dataclass(frozen=True, slots=True)
class Parts:
    """What the hub's callbacks need of the engine."""

    store: Store
    runner: Runner
    ids: Ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Paying:
    """One payment, the provider's world, and the hub between them."""

    name: str
    it: Journey
    world: World
    callbacks: Callbacks
    data: Mapping[str, Any]
    amount: int

    async def begin(self) -> str:
        """Ask for the money; the state after."""
        details = {
            "successRedirect": "https://shop.example/ok",
            "failureRedirect": "https://shop.example/ko",
            "providerData": dict(self.data),
        }
        return await self.it.send("scheduleRequested", {"payRequestData": details})

    async def paid(self) -> None:
        """Bring the payment to its end, however many steps the provider takes to it."""
        if await self.begin() == "PAYMENT_PENDING":
            assert await self.settled("ACCEPTED") == "PAYMENT_EXECUTED"
        assert await self.it.state() == "PAYMENT_EXECUTED"

    async def settled(self, word: Word) -> str:
        """The provider decides, and tells us."""
        self.world.settle(await self.payment_id(), word)
        return await self.called(word)

    async def called(self, word: Word) -> str:
        """The provider tells us; the state after."""
        return await self.take(self.world.callback(await self.payment_id(), word))

    async def take(self, request: CallbackRequest) -> str:
        await self.callbacks.take(self.name, request)
        await self.it.dispatcher.idle()
        return await self.it.state()

    async def payment_id(self) -> str:
        return str((await self.it.metadata())["paymentId"])

    async def refund(self, amount: int) -> str:
        """Ask for it, and settle it if the provider takes its time; the state after."""
        state = await self.it.send("refundRequested", {"refundRequestData": {"amount": amount}})
        if state.endswith("REQUESTED"):
            refund_id = (await self.it.metadata())["refundId"]
            if isinstance(self.world, TellsRefunds):
                return await self.take(self.world.refund_callback(refund_id, "ACCEPTED"))
            with suppress(AssertionError):  # some providers tell it by the payment's standing alone
                self.world.settle_refund(refund_id, "ACCEPTED")
            return await self.it.wait(30 * SECOND)
        return state

    async def became(self) -> list[str]:
        """What became of the callbacks so far."""
        return [one["became"] for one in (await self.it.metadata()).get("callbackHistory", [])]


@asynccontextmanager
async def paying(name: str, metadata: Json | None = None) -> AsyncIterator[Paying]:
    """A payment of 12.99 EUR with the provider `name`, created and not asked for yet."""
    suite = suite_of(name)
    async with suite.world() as world:
        can = world.provider.capabilities
        gateway = Gateway({name: world.provider}, public_url="https://hub.example")
        base = {
            "shopTransactionId": "shop-1",
            "amount": suite.amount,
            "currency": "EUR",
            "provider": name,
            "paymentMethod": can.default_method,
            **(metadata or {}),
        }
        bound = {"payments": PaymentsChannel(gateway)}
        async with journey("payment", base, bound) as it:
            callbacks = Callbacks(gateway, Parts(it.store, it.runner, CountedIds(made=900_000)))
            await callbacks.start()
            try:
                data = suite.provider_data(can.default_method)
                yield Paying(
                    name=name, it=it, world=world, callbacks=callbacks, data=data, amount=suite.amount
                )
            finally:
                await callbacks.stop()
