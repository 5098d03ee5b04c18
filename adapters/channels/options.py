"""How channels read their options from config.yaml: strictly, and without ever showing a value.

Used by the `open_*` functions of this folder only. Secrets are resolved before they come here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from engine.errors import ConfigInvalid

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


def wrong(channel: str, sentence: str) -> ConfigInvalid:
    """The error that names the channel; the sentence must not hold a value."""
    return ConfigInvalid(f"channel {channel}: {sentence}")


def only(channel: str, options: Mapping[str, Any], known: Collection[str]) -> None:
    """Raises ConfigInvalid when there is an option that the channel does not know."""
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise wrong(channel, f"unknown option {', '.join(unknown)}; known are {', '.join(sorted(known))}")


def text(channel: str, options: Mapping[str, Any], name: str) -> str:
    """A text that must be there. Raises ConfigInvalid."""
    value = options.get(name)
    if not isinstance(value, str) or not value:
        raise wrong(channel, f"option {name} is missing or is not a text")
    return value


def seconds(channel: str, options: Mapping[str, Any], name: str, default: float) -> float:
    """A duration in seconds, from "10s" or from an integer of milliseconds. Raises ConfigInvalid."""
    value = options.get(name)
    if value is None:
        return default
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value / 1_000
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None or not float(match[1]):
        raise wrong(channel, f"option {name} is not a duration like 500ms, 10s or 1m")
    return float(match[1]) * _SECONDS[match[2]]
