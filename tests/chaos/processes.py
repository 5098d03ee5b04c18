"""Daemons as processes: started, found ready, killed by their pid."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

READY = re.compile(rb"ready at:?\s+(http://\S+)")
START_WITHIN = 30.0
END_WITHIN = 30.0
ROOT = Path(__file__).parents[2]


class Daemon:
    """One process. Its log goes to a file, for the person who has to find out why."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log
        self.url = ""

    @classmethod
    async def start(cls, arguments: Sequence[str], log: Path) -> Daemon:
        """Start `python ARGUMENTS`; come back when it exists, not when it is ready."""
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *arguments,
                cwd=ROOT,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        return cls(process, log)

    async def ready(self) -> bool:
        """Wait for its URL; False if it died before it had one."""
        assert self._process.stdout is not None
        async with asyncio.timeout(START_WITHIN):
            async for line in self._process.stdout:
                if found := READY.search(line):
                    self.url = found[1].decode()
                    return True
        return False

    @property
    def pid(self) -> int:
        return self._process.pid

    async def killed(self) -> None:
        """kill -9, and its end."""
        self.signal(signal.SIGKILL)
        assert await self.ended() == -signal.SIGKILL

    async def end(self) -> None:
        """Leave nothing of it behind, dead or alive, also if it is frozen."""
        self.signal(signal.SIGKILL)
        await self.ended()

    async def ended(self) -> int:
        """The exit code; minus the signal that ended it."""
        async with asyncio.timeout(END_WITHIN):
            # Its output is read to the end, so that a full pipe cannot hold it up.
            await self._process.communicate()
            return await self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        if self._process.returncode is None:
            os.kill(self._process.pid, number)

    def last_words(self) -> str:
        return self._log.read_text(errors="replace")[-3_000:]
