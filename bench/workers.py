"""Runs a worker: a process of its own that measures one block on an empty folder and prints a line of JSON."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.report import Options

ROOT = Path(__file__).resolve().parent.parent

SLACK = 60.0
"""Seconds that a worker may take beside its window, start and clean-up included."""


class WorkerFailed(Exception):
    """A worker ended without a result; the message holds the end of what it said."""


def run_block(
    worker: Sequence[str],
    options: Options,
    *,
    concurrency: int,
    duration: float | None = None,
    python: str = sys.executable,
    env: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """One window of `worker` (module and its arguments) at `concurrency`.

    Raises:
        WorkerFailed: It failed, or took longer than it may. It is dead by then.
    """
    seconds = options.duration if duration is None else duration
    with TemporaryDirectory(prefix="block-", dir=options.folder) as folder:
        module, *arguments = worker
        print(f"  {' '.join(worker[:2])} at {concurrency} ...", file=sys.stderr, flush=True)
        command = [python, "-m", module, "--concurrency", str(concurrency), "--duration", str(seconds)]
        command += ["--warmup", str(options.warmup), "--folder", folder, *arguments]
        return _result(command, seconds + options.warmup + SLACK, env)


def _result(command: Sequence[str], limit: float, env: Mapping[str, str] | None) -> dict[str, Any]:
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, said = process.communicate(timeout=limit)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)  # what it started itself is in its session too
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise WorkerFailed(f"{command[2]}: no result within {limit:.0f} s") from error
        raise
    lines = out.strip().splitlines()
    if process.returncode != 0 or not lines:
        raise WorkerFailed(f"{command[2]} ended with {process.returncode}: {said.strip()[-800:]}")
    result: dict[str, Any] = json.loads(lines[-1])
    return result
