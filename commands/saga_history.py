"""The history of a saga, as the daemon gives it page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from commands.client import Daemon, part

PAGE = 500


def history(daemon: Daemon, saga: str) -> Iterator[Any]:
    """Every row, oldest first. Raises DaemonMissing, DaemonRefused."""
    after: int | None = 0
    while after is not None:
        page = daemon.get(f"/api/v1/sagas/{part(saga)}/history", after=after, limit=PAGE)
        yield from page["items"]
        after = page.get("nextAfter")
