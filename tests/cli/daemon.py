"""A real daemon for tests: the program `sagaloom serve` in a process of its own, on a free port."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

READY = "Sagaloom is ready at:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A daemon that has printed its address; `lines` is what it printed."""

    process: subprocess.Popen[str]
    url: str
    lines: tuple[str, ...]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Its exit code."""
        self.process.send_signal(how)
        return self.process.wait(timeout=30)


@contextmanager
def serving(*arguments: str, folder: Path) -> Iterator[Running]:
    """`sagaloom serve --port 0 ARGUMENTS` in `folder`, stopped at the end whatever happens."""
    with (folder / "stderr.txt").open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli", "serve", "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=folder,
            env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin"},
        )
        try:
            yield _ready(process, folder)
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(timeout=30)
            if process.stdout is not None:
                process.stdout.close()


def _ready(process: subprocess.Popen[str], folder: Path) -> Running:
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if line.startswith("Store:"):
            url = next(one for one in lines if one.startswith(READY)).split()[-1]
            return Running(process=process, url=url, lines=tuple(lines))
    raise AssertionError(f"the daemon did not start: {(folder / 'stderr.txt').read_text()}")
