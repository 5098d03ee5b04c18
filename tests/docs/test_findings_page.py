"""docs/findings.md explains every code that a finding can have, and no other."""

from __future__ import annotations

import re

from engine.definition.findings import CODES
from tests.docs.pages import headings, page, table_cells


def _explained() -> set[str]:
    text = page("docs/findings.md")
    words = [*table_cells(text), *(heading.strip("`") for heading in headings(text))]
    return {word for word in words if re.fullmatch(r"[a-z]+(?:-[a-z]+)*", word)}


def test_every_code_of_a_finding_is_explained() -> None:
    assert set(CODES) - _explained() == set()


def test_no_code_is_explained_that_no_finding_has() -> None:
    assert _explained() - set(CODES) == set()
