"""Files and invoices of a daemon, put together from the configuration and the engine's store.

commands/serve.py opens it; web/ works with it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from adapters.invoices import Printer
from engine.ports import Clock, Ids, Store
from hub.files import LARGEST, Contents, Files
from hub.invoice_settings import Settings
from hub.invoice_sheet import FONTS
from hub.invoices import Invoices

_log = structlog.get_logger("sagaloom.invoices")


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """What the configuration says, checked. `contents`: where files lie."""

    settings: Settings
    contents: Contents = field(repr=False)
    largest: int = LARGEST


class Paperwork:
    """One a daemon.

    Attributes:
        files: Everything that is kept.
        invoices: Documents of payments.
    """

    def __init__(self, files: Files, invoices: Invoices, printer: Printer) -> None:
        self.files = files
        self.invoices = invoices
        self._printer = printer
        self._finishing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Print, beside everything else, what a daemon before this one numbered and did not print."""
        self._finishing = asyncio.create_task(self._finish())

    async def close(self) -> None:
        """End the processes that print and let go of files. Safe to call twice."""
        if self._finishing is not None:
            self._finishing.cancel()
            with suppress(asyncio.CancelledError):
                await self._finishing
        await self._printer.close()
        await self.files.close()

    async def _finish(self) -> None:
        try:
            count = await self.invoices.finish()
        except Exception as error:  # each is printed when somebody asks for it
            _log.error("invoices.not_finished", exception=type(error).__qualname__)
            return
        if count:
            _log.info("invoices.finished", count=count)


def open_paperwork(papers: Papers, store: Store, clock: Clock, ids: Ids) -> Paperwork:
    """The paperwork of a daemon whose store is open. Processes start with the first sheet.

    Raises:
        ConfigInvalid: The templates' texts cannot be read.
    """
    settings = papers.settings
    printer = Printer(settings.folders, FONTS, workers=settings.workers)
    files = Files(store.records, papers.contents, clock, ids, largest=papers.largest)
    return Paperwork(files, Invoices(store, clock, files, printer, settings), printer)
