from __future__ import annotations

from pathlib import Path

import pytest

from engine.definition.reader import check_file, check_text, load
from engine.errors import DefinitionInvalid
from tests.unit.definition.samples import DOOR, MACHINES, ORDER, checked, definition, long_machine


@pytest.mark.parametrize("file", sorted(MACHINES.glob("*.yaml")), ids=lambda file: file.stem)
def test_a_good_machine_has_nothing_to_mend(file: Path) -> None:
    report = check_file(file)
    assert report.findings == ()
    assert report.definition is not None


def test_a_definition_carries_its_text_and_its_file() -> None:
    loaded = load(MACHINES / "order.yaml")
    assert (loaded.name, loaded.version) == ("order", 1)
    assert loaded.source == ORDER
    assert loaded.file == str(MACHINES / "order.yaml")


def test_loading_a_bad_file_names_the_first_error_and_its_place(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(DOOR.replace("bellPushed: RINGING", "bellPushed: RINGNG"))
    with pytest.raises(DefinitionInvalid) as caught:
        load(bad)
    assert str(caught.value) == f"{bad}:13:22: there is no state RINGNG"
    assert [finding.code for finding in caught.value.findings] == ["unknown-state"]


def test_channels_are_checked_only_where_they_are_given() -> None:
    assert check_text(DOOR, file="m.yaml").findings == ()
    assert check_text(DOOR, file="m.yaml", channels=["bell"]).findings == ()
    (finding,) = check_text(DOOR, file="m.yaml", channels=[]).findings
    assert (finding.code, finding.path) == ("unbound-channel", "/commands/ring/channel")


def test_text_and_bytes_and_a_byte_order_mark_give_the_same_definition() -> None:
    plain = check_text(DOOR, file="m.yaml").definition
    assert check_text(DOOR.encode(), file="m.yaml").definition == plain
    assert check_text(b"\xef\xbb\xbf" + DOOR.encode(), file="m.yaml").definition == plain


def test_the_hash_is_of_the_meaning_not_of_the_layout() -> None:
    first = definition(DOOR)
    laid_out = definition(
        "# a comment\n" + DOOR,
        ("{id: 0, description: The door is shut}", "{description: The door is shut, id: 0}"),
    )
    changed = definition(DOOR, ("The door is shut", "The door is closed"))
    assert laid_out.content_hash == first.content_hash
    assert changed.content_hash != first.content_hash
    assert len(first.content_hash) == 64


def test_findings_come_in_the_order_of_the_file() -> None:
    report = checked(
        DOOR, ("initialState: CLOSED", "initialState: NOWHERE"), ("bellPushed: RINGING", "bellPushed: GONE")
    )
    assert [finding.line for finding in report.findings] == [3, 13]


def test_an_unknown_key_does_not_hide_what_else_is_wrong() -> None:
    report = checked(
        DOOR,
        ("    command: ring", "    command: ring\n    colour: red"),
        ("bellPushed: RINGING", "bellPushed: RINGNG"),
    )
    assert [finding.code for finding in report.findings] == ["unknown-state", "unknown-key"]


def test_more_mistakes_than_are_shown_never_let_a_bad_structure_through() -> None:
    text = DOOR + "".join(f"wrong{number}: 1\n" for number in range(600)) + "keys: {}\n"
    assert check_text(text, file="m.yaml").definition is None


def test_a_machine_of_ten_thousand_lines_is_read_whole() -> None:
    text = long_machine(590)
    assert text.count("\n") > 10_000
    loaded = definition(text)
    assert len(loaded.states) == 592
    assert list(loaded.states)[:2] == ["S0", "S1"]
