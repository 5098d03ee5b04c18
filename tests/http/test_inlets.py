"""What brings events in by itself has a say in whether the daemon is ready."""

from __future__ import annotations

from dataclasses import replace

import aiohttp

from engine.ports import Take
from tests.http.daemon import MAX_BODY, Daemon, served
from web.app import build_app
from web.server import serve_http


class Bus:
    """An inlet that is as well as the test says."""

    def __init__(self) -> None:
        self.illness: str | None = None

    async def start(self, take: Take) -> None:
        """Brings nothing."""

    async def stop(self) -> None:
        """Nothing to stop."""

    def healthy(self) -> str | None:
        return self.illness


@served
async def test_a_daemon_is_not_ready_while_no_events_can_come_in(daemon: Daemon) -> None:
    bus = Bus()
    engine = replace(daemon.engine, inlets={"bus": bus})
    server = await serve_http(
        build_app(engine, default_machine=None, max_body=MAX_BODY), "127.0.0.1", 0, grace=1.0
    )
    try:
        async with aiohttp.ClientSession() as session:
            bus.illness = "the consumer is not in the group sagaloom"
            async with session.get(f"http://127.0.0.1:{server.port}/-/ready") as reply:
                assert reply.status == 503
                assert (await reply.json())["problems"] == [
                    "channel bus: the consumer is not in the group sagaloom"
                ]
            bus.illness = None
            async with session.get(f"http://127.0.0.1:{server.port}/-/ready") as reply:
                assert reply.status == 200
    finally:
        await server.stop()
