"""The values that travel round the engine: sagas, entries, events, steps, outcomes.

Nothing here reads a clock, waits or writes. Times are integer milliseconds since 1970-01-01 UTC
(`Millis`); amounts of time are integer milliseconds too. Every value is frozen: whoever wants a
different one makes a new one with `dataclasses.replace`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Millis = int
Json = dict[str, Any]

EntryKind = Literal["command", "effect", "timer", "poll"]
EntryStatus = Literal["due", "waiting", "parked", "done"]
EventResult = Literal["applied", "ignored"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact about a saga, past tense, applied at most once.

    Attributes:
        name: As `on` of the machine spells it, or an alias of it.
        payload: A JSON object; merged into the metadata when the event is applied.
        id: The sender's own id, or the one that the runner gave it. Two events of one saga with the same id
            are one event.
        entry: The agenda entry that this event answers (a command's reply, a timer that fired).
        reply: The name of the reply ("done", "failed", ...) where the event is one.
        uncertain: The reply is "failed", but the receiver may have done it all the same.
        actor: Who sent it, for the history: a user, an API key's name, "engine".
        reason: Why, when a person did it.
    """

    name: str
    payload: Json = field(default_factory=dict)
    id: str | None = None
    entry: str | None = None
    reply: str | None = None
    uncertain: bool = False
    actor: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing a saga owes: a command, a poll, a side effect or a timer, with the moment it is due.

    What is asked (`id` to `done`) is changed by steps only. What became of it so far (`due` to `reason`) is
    kept by the store; a copy in a cached saga may be behind, and nothing that decides looks at it.

    Attributes:
        id: Derived from saga id and version, so a step done again asks for the same thing; it
            goes to the receiver as idempotency key.
        name: The command, the side effect, or the timer's event (`$after.24h`).
        channel: Name that config.yaml binds; None for a timer.
        payload: What is sent. None stands for the saga's metadata as it is now; a step that
            changes metadata first writes the old ones here.
        state: The state that asked for it, and with which it goes; None: it outlives states.
        business: The business state that a timer belongs to, and with which it goes.
        undoes: The entry that this one compensates.
        done: Of a command that was done and may have to be undone: the saga's version then; else 0.
        timeout: Milliseconds that one try may take, reply included; None means no limit.
        status: `due` (to be done at `due`), `waiting` (delivered, the reply is due by `due`),
            `parked` (waits for a person), `done` (a command that a join or a compensation asks for yet).
        attempts: Tries begun so far.
        owner, token, lease_until: The claim. `token` grows with every claim and fences late
            writers; an entry is free when `lease_until` has passed.
        reason: Why the last try failed or why it is parked. Never holds a payload.
    """

    id: str
    saga_id: str
    kind: EntryKind
    name: str
    channel: str | None = None
    payload: Json | None = None
    state: str | None = None
    business: str | None = None
    undoes: str | None = None
    done: int = 0
    timeout: Millis | None = None
    due: Millis
    status: EntryStatus = "due"
    attempts: int = 0
    owner: str | None = None
    token: int = 0
    lease_until: Millis = 0
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """What one step did. `seq` is the saga's version after it; rows have no gaps.

    Attributes:
        event: Event name as applied (the machine's spelling, aliases resolved).
        event_id: The sender's id, or the runner's for an event that came without; None where a person
            intervened, and for what the engine raised.
        result: `applied` or `ignored`.
        source: State before; None for the creation.
        state: State after.
        entered: True if `state` was entered by this step (also when re-entered).
        note: A sentence for people: why it was ignored, what a person did.
    """

    seq: int
    at: Millis
    event: str
    event_id: str | None = None
    result: EventResult = "applied"
    source: str | None
    state: str
    entered: bool
    business_state_id: int
    business_state_description: str
    business_event_id: int | None = None
    business_event_description: str | None = None
    actor: str | None = None
    reason: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A second handle of a saga, unique for one machine: events may address the saga by `value`."""

    machine: str
    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Saga:
    """One durable run of a machine, without its history (which the store keeps beside it).

    Attributes:
        version: The saga's own counter: 1 at creation, plus one for every step.
        entity_id: `associatedEntityId` of whoever started it; "" if none.
        agenda: What it owes. Identity and request are exact, the rest may be behind the store.
        paused: Nothing of it becomes due until a person resumes it.
        late: The `sla` timer that it ran over, `$sla` or `$businessSla`; "" if it is on time.
    """

    saga_id: str
    machine: str
    machine_version: int
    version: int
    entity_id: str
    state: str
    is_final: bool
    business_state: str
    business_state_id: int
    business_state_description: str
    latest_event: str
    metadata: Json
    keys: tuple[Key, ...] = ()
    agenda: tuple[Entry, ...] = ()
    paused: bool = False
    late: str = ""
    created_at: Millis
    updated_at: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """What keeps a late writer out: a step is refused while its entry is there under a token above this one."""

    entry: str
    token: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """An event applied to a saga: the saga after it, and what that changed beside the saga.

    Attributes:
        saga: The saga after.
        rows: The history rows: the event, then what the engine raised because of it. At least one;
            `rows[0].seq - 1` is the version the step was made from, `rows[-1].seq == saga.version`.
        added: Entries that are new, or that take the place of one with the same id.
        rewritten: Entries whose request changed. Of one that is still owed the store takes payload,
            state, business and undoes; and all else too if it is `done` now. One that is gone stays gone.
        removed: Ids of entries that are no longer owed; one that is gone already is fine.
        claimed: Keys that the saga has from now on.
        dropped: Keys that it no longer has.
        fence: Of a step that tells what a try of an entry came to: the lease that it was tried under.
    """

    saga: Saga
    rows: tuple[HistoryRow, ...]
    added: tuple[Entry, ...] = ()
    rewritten: tuple[Entry, ...] = ()
    removed: tuple[str, ...] = ()
    claimed: tuple[Key, ...] = ()
    dropped: tuple[Key, ...] = ()
    fence: Fence | None = None

    @property
    def row(self) -> HistoryRow:
        """The row of the event itself."""
        return self.rows[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the sender of an event is told. A repeat gets the first answer, with `repeated` set."""

    saga_id: str
    version: int
    state: str
    result: EventResult
    event: str
    repeated: bool = False
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a channel is given: one try of one entry. It never sees a store or a saga.

    Attributes:
        id: The entry's id: the idempotency key of the request, the same on every try.
        attempt: 1 for the first try.
        uncertain: True when an earlier try may have had its effect (time-out, crash): read back
            before trying again where that is possible.
        replies: reply name -> event name, as the command declares them.
    """

    id: str
    saga_id: str
    entity_id: str
    machine: str
    kind: EntryKind
    name: str
    payload: Json
    attempt: int = 1
    uncertain: bool = False
    replies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The try succeeded.

    With `reply` (a name of the command's `replies`: "done", "failed", "pending" ...) or `event`
    (an event name) the saga is told at once; with neither, the request was accepted and the reply
    comes later as an event of its own.
    """

    reply: str | None = None
    event: str | None = None
    payload: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """The try did not succeed and may be repeated: after `delay` ms, or as `retry` says if None."""

    reason: str
    delay: Millis | None = None
    uncertain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The try failed for good: the `failed` reply if the command has one, else it is parked."""

    reason: str
    payload: Json = field(default_factory=dict)


Outcome = Done | Later | Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An entry leased to a daemon, with the saga that owes it."""

    saga: Saga
    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A row of the agenda listing: an entry and where its saga stands."""

    entry: Entry
    machine: str
    saga_state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which sagas to list, newest first. Every field that is set must match.

    Attributes:
        created_from, created_to: Half-open range [from, to) of creation.
        updated_from: Changed at this moment or later. Not an index of every store: it may look at every saga.
        parked: True: only sagas with a parked entry; False: only those without.
        after: (created_at, saga_id) of the last row of the page before; None for the first page.
    """

    machine: str | None = None
    machine_version: int | None = None
    state: str | None = None
    business_state: str | None = None
    entity_id: str | None = None
    is_final: bool | None = None
    parked: bool | None = None
    paused: bool | None = None
    late: bool | None = None
    created_from: Millis | None = None
    created_to: Millis | None = None
    updated_from: Millis | None = None
    after: tuple[Millis, str] | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many sagas of a machine stand in a state."""

    machine: str
    machine_version: int
    state: str
    business_state: str
    sagas: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What of a machine's sagas somebody should know of at present.

    Attributes:
        parked: Entries that wait for a person.
        due: Entries whose time has come and that nobody has in hand.
        late, paused: Sagas that are so and not final.
    """

    machine: str
    parked: int = 0
    due: int = 0
    late: int = 0
    paused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDefinition:
    """A deployed definition as the store keeps it: its YAML text under name, version, hash."""

    machine: str
    version: int
    content_hash: str
    source: str
    deployed_at: Millis
