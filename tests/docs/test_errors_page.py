"""docs/errors.md says what the code says, for every error."""

from __future__ import annotations

from engine.errors import EngineError
from tests.docs.pages import page, table_cells
from web.problems import CATALOGUE


def _coded(error: type[EngineError] = EngineError) -> dict[str, tuple[int, int]]:
    found = {error.code: (error.http_status, error.exit_code)} if "code" in vars(error) else {}
    for child in error.__subclasses__():
        found |= _coded(child)
    return found


def test_every_error_stands_in_the_table_with_its_status_and_exit_code() -> None:
    text = page("docs/errors.md").partition("## What the engine says")[2].partition("\n## ")[0]
    rows = zip(table_cells(text), table_cells(text, 1), table_cells(text, 2), strict=True)
    written = {code: (int(status), int(exit_code)) for code, status, exit_code in rows if code != "Code"}
    assert written == _coded()


def test_every_problem_of_the_http_layer_stands_in_its_table() -> None:
    text = page("docs/errors.md").partition("## What the HTTP layer adds")[2].partition("\n## ")[0]
    rows = zip(table_cells(text), table_cells(text, 1), strict=True)
    written = {code: int(status) for code, status in rows if code != "Code"}
    assert written == {kind.code: kind.status for kind in CATALOGUE.values() if kind.code not in _coded()}
