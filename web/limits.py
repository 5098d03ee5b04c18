"""How much one key or one address may send: buckets that fill up again evenly. Each process counts for itself."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from engine.model import Millis
from engine.ports import Clock
from hub.checkout_pages import CheckoutPages
from web.problems import Problem

LINKS_A_MINUTE = 5
"""Messages to an address that anybody may type in: enough for who mistypes, too few for who pesters."""

_MINUTE: Millis = 60_000
_MOST = 10_000


class Limit:
    """At most `a_minute` of each sender, all of them at once if nothing was sent before."""

    def __init__(self, clock: Clock, a_minute: int) -> None:
        self._clock = clock
        self._most = a_minute
        self._free: OrderedDict[str, tuple[Millis, float]] = OrderedDict()

    def take(self, who: str) -> None:
        """Count one. Raises Problem: too-many-requests, with `Retry-After`."""
        now = self._clock.now()
        at, left = self._free.pop(who, (now, float(self._most)))
        left = min(float(self._most), left + max(0, now - at) * self._most / _MINUTE)
        taken = left >= 1
        self._free[who] = (now, left - 1 if taken else left)
        if len(self._free) > _MOST:
            self._free.popitem(last=False)
        if not taken:
            wait = int((1 - left) * _MINUTE / self._most) // 1000 + 1
            raise Problem(
                "too-many-requests",
                f"That is more than {self._most} a minute. Wait {wait} s.",
                headers={"Retry-After": str(wait)},
            )


@dataclass(frozen=True, slots=True)
class Limits:
    """`forms` of the checkout and `links` that it sends, by address; `calls` of the BFF, by key or address."""

    forms: Limit
    links: Limit
    calls: Limit


def open_limits(clock: Clock, pages: CheckoutPages) -> Limits:
    """As the configuration says."""
    return Limits(
        forms=Limit(clock, pages.forms_a_minute),
        links=Limit(clock, LINKS_A_MINUTE),
        calls=Limit(clock, pages.calls_a_minute),
    )
