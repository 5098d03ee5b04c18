"""Which machines this daemon runs: definitions from files, published into the store, compiled once.

A saga keeps the version it was started with, so versions that only the store still knows are
compiled when a saga of theirs comes along.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from engine.definition.faults import kind
from engine.definition.ir import Definition
from engine.definition.reader import check_text
from engine.errors import ConfigInvalid, DefinitionChanged, DefinitionInvalid, MachineNotFound
from engine.machine.plan import Machine, compile_machine
from engine.model import Json, StoredDefinition
from engine.ports import Clock, Store


class Deployments:
    """The machines of this daemon, by name and version. `variables`: by machine, what config.yaml says."""

    def __init__(self, store: Store, clock: Clock, variables: Mapping[str, Json] | None = None) -> None:
        self._store = store
        self._clock = clock
        self._variables = variables or {}
        self._machines: dict[tuple[str, int], Machine] = {}
        self._files: dict[str, int] = {}
        self._posted: dict[str, int] = {}

    async def deploy(
        self, definitions: Sequence[Definition], *, replace: bool = False, whole: bool = False
    ) -> list[Definition]:
        """Publish definitions: all are compiled and compared before the first is stored.

        Sagas that run keep their version; new ones take the newest of what was deployed here.

        Args:
            replace: Take a changed content under a version that is deployed already (`--dev`).
            whole: These are all that the files hold: what they hold no longer starts no saga any more.

        Returns:
            Those that this daemon did not run before.

        Raises:
            DefinitionInvalid: A definition cannot be compiled.
            DefinitionChanged: A version is deployed with another content: bump `version`.
            ConfigInvalid: The configuration gives a machine a variable that it does not have.
        """
        _check_once(definitions)
        changed = await self._changed(definitions)
        if changed and not replace:
            raise DefinitionChanged(" ".join(map(_bump, changed)))
        await self._check_states(changed)
        fresh = [definition for definition in definitions if not self._runs(definition)]
        check_variables(fresh, self._variables)
        machines = await asyncio.to_thread(self._compiled, fresh)
        for machine in machines:
            again = any(machine.definition is each for each in changed)
            await self._store.deploy(self._stored(machine.definition), replace=again)
        self._machines.update({_identity(machine.definition): machine for machine in machines})
        self._start_with(definitions, whole=whole)
        return fresh

    def names(self) -> list[str]:
        """The machines that sagas can be started of."""
        return sorted({*self._files, *self._posted})

    def latest(self, name: str) -> Machine:
        """The newest version deployed here.

        Raises:
            MachineNotFound
        """
        version = max(self._files.get(name, 0), self._posted.get(name, 0))
        if not version:
            known = ", ".join(self.names()) or "none"
            raise MachineNotFound(f"no machine {name!r} is deployed (deployed: {known})")
        return self._machines[name, version]

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
                return await asyncio.to_thread(self._restored, stored)
        raise MachineNotFound(f"machine {name!r} version {version} is deployed nowhere: put its file back")

    async def _changed(self, definitions: Iterable[Definition]) -> list[Definition]:
        """Those that the store has under their version with another content."""
        stored = {(each.machine, each.version): each.content_hash for each in await self._store.definitions()}
        return [
            each
            for each in definitions
            if stored.get(_identity(each), each.content_hash) != each.content_hash
        ]

    async def _check_states(self, changed: Iterable[Definition]) -> None:
        """A content that takes the place of another keeps every state that a saga is in."""
        for definition in changed:
            try:
                before = await self.machine(definition.name, definition.version)
            except DefinitionInvalid:  # of an earlier release: nothing runs on it either
                continue
            open_ = {state.name for state in before.definition.states.values() if not state.final}
            for count in await self._store.counts(definition.name):
                lost = count.state in open_ and count.state not in definition.states
                if lost and count.machine_version == definition.version:
                    raise DefinitionChanged(
                        f"{definition.file}: {definition.name!r} version {definition.version} has sagas in state "
                        f"{count.state} ({count.sagas}), which the file no longer has: move them first, "
                        f"or make it version {definition.version + 1}."
                    )

    def _compiled(self, definitions: Sequence[Definition]) -> list[Machine]:
        return [self._compile(definition) for definition in definitions]

    def _restored(self, stored: StoredDefinition) -> Machine:
        where = f"{stored.machine} version {stored.version} (deployed)"
        report = check_text(stored.source, file=where)
        if report.definition is None:
            raise DefinitionInvalid(f"{where} does not load in this release", report.findings)
        return self._compile(report.definition)

    def _compile(self, definition: Definition) -> Machine:
        """With the configuration's values of those variables that this version has."""
        given = self._variables.get(definition.name, {})
        return compile_machine(definition, {n: v for n, v in given.items() if n in definition.variables})

    def _runs(self, definition: Definition) -> bool:
        known = self._machines.get(_identity(definition))
        return known is not None and known.definition.source == definition.source

    def _start_with(self, definitions: Iterable[Definition], *, whole: bool) -> None:
        newest = {} if whole else self._posted
        for definition in definitions:
            newest[definition.name] = max(definition.version, newest.get(definition.name, 0))
        if whole:
            self._files = newest

    def _stored(self, definition: Definition) -> StoredDefinition:
        return StoredDefinition(
            machine=definition.name,
            version=definition.version,
            content_hash=definition.content_hash,
            source=definition.source,
            deployed_at=self._clock.now(),
        )


def _identity(definition: Definition) -> tuple[str, int]:
    return definition.name, definition.version


def _check_once(definitions: Iterable[Definition]) -> None:
    seen: dict[tuple[str, int], Definition] = {}
    for definition in definitions:
        other = seen.setdefault(_identity(definition), definition)
        if other.content_hash != definition.content_hash:
            raise DefinitionChanged(
                f"{other.file} and {definition.file} both hold machine {definition.name!r} version "
                f"{definition.version}, with different contents"
            )


def _bump(definition: Definition) -> str:
    return (
        f"{definition.file}: machine {definition.name!r} version {definition.version} is deployed with another "
        f"content, and sagas may run on it: make it a new version (bump version to {definition.version + 1}), "
        f"or develop with `serve --dev`."
    )


def check_variables(definitions: Iterable[Definition], given: Mapping[str, Json]) -> None:
    """See that the configuration's variables are the machines' own, and of the same kind.

    Raises:
        ConfigInvalid
    """
    for definition in definitions:
        for name, value in given.get(definition.name, {}).items():
            where = f"variables.{definition.name}.{name}"
            if name not in definition.variables:
                known = ", ".join(definition.variables) or "none"
                raise ConfigInvalid(f"{where}: the machine has no such variable (it has: {known})")
            if kind(value) != kind(definition.variables[name]):
                raise ConfigInvalid(f"{where}: the machine has {kind(definition.variables[name])} there")
