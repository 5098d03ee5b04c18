"""Several processes as one daemon: started, kept alive, replaced one by one, and stopped together.

The processes share the port and the store, and nothing else. What is changed in one by hand (hold, resume, a machine that
is sent) is told to the others, and to those that come later.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from commands.daemon import Order, announce
from commands.failures import BUG
from commands.processes import Address, Process
from engine.config import Config
from engine.model import Json

STOPS_IN = 30.0
"""Seconds: a process answers its requests for 10 and finishes its tries for 10, with room to spare."""

SOONEST, LONGEST = 0.5, 30.0
"""Seconds before a process that died is started again; they double with each death that follows soon."""

STEADY = 60.0
"""Seconds of life after which a death is the first one again."""

_log = structlog.get_logger("sagaloom.process")


@dataclass(slots=True)
class Slot:
    """A place among the processes, and which one has it now. `lock`: somebody changes that."""

    number: int
    sockets: list[socket.socket] = field(default_factory=list)
    process: Process | None = None
    deaths: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def close(self) -> None:
        """Listen no more; who has the sockets too goes on."""
        for one in self.sockets:
            one.close()


class Supervisor:
    """Keeps `count` processes running until it is told to stop."""

    def __init__(self, config: Config, order: Order, count: int) -> None:
        self._config = config
        self._address = Address(config.http.host, config.http.port)
        self._order = replace(order, port=self._address.port)
        self._slots = [Slot(number) for number in range(count)]
        self._living: set[Process] = set()
        self._stopping = asyncio.Event()
        self._rolling: asyncio.Task[None] | None = None
        self._sent: list[Json] = []
        self._begun = False

    async def run(self) -> int:
        """Come back with the exit code when all of it has ended."""
        self._on_signals()
        try:
            code = await self._begin()
            if code == 0:
                await asyncio.gather(*(self._keep(slot) for slot in self._slots))
        finally:
            ended = await self._end()
            self._address.close()
            for slot in self._slots:
                slot.close()
        return code or ended

    async def _begin(self) -> int:
        """Start the first, and when it is ready the others: what is wrong is told once. 0, or an exit code."""
        for some in (self._slots[:1], self._slots[1:]):
            codes = await asyncio.gather(*(self._first(slot) for slot in some))
            if self._stopping.is_set() or any(codes):
                return max(codes)
        machines = self._slots[0].process.machines if self._slots[0].process else None
        announce(
            self._config,
            self._order,
            port=self._address.port,
            machines=machines or (),
            processes=len(self._slots),
        )
        self._begun = True
        return 0

    async def _first(self, slot: Slot) -> int:
        slot.sockets = self._address.sockets()
        slot.process = await self._start(slot)
        await self._or_stop(slot.process.settled())
        if slot.process.ready or self._stopping.is_set():
            return 0
        code = slot.process.code or BUG
        return code if code > 0 else 128 - code

    async def _start(self, slot: Slot) -> Process:
        probes = self._order.probes_port
        order = replace(self._order, probes_port=None if probes is None else probes + slot.number)
        process = await Process.start(slot.number, order, slot.sockets, self._heard)
        self._living.add(process)
        return process

    async def _keep(self, slot: Slot) -> None:
        """Start the process anew whenever it has died, until the end."""
        while not self._stopping.is_set():
            process = slot.process
            assert process is not None
            await self._or_stop(process.ended())
            if process.code is None:
                return
            self._living.discard(process)
            async with slot.lock:
                if slot.process is process and not self._stopping.is_set():
                    await self._revive(slot, process)

    async def _revive(self, slot: Slot, dead: Process) -> None:
        lived = asyncio.get_running_loop().time() - dead.since
        slot.deaths = 1 if lived > STEADY else slot.deaths + 1
        wait = min(SOONEST * 2 ** (slot.deaths - 1), LONGEST)
        _log.error("process.died", process=slot.number, pid=dead.pid, code=dead.code, again_in=wait)
        slot.close()  # connections go to the others meanwhile
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._stopping.wait()
        if not self._stopping.is_set():
            slot.sockets = self._address.sockets()
            slot.process = await self._start(slot)

    def _heard(self, process: Process, word: Json) -> None:
        """Pass on what was done in a process; a newcomer is told what it has missed."""
        if "ready" in word:
            for missed in (*self._sent, {"dispatch": "held" if self._order.paused else "running"}):
                process.say(missed)
            return
        if "dispatch" in word:
            self._order = replace(self._order, paused=word["dispatch"] == "held")
        elif "machine" in word:
            self._sent.append(word)
        for other in self._living:
            if other is not process:
                other.say(word)

    async def _roll(self) -> None:
        """Replace the processes, one after the other. One that cannot be replaced stays, and so do those after it."""
        for slot in self._slots:
            async with slot.lock:
                if self._stopping.is_set() or not await self._replace(slot):
                    return
        _log.info("processes.replaced", count=len(self._slots))

    async def _replace(self, slot: Slot) -> bool:
        """The new one is ready before the old one leaves; both listen on the same sockets, so no connection is lost."""
        old, new = slot.process, await self._start(slot)
        if not await new.settled():
            self._living.discard(new)
            _log.error("process.not_replaced", process=slot.number, code=new.code)
            return False
        slot.process, slot.deaths = new, 0
        if old is not None:
            old.signal(signal.SIGUSR2)
            await _ended(old)
            self._living.discard(old)
        return True

    async def _end(self) -> int:
        """Stop all of them; the exit code says whether they ended in order."""
        self._stopping.set()
        codes = await self._stop_all()
        if self._rolling is not None:
            await self._rolling
            codes |= await self._stop_all()  # one may have been on its way
        return BUG if codes - {0, -signal.SIGTERM} else 0

    async def _stop_all(self) -> set[int]:
        left = [process for process in self._living if process.code is None]
        for process in left:
            process.signal(signal.SIGTERM)
        return set(await asyncio.gather(*(_ended(process) for process in left)))

    async def _or_stop(self, what: Coroutine[Any, Any, object]) -> None:
        tasks = [asyncio.create_task(what), asyncio.create_task(self._stopping.wait())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _on_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for one in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(one, self._stop, one)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        loop.add_signal_handler(signal.SIGUSR2, self._begin_to_roll)

    def _stop(self, what: signal.Signals) -> None:
        """The first time in order; the second time as the signal does to any program."""
        if self._stopping.is_set():
            for process in self._living:
                process.signal(signal.SIGKILL)
            signal.signal(what, signal.SIG_DFL)
            signal.raise_signal(what)
        self._stopping.set()

    def _reload(self) -> None:
        for process in self._living:
            if process.ready:  # one that is starting reads the files anyway
                process.signal(signal.SIGHUP)

    def _begin_to_roll(self) -> None:
        if self._begun and (self._rolling is None or self._rolling.done()):
            self._rolling = asyncio.create_task(self._roll())


async def _ended(process: Process) -> int:
    """Its exit code; one that takes too long is killed."""
    try:
        return await process.ended(STOPS_IN)
    except TimeoutError:
        _log.error("process.killed", process=process.number, pid=process.pid)
        process.signal(signal.SIGKILL)
        return await process.ended()


async def supervise(config: Config, order: Order, count: int) -> int:
    """Run `count` processes until SIGTERM or SIGINT. The exit code.

    Raises:
        OSError: The address is taken or is none of this machine's.
    """
    return await Supervisor(config, order, count).run()
