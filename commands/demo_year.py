"""Lives a made-up year through on a store: real sagas, real machines, sandboxes for providers, and a clock of its own.

Nothing leaves the process: every channel but the payments' says that it is done.
"""

from __future__ import annotations

import heapq
import random  # noqa: TID251  the seed is the user's, and the same seed must give the same ids
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from commands.demo_stories import DAY, HOUR, MINUTE, PROVIDERS, Plan, Purchase, Story
from commands.wiring import STORES
from engine.assembly import Adapters, Engine, running
from engine.config import Binding, Config
from engine.errors import ConfigInvalid
from engine.model import Delivery, Done, Event, Json, Millis, Outcome, Query
from engine.ports import Channel
from hub.gateway import Gateway
from hub.payments_channel import PaymentsChannel
from hub.views.rows import PAYMENT, SUBSCRIPTION
from hub.views.views import Views
from providers.callbacks import Word
from providers.sandbox import SandboxProvider

QUIET, PAYING = "demo-quiet", "demo-payments"
ACTOR = "demo"
Act = Callable[[], Awaitable[None]]


class DemoClock:
    """Stands where it was put."""

    def __init__(self, at: Millis) -> None:
        self.at = at

    def now(self) -> Millis:
        return self.at


class DemoIds:
    """As SystemIds, of the demo's clock and dice."""

    def __init__(self, clock: DemoClock, seed: int) -> None:
        self._clock = clock
        self._dice = random.Random(seed)  # noqa: S311  nothing secret is thrown

    def new(self) -> str:
        return f"{self._clock.now():012x}{self._dice.getrandbits(80):020x}"

    def jitter(self) -> float:
        return 0.0


