"""`sagaloom demo`: a payment and an order from start to end, on a store that is thrown away; or a year of a shop."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.options import json_option
from commands.terminal import print_json, safe, say

if TYPE_CHECKING:
    from engine.assembly import Engine
    from engine.model import HistoryRow, Json, Step

PATIENCE = 30.0
"""Seconds for a saga that takes a fraction of one: a slow disk is no failure."""

NEXT = """
Try next:
  sagaloom serve                                   run the daemon on the same machines
  sagaloom draw {machines}/order.yaml -o order.svg
                                                   see the machine
  sagaloom saga start order --metadata '{{"orderNumber": "1", "total": 1299, "currency": "EUR"}}'
                                                   the same order, on the daemon
  sagaloom saga list                               and what became of it
"""

FILLED = """
Try next:
  sagaloom serve                                   with the same --config or --data; then open /backoffice
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A saga of the demo: what it starts with, the event it is told, and the state it is to reach."""

    title: str
    machine: str
    metadata: Mapping[str, Any]
    event: str | None
    goal: str


STORIES = (
    Story(
        title="A payment of 12.99 EUR by card",
        machine="payment",
        metadata={
            "shopTransactionId": "demo-1",
            "amount": 1299,
            "currency": "EUR",
            "provider": "sandbox",
            "paymentMethod": "credit-cards",
        },
        event="scheduleRequested",
        goal="PAYMENT_EXECUTED",
    ),
    Story(
        title="An order of 25.00 EUR that is paid, prepared and delivered",
        machine="order",
        metadata={"orderNumber": "demo-2", "total": 2500, "currency": "EUR"},
        event=None,
        goal="ORDER_DELIVERED",
    ),
)


@click.command("demo")
@click.option(
    "--payments",
    type=click.IntRange(1, 100_000),
    metavar="N",
    help="Fill the store with a year of about N payments instead.",
)
@click.option(
    "--config",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Whose store; left out: the built-in config.yaml.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Fill the embedded store in DIR.",
)
@click.option(
    "--seed", type=int, default=7, show_default=True, metavar="N", help="The same seed gives the same year."
)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY", help="The year's last day; today.")
@click.option(
    "--days", type=click.IntRange(30, 3650), default=365, show_default=True, help="How long the year is."
)
@click.option("--force", is_flag=True, help="Add to a store that has sagas already.")
@json_option
def command(payments: int | None, as_json: bool, **year: Any) -> None:
    """Run a payment and an order through, and show the way they take; with --payments fill a store to look at.

    No daemon is needed, and none may be running on the store: payments go to a sandbox, the warehouse is made up.
    Without --payments nothing is kept.
    """
    from commands.logs import log_to_stderr

    log_to_stderr("error")
    if payments is not None:
        _fill(payments, Year(**year), as_json=as_json)
        return
    with tempfile.TemporaryDirectory(prefix="sagaloom-demo-") as folder:
        told = asyncio.run(_demo(Path(folder), aloud=not as_json))
    if as_json:
        print_json(told)
    else:
        say(NEXT.format(machines=_machines_folder()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """The options of --payments."""

    file: Path | None
    data: Path | None
    seed: int
    until: datetime | None
    days: int
    force: bool


def _fill(payments: int, year: Year, *, as_json: bool) -> None:
    """Fill the store and say with what."""
    from commands.demo_stories import DAY, stories
    from commands.demo_year import live_through
    from engine.clock import SystemClock
    from engine.config import load_config

    now = SystemClock().now()
    until = now if year.until is None else int(year.until.replace(tzinfo=UTC).timestamp() * 1000) + DAY
    config = load_config(year.file, data=year.data)
    told = stories(payments, seed=year.seed, until=until, days=year.days)
    lived = asyncio.run(live_through(config, told, seed=year.seed, until=until, force=year.force))
    if as_json:
        print_json({"payments": dict(lived.payments), "subscriptions": dict(lived.subscriptions)})
        return
    for what, counts in (("payments", lived.payments), ("subscriptions", lived.subscriptions)):
        parts = ", ".join(f"{count} {status.lower().replace('_', ' ')}" for status, count in counts.items())
        say(f"{sum(counts.values())} {what}: {parts}")
    say(FILLED)


async def _demo(folder: Path, *, aloud: bool) -> list[dict[str, Any]]:
    from commands.wiring import adapters
    from engine.assembly import running
    from engine.clock import SystemClock, SystemIds
    from engine.config import load_config

    config = load_config(None, data=folder)
    async with running(config, adapters=adapters(config), clock=SystemClock(), ids=SystemIds()) as engine:
        return [await _tell(engine, story, aloud) for story in STORIES]


async def _tell(engine: Engine, story: Story, aloud: bool) -> dict[str, Any]:
    """Run one story; answers its saga and path."""
    from engine.document import history_event
    from engine.model import Event

    steps: asyncio.Queue[Step] = asyncio.Queue()
    engine.runner.on_step.append(steps.put_nowait)
    if aloud:
        say(f"\n{story.title}:")
    started = await engine.runner.start(story.machine, metadata=dict(story.metadata), actor="demo")
    saga = started.saga
    if story.event is not None:
        await engine.runner.handle(saga.saga_id, Event(name=story.event, actor="demo"))
    path: list[Json] = []
    async with asyncio.timeout(PATIENCE):
        while not path or path[-1]["to"] != story.goal:
            step = await steps.get()
            path += [history_event(row) for row in step.rows]
            if aloud:
                for row in step.rows:
                    _say_row(row)
    engine.runner.on_step.remove(steps.put_nowait)
    return {"sagaId": saga.saga_id, "machine": story.machine, "state": story.goal, "path": path}


def _say_row(row: HistoryRow) -> None:
    business = safe(row.business_state_description)
    if row.source is None:
        say(f"  {safe(row.event):<22} starts in {safe(row.state)}  ({business})")
    else:
        say(f"  {safe(row.event):<22} {safe(row.source)} -> {safe(row.state)}  ({business})")


def _machines_folder() -> Path:
    folder = Path(__file__).resolve().parent.parent / "machines"
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder
