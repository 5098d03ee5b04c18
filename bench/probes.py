"""Reads what the machine does: the disk's fdatasync, CPU time of processes, memory. Standard library only."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def fsync_micros(folder: Path, seconds: float = 0.5) -> float:
    """Median fdatasync of a 4 KB append in `folder`, right now, in microseconds."""
    path = folder / "fsync.probe"
    took = []
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    try:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            began = time.perf_counter()
            os.write(descriptor, b"x" * 4096)
            os.fdatasync(descriptor)
            took.append(time.perf_counter() - began)
    finally:
        os.close(descriptor)
        path.unlink()
    return quantile(took, 0.5) * 1e6


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of `values` lie; 0.0 if there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def cpu_seconds(pids: Sequence[int]) -> float:
    """User and system time of the processes and of their living descendants, reaped ones included."""
    return sum(_ticks(pid) for pid in family(pids)) / TICKS


def busy_seconds() -> float:
    """CPU time that everything on this machine has used since it was started."""
    with open("/proc/stat") as lines:
        user, nice, system, _idle, _wait, irq, softirq = map(int, lines.readline().split()[1:8])
    return (user + nice + system + irq + softirq) / TICKS


def resident_mb(pid: int) -> float:
    """Resident memory of a process in MB (10^6 bytes), as /proc tells it."""
    with open(f"/proc/{pid}/status") as lines:
        line = next(line for line in lines if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024 / 1e6


def private_mb(pids: Iterable[int]) -> float:
    """Memory of the processes that is no file's, in MB (10^6 bytes); of those that are gone meanwhile 0."""
    return sum(map(_anonymous, pids)) * 1024 / 1e6


def family(pids: Sequence[int]) -> set[int]:
    """The processes and their living descendants."""
    found: set[int] = set()
    left = list(pids)
    while left:
        pid = left.pop()
        if pid not in found:
            found.add(pid)
            left += _children(pid)
    return found


def _anonymous(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon:"))


def _children(pid: int) -> list[int]:
    try:
        return [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except (FileNotFoundError, ProcessLookupError):
        return []


def _ticks(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(map(int, text[text.rindex(")") + 2 :].split()[11:15]))