class Quiet:
    """A channel that says it is done."""

    async def send(self, delivery: Delivery) -> Outcome:
        return Done(reply="done" if "done" in delivery.replies else None)

    async def close(self) -> None:
        """Nothing to let go of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """What is in the store now."""

    payments: Mapping[str, int]
    subscriptions: Mapping[str, int]


async def live_through(
    config: Config, told: Sequence[Story], *, seed: int, until: Millis, force: bool
) -> Lived:
    """Have all of it happen, and leave the store as a daemon would at `until`.

    Raises:
        ConfigInvalid: The store has sagas already (unless `force`), or lacks the machines.
    """
    sandboxes = {name: SandboxProvider() for name in PROVIDERS}
    clock = DemoClock(told[0].at)
    channels = {name: Binding(type=QUIET) for name in config.channels} | {"payments": Binding(type=PAYING)}
    quiet = replace(config, channels=channels, jobs={})
    async with running(quiet, adapters=_adapters(sandboxes), clock=clock, ids=DemoIds(clock, seed)) as engine:
        await _check(engine, force=force)
        views = Views(engine.store, clock, engine.ids)
        views.follow(engine.runner)
        await _Year(engine, clock, sandboxes, until).live(told)
        await views.projector.catch_up()
        await views.settle(days=True)
        return Lived(payments=await views.payment_counts(), subscriptions=await views.subscription_counts())


def _adapters(sandboxes: Mapping[str, SandboxProvider]) -> Adapters:
    def pay(name: str, options: Mapping[str, Any], folder: Path) -> Channel:
        return PaymentsChannel(Gateway(sandboxes, public_url="https://shop.example"))

    def quiet(name: str, options: Mapping[str, Any], folder: Path) -> Channel:
        return Quiet()

    return Adapters(stores=STORES, channels={PAYING: pay, QUIET: quiet})


async def _check(engine: Engine, *, force: bool) -> None:
    if missing := {PAYMENT, SUBSCRIPTION} - set(engine.deployments.names()):
        raise ConfigInvalid(
            f"machines: the demo needs {' and '.join(sorted(missing))}: add them to the configuration"
        )
    if not force and await engine.store.list(Query(limit=1)):
        raise ConfigInvalid(
            "store: it has sagas already; name an empty one (--data DIR), or add to it with --force"
        )


class _Year:
    """What is to happen when, and the daemon's own work between."""

    def __init__(
        self, engine: Engine, clock: DemoClock, sandboxes: Mapping[str, SandboxProvider], until: Millis
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._sandboxes = sandboxes
        self._until = until
        self._acts: list[tuple[Millis, int, Act]] = []
        self._order = count()

    async def live(self, told: Sequence[Story]) -> None:
        for story in told:
            self._later(story.at, self._beginning(story))
        while self._acts:
            at, _, act = heapq.heappop(self._acts)
            await self._pass(at)
            await act()
            await self._engine.dispatcher.idle()
        await self._pass(self._until)

    async def _pass(self, until: Millis) -> None:
        """Let time pass, and do what sagas owe on the way, each thing at its own moment."""
        store, dispatcher = self._engine.store, self._engine.dispatcher
        while (due := await store.next_due()) is not None and due <= until:
            self._clock.at = max(self._clock.at, due)
            while await dispatcher.tick():
                await dispatcher.idle()
        self._clock.at = max(self._clock.at, until)

    def _later(self, at: Millis, act: Act) -> None:
        if at < self._until:
            heapq.heappush(self._acts, (at, next(self._order), act))

    def _beginning(self, story: Story) -> Act:
        async def begin() -> None:
            await (self._buy(story) if isinstance(story, Purchase) else self._subscribe(story))

        return begin

    async def _subscribe(self, plan: Plan) -> None:
        started = await self._engine.runner.start(SUBSCRIPTION, metadata=plan.metadata, actor=ACTOR)
        saga_id = started.saga.saga_id
        await self._tell(saga_id, "start")
        if plan.cancelled is not None:
            self._later(
                plan.at + plan.cancelled, lambda: self._tell(saga_id, "update", {"expireRequested": True})
            )
        if plan.broken is not None:
            self._later(plan.at + plan.broken, lambda: self._break(saga_id))

    async def _break(self, saga_id: str) -> None:
        """The card of a subscription stops working."""
        data = (await self._engine.store.load(saga_id)).metadata
        self._sandboxes[data["provider"]].ledger.cancelled.add(data.get("subscriptionToken") or "")

    async def _buy(self, one: Purchase) -> None:
        sandbox = self._sandboxes[one.metadata["provider"]]
        if one.ending == "declined":
            sandbox.ledger.script("decline")
        elif one.ending in ("pending", "late", "paid later", "failed later", "paid after all"):
            sandbox.ledger.script("pending")
        started = await self._engine.runner.start(PAYMENT, metadata=one.metadata, actor=ACTOR)
        saga_id = started.saga.saga_id
        if one.ending != "left":
            await self._tell(saga_id, one.event)
            self._follow(one, saga_id)

    def _follow(self, one: Purchase, saga_id: str) -> None:
        """What the provider and the shop's people do later."""
        soon, amount = one.at + one.after, one.metadata["amount"]
        half = max(amount // 200 * 100, 100)
        if one.ending == "paid later" or one.event == "linkRequested":
            self._later(soon, lambda: self._decide(saga_id, "ACCEPTED"))
        elif one.ending in ("failed later", "paid after all"):
            self._later(soon, lambda: self._decide(saga_id, "FAILED"))
        if one.ending == "paid after all":
            self._later(soon + HOUR, lambda: self._tell(saga_id, "paymentExecuted"))
        if one.ending == "refunded":
            self._later(soon + 2 * DAY, lambda: self._refund(one, saga_id, amount))
        elif one.ending == "refund pending":
            self._later(one.at + HOUR, lambda: self._refund(one, saga_id, half - 93))
        elif one.ending in ("partly refunded", "refunded in parts"):
            self._later(soon + DAY, lambda: self._refund(one, saga_id, half))
            if one.ending == "refunded in parts":
                self._later(soon + 5 * DAY, lambda: self._refund(one, saga_id, amount - half))

    async def _refund(self, one: Purchase, saga_id: str, amount: int) -> None:
        await self._tell(saga_id, "refundRequested", {"refundRequestData": {"amount": amount}}, one.who)

    async def _decide(self, saga_id: str, word: Word) -> None:
        """The provider decides, and calls back if it is not asked first."""
        data = (await self._engine.store.load(saga_id)).metadata
        self._sandboxes[data["provider"]].ledger.settle(data["paymentId"], word)
        event = "paymentExecuted" if word == "ACCEPTED" else "paymentFailed"
        self._clock.at += MINUTE
        await self._tell(
            saga_id, event, {} if word == "ACCEPTED" else {"error": "the customer did not confirm"}
        )

    async def _tell(self, saga_id: str, event: str, payload: Json | None = None, actor: str = ACTOR) -> None:
        await self._engine.runner.handle(saga_id, Event(name=event, payload=payload or {}, actor=actor))
