"""The promises of engine.ports.Store, as tests. A store is correct when a subclass of this passes."""

from __future__ import annotations

from tests.contract.store.claims import ClaimsSuite
from tests.contract.store.closing import ClosingSuite
from tests.contract.store.commit import CommitSuite
from tests.contract.store.create import CreateSuite
from tests.contract.store.definitions import DefinitionsSuite
from tests.contract.store.history import HistorySuite
from tests.contract.store.keys import KeysSuite
from tests.contract.store.listing import ListingSuite


class StoreContract(
    CreateSuite,
    CommitSuite,
    KeysSuite,
    HistorySuite,
    ClaimsSuite,
    ListingSuite,
    DefinitionsSuite,
    ClosingSuite,
):
    """Everything that holds for every store; `DurabilitySuite` is for those that outlive their process."""
