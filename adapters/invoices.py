"""HTML to PDF by a pool of processes. Each runs adapters/invoice_worker.py, where xhtml2pdf lives.

A sheet takes a fifth of a second of CPU and tens of megabytes: too much for the process that answers payments.
A worker is replaced after some sheets, so that memory stays flat, and killed when a sheet takes too long.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson

from engine.errors import ConfigInvalid, PrintingFailed
from engine.model import Millis

WORKERS = 2
SHEETS = 100
"""How many a worker prints before another takes its place."""

SECONDS = 30.0
"""For one sheet, the start of a worker included."""

_PROGRAM = Path(__file__).with_name("invoice_worker.py")
_LENGTH = 4
_DONE = b"+"


class Printer:
    """Prints at most `workers` sheets at once; further ones wait. Workers start with the first sheets.

    Args:
        folders: What a sheet may name: files in these folders, earlier ones first, and data: URIs.
        fonts: By family, the files of its regular and its bold face. They are embedded.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        fonts: Mapping[str, tuple[Path, Path]],
        *,
        workers: int = WORKERS,
        sheets: int = SHEETS,
        seconds: float = SECONDS,
    ) -> None:
        self._job = {
            "folders": [str(folder) for folder in folders],
            "fonts": {family: [str(face) for face in faces] for family, faces in fonts.items()},
        }
        self._sheets = sheets
        self._seconds = seconds
        self._places = asyncio.Semaphore(workers)
        self._workers: set[_Worker] = set()
        self._idle: list[_Worker] = []

    async def pdf(self, html: str, *, at: Millis) -> bytes:
        """The document on paper, made `at` as it says of itself. The same html and time give the same bytes.

        Raises:
            ConfigInvalid: It names a file that it may not read, or is no HTML that can be printed.
            PrintingFailed: A worker died, or took too long. Trying again is safe.
        """
        job = orjson.dumps({**self._job, "html": html, "at": at // 1000})
        async with self._places:
            worker = self._idle.pop() if self._idle else await self._hire()
            try:
                async with asyncio.timeout(self._seconds):
                    answer = await worker.print(job)
            except TimeoutError:
                await self._dismiss(worker)
                raise PrintingFailed(
                    f"A sheet took longer than {self._seconds:g} s and was given up"
                ) from None
            except (EOFError, OSError):
                await self._dismiss(worker)
                raise PrintingFailed("The process that prints ended in the middle of a sheet") from None
            except BaseException:
                await self._dismiss(worker)
                raise
            await self._keep(worker)
        if not answer.startswith(_DONE):
            raise ConfigInvalid(f"invoices: {answer[1:].decode()}")
        return answer[1:]

    @property
    def pids(self) -> list[int]:
        """The processes at work or waiting for it."""
        return [worker.pid for worker in self._workers]

    async def close(self) -> None:
        """End every process. Safe to call twice."""
        self._idle.clear()
        for worker in list(self._workers):
            await self._dismiss(worker)

    async def _hire(self) -> _Worker:
        worker = await _Worker.start()
        self._workers.add(worker)
        return worker

    async def _keep(self, worker: _Worker) -> None:
        if worker.printed < self._sheets and worker in self._workers:
            self._idle.append(worker)
        else:
            await self._dismiss(worker)

    async def _dismiss(self, worker: _Worker) -> None:
        self._workers.discard(worker)
        await worker.kill()


class _Worker:
    """A process that prints one sheet after the other."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid
        self.printed = 0

    @classmethod
    async def start(cls) -> _Worker:
        # Without our environment, which may hold secrets.
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "TMPDIR") if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            str(_PROGRAM),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**kept, "PYTHONHASHSEED": "0", "LANG": "C.UTF-8"},
        )
        return cls(process)

    async def print(self, job: bytes) -> bytes:
        """Raises EOFError or OSError: the process is gone."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(len(job).to_bytes(_LENGTH) + job)
        await stdin.drain()
        length = int.from_bytes(await stdout.readexactly(_LENGTH))
        answer = await stdout.readexactly(length)
        self.printed += 1
        return answer

    async def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()
