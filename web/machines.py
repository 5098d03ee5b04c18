"""Routes of /api/v1/machines: what is deployed, and what a machine is made of."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from engine.definition.ir import Definition, State
from engine.machine.plan import Machine
from engine.model import StoredDefinition
from web.answers import json_answer
from web.context import Context, context_of
from web.reading import read_name, read_query
from web.requests import NoQuery, VersionQuery
from web.shapes import Shape


class MachineSummary(Shape):
    """A machine by its newest version. `hash` is that of the definition's meaning."""

    name: str
    version: int
    versions: list[int]
    states: int
    hash: str
    description: str


class Machines(Shape):
    """Every machine that sagas can be started of."""

    items: list[MachineSummary]


class StateSummary(Shape):
    """A state: what entering it sends, the events it takes, its timers."""

    name: str
    description: str
    business_state: str
    final: bool
    command: str | None
    side_effects: list[str]
    events: list[str]
    timers: list[str]


class RequestSummary(Shape):
    """A command or a side effect. `replies`: reply name to event."""

    name: str
    channel: str
    description: str
    replies: dict[str, str]


class BusinessSummary(Shape):
    """A business state or a business event."""

    name: str
    id: int
    description: str


class MachineDetail(Shape):
    """One version of a machine, and the YAML that it was made of."""

    name: str
    version: int
    versions: list[int]
    hash: str
    description: str
    initial_state: str
    creation_event: str
    keys: list[str]
    states: list[StateSummary]
    commands: list[RequestSummary]
    side_effects: list[RequestSummary]
    business_states: list[BusinessSummary]
    business_events: list[BusinessSummary]
    source: str


async def list_machines(request: web.Request) -> web.Response:
    """`GET /api/v1/machines`."""
    read_query(request, NoQuery)
    engine = context_of(request).engine
    stored = await engine.store.definitions()
    items = [_summary(engine.deployments.latest(name), stored) for name in engine.deployments.names()]
    return json_answer(Machines(items=items))


async def show_machine(request: web.Request) -> web.Response:
    """`GET /api/v1/machines/{name}`: the newest version, or the one that `?version=` names."""
    context = context_of(request)
    version = read_query(request, VersionQuery).version
    machine = await found_machine(request, context, version)
    stored = await context.engine.store.definitions(machine.definition.name)
    return json_answer(_detail(machine, stored))


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


def _detail(machine: Machine, stored: Sequence[StoredDefinition]) -> MachineDetail:
    definition = machine.definition
    return MachineDetail(
        name=definition.name,
        version=definition.version,
        versions=_versions(definition.name, stored),
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
        command=state.command,
        side_effects=list(state.side_effects),
        events=machine.accepted(state.name),
        timers=[timer.label for timer in state.after],
    )


def _commands(definition: Definition) -> list[RequestSummary]:
    return [
        RequestSummary(
            name=each.name, channel=each.channel, description=each.description, replies=dict(each.replies)
        )
        for each in definition.commands.values()
    ]


def _side_effects(definition: Definition) -> list[RequestSummary]:
    return [
        RequestSummary(name=each.name, channel=each.channel, description=each.description, replies={})
        for each in definition.side_effects.values()
    ]
