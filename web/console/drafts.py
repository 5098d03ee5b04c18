"""Machines that somebody writes in the editor: checked and compiled, and never deployed from here."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from dataclasses import dataclass

from engine.definition.findings import Finding
from engine.definition.ir import Definition
from engine.errors import DefinitionInvalid
from engine.machine.plan import Machine, compile_machine
from engine.reload import Reload

FILE = "(editor)"
LONGEST = 200_000
"""Characters of a draft; the longest machine that is shipped has a tenth of it."""

_KEPT = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A text, and what is to be said of it. `machine` is None if it has errors."""

    source: str
    definition: Definition | None
    machine: Machine | None
    findings: tuple[Finding, ...]


class Drafts:
    """Checks drafts, and remembers the last ones: who simulates sends the same one again and again.

    `slots` bounds what is done with drafts at once: one that takes long lets other drafts wait, and nobody else.
    """

    def __init__(self, reload: Reload) -> None:
        self.slots = asyncio.Semaphore(1)
        self._reload = reload
        self._kept: OrderedDict[bytes, Draft] = OrderedDict()

    async def checked(self, source: str) -> Draft:
        """The draft with all its findings."""
        key = hashlib.sha256(source.encode()).digest()
        known = self._kept.get(key)
        if known is None:
            async with self.slots:
                known = await asyncio.to_thread(self._check, source)
            self._kept[key] = known
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return known

    def _check(self, source: str) -> Draft:
        report = self._reload.check(source, file=FILE)
        machine, findings = None, report.findings
        if report.definition is not None:
            try:
                machine = compile_machine(report.definition)
            except DefinitionInvalid as error:
                findings = (*findings, *error.findings)
        return Draft(source=source, definition=report.definition, machine=machine, findings=findings)
