"""Whether a running daemon begins what sagas owe: what `sagaloom hold` and `sagaloom resume` share."""

from __future__ import annotations

from commands.client import Address, Daemon
from commands.terminal import print_json, say

SAID = {
    "held": "The daemon takes events and begins nothing that sagas owe, until `sagaloom resume`.",
    "running": "The daemon begins what sagas owe.",
}


def set_dispatch(state: str, address: Address, *, as_json: bool) -> None:
    """Set it to `held` or `running`, and say so. Raises DaemonMissing, DaemonRefused."""
    answer = Daemon(address).post("/api/v1/dispatch", {"state": state})
    if as_json:
        print_json(answer)
    else:
        say(SAID[state])
