"""Which machines this daemon runs: definitions from files, published into the store, compiled once.

A saga keeps the version it was started with, so versions that only the store still knows are
compiled when a saga of theirs comes along.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.definition.ir import Definition
from engine.definition.reader import check_text
from engine.errors import DefinitionInvalid, MachineNotFound
from engine.machine.plan import Machine, compile_machine
from engine.model import StoredDefinition
from engine.ports import Clock, DefinitionStore


class Deployments:
    """The machines of this daemon, by name and version."""

    def __init__(self, store: DefinitionStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._machines: dict[tuple[str, int], Machine] = {}
        self._latest: dict[str, int] = {}

    async def deploy(self, definitions: Sequence[Definition], *, replace: bool = False) -> None:
        """Publish definitions: all are compiled before the first is stored.

        Args:
            replace: Take a changed content under a version that is deployed already (`--dev`).

        Raises:
            DefinitionInvalid: A definition cannot be compiled.
            DefinitionChanged: A version is deployed with another content: bump `version`.
        """
        machines = [compile_machine(definition) for definition in definitions]
        for machine in machines:
            await self._store.deploy(self._stored(machine.definition), replace=replace)
        for machine in machines:
            self._keep(machine)

    def names(self) -> list[str]:
        """The machines that sagas can be started of."""
        return sorted(self._latest)

    def latest(self, name: str) -> Machine:
        """The newest version deployed here.

        Raises:
            MachineNotFound
        """
        if name not in self._latest:
            known = ", ".join(self.names()) or "none"
            raise MachineNotFound(f"no machine {name!r} is deployed (deployed: {known})")
        return self._machines[name, self._latest[name]]

    def versions(self, name: str) -> list[int]:
        """The versions compiled here so far, ascending."""
        return sorted(version for machine, version in self._machines if machine == name)

    async def machine(self, name: str, version: int) -> Machine:
        """That version, from the store if no file here has it.

        Raises:
            MachineNotFound: Neither a file nor the store has it.
            DefinitionInvalid: What the store has does not load in this release of the engine.
        """
        known = self._machines.get((name, version))
        if known is None:
            known = await self._from_store(name, version)
            self._machines[name, version] = known
        return known

    async def _from_store(self, name: str, version: int) -> Machine:
        for stored in await self._store.definitions(name):
            if stored.version == version:
                return _compiled(stored)
        raise MachineNotFound(f"machine {name!r} version {version} is deployed nowhere: put its file back")

    def _keep(self, machine: Machine) -> None:
        name, version = machine.definition.name, machine.definition.version
        self._machines[name, version] = machine
        self._latest[name] = max(version, self._latest.get(name, 0))

    def _stored(self, definition: Definition) -> StoredDefinition:
        return StoredDefinition(
            machine=definition.name,
            version=definition.version,
            content_hash=definition.content_hash,
            source=definition.source,
            deployed_at=self._clock.now(),
        )


def _compiled(stored: StoredDefinition) -> Machine:
    where = f"{stored.machine} version {stored.version} (deployed)"
    report = check_text(stored.source, file=where)
    if report.definition is None:
        raise DefinitionInvalid(f"{where} does not load in this release", report.findings)
    return compile_machine(report.definition)
