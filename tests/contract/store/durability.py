"""For stores that keep files: what was acknowledged is there after the process is gone, however it went."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from engine.model import StoredDefinition
from engine.ports import Store
from tests.contract.sagas import created, entry, followed, key
from tests.contract.store.suite import StoreSuite


class DurabilitySuite(StoreSuite):
    """`opener` is the dotted path of the store's factory, for the process that is killed."""

    opener: ClassVar[str]
    options: ClassVar[Mapping[str, Any]]
    acknowledged: ClassVar[int] = 400
    """Sagas that a child says are durable before it is killed: some batches of SQLite, well under a second."""

    def test_everything_is_there_after_opening_again(self, tmp_path: Path) -> None:
        definition = StoredDefinition(machine="order", version=1, content_hash="a", source="x", deployed_at=1)
        first = created(owes=(entry(), entry(number=1)), keys=(key(),))
        second = followed(first.saga, event_id="e1", state="PAID")

        async def write(store: Store) -> object:
            await store.deploy(definition)
            await store.create(first)
            await store.commit(second)
            [claim] = await store.claim(owner="a", now=1_000, lease=10, limit=1)
            await store.park(claim.entry, reason="gave up")
            return await _all(store)

        async def _all(store: Store) -> object:
            return (
                await store.load("s1"),
                await store.history("s1"),
                await store.find("n1"),
                await store.agenda(),
                await store.counts(),
                await store.definitions(),
            )

        assert self._opened(tmp_path, write) == self._opened(tmp_path, _all)

    def test_every_acknowledged_write_survives_kill_9(self, tmp_path: Path) -> None:
        for turn in range(3):
            acknowledged = self._acknowledged_before_kill(tmp_path, turn)
            assert len(acknowledged) >= self.acknowledged

            async def check(store: Store, versions: Mapping[str, int] = acknowledged) -> None:
                for saga_id, version in versions.items():
                    saga = await store.load(saga_id)
                    assert saga.version >= version
                    assert [r.seq for r in await store.history(saga_id)] == list(range(1, saga.version + 1))
                    assert [e.id for e in saga.agenda] == [f"{saga_id}.{saga.version}.0"]
                    assert saga.metadata["version"] == saga.version

            self._opened(tmp_path, check)

    def _opened(self, folder: Path, use: Any) -> Any:
        async def body() -> Any:
            store = await self.open(folder)
            try:
                return await use(store)
            finally:
                await store.close()

        return asyncio.run(body())

    def _acknowledged_before_kill(self, folder: Path, turn: int) -> dict[str, int]:
        """Saga ids and the versions that the child said were durable."""
        child = subprocess.Popen(
            [sys.executable, "-m", __name__, self.opener, json.dumps(self.options), str(folder), f"t{turn}"],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[3],
            text=True,
        )
        assert child.stdout is not None
        with child, child.stdout as lines:
            acknowledged = dict([_read(lines.readline()) for _ in range(self.acknowledged)])
            os.kill(child.pid, signal.SIGKILL)
            acknowledged |= dict([_read(line) for line in lines if line.endswith("\n")])
        assert child.returncode == -signal.SIGKILL
        return acknowledged


def _read(line: str) -> tuple[str, int]:
    saga_id, version = line.split()
    return saga_id, int(version)


async def _write_for_ever(opener: str, options: Mapping[str, Any], folder: Path, name: str) -> None:
    module, function = opener.split(":")
    factory = getattr(__import__(module, fromlist=[function]), function)
    store = await factory(options, folder)

    async def write(caller: int) -> None:
        number = 0
        while True:
            await _write_saga(store, f"{name}-{caller}-{number}")
            number += 1

    await asyncio.gather(*(write(caller) for caller in range(32)))


async def _write_saga(store: Store, saga_id: str) -> None:
    step = created(saga_id, owes=(entry(saga_id),), metadata={"version": 1, "x": "x" * 1000})
    await store.create(step)
    for version in range(2, 5):
        step = followed(
            step.saga,
            owes=(entry(saga_id, version=version),),
            removed=(f"{saga_id}.{version - 1}.0",),
            metadata={"version": version, "x": "x" * 1000},
        )
        await store.commit(step)
    print(saga_id, step.saga.version, flush=True)


if __name__ == "__main__":
    asyncio.run(_write_for_ever(sys.argv[1], json.loads(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]))
