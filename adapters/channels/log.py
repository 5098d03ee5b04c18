"""Channel `log`: one structured line for each delivery, and that is all.

Stands in for mail and other notifications until they are bound. Names and ids only: a payload holds
people's data. commands/wiring.py puts `open_log` into the registry of channels.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

from adapters.channels.options import only
from engine.model import Delivery, Done, Outcome

_log = structlog.get_logger("sagaloom.channel")


class LogChannel:
    """Answers done: with the reply `done` where the command declares it, so that a saga goes on."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def send(self, delivery: Delivery) -> Outcome:
        _log.info(
            "delivered to the log",
            channel=self._name,
            kind=delivery.kind,
            name=delivery.name,
            entry=delivery.id,
            saga=delivery.saga_id,
            machine=delivery.machine,
            attempt=delivery.attempt,
        )
        return Done(reply="done" if "done" in delivery.replies else None)

    async def close(self) -> None:
        """Nothing to let go of."""


def open_log(name: str, options: Mapping[str, Any], folder: Path) -> LogChannel:
    """A channel that writes lines under its own name. Raises ConfigInvalid for any option."""
    only(name, options, ())
    return LogChannel(name)
