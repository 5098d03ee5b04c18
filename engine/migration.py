"""Moving the sagas of one version of a machine to another. What a move means is engine/machine/migrating."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from engine.bulk import Bulk, Order, Report
from engine.deployments import Deployments
from engine.errors import ActionNotPossible
from engine.machine.interventions import Hand
from engine.machine.migrating import Route, migrate
from engine.machine.plan import Machine
from engine.model import Query, Saga, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Which sagas are to go where.

    Attributes:
        source, target: Versions of `machine`; going back is possible too.
        states: Old state -> new state, where the name is another one.
        query: Which sagas of the source version; final ones only if it asks for them.
        drop_entries, send_new: See `engine.machine.migrating.Route`.
        dry: Say what would happen, and do nothing.
    """

    machine: str
    source: int
    target: int
    states: Mapping[str, str] = field(default_factory=dict)
    query: Query = field(default_factory=Query)
    drop_entries: bool = False
    send_new: bool = False
    dry: bool = False


class Migration:
    """Moves sagas; each is a step with a history row of its own, and what cannot go stays as it is."""

    def __init__(self, deployments: Deployments, bulk: Bulk) -> None:
        self._deployments = deployments
        self._bulk = bulk

    async def do(self, change: Change, *, actor: str, reason: str) -> Report:
        """Move at most `change.query.limit` sagas.

        Raises:
            MachineNotFound: One of the versions is deployed nowhere.
            StateNotFound: The map names a state that there is not.
            ActionNotPossible: Both versions are the same.
            StoreUnavailable: Repeating is safe.
        """
        route = await self._route(change)

        def decide(_: Machine, saga: Saga, hand: Hand) -> Step:
            return migrate(route, saga, hand)

        query = replace(change.query, machine=change.machine, machine_version=change.source)
        if query.is_final is None:
            query = replace(query, is_final=False)
        order = Order(query=query, decide=decide, actor=actor, reason=reason, dry=change.dry)
        return await self._bulk.do(order)

    async def _route(self, change: Change) -> Route:
        if change.source == change.target:
            raise ActionNotPossible(f"the sagas are of version {change.source} already")
        route = Route(
            source=await self._deployments.machine(change.machine, change.source),
            target=await self._deployments.machine(change.machine, change.target),
            states=change.states,
            drop_entries=change.drop_entries,
            send_new=change.send_new,
        )
        route.check()
        return route
