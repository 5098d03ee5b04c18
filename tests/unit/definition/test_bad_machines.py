"""One bad file a code, and what a user is shown for it, word by word.

`python -m tests.unit.definition.test_bad_machines` writes the shown texts anew, here and in
docs/findings.md; read the difference.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.definition.findings import CODES
from engine.definition.frames import show
from engine.definition.reader import Report, check_file, check_text

FOLDER = Path(__file__).parents[2] / "bad" / "machines"
PAGE = Path(__file__).parents[3] / "docs" / "findings.md"
FILES = sorted(FOLDER.glob("*.yaml"))
MADE_HERE = {"file-unreadable", "file-too-large", "too-many-findings"}
NOT_OF_MACHINES = {"wrong-connector", "wrong-template"}
"""Made in tests/unit/connectors and tests/unit/hub."""


def checked(path: Path) -> Report:
    channels = ["bell", "mail"] if path.stem == "unbound-channel" else None
    return check_text(path.read_bytes(), file=path.name, channels=channels)


def shown(path: Path) -> str:
    report = checked(path)
    return show(report.findings, {path.name: report.source}) + "\n"


def example(path: Path) -> str:
    """What follows the explanation of the code on the page."""
    return f"```text\n{path.with_suffix('.txt').read_text(encoding='utf-8')}```\n"


def test_every_code_has_a_bad_file() -> None:
    assert {path.stem for path in FILES} | MADE_HERE | NOT_OF_MACHINES == set(CODES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_bad_file_has_the_finding_that_it_is_named_for(path: Path) -> None:
    assert path.stem in {finding.code for finding in checked(path).findings}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_bad_file_gives_a_definition_only_if_all_its_findings_are_warnings(path: Path) -> None:
    report = checked(path)
    assert (report.definition is None) == any(finding.severity == "error" for finding in report.findings)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_bad_file_is_shown_as_agreed(path: Path) -> None:
    assert shown(path) == path.with_suffix(".txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_page_shows_the_bad_file_s_findings_as_its_example(path: Path) -> None:
    assert example(path) in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("code", CODES)
def test_the_page_says_how_grave_a_code_is_and_what_it_means(code: str) -> None:
    known = CODES[code]
    said = f"## {code}\n\n{known.severity.capitalize()}. {known.summary} "
    assert said in PAGE.read_text(encoding="utf-8")


def test_a_file_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    (finding,) = check_file(tmp_path / "nowhere.yaml").findings
    assert (finding.code, finding.line, finding.column) == ("file-unreadable", 1, 1)
    assert [each.code for each in check_file(tmp_path).findings] == ["file-unreadable"]


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    huge = tmp_path / "huge.yaml"
    with huge.open("wb") as file:
        file.truncate(50 * 1024 * 1024)
    report = check_file(huge)
    assert [finding.code for finding in report.findings] == ["file-too-large"]
    assert report.source == ""


def test_a_file_with_thousands_of_mistakes_shows_the_first_ones_and_says_so() -> None:
    text = "".join(f"wrong{number}: 1\n" for number in range(3_000))
    report = check_text(text, file="m.yaml")
    assert len(report.findings) == 501
    assert report.findings[-1].code == "too-many-findings"
    assert "2,506 more" in report.findings[-1].message


def _write_anew() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for path in FILES:
        path.with_suffix(".txt").write_text(shown(path), encoding="utf-8")
        old = re.search(rf"(?s)(?<=^## {path.stem}\n)(.*?)(^```text\n.*?^```\n)", page, re.M)
        assert old is not None, path.stem
        page = page[: old.start(2)] + example(path) + page[old.end(2) :]
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    _write_anew()
