"""What a command of a large fan-out costs beside one of a small: 1,000 commands in a saga and 10, in turn.

    python -m bench.fanout

The whole engine on SQLite, and the store alone (a claim, then a commit a reply, as the dispatcher and the
runner do it). Replies of one saga are taken one by one, so each waits for the disk: CPU tells them apart.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvloop

from adapters.stores.sqlite import open_sqlite
from bench.embedded import engine_in
from bench.orders import order
from bench.report import Options, Report, Verdict, median, show, shown
from engine.assembly import Engine
from engine.model import Entry, HistoryRow, Saga, Step
from engine.ports import Store

SMALL, LARGE = 10, 1_000
ROUNDS, QUICK_ROUNDS = 5, 1
TARGET = 3.0

OneSaga = Callable[[int, str], Awaitable[None]]
"""Runs a saga of so many commands, under that id, to its end."""


def machine(commands: int) -> str:
    """The YAML of a machine that asks for so many commands at once."""
    names = [f"do{number}" for number in range(commands)]
    asked = "\n".join(
        f"  {name}: {{channel: office, replies: {{done: did{name}, failed: failed{name}}}}}" for name in names
    )
    return f"""
machine: benchFanout{commands}
version: 1
initialState: ASKED
creationEvent: begun
businessStates:
  OPEN: {{id: 0, description: Under way}}
commands:
{asked}
states:
  ASKED:
    businessState: OPEN
    commands: [{", ".join(names)}]
    on:
      $done: JOINED
      $failed: JOINED
  JOINED:
    businessState: OPEN
    final: true
"""


def run(options: Options) -> Report:
    """Both sizes in turn, so that the disk's drift hits both."""
    rounds = QUICK_ROUNDS if options.quick else ROUNDS
    with TemporaryDirectory(prefix="fanout-", dir=options.folder) as folder:
        blocks = uvloop.run(_measure(Path(folder), rounds))
    cells = {(b["part"], b["commands"]): b for b in blocks}
    ratios = {
        part: {key: cells[part, LARGE][key] / cells[part, SMALL][key] for key in ("us", "cpu_us")}
        for part in ("store", "engine")
    }
    return Report(
        name="fanout",
        title=f"A command of a fan-out of {LARGE:,} beside one of {SMALL}",
        columns=("part", "commands", "us a command", "CPU us a command"),
        rows=[[b["part"], f"{b['commands']:,}", shown(b["us"]), shown(b["cpu_us"])] for b in blocks],
        verdicts=[
            Verdict(
                claim=f"{part}: at most {TARGET:g} times the cost",
                measured=f"{ratio['us']:.2f} in time, {ratio['cpu_us']:.2f} in CPU",
                met=max(ratio.values()) <= TARGET,
            )
            for part, ratio in ratios.items()
        ],
        data={"blocks": blocks, "ratios": ratios},
    )


async def _measure(folder: Path, rounds: int) -> list[dict[str, Any]]:
    store = await open_sqlite({"path": "store.db"}, folder)
    try:
        blocks = await _in_turn("store", lambda n, name: _on_store(store, n, name), rounds)
    finally:
        await store.close()
    machines = {folder / f"fanout{commands}.yaml": machine(commands) for commands in (SMALL, LARGE)}
    for path, text in machines.items():
        path.write_text(text)
    async with engine_in(folder, *machines) as engine:
        runs = Runs(engine)
        return blocks + await _in_turn("engine", runs.run, rounds)


async def _in_turn(part: str, one: OneSaga, rounds: int) -> list[dict[str, Any]]:
    measured: dict[int, list[dict[str, float]]] = {SMALL: [], LARGE: []}
    for turn in range(rounds + 1):
        for commands, blocks in measured.items():
            block = await _block(one, commands, f"{part}-{turn}")
            if turn:  # the first warms up
                blocks.append(block)
    return [
        {"part": part, "commands": commands, **{key: median(blocks, key) for key in ("us", "cpu_us")}}
        for commands, blocks in measured.items()
    ]


async def _block(one: OneSaga, commands: int, name: str) -> dict[str, float]:
    """As many commands with either size, saga after saga."""
    began, cpu = time.perf_counter(), time.process_time()
    for number in range(LARGE // commands):
        await one(commands, f"{name}-{commands}-{number}")
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {"us": took / LARGE * 1e6, "cpu_us": cpu / LARGE * 1e6}


class Runs:
    """Runs whole sagas on the engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._ended = asyncio.Event()
        engine.runner.on_step.append(self._seen)

    async def run(self, commands: int, name: str) -> None:
        self._ended.clear()
        await self._engine.runner.start(f"benchFanout{commands}", metadata=order(commands), saga_id=name)
        await self._ended.wait()

    def _seen(self, step: Step) -> None:
        if step.saga.is_final:
            self._ended.set()


async def _on_store(store: Store, commands: int, name: str) -> None:
    saga, left = _started(commands, name), commands
    await store.create(Step(saga=saga, rows=(_row(saga, None),), added=saga.agenda))
    while left:
        claims = await store.claim(owner="bench", now=1, lease=60_000, limit=512)
        for claim in claims:
            saga = replace(saga, version=saga.version + 1)
            done = replace(claim.entry, status="done", done=saga.version, payload={})
            row = _row(saga, saga.state, claim.entry.id)
            await store.commit(Step(saga=saga, rows=(row,), rewritten=(done,)))
        left -= len(claims)


def _started(commands: int, name: str) -> Saga:
    owed = tuple(
        Entry(id=f"{name}.1.{n}", saga_id=name, kind="command", name=f"do{n}", channel="office", due=1)
        for n in range(commands)
    )
    return Saga(
        saga_id=name,
        machine="fanout",
        machine_version=1,
        version=1,
        entity_id="",
        state="ASKED",
        is_final=False,
        business_state="OPEN",
        business_state_id=0,
        business_state_description="Under way",
        latest_event="begun",
        metadata=order(commands),
        agenda=owed,
        created_at=1,
        updated_at=1,
    )


def _row(saga: Saga, source: str | None, event_id: str | None = None) -> HistoryRow:
    return HistoryRow(
        seq=saga.version,
        at=1,
        event="did",
        event_id=event_id,
        source=source,
        state=saga.state,
        entered=False,
        business_state_id=0,
        business_state_description=saga.business_state_description,
    )


def main() -> int:
    """Print the report; 0 when the targets are met."""
    report = run(Options(duration=0, repeat=0, folder=Path.cwd()))
    show(report)
    return 0 if all(verdict.met for verdict in report.verdicts) else 1


if __name__ == "__main__":
    raise SystemExit(main())
