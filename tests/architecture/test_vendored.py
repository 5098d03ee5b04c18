"""What is vendored is what the README beside it says, byte for byte."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
FOLDERS = ["web/static/vendor", "hub/invoice_templates/fonts"]
ROW = re.compile(r"^\| ([\w.-]+) \|.*\| ([0-9a-f]{64}) \|$", re.MULTILINE)


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_vendored_file_has_its_sum_in_the_readme(folder: str) -> None:
    said = dict(ROW.findall((HOUSE / folder / "README.md").read_text()))
    there = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (HOUSE / folder).iterdir()
        if path.suffix not in (".md", ".txt")
    }
    assert there == said
