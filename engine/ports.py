"""What the engine asks of the outside: a store, channels, a clock, ids.

Adapters implement these; the suites under tests/contract say what each promise means, and fakes
pass the same suites. Every method may raise `StoreUnavailable`: the outcome is unknown then, and
repeating the same call is safe.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, runtime_checkable

from engine.model import (
    Answer,
    Claim,
    Count,
    Delivery,
    Due,
    Entry,
    Event,
    HistoryRow,
    Json,
    Millis,
    Outcome,
    Query,
    Saga,
    Step,
    StoredDefinition,
    Tally,
)
from engine.records import Records


class Clock(Protocol):
    """Where "now" comes from. Passed in, so that tests own the time."""

    def now(self) -> Millis:
        """Milliseconds since 1970-01-01 UTC."""
        ...


class Ids(Protocol):
    """Where new ids and jitter come from."""

    def new(self) -> str:
        """A fresh id, unique for ever, sortable by time of making."""
        ...

    def jitter(self) -> float:
        """A number in [-1, 1), evenly spread."""
        ...


class Calendar(Protocol):
    """The moments of a cron job."""

    def next(self, after: Millis) -> Millis | None:
        """The first moment after that one; None if there is none any more."""
        ...


class SagaStore(Protocol):
    """Durable home of sagas.

    * A step is committed whole or not at all: saga, history rows, agenda, keys.
    * When `create` or `commit` returns, the step survives kill -9 and power loss.
    * Two steps from the same version: one wins, the other gets StaleSaga.
    * Committing a step a second time changes nothing and is not an error. It is recognised by its rows.
    * An event id is taken at most once per saga, whichever row of a step has it: DuplicateEvent.
    * An entry that takes the place of one with its id gets a token above it: who held that one is fenced.
    * A step with a fence is refused if its entry is there under a higher token: StaleLease.
    """

    async def create(self, step: Step) -> None:
        """Make a new saga durable.

        Raises:
            SagaExists: The saga id is taken by another saga.
            KeyTaken: Another saga of the machine has one of the keys.
        """
        ...

    async def commit(self, step: Step) -> None:
        """Make a step durable.

        Raises:
            SagaNotFound: There is no such saga.
            DuplicateEvent: The saga has had an event with the id of one of the rows, at another version.
            StaleSaga: The saga is not at `step.rows[0].seq - 1`.
            StaleLease: Somebody else has claimed the entry of `step.fence` since.
            KeyTaken: Another saga of the machine has one of the claimed keys.
        """
        ...

    async def load(self, saga_id: str) -> Saga:
        """The saga with its whole agenda, entries as they are now, in the order of their ids' making.

        Raises:
            SagaNotFound
        """
        ...

    async def find(self, handle: str, machine: str | None = None) -> str:
        """The id of the saga that `handle` means: a saga id first, else the value of a key.

        Raises:
            SagaNotFound
            KeyAmbiguous: Sagas of several machines have it as a key and `machine` is None, or one
                machine has it under two key names of different sagas.
        """
        ...

    async def history(
        self, saga_id: str, *, after: int = 0, limit: int | None = None, newest: bool = False
    ) -> Sequence[HistoryRow]:
        """Rows with seq > after, oldest first; at most `limit`: the oldest, or the newest if asked."""
        ...

    async def row_of(self, saga_id: str, event_id: str) -> HistoryRow | None:
        """The row of the event with this id, None if the saga has had none."""
        ...

    async def close(self) -> None:
        """Finish what was accepted and let go of files and connections. Safe to call twice."""
        ...


class AgendaStore(Protocol):
    """The entries that sagas owe, and who is doing them.

    * An entry is claimed by at most one owner until its lease runs out.
    * `postpone`, `park`, `settle` act only while entry.token is the stored one; else StaleLease.
      None of them changes the saga's version.
    * A parked entry is never claimed.
    * A done entry is kept for its saga alone: it is never claimed, and neither listed nor counted here;
      for `postpone`, `park` and `settle` it is gone (StaleLease).
    """

    async def claim(self, *, owner: str, now: Millis, lease: Millis, limit: int) -> Sequence[Claim]:
        """Lease up to `limit` entries that are due (`due <= now`), not parked, and free
        (`lease_until <= now`), oldest due first.

        The returned entries carry owner, the new token and lease_until, which is now + lease, or
        now + timeout + lease for an entry with a timeout. Their sagas come with an empty agenda, so
        that a claim costs the same however much else a saga owes.
        """
        ...

    async def postpone(self, entry: Entry, *, due: Millis, reason: str | None, waiting: bool = False) -> None:
        """Write back attempts and the new due time, and give up the lease.

        `entry.attempts` is stored as given. With `waiting` the entry was delivered and awaits its
        reply until `due`.
        """
        ...

    async def park(self, entry: Entry, *, reason: str) -> None:
        """Set the entry aside for a person, attempts as given in `entry`."""
        ...

    async def settle(self, entry: Entry) -> None:
        """The entry is done and no event comes of it: remove it."""
        ...

    async def release(self, *, owner: str | None = None) -> int:
        """Free the leases of `owner`, or of everybody; answers how many. Tokens go on growing."""
        ...

    async def next_due(self) -> Millis | None:
        """When the next entry can be claimed; None if there is none."""
        ...

    async def agenda(
        self,
        *,
        parked: bool | None = None,
        machine: str | None = None,
        after: tuple[Millis, str] | None = None,
        limit: int = 50,
    ) -> Sequence[Due]:
        """Entries by (due, id) ascending, parked or not; `after` is (due, id) of the last one seen."""
        ...

    async def tallies(self, *, now: Millis) -> Sequence[Tally]:
        """By machine, those with nothing to tell left out. Cheap enough for every scrape of the metrics."""
        ...


class SagaIndex(Protocol):
    """Lists and counts, for people. May lag behind a commit by nothing: reads see all commits."""

    async def list(self, query: Query) -> Sequence[Saga]:
        """Newest first by (created_at, saga_id); sagas come with an empty agenda, parked entries aside.

        Both never change, so that pages meet every saga that matches all the while exactly once, and
        none twice, whatever happens to it between them: what a bulk operation needs.
        """
        ...

    async def counts(self, machine: str | None = None) -> Sequence[Count]:
        """Sagas by machine, version and state."""
        ...


class DefinitionStore(Protocol):
    """Deployed definitions: immutable under name and version."""

    async def deploy(self, definition: StoredDefinition, *, replace: bool = False) -> None:
        """Keep a definition. The same content again is fine.

        Raises:
            DefinitionChanged: Another content is kept under this name and version, and `replace`
                is False.
        """
        ...

    async def definitions(self, machine: str | None = None) -> Sequence[StoredDefinition]:
        """All that is deployed, by name and version ascending."""
        ...


class Store(SagaStore, AgendaStore, SagaIndex, DefinitionStore, Protocol):
    """What an adapter under adapters/stores provides."""

    @property
    def records(self) -> Records:
        """What is kept beside the sagas, in the same place and as durably."""
        ...


@runtime_checkable
class DueWatch(Protocol):
    """What a store may be as well, if several daemons share it: it tells them of what they leave to one another."""

    async def watch_due(self, wake: Callable[[], None]) -> None:
        """Call `wake` on this loop soon after a write left something due that nobody has in hand.

        Runs until it is cancelled and raises nothing else. It may miss some and tell of too many: who listens
        looks at the agenda every so often all the same.
        """
        ...


class Channel(Protocol):
    """A route to the outside. Never raises for the receiver's fault: it answers an Outcome.

    An exception from `send` is a bug and parks the entry. Cancellation means the time is up.
    """

    async def send(self, delivery: Delivery) -> Outcome:
        """Try once. Safe to repeat: the receiver may recognise `delivery.id`."""
        ...

    async def close(self) -> None:
        """Let go of connections. Safe to call twice."""
        ...


Take = Callable[[str, Event], Awaitable[Answer]]
"""`Runner.handle`: an event for the saga that a handle (saga id or key) means, durable when it returns."""


@runtime_checkable
class Inlet(Protocol):
    """What brings events in from outside by itself. A channel may be one as well.

    It acknowledges an event to its sender only when `take` has returned, or has raised Refused or
    Invalid; after Unavailable or Stale it gives the same event again.
    """

    async def start(self, take: Take) -> None:
        """Begin to bring events in. The engine is ready, and nothing was sent to the outside yet.

        Raises:
            ConfigInvalid: Something that the configuration names is not there.
            ChannelUnavailable: The outside does not answer.
        """
        ...

    async def stop(self) -> None:
        """Bring nothing more in, and finish what is in hand. Safe to call twice."""
        ...

    def healthy(self) -> str | None:
        """None while events can come in, else a sentence that says why they cannot."""
        ...


@runtime_checkable
class Keeper(Protocol):
    """A channel that has to remember something across tries and crashes."""

    def keep_in(self, records: Records, clock: Clock) -> None:
        """Where to keep it; called once, before the first delivery."""
        ...


class Screen(Protocol):
    """Looks at all data that come in from outside, before anything is done with them. Pure and fast."""

    def refusal(self, data: object) -> str | None:
        """Why the data must not be taken, None if they may. Never holds a value of them."""
        ...

    def cleaned(self, data: Json) -> Json:
        """The same data without what must not be kept: for answers of receivers, which cannot be refused."""
        ...
