"""Channels that config.yaml does not bind."""

from __future__ import annotations

from collections.abc import Collection

from engine.definition.checks.children import SAGAS
from engine.definition.lines import Plain
from engine.definition.reporter import Reporter


def check_channels(machine: Plain, report: Reporter, channels: Collection[str]) -> None:
    """Every channel of a command or side effect must be bound; `sagas` is built in."""
    for group in ("commands", "sideEffects"):
        for name, part in machine.get(group, {}).items():
            channel = part["channel"]
            if channel not in channels and channel != SAGAS:
                nearest = report.nearest(channel, channels)
                report.report(
                    "unbound-channel",
                    (group, name, "channel"),
                    f"config.yaml binds no channel {channel}",
                    fix=nearest or f"add {channel}: to channels in config.yaml",
                )
