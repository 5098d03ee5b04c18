"""Taking machines while the daemon runs: from its files when they change, or from a text that is sent.

A saga that runs is never disturbed: it keeps its version. What cannot be loaded changes nothing, and
is told: in the log, to who asked, and in `problems` until a load succeeds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from pathlib import Path

from engine.definition.findings import Finding
from engine.definition.ir import Definition
from engine.definition.reader import Report, check_file, check_text
from engine.deployments import Deployments
from engine.errors import ConfigInvalid, DefinitionInvalid, EngineError, Invalid, Unavailable
from engine.reporting import Reporter

POSTED = "(sent)"
"""What findings call a text that came from outside."""

Look = dict[Path, tuple[int, int, int]]


class Reload:
    """The machine files of one daemon, and what was wrong with them when they were last read.

    Args:
        dev: Take contents that changed under the same version, and look for changed files at each tick.
    """

    def __init__(
        self,
        deployments: Deployments,
        *,
        paths: Sequence[Path],
        channels: Collection[str],
        report: Reporter,
        dev: bool = False,
    ) -> None:
        self._deployments = deployments
        self._paths = tuple(paths)
        self._channels = channels
        self._report = report
        self._dev = dev
        self._wanted = False
        self._loaded = False
        self._seen: Look = {}
        self._busy = asyncio.Lock()
        self.problems: tuple[Finding, ...] = ()

    async def files(self) -> list[Definition]:
        """Read the files again and deploy what they hold; the machines that are new or changed.

        Raises:
            DefinitionInvalid, DefinitionChanged, ConfigInvalid: What ran before runs on.
            StoreUnavailable: Repeating is safe.
        """
        async with self._busy:
            self._seen = self._look()
            try:
                definitions = await asyncio.to_thread(read_machines, self._paths, self._channels)
                fresh = await self._deployments.deploy(definitions, replace=self._dev, whole=True)
            except EngineError as error:
                self._keep_problems(error)
                raise
            self._tell(fresh)
            self.problems, self._loaded = (), True
            return fresh

    async def text(self, source: str | bytes) -> list[Definition]:
        """Deploy one machine from its YAML; it starts new sagas until the daemon ends.

        Raises:
            DefinitionInvalid: With all its findings.
            DefinitionChanged: Its version is deployed with another content.
            StoreUnavailable: Repeating is safe.
        """
        report = await asyncio.to_thread(self.check, source)
        if report.definition is None:
            raise DefinitionInvalid("the machine has errors; what ran before runs on", report.findings)
        async with self._busy:
            fresh = await self._deployments.deploy([report.definition], replace=self._dev)
            self._tell(fresh)
            return fresh

    def check(self, source: str | bytes, *, file: str = POSTED) -> Report:
        """What is to be said of a text as a machine of this daemon; it changes nothing. Takes its time: for a thread."""
        return check_text(source, file=file, channels=self._channels)

    def want(self) -> None:
        """Have the files read again at the next tick: for SIGHUP."""
        self._wanted = True

    async def tick(self) -> None:
        """Read the files if that is wanted, or (`dev`) if one of them changed; what is wrong goes to the log."""
        if not self._wanted and not (self._dev and self._look() != self._seen):
            return
        self._wanted = False
        try:
            await self.files()
        except Unavailable:
            self._wanted = True
        except EngineError:
            return

    def _tell(self, fresh: Sequence[Definition]) -> None:
        if self._loaded and fresh:
            self._report.reloaded([f"{each.name} {each.version}" for each in fresh])

    def _keep_problems(self, error: EngineError) -> None:
        """Remember and log what is wrong; at the start the caller ends and says it."""
        if isinstance(error, Invalid):
            self.problems = _findings(error)
        if self._loaded:
            self._report.not_reloaded(error)

    def _look(self) -> Look:
        """What a stat says of every machine file; one that is gone is left out."""
        found: Look = {}
        for path in _present(self._paths):
            try:
                told = path.stat()
            except OSError:
                continue
            found[path] = told.st_mtime_ns, told.st_size, told.st_ino
        return found


def read_machines(paths: Sequence[Path], channels: Collection[str]) -> list[Definition]:
    """Check every machine file (scenario files aside); the findings of all of them come together.

    Raises:
        DefinitionInvalid: At least one has errors.
        ConfigInvalid: A path is not there.
    """
    reports = [check_file(path, channels=channels) for path in machine_files(paths)]
    wrong = [finding for report in reports if report.definition is None for finding in report.findings]
    if wrong:
        raise DefinitionInvalid("machine definitions have errors", wrong)
    return [report.definition for report in reports if report.definition is not None]


def machine_files(paths: Sequence[Path]) -> list[Path]:
    """The files behind `paths`: files as they are, folders as their *.yaml, by name.

    Raises:
        ConfigInvalid: A path is not there.
    """
    for path in paths:
        if not path.exists():
            raise ConfigInvalid(f"machines: {path} is not there")
    return _present(paths)


def _present(paths: Sequence[Path]) -> list[Path]:
    return [file for path in paths for file in (sorted(_in_folder(path)) if path.is_dir() else [path])]


def _in_folder(folder: Path) -> list[Path]:
    found = [*folder.glob("*.yaml"), *folder.glob("*.yml")]
    return [path for path in found if not path.stem.endswith(".scenarios")]


def _findings(error: Invalid) -> tuple[Finding, ...]:
    return error.findings or (Finding(code=error.code, severity="error", message=str(error), file=""),)
