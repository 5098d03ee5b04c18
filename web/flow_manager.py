"""The Flow Manager's three routes, as the original answers them, so that its callers need no change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from aiohttp import web

from engine.definition.ir import Definition, State
from engine.machine.plan import Alternative, Machine
from engine.model import Event
from web.answers import json_answer
from web.bodies import read_body
from web.context import context_of
from web.reading import read_actor, read_event_id, read_query
from web.requests import FlowManagerEvent, FlowManagerSaga, MachineQuery
from web.shapes import EventTaken, SagaCreated, Shape

_SAGA = msgspec.json.Decoder(FlowManagerSaga)
_EVENT = msgspec.json.Decoder(FlowManagerEvent)


class Message(Shape):
    """A command or a side effect: where it goes, and its label there."""

    channel: str
    label: str


class OutgoingTransition(Shape):
    """What an event does in a state. Guarded alternatives stand one after the other, in the order tried."""

    input_event: str
    target_state: str
    business_event_id: int | None
    payload_validation_schema: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class StateOfMachine(Shape):
    """A state. One that sends several commands at once, which the original has not, lists them all."""

    id: str
    description: str
    is_final: bool
    business_state_id: int
    side_effects: list[Message]
    outgoing_transitions: list[OutgoingTransition]
    output_command: Message | msgspec.UnsetType = msgspec.UNSET
    output_commands: list[Message] | msgspec.UnsetType = msgspec.UNSET


class BusinessName(Shape):
    """A business state or a business event."""

    id: int
    description: str


class MachineDefinition(Shape):
    """A machine in the Flow Manager's words. Timers are left out: it has none."""

    initial_state: str
    creation_event: str
    states: list[StateOfMachine]
    business_states: list[BusinessName]
    business_events: list[BusinessName]


async def create_saga(request: web.Request) -> web.Response:
    """`POST /saga`: start a saga of the machine that `?machine=` names, else of the default one.

    A repeated creation answers the saga that the first one made.
    """
    context = context_of(request)
    machine = context.machine_or_default(read_query(request, MachineQuery).machine)
    actor = read_actor(request)
    body = await read_body(request, _SAGA)
    started = await context.engine.runner.start(
        machine, metadata=body.metadata, entity_id=body.associated_entity_id, actor=actor
    )
    return json_answer(SagaCreated(saga_id=started.saga.saga_id))


async def take_event(request: web.Request) -> web.Response:
    """`POST /event`: tell the saga that `key` means (its id or a key) what happened."""
    machine = read_query(request, MachineQuery).machine
    actor, event_id = read_actor(request), read_event_id(request)
    body = await read_body(request, _EVENT)
    message = body.value
    event = Event(name=message.message_label, payload=message.message_payload or {}, id=event_id, actor=actor)
    answer = await context_of(request).engine.runner.handle(body.key, event, machine=machine)
    return json_answer(EventTaken(saga_id=answer.saga_id, current_state=answer.state, result=answer.result))


async def show_machine(request: web.Request) -> web.Response:
    """`GET /machine-definition`: the newest version of a machine."""
    context = context_of(request)
    name = context.machine_or_default(read_query(request, MachineQuery).machine)
    return json_answer(machine_definition(context.engine.deployments.latest(name)))


def machine_definition(machine: Machine) -> MachineDefinition:
    """The machine in the Flow Manager's words."""
    definition = machine.definition
    return MachineDefinition(
        initial_state=definition.initial_state,
        creation_event=definition.creation_event,
        states=[_state(machine, state) for state in definition.states.values()],
        business_states=[
            BusinessName(id=each.id, description=each.description or each.name)
            for each in definition.business_states.values()
        ],
        business_events=[
            BusinessName(id=each.id, description=each.description or each.name)
            for each in definition.business_events.values()
        ],
    )


def _state(machine: Machine, state: State) -> StateOfMachine:
    definition = machine.definition
    sent = [definition.commands[name] for name in state.commands]
    commands = [Message(channel=command.channel, label=command.name) for command in sent]
    effects = [definition.side_effects[name] for name in state.side_effects]
    return StateOfMachine(
        id=state.name,
        description=state.description,
        is_final=state.final,
        business_state_id=definition.business_states[state.business_state].id,
        output_command=commands[0] if len(commands) == 1 else msgspec.UNSET,
        output_commands=commands if len(commands) > 1 else msgspec.UNSET,
        side_effects=[Message(channel=effect.channel, label=effect.name) for effect in effects],
        outgoing_transitions=list(_transitions(machine, state.name)),
    )


def _transitions(machine: Machine, state: str) -> Iterator[OutgoingTransition]:
    for (source, event), alternatives in machine.plan.items():
        if source == state and not event.startswith("$"):
            for alternative in alternatives:
                yield _transition(machine.definition, event, alternative)


def _transition(definition: Definition, event: str, alternative: Alternative) -> OutgoingTransition:
    spec = definition.events.get(event)
    business = alternative.transition.business_event or (spec.business_event if spec else None)
    contract = spec.payload if spec else None
    return OutgoingTransition(
        input_event=event,
        target_state=alternative.target,
        business_event_id=definition.business_events[business].id if business else None,
        payload_validation_schema=dict(contract.schema) if contract else msgspec.UNSET,
    )
