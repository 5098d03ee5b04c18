"""The shapes of machines as /api/v1/machines answers them."""

from __future__ import annotations

from web.problem_shapes import FoundProblem
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
    """Every machine that sagas can be started of; `problems`: why the files could not be read again."""

    items: list[MachineSummary]
    problems: list[FoundProblem]


class DeployedVersion(Shape):
    """A version that the store has. `starts`: new sagas are of this one."""

    version: int
    hash: str
    deployed_at: str
    sagas: int
    starts: bool


class StateSummary(Shape):
    """A state: what entering it sends, polls and undoes, the events it takes, its timers.

    `compensate` names the commands whose undos run; `["all"]` stands for every one.
    """

    name: str
    description: str
    business_state: str
    final: bool
    commands: list[str]
    poll: str | None
    compensate: list[str] | None
    side_effects: list[str]
    events: list[str]
    timers: list[str]


class RequestSummary(Shape):
    """A command or a side effect. `replies`: reply name to event; `undo`: the command that takes it back."""

    name: str
    channel: str
    description: str
    replies: dict[str, str]
    undo: str | None


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
    deployed: list[DeployedVersion]
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
