"""Who may come in: Host names on a loopback address, origins of browser pages, and the drain.

A browser on this machine can be made to send requests here by any page it shows: by DNS rebinding (the
page's own name points to 127.0.0.1) or by a plain cross-origin form or fetch. Both are refused.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from aiohttp import web

from engine.errors import Draining
from web.problems import Problem

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Gate:
    """The daemon's door. The server sets it before it listens and drains it before it stops.

    `leaving`: another process has taken over the address, and callers are to go there.
    """

    def __init__(self) -> None:
        self.draining = False
        self.leaving = False
        self._names: frozenset[str] | None = None

    def listen_on(self, host: str, allowed: Collection[str] = ()) -> None:
        """Check Host headers from now on if `host` is a loopback address; `allowed` are further names."""
        if is_loopback(host):
            self._names = frozenset({"localhost", "127.0.0.1", "::1", host, *allowed})

    def check(self, request: web.Request) -> None:
        """Let the request pass.

        Raises:
            Problem: host-refused or origin-refused.
            Draining: It would change something, and the daemon is stopping.
        """
        headers = request.headers
        host = headers.get("Host")
        if self._names is not None and host is not None and _name_of(host) not in self._names:
            raise Problem("host-refused", "This daemon answers to localhost only.")
        if request.method in SAFE_METHODS:
            return
        origin = headers.get("Origin")
        if origin is not None and not _is_same(origin, host):
            raise Problem("origin-refused", "A page of another origin may not send this request.")
        if self.draining:
            raise Draining("The daemon is stopping and takes no new work; send it again to the next one.")


def is_loopback(host: str) -> bool:
    """True for localhost and for the addresses of this machine's loopback interface."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _name_of(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()


def _is_same(origin: str, host: str | None) -> bool:
    try:
        return host is not None and urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:
        return False
