"""`sagaloom demo --payments`: a store that is worth looking at, the same for the same seed."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from click.testing import CliRunner, Result

from adapters.stores.sqlite import open_sqlite
from cli import app
from engine.clock import SystemClock, SystemIds
from engine.model import Query
from hub.views.filters import PaymentFilter
from hub.views.rows import PaymentRow
from hub.views.views import Views

YEAR = ("--payments", "80", "--until", "2026-06-30", "--days", "120", "--json")


def fill(folder: Path, *more: str) -> Result:
    return CliRunner().invoke(app, ["demo", *YEAR, "--data", str(folder), *more])


def rows(folder: Path) -> tuple[Sequence[PaymentRow], int]:
    """Every payment of the list, and how many sagas have something parked."""

    async def body() -> tuple[Sequence[PaymentRow], int]:
        store = await open_sqlite({"path": "sagaloom.db"}, folder)
        try:
            views = Views(store, SystemClock(), SystemIds())
            found = [row async for batch in views.all_payments(PaymentFilter()) for row in batch]
            return found, len(await store.list(Query(parked=True)))
        finally:
            await store.close()

    return asyncio.run(body())


def test_a_year_has_all_that_a_shop_sees_and_every_row_is_counted(tmp_path: Path) -> None:
    result = fill(tmp_path)
    assert result.exit_code == 0, result.output
    found, parked = rows(tmp_path)
    assert json.loads(result.stdout)["payments"] == {
        "CREATED": 0, "PAID": 0, "PARTIALLY_REFUNDED": 0, "TOTALLY_REFUNDED": 0, "FAILED": 0,
        **Counter(row.status for row in found),
    }  # fmt: skip
    assert 70 <= len(found) <= 130
    assert parked == 2
    assert {row.type for row in found} >= {"DIRECT", "SUBSCRIPTION"}
    assert len({row.provider for row in found}) >= 4
    assert {row.status for row in found} >= {"CREATED", "PAID", "FAILED"}
    assert any(row.late for row in found)
    assert {row.state for row in found} >= {"PAYMENT_PENDING", "REFUND_REQUESTED"}
    assert max(row.date for row in found) < 1_782_864_000_000
    assert all(row.refunded <= row.amount for row in found)


def test_the_same_seed_gives_the_same_year_and_a_store_in_use_is_refused(tmp_path: Path) -> None:
    first, second = (fill(tmp_path / name, "--seed", "3") for name in ("a", "b"))
    assert first.stdout == second.stdout
    assert rows(tmp_path / "a") == rows(tmp_path / "b")
    refused = fill(tmp_path / "a")
    assert refused.exit_code == 2
    assert "--force" in refused.output
    once = len(rows(tmp_path / "a")[0])
    assert fill(tmp_path / "a", "--seed", "4", "--force").exit_code == 0
    assert len(rows(tmp_path / "a")[0]) > once + 60
