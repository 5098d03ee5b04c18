"""What the SQLite store does not do: sort, scan, or work for entries that are not due. Counted, not timed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import apsw.ext
import pytest

from adapters.stores import sqlite_agenda, sqlite_index, sqlite_owed, sqlite_steps
from adapters.stores.sqlite_places import Places, insert_place
from adapters.stores.sqlite_rows import place_of, step_rows
from adapters.stores.sqlite_schema import open_writer
from engine.model import Query, Step
from tests.contract.sagas import created, entry, followed

NOW = 1_000

FEW = 16
"""Instructions that where a row lies in its page may make; looking at a hundred rows takes hundreds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A database, written to as the writer does it."""

    db: apsw.Connection
    places: Places

    def write(self, *steps: Step) -> None:
        self.db.execute("BEGIN")
        rows = [step_rows(s, self._place(s), is_first=s.rows[0].seq == 1) for s in steps]
        assert sqlite_steps.write_together(self.db, rows)
        self.db.execute("COMMIT")

    def _place(self, step: Step) -> int:
        place = place_of(step.saga)
        self.places.learn(place, number := insert_place(self.db, place))
        return number

    def claim(self, limit: int = 512) -> list[str]:
        claims = sqlite_agenda.claim(self.db, self.places, owner="a", now=NOW, lease=9, limit=limit)
        return [claim.entry.id for claim in claims]

    def cost(self, work: Callable[[], object]) -> int:
        """Instructions of SQLite's virtual machine that `work` takes."""
        count = 0

        def counted() -> bool:
            nonlocal count
            count += 1
            return False

        self.db.set_progress_handler(counted, 1)
        try:
            work()
        finally:
            self.db.set_progress_handler(None)
        return count

    def plans(self, work: Callable[[], object]) -> list[str]:
        """How SQLite goes about every statement of `work`."""
        statements: list[tuple[str, Any]] = []

        def seen(_: object, statement: str, bindings: Any) -> bool:
            statements.append((statement, bindings))
            return True

        self.db.exec_trace = seen
        try:
            work()
        finally:
            self.db.exec_trace = None
        return [
            row[3] for s, values in statements for row in self.db.execute(f"EXPLAIN QUERY PLAN {s}", values)
        ]


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[Filled]:
    with closing(open_writer(tmp_path / "x.db")) as db:
        yield Filled(db=db, places=Places(db))


def _pending(saga_id: str, timers: int, due: int = NOW + 1) -> Step:
    owes = tuple(
        entry(saga_id, number, kind="timer", name="$after.1h", channel=None, due=due + number)
        for number in range(timers)
    )
    return created(saga_id, owes=owes)


def test_a_claim_walks_the_index_of_what_is_open_and_sorts_nothing(filled: Filled) -> None:
    filled.write(created("s1", owes=tuple(entry("s1", n, due=n) for n in range(50))))
    plan = filled.plans(filled.claim)
    assert "SEARCH entries USING INDEX entries_open (due<?)" in plan
    assert "SEARCH entries USING PRIMARY KEY (saga_id=? AND id=?)" in plan
    assert not [line for line in plan if "TEMP B-TREE" in line]
    assert not [line for line in plan if line.startswith(("SCAN entries", "SCAN sagas"))]


def test_pending_timers_cost_an_idle_daemon_nothing(filled: Filled) -> None:
    filled.write(_pending("s0", 1))
    alone = filled.cost(filled.claim)
    filled.write(*(_pending(f"s{n}", 100) for n in range(1, 51)))
    assert filled.cost(filled.claim) <= alone + FEW
    filled.write(created("s51", owes=tuple(entry("s51", n, status="parked", due=n) for n in range(100))))
    filled.write(
        created("s52", owes=tuple(entry("s52", n, status="done", done=1, due=n) for n in range(100)))
    )
    assert filled.cost(filled.claim) <= alone + FEW


def test_what_else_is_owed_makes_a_claim_no_dearer(filled: Filled) -> None:
    filled.write(created("s1", owes=(entry("s1", due=1),)), created("s2", owes=(entry("s2", due=2),)))
    alone = filled.cost(lambda: filled.claim(limit=1))
    before = created("s2", owes=(entry("s2", due=2),)).saga
    filled.write(followed(before, owes=_pending("s2", 100).added), _pending("s3", 100, due=3))
    assert filled.cost(lambda: filled.claim(limit=1)) <= alone + FEW


def test_a_reply_costs_the_same_in_a_fan_out_of_any_width(filled: Filled) -> None:
    def cost(saga_id: str, width: int) -> int:
        first = created(saga_id, owes=tuple(entry(saga_id, n) for n in range(width)))
        filled.write(first)
        done = entry(saga_id, width // 2, status="done", done=2, payload={})
        return filled.cost(lambda: filled.write(followed(first.saga, rewritten=(done,), agenda=())))

    assert cost("wide", 1_000) <= cost("narrow", 10) + FEW


@pytest.mark.parametrize("query", [{}, {"paused": True}, {"late": True}, {"parked": True}, {"state": "PAID"}])
def test_a_page_costs_the_same_among_any_number_of_sagas(filled: Filled, query: Mapping[str, Any]) -> None:
    def found() -> list[str]:
        return [
            saga.saga_id for saga in sqlite_index.listed(filled.db, filled.places, Query(**query, limit=2))
        ]

    marked: dict[str, Any] = {"paused": True, "late": "$sla", "state": "PAID"}
    for name in ("m1", "m2"):
        filled.write(created(name, owes=(entry(name, status="parked"),), created_at=500, **marked))
    filled.write(*(created(f"s{number}", created_at=number) for number in range(20)))
    few, page = filled.cost(found), found()
    filled.write(*(created(f"s{number}", created_at=number) for number in range(20, 400)))
    assert filled.cost(found) <= few + FEW
    assert page == found() == ["m2", "m1"]


def test_tallies_do_not_read_the_sagas_that_are_well(filled: Filled) -> None:
    def told() -> object:
        return sqlite_owed.tallies(filled.db, filled.places, now=NOW)

    filled.write(created("m1", paused=True), _pending("s0", 3))
    few = filled.cost(told)
    filled.write(*(_pending(f"s{number}", 3) for number in range(1, 200)))
    assert filled.cost(told) <= few + FEW
