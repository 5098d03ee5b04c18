"""The promises of engine.ports.Store, as tests. A store is correct when a subclass of this passes."""

from __future__ import annotations

from tests.contract.store.claims import ClaimsSuite
from tests.contract.store.closing import ClosingSuite
from tests.contract.store.commit import CommitSuite
from tests.contract.store.create import CreateSuite
from tests.contract.store.definitions import DefinitionsSuite
from tests.contract.store.fences import FencesSuite
from tests.contract.store.history import HistorySuite
from tests.contract.store.keys import KeysSuite
from tests.contract.store.listing import ListingSuite
from tests.contract.store.paging import PagingSuite
from tests.contract.store.records import RecordsSuite
from tests.contract.store.rewriting import RewritingSuite
from tests.contract.store.rows import RowsSuite
from tests.contract.store.tallies import TalliesSuite


class StoreContract(
    CreateSuite,
    CommitSuite,
    RowsSuite,
    RewritingSuite,
    KeysSuite,
    HistorySuite,
    ClaimsSuite,
    FencesSuite,
    TalliesSuite,
    ListingSuite,
    PagingSuite,
    DefinitionsSuite,
    RecordsSuite,
    ClosingSuite,
):
    """Everything that holds for every store; `DurabilitySuite` is for those that outlive their process."""
