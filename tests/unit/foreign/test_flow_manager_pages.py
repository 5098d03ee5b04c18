from __future__ import annotations

import re
from pathlib import Path

from engine.foreign.flow_manager.remarks import REMARKS

PAGE = Path(__file__).parents[3] / "docs" / "import-flow-manager.md"


def test_the_page_explains_every_remark_and_no_other() -> None:
    report = PAGE.read_text().partition("## The report")[2]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", report, flags=re.M)) == set(REMARKS)
