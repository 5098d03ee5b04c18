"""Links between pages and to files lead somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.source import shown
from tests.docs.pages import anchors, links, pages


@pytest.mark.parametrize("page", pages(), ids=shown)
def test_every_relative_link_of_a_page_resolves(page: Path) -> None:
    broken = [target for target in links(page) if "://" not in target and not _resolves(page, target)]
    assert broken == []


def _resolves(page: Path, target: str) -> bool:
    name, _, anchor = target.removeprefix("mailto:").partition("#")
    if target.startswith("mailto:"):
        return "@" in name
    path = (page.parent / name) if name else page
    if not path.exists():
        return False
    return not anchor or path.suffix != ".md" or anchor in anchors(path.read_text(encoding="utf-8"))
