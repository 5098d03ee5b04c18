"""The shapes of what the daemon answers: the OpenAPI document is made of them.

Sagas, history and agenda are answered as `engine.document` makes them, without a Struct between; the
tests hold every answer against its shape.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from engine.model import Answer


class Shape(msgspec.Struct, rename="camel"):
    """Field names go out in camelCase, as the original's documents have them."""


class SagaCreated(Shape):
    """What the Flow Manager answers to `POST /saga`."""

    saga_id: str


class EventTaken(Shape):
    """What `POST /event` answers: where the saga stands now and what became of the event."""

    saga_id: str
    current_state: str
    result: Literal["applied", "ignored"]


class EventAnswer(Shape):
    """What became of an event or of a person's intervention. A repeat gets the first answer."""

    saga_id: str
    version: int
    state: str
    result: Literal["applied", "ignored"]
    event: str
    repeated: bool
    note: str | None

    @classmethod
    def of(cls, answer: Answer) -> EventAnswer:
        """The engine's answer in this shape."""
        return cls(
            saga_id=answer.saga_id,
            version=answer.version,
            state=answer.state,
            result=answer.result,
            event=answer.event,
            repeated=answer.repeated,
            note=answer.note,
        )


class SagaKey(Shape):
    """A second handle of a saga."""

    name: str
    value: str


class SagaSummary(Shape):
    """A saga in a list: without metadata, history and agenda. Times are ISO 8601, UTC."""

    saga_id: str
    associated_entity_id: str
    machine: str
    machine_version: int
    version: int
    current_state: str
    is_final: bool
    business_state: str
    business_state_id: int
    business_state_description: str
    latest_event: str
    keys: list[SagaKey]
    created_at: str
    updated_at: str
    parked: bool
    paused: bool
    late: bool


class SagaPage(Shape):
    """Sagas, newest first. `nextCursor` is null on the last page."""

    items: list[SagaSummary]
    next_cursor: str | None


class EnteredState(Shape):
    """A state that the saga came to."""

    state: str
    timestamp: str
    business_state_id: int
    business_state_description: str


class HistoryItem(Shape):
    """What one step did. `seq` is the saga's version after it; there are no gaps."""

    event: str
    timestamp: str
    business_event_id: int | None
    business_event_description: str | None
    seq: int
    id: str | None
    result: Literal["applied", "ignored"]
    source: str | None = msgspec.field(name="from")
    target: str = msgspec.field(name="to")
    actor: str | None
    reason: str | None
    note: str | None


class HistoryPage(Shape):
    """Rows oldest first. `nextAfter` is the `after` of the next page, null on the last one."""

    items: list[HistoryItem]
    next_after: int | None


class History(Shape):
    """The newest rows, oldest first: the states entered, and all events."""

    states: list[EnteredState]
    events: list[HistoryItem]


class OwedEntry(Shape):
    """One thing a saga owes. The payload is not shown.

    `undoes` is the entry that this one takes back. Of a paused saga nothing is due: `due` is null.
    """

    id: str
    kind: Literal["command", "effect", "timer", "poll"]
    name: str
    channel: str | None
    state: str | None
    undoes: str | None
    status: Literal["due", "waiting", "parked", "paused"]
    due: str | None
    attempts: int
    lease_until: str | None
    reason: str | None


class SagaDocument(SagaSummary):
    """A saga as a whole, with its newest 500 rows of history."""

    metadata: dict[str, Any]
    events: list[str]
    history: History
    agenda: list[OwedEntry]
    done: list[str]


class AgendaItem(OwedEntry):
    """One thing a saga owes, and where the saga stands."""

    saga_id: str
    machine: str
    saga_state: str


class AgendaPage(Shape):
    """Entries by due time. `nextCursor` is null on the last page."""

    items: list[AgendaItem]
    next_cursor: str | None


class Health(Shape):
    """The daemon is alive."""

    status: Literal["ok"]


class Readiness(Shape):
    """The daemon can take events. With `dispatch` held it takes them and begins nothing that sagas owe.

    `elsewhere`: it has the role api only, and daemons with the role worker begin.
    """

    status: Literal["ready"]
    dispatch: Literal["running", "held", "elsewhere"]
