"""Listening on a socket: start, drain, stop. `sagaloom serve` and the tests call it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Collection, Sequence
from contextlib import suppress

from aiohttp import web
from aiohttp.web_request import BaseRequest

from web.boundary import refused_by_parser
from web.context import CONTEXT
from web.problems import answer, of_http

KEEP_ALIVE = 75.0
"""Seconds; longer than the 60 that common proxies keep theirs."""

LINGER = 5.0
"""Seconds that the rest of a refused body is read and thrown away, so that the client sees the answer."""

BACKLOG = 512


class HttpServer:
    """A listening application. To stop: `drain`, let the dispatcher finish, `stop`, and only then close the store."""

    def __init__(self, runner: web.AppRunner, listeners: Sequence[asyncio.Server]) -> None:
        self._runner = runner
        self._listeners = listeners

    @property
    def port(self) -> int:
        """The port that was bound, also when 0 was asked for."""
        port: int = self._listeners[0].sockets[0].getsockname()[1]
        return port

    def drain(self) -> None:
        """From now on: not ready, and what would change something is refused. Reads still work."""
        self._runner.app[CONTEXT].gate.draining = True

    async def leave(self, linger: float, hurry: asyncio.Event) -> None:
        """Send callers to whoever else listens on the same socket: take no new connections, close each after an answer.

        Takes `linger` seconds, in which connections that stand open may be used once more; `hurry` ends them.
        """
        self._close()
        self._runner.app[CONTEXT].gate.leaving = True
        with suppress(TimeoutError):
            async with asyncio.timeout(linger):
                await hurry.wait()

    async def stop(self) -> None:
        """Take no more connections, let running requests finish within the grace, close."""
        self.drain()
        self._close()
        await self._runner.cleanup()

    def _close(self) -> None:
        for listener in self._listeners:
            listener.close()


async def serve_http(
    app: web.Application,
    host: str,
    port: int,
    *,
    reuse_port: bool = False,
    sockets: Sequence[socket.socket] = (),
    allowed_hosts: Collection[str] = (),
    grace: float = 10.0,
) -> HttpServer:
    """Listen on `host`:`port` (0: any free port).

    Args:
        reuse_port: Share the port with other processes; the kernel spreads connections.
        sockets: Bound already: listen on these instead.
        allowed_hosts: Host names accepted besides localhost while `host` is a loopback address.
        grace: Seconds that running requests have when the server stops.

    Raises:
        OSError: The address is taken or is none of this machine's.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=grace)
    app[CONTEXT].gate.listen_on(host, allowed_hosts)
    await runner.setup()
    loop = asyncio.get_running_loop()

    def connection() -> Connection:
        assert runner.server is not None
        return Connection(
            runner.server,
            loop=loop,
            keepalive_timeout=KEEP_ALIVE,
            lingering_time=LINGER,
            access_log=None,  # type: ignore[arg-type]  # as aiohttp's own runner passes it
        )

    try:
        if sockets:
            listeners = [await loop.create_server(connection, sock=one, backlog=BACKLOG) for one in sockets]
        else:
            listeners = [
                await loop.create_server(
                    connection, host, port, backlog=BACKLOG, reuse_port=reuse_port or None
                )
            ]
    except BaseException:
        await runner.cleanup()
        raise
    return HttpServer(runner, listeners)


class Connection(web.RequestHandler):
    """aiohttp's connection, with its own few plain-text errors as problems."""

    __slots__ = ()

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what the parser refused, or what failed outside the application."""
        if request.writer.output_size > 0:
            raise ConnectionError("a part of the answer is sent already")
        return refused_by_parser(request, status, exc)

    async def finish_response(
        self, request: BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send the answer; what was raised before the middleware (a bad Expect) becomes a problem."""
        if isinstance(resp, web.HTTPException):
            resp = answer(of_http(resp), request.rel_url.raw_path)
        return await super().finish_response(request, resp, start_time)
