"""Worker: payments of the shipped machine at a provider that takes its time, on the SQLite store on disk.

`python -m bench.gateway_calls --folder F --concurrency N -- SECONDS` measures one block. Two times are taken, both
without the provider's own: of the gateway's call, and of the payment from its event to its durable end.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import uvloop

from adapters.channels.log import open_log
from adapters.stores.sqlite import open_sqlite
from adapters.ticker import Ticker
from bench.loop import Block, measure, read_block, tell
from bench.probes import quantile
from commands.logs import log_to_stderr
from engine.assembly import Adapters, Engine, running
from engine.clock import SystemClock, SystemIds
from engine.config import Binding, Config
from engine.heap import settle_heap
from engine.model import Delivery, Event, Json, Outcome, Step
from engine.ports import Channel
from hub.gateway import Gateway
from hub.payments_channel import PaymentsChannel
from providers.stripe import open_stripe

HERE = Path(__file__).resolve().parent
MACHINE = HERE.parent / "machines" / "payment.yaml"


class TimedChannel:
    """The gateway, with the time of each call by its idempotency key."""

    def __init__(self, inner: PaymentsChannel) -> None:
        self._inner = inner
        self.calls: dict[str, tuple[float, float]] = {}

    async def send(self, delivery: Delivery) -> Outcome:
        began = time.perf_counter()
        outcome = await self._inner.send(delivery)
        self.calls[delivery.id] = (began, time.perf_counter() - began)
        return outcome

    async def close(self) -> None:
        await self._inner.close()


class Payments:
    """Runs payments on an engine; `whole`: saga id -> (when it began, seconds from the event to its durable end)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self.whole: dict[str, tuple[float, float]] = {}
        engine.runner.on_step.append(self._seen)

    async def run(self, number: int) -> None:
        """Start the payment of that number and ask for it; return when it is durably paid."""
        saga_id = self._engine.ids.new()
        paid = self._waiting[saga_id] = self._loop.create_future()
        await self._engine.runner.start("payment", metadata=_payment(saga_id), saga_id=saga_id)
        began = time.perf_counter()
        await self._engine.runner.handle(saga_id, Event(name="scheduleRequested", id=f"{saga_id}-pay"))
        await paid
        self.whole[saga_id] = (began, time.perf_counter() - began)

    def _seen(self, step: Step) -> None:
        if step.saga.state == "PAYMENT_EXECUTED" and (waiting := self._waiting.pop(step.saga.saga_id, None)):
            waiting.set_result(None)


def _payment(number: str) -> Json:
    buyer = {"id": "b-1", "name": "A. Buyer", "email": "buyer@shop.example", "phone": "+39 06 000000"}
    items = [
        {"itemId": f"i-{n}", "description": "An article", "quantity": 1, "amount": 433} for n in range(3)
    ]
    return {
        "shopTransactionId": f"shop-{number}",
        "amount": 1299,
        "currency": "EUR",
        "provider": "stripe",
        "paymentMethod": "credit-cards",
        "payRequestData": {"providerData": {"paymentMethodId": "pm_card_visa"}},
        "additionalData": {"channel": "web", "buyer": buyer, "items": items},
    }


async def _main() -> None:
    block, (seconds,) = read_block()
    provider = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.slow_provider", seconds, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert provider.stdout is not None
        await _measured(block, f"http://127.0.0.1:{int(await provider.stdout.readline())}")
    finally:
        provider.kill()
        await provider.wait()


async def _measured(block: Block, url: str) -> None:
    stripe = open_stripe(
        "stripe", {"baseUrl": url, "privateKey": "sk_test", "returnUrl": "https://shop.example/"}
    )
    timed = TimedChannel(PaymentsChannel(Gateway({"stripe": stripe})))
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # that a tick comes late under load is no news
    settle_heap()
    adapters = Adapters(stores={"sqlite": open_sqlite}, channels={"payments": _given(timed), "log": open_log})
    config = Config(
        store=Binding(type="sqlite", options={"path": str(block.folder / "engine.db")}),
        machines=(MACHINE,),
        channels={
            "payments": Binding(type="payments"),
            **dict.fromkeys(("notifications", "merchant"), Binding(type="log")),
        },
        base=HERE,
    )
    async with running(
        config, adapters=adapters, clock=SystemClock(), ids=SystemIds(), heartbeat=Ticker()
    ) as engine:
        payments = Payments(engine)
        began = time.perf_counter()
        result = await measure(payments.run, block)
        provider = await asyncio.to_thread(_times_of, url)
    since = began + block.warmup
    own = _without(provider, timed.calls, since)
    by_saga = {key.split(".")[0]: seconds for key, seconds in provider.items()}
    tell(result, system="gateway", call=_spread(own), whole=_spread(_without(by_saga, payments.whole, since)))


def _times_of(url: str) -> dict[str, float]:
    with urlopen(f"{url}/times") as answer:
        found: dict[str, float] = json.load(answer)
    return found


def _given(channel: Channel) -> Callable[[str, Mapping[str, Any], Path], Channel]:
    return lambda name, options, folder: channel


def _without(
    provider: Mapping[str, float], took: Mapping[str, tuple[float, float]], since: float
) -> list[float]:
    """What remains of each time that began after `since` when the provider's own is taken off; milliseconds."""
    return [(seconds - provider[key]) * 1e3 for key, (began, seconds) in took.items() if began >= since]


def _spread(times: list[float]) -> dict[str, float]:
    return {"n": len(times), "p50": round(quantile(times, 0.5), 3), "p99": round(quantile(times, 0.99), 3)}


if __name__ == "__main__":
    log_to_stderr("error")
    uvloop.run(_main())
