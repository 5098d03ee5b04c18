"""A process of a daemon that has several: started, listened to and stopped by supervisor.py.

It ends when it is told to (SIGTERM), when another process has taken over its sockets (SIGUSR2), or when its
supervisor is gone.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import structlog
import uvloop

from commands.daemon import Order, config_of, open_daemon
from commands.failures import report
from commands.link import Link
from commands.logs import log_to_stderr
from engine.assembly import Engine
from engine.errors import EngineError
from engine.model import Json
from web.dispatch import set_state

LINGER = 1.0
"""Seconds that a connection which stands open is still answered by a process that leaves."""

ALONE = 30.0
"""Seconds that a process may take to end when its supervisor is gone."""

_log = structlog.get_logger("sagaloom.process")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a process is given: its order and the numbers of its open files."""

    number: int
    order: Order
    sockets: tuple[int, ...]
    line: int

    def written(self) -> str:
        return json.dumps(asdict(self), default=str)

    @classmethod
    def read(cls, text: str) -> Place:
        given: dict[str, Any] = json.loads(text)
        order = given["order"]
        for name in ("file", "data"):
            order[name] = Path(order[name]) if order[name] is not None else None
        order["roles"] = tuple(order["roles"])
        return cls(
            number=given["number"],
            order=Order(**order),
            sockets=tuple(given["sockets"]),
            line=given["line"],
        )


def main(text: str) -> None:
    """Run the process that `Place.written` describes; ends with its exit code."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there are machine files to read again
    place = Place.read(text)
    structlog.contextvars.bind_contextvars(process=place.number)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(place))
    except Exception as error:
        sys.exit(report(error, debug=False))


async def _serve(place: Place) -> None:
    config = config_of(place.order)
    log_to_stderr(config.log_level)
    link = await Link.over(socket.socket(fileno=place.line))
    stopped, leaving = asyncio.Event(), asyncio.Event()
    sockets = [socket.socket(fileno=number) for number in place.sockets]
    async with open_daemon(config, place.order, sockets=sockets, tell=link.say) as daemon:
        loop = asyncio.get_running_loop()
        for one in (
            signal.SIGTERM,
            signal.SIGINT,
        ):  # one or many: a terminal and a supervisor may both send it
            loop.add_signal_handler(one, stopped.set)
        loop.add_signal_handler(signal.SIGUSR2, leaving.set)
        link.say({"ready": daemon.engine.deployments.names()})
        hearing = asyncio.create_task(_hear(link, daemon.engine, stopped))
        await _first(stopped, leaving)
        if leaving.is_set():
            await daemon.server.leave(LINGER, stopped)
        daemon.server.drain()
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)
    link.close()


async def _first(*events: asyncio.Event) -> None:
    waiting = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def _hear(link: Link, engine: Engine, stopped: asyncio.Event) -> None:
    """Do here what was done in another process, until the supervisor is gone."""
    while (word := await link.hear()) is not None:
        try:
            await follow(engine, word)
        except EngineError as error:
            _log.error("process.cannot_follow", word=list(word), code=error.code)
    stopped.set()
    # Nobody is there any more who would end it if it does not end by itself.
    asyncio.get_running_loop().call_later(ALONE, os.kill, os.getpid(), signal.SIGKILL)


async def follow(engine: Engine, word: Json) -> None:
    """Do here what a word from another process says it did. Raises as `Reload.text` does."""
    if "dispatch" in word and engine.dispatcher.works:
        set_state(engine, word["dispatch"])
    elif "machine" in word:
        await engine.reload.text(word["machine"])
    elif "reload" in word:
        engine.reload.want()


def command_of(place: Place) -> Sequence[str]:
    """The command line that runs the process, with the modules of the one that asks."""
    run = "import sys; sys.path[:] = sys.argv[2:]; from commands.member import main; main(sys.argv[1])"
    return [sys.executable, "-c", run, place.written(), *sys.path]
