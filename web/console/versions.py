"""Versions of machines as pages show them: also those that no longer load in this release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.definition.findings import Finding
from engine.definition.ir import Definition
from engine.errors import DefinitionInvalid, MachineNotFound
from engine.machine.plan import Machine
from engine.model import Millis, StoredDefinition
from web.console.census import Place
from web.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A version: its machine, or why there is none.

    Attributes:
        problem: "" if it loads.
        newest: New sagas are started of it.
    """

    name: str
    version: int
    content_hash: str
    deployed_at: Millis
    source: str
    newest: bool
    machine: Machine | None = None
    problem: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def definition(self) -> Definition | None:
        return self.machine.definition if self.machine else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A version in a list."""

    name: str
    version: int
    content_hash: str
    deployed_at: Millis
    sagas: int
    newest: bool


def newest_of(context: Context, name: str) -> int:
    """The version that new sagas are started of; 0 if there is none any more."""
    deployments = context.engine.deployments
    return deployments.latest(name).definition.version if name in deployments.names() else 0


def lines(context: Context, stored: Sequence[StoredDefinition], counts: Mapping[Place, int]) -> list[Line]:
    """Every version that is deployed, by name, newest first."""
    found = [
        Line(
            name=each.machine,
            version=each.version,
            content_hash=each.content_hash,
            deployed_at=each.deployed_at,
            sagas=sum(n for place, n in counts.items() if place[:2] == (each.machine, each.version)),
            newest=each.version == newest_of(context, each.machine),
        )
        for each in stored
    ]
    return sorted(found, key=lambda line: (line.name, -line.version))


async def loaded(context: Context, name: str, version: int | None) -> Loaded:
    """That version, or the newest one.

    Raises:
        MachineNotFound
    """
    stored = await context.engine.store.definitions(name)
    newest = newest_of(context, name)
    wanted = version or newest or max((each.version for each in stored), default=0)
    kept = next((each for each in stored if each.version == wanted), None)
    if kept is None:
        raise MachineNotFound(f"machine {name!r} version {wanted} is deployed nowhere")
    machine, problem, findings = await machine_or_why(context, name, wanted)
    return Loaded(
        name=name,
        version=wanted,
        content_hash=kept.content_hash,
        deployed_at=kept.deployed_at,
        source=kept.source,
        newest=wanted == newest,
        machine=machine,
        problem=problem,
        findings=findings,
    )


async def machine_or_why(
    context: Context, name: str, version: int
) -> tuple[Machine | None, str, tuple[Finding, ...]]:
    """The machine, or what is to be said of a version that does not load."""
    try:
        return await context.engine.deployments.machine(name, version), "", ()
    except (DefinitionInvalid, MachineNotFound) as error:
        return None, str(error), tuple(getattr(error, "findings", ()))


async def source_of(context: Context, name: str, version: int | None) -> str:
    """The YAML of a version. Raises MachineNotFound."""
    return (await loaded(context, name, version)).source
