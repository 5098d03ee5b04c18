"""What callers may send about many sagas, machines and the daemon itself: bodies that msgspec checks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from engine.model import Query
from web.cursors import place_of
from web.moments import moment
from web.requests import Body, Cursor, EntityId, Moment, Name, Reason, Version

BulkLimit = Annotated[
    int, Meta(ge=1, le=1000, description="At most so many sagas; `more` tells if there are others")
]
Source = Annotated[str, Meta(min_length=1, description="The YAML of one machine")]


class SagaFilter(Body):
    """Which sagas: those that match every field that is given."""

    machine: Name | None = None
    version: Version | None = None
    state: Name | None = None
    business_state: Name | None = None
    entity_id: EntityId | None = None
    is_final: bool | None = None
    parked: bool | None = None
    paused: bool | None = None
    late: bool | None = None
    created_from: Moment | None = None
    created_to: Moment | None = None

    def query(self, *, limit: int, cursor: str | None) -> Query:
        """The same for a store. Raises Problem: invalid-query, invalid-cursor."""
        return Query(
            machine=self.machine,
            machine_version=self.version,
            state=self.state,
            business_state=self.business_state,
            entity_id=self.entity_id,
            is_final=self.is_final,
            parked=self.parked,
            paused=self.paused,
            late=self.late,
            created_from=moment("createdFrom", self.created_from),
            created_to=moment("createdTo", self.created_to),
            after=place_of(cursor),
            limit=limit,
        )


class BulkArguments(Body):
    """What the action needs: `retry` takes payload and metadata, `answer` reply and payload, `move` state."""

    payload: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    reply: Name | None = None
    state: Name | None = None


class BulkOrder(Body):
    """One intervention on every saga that the filter finds, newest first.

    `cursor` goes on where an order ended whose report said `more`.
    """

    action: Literal["retry", "skip", "answer", "move", "pause", "resume"]
    reason: Reason
    filter: SagaFilter = msgspec.field(default_factory=SagaFilter)
    arguments: BulkArguments = msgspec.field(default_factory=BulkArguments)
    dry_run: bool = False
    limit: BulkLimit = 100
    cursor: Cursor | None = None


class MigrateSagas(Body):
    """Sagas of one version of the machine to another; `states` maps old names to new ones.

    Final sagas stay unless the filter asks for them. What the new version has no place for refuses a
    saga, unless `dropEntries`; so do commands that it was never asked for, unless `sendNew`.
    """

    source: Version = msgspec.field(name="from")
    target: Version = msgspec.field(name="to")
    reason: Reason
    states: dict[Name, Name] = msgspec.field(default_factory=dict)
    filter: SagaFilter = msgspec.field(default_factory=SagaFilter)
    drop_entries: bool = False
    send_new: bool = False
    dry_run: bool = False
    limit: BulkLimit = 100
    cursor: Cursor | None = None


class NewMachine(Body):
    """A machine to deploy. The body may also be the YAML itself; without a body the files are read again."""

    source: Source


class SetDispatch(Body):
    """Whether what sagas owe is begun."""

    state: Literal["running", "held"]
