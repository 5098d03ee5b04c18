"""Where one saga has been, and on which machine: from a daemon, or from the store that none has open."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from commands.client import Address, Daemon, part
from commands.saga_history import history
from commands.terminal import safe
from engine.definition.ir import Definition
from engine.definition.reader import check_text
from engine.drawing.graph import Move

STORE_FILE = "sagaloom.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The definition that the saga runs on, its moves oldest first, and where it stands."""

    definition: Definition
    moves: tuple[Move, ...]
    current: str


def way_from_daemon(saga: str, address: Address) -> Way:
    """Ask the daemon at `address`. Raises DaemonMissing, DaemonRefused."""
    daemon = Daemon(address)
    document = daemon.get(f"/api/v1/sagas/{part(saga)}")
    machine = daemon.get(f"/api/v1/machines/{part(document['machine'])}", version=document["machineVersion"])
    rows = history(daemon, document["sagaId"])
    return Way(
        definition=_definition(machine["source"], document["machine"]),
        moves=_moves((row["result"], row["from"], row["event"], row["to"]) for row in rows),
        current=document["currentState"],
    )


def way_from_store(saga: str, data: Path) -> Way:
    """Read the SQLite store in the folder `data`.

    Raises:
        SagaNotFound, KeyAmbiguous
        StoreLocked: A daemon runs on it: ask that one.
    """
    if not (data / STORE_FILE).is_file():
        raise click.UsageError(f"There is no {STORE_FILE} in {safe(data)}.")
    return asyncio.run(_read(saga, data))


async def _read(saga: str, data: Path) -> Way:
    from commands.wiring import STORES

    store = await STORES["sqlite"]({"path": STORE_FILE}, data)
    try:
        found = await store.load(await store.find(saga))
        rows = await store.history(found.saga_id)
        stored = await store.definitions(found.machine)
    finally:
        await store.close()
    source = next(one.source for one in stored if one.version == found.machine_version)
    return Way(
        definition=_definition(source, found.machine),
        moves=_moves((row.result, row.source, row.event, row.state) for row in rows),
        current=found.state,
    )


def _moves(rows: Iterable[tuple[Any, Any, Any, Any]]) -> tuple[Move, ...]:
    return tuple(
        (source or "", event, target) for result, source, event, target in rows if result == "applied"
    )


def _definition(source: str, machine: str) -> Definition:
    report = check_text(source, file=f"{machine} (as deployed)")
    if report.definition is None:
        raise click.ClickException(f"The deployed machine {safe(machine)} does not load in this release.")
    return report.definition
