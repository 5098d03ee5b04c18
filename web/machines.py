"""Routes of /api/v1/machines: what is deployed, and what a machine is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from aiohttp import web

from engine.definition.ir import Definition, State
from engine.machine.names import iso
from engine.machine.plan import Machine
from engine.model import StoredDefinition
from web.answers import json_answer
from web.context import Context, context_of
from web.machine_shapes import (
    BusinessSummary,
    DeployedVersion,
    MachineDetail,
    Machines,
    MachineSummary,
    RequestSummary,
    StateSummary,
)
from web.problem_shapes import FoundProblem
from web.reading import read_name, read_query
from web.requests import NoQuery, VersionQuery


async def list_machines(request: web.Request) -> web.Response:
    """`GET /api/v1/machines`."""
    read_query(request, NoQuery)
    engine = context_of(request).engine
    stored = await engine.store.definitions()
    items = [_summary(engine.deployments.latest(name), stored) for name in engine.deployments.names()]
    problems = [FoundProblem.of(finding) for finding in engine.reload.problems]
    return json_answer(Machines(items=items, problems=problems))


async def show_machine(request: web.Request) -> web.Response:
    """`GET /api/v1/machines/{name}`: the newest version, or the one that `?version=` names."""
    context = context_of(request)
    version = read_query(request, VersionQuery).version
    machine = await found_machine(request, context, version)
    stored = await context.engine.store.definitions(machine.definition.name)
    return json_answer(_detail(machine, stored, await _deployed(context, stored)))


async def found_machine(request: web.Request, context: Context, version: int | None) -> Machine:
    """The machine that the path names. Raises MachineNotFound."""
    deployments, name = context.engine.deployments, read_name(request, "name")
    return deployments.latest(name) if version is None else await deployments.machine(name, version)


def _versions(name: str, stored: Sequence[StoredDefinition]) -> list[int]:
    return [each.version for each in stored if each.machine == name]


def _summary(machine: Machine, stored: Sequence[StoredDefinition]) -> MachineSummary:
    definition = machine.definition
    return MachineSummary(
        name=definition.name,
        version=definition.version,
        versions=_versions(definition.name, stored),
        states=len(definition.states),
        hash=definition.content_hash,
        description=definition.description,
    )


async def _deployed(context: Context, stored: Sequence[StoredDefinition]) -> list[DeployedVersion]:
    name = stored[0].machine
    sagas: Counter[int] = Counter()
    for count in await context.engine.store.counts(name):
        sagas[count.machine_version] += count.sagas
    deployments = context.engine.deployments
    newest = deployments.latest(name).definition.version if name in deployments.names() else None
    return [
        DeployedVersion(
            version=each.version,
            hash=each.content_hash,
            deployed_at=iso(each.deployed_at),
            sagas=sagas[each.version],
            starts=each.version == newest,
        )
        for each in stored
    ]


def _detail(
    machine: Machine, stored: Sequence[StoredDefinition], deployed: list[DeployedVersion]
) -> MachineDetail:
    definition = machine.definition
    return MachineDetail(
        name=definition.name,
        version=definition.version,
        versions=_versions(definition.name, stored),
        deployed=deployed,
        hash=definition.content_hash,
        description=definition.description,
        initial_state=definition.initial_state,
        creation_event=definition.creation_event,
        keys=[name for name, _ in definition.keys],
        states=[_state(machine, state) for state in definition.states.values()],
        commands=_commands(definition),
        side_effects=_side_effects(definition),
        business_states=[
            BusinessSummary(name=each.name, id=each.id, description=each.description)
            for each in definition.business_states.values()
        ],
        business_events=[
            BusinessSummary(name=each.name, id=each.id, description=each.description)
            for each in definition.business_events.values()
        ],
        source=definition.source,
    )


def _state(machine: Machine, state: State) -> StateSummary:
    return StateSummary(
        name=state.name,
        description=state.description,
        business_state=state.business_state,
        final=state.final,
        commands=list(state.commands),
        poll=state.poll.command if state.poll else None,
        compensate=_compensated(state),
        side_effects=list(state.side_effects),
        events=machine.accepted(state.name),
        timers=[timer.label for timer in state.timers],
    )


def _compensated(state: State) -> list[str] | None:
    if state.compensate is None:
        return None
    return ["all"] if state.compensate == "all" else list(state.compensate)


def _commands(definition: Definition) -> list[RequestSummary]:
    return [
        RequestSummary(
            name=each.name,
            channel=each.channel,
            description=each.description,
            replies=dict(each.replies),
            undo=each.undo,
        )
        for each in definition.commands.values()
    ]


def _side_effects(definition: Definition) -> list[RequestSummary]:
    return [
        RequestSummary(
            name=each.name, channel=each.channel, description=each.description, replies={}, undo=None
        )
        for each in definition.side_effects.values()
    ]
