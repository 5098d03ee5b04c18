"""How long a machine of 10,000 lines takes to be checked, as a function and as a command."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.report import Options, Report, Verdict
from bench.workers import ROOT, WorkerFailed
from engine.definition.reader import check_text

LINES = 10_000
TARGET = 1.0
REPEAT = 5

HEAD = """\
machine: large
version: 1
initialState: STATE_0
creationEvent: opened
businessStates:
  OPEN:   {id: 0, description: Work goes on}
  CLOSED: {id: 1, description: Work is done}
commands:
  act: {channel: office, payload: {number: "{{ metadata.number }}"}, replies: {done: acted, failed: actFailed}}
states:
"""
STATE = """\
  STATE_{n}:
    businessState: OPEN
    description: Station {n} of a long way
    command: act
    on:
      acted:
        - {{if: "metadata.amount > {n}", to: STATE_{next}}}
        - {{to: STATE_{next}, set: {{seen: "{{{{ saga.id }}}}"}}}}
      actFailed: END
    after:
      24h: END
"""
TAIL = """\
  END:
    businessState: CLOSED
    final: true
"""


def large_machine() -> str:
    """A machine of about 10,000 lines; each state has a command, a guard, a template and a timer."""
    count = LINES // STATE.count("\n")
    states = [STATE.format(n=n, next=n + 1) for n in range(count - 1)]
    last = STATE.format(n=count - 1, next=0)
    return HEAD + "".join(states) + last + TAIL


def run(options: Options) -> Report:
    """Check it a few times each way, and compare with the target."""
    text = large_machine()
    with TemporaryDirectory(prefix="large-", dir=options.folder) as folder:
        path = Path(folder) / "large.yaml"
        path.write_text(text)
        checking = _median(lambda: _check(text))
        command = _median(lambda: _validate(path))
    return Report(
        name="validation",
        title=f"A machine of {text.count(chr(10)):,} lines",
        columns=("way", "median s"),
        rows=[["check_text", f"{checking:.2f}"], ["sagaloom validate, whole process", f"{command:.2f}"]],
        verdicts=[
            Verdict(
                claim=f"validates in under {TARGET:g} s",
                measured=f"{checking:.2f} s, as a command {command:.2f} s",
                met=max(checking, command) < TARGET,
            )
        ],
        data={"lines": text.count("\n"), "check_s": checking, "command_s": command},
    )


def _median(work: Callable[[], None]) -> float:
    times = []
    for _ in range(REPEAT):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _check(text: str) -> None:
    report = check_text(text, file="large.yaml")
    if report.definition is None:
        raise WorkerFailed(f"the generated machine has errors: {report.findings[:3]}")


def _validate(path: Path) -> None:
    command = [sys.executable, "-m", "cli", "validate", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise WorkerFailed(
            f"sagaloom validate ended with {done.returncode}: {done.stdout[-800:]}{done.stderr[-800:]}"
        )
