from __future__ import annotations

import re
from typing import Any

from engine.definition.findings import Finding
from engine.definition.frames import WIDTH, show


def frame(line_text: str, column: int, end: int | None = None, **other: Any) -> list[str]:
    named = {
        "code": "unknown-state",
        "severity": "error",
        "message": "there is no such state",
        "file": "m.yaml",
    }
    finding = Finding(**{**named, **other}, line=2, column=column, end_column=end)
    return show([finding], {"m.yaml": f"machine: m\n{line_text}\n"}).split("\n")


def test_the_mark_stands_under_the_spot() -> None:
    assert frame("to: NOWHERE", 5, 12) == [
        "error[unknown-state]: there is no such state",
        " --> m.yaml:2:5",
        "  |",
        "2 | to: NOWHERE",
        "  |     ^^^^^^^",
    ]


def test_the_fix_comes_last() -> None:
    assert frame("to: NOWHERE", 5, 12, fix="did you mean HERE?")[-1] == "  = help: did you mean HERE?"


def test_without_the_text_there_is_no_frame_but_the_place() -> None:
    finding = Finding(code="bad-name", severity="warning", message="m", file="gone.yaml", line=9, column=3)
    assert show([finding], {}) == "warning[bad-name]: m\n --> gone.yaml:9:3"


def test_nothing_to_say_is_nothing() -> None:
    assert show([], {}) == ""


def test_a_long_line_is_cut_round_the_spot_and_the_mark_still_fits() -> None:
    text = "a" * 5_000 + "NOWHERE" + "b" * 5_000
    shown, marks = frame(text, 5_001, 5_008)[3:5]
    assert len(shown) < WIDTH + 20
    assert shown[marks.index("^") : marks.rindex("^") + 1] == "NOWHERE"


def test_no_character_of_a_file_reaches_the_terminal_unless_it_is_a_sign() -> None:
    hostile = "\x1b[2J\x07\x9b31m\u202e\u200b\t\x7f"
    text = "\n".join(
        frame(
            f"to: {hostile}",
            5,
            message=f"there is no {hostile}\r\nerror",
            file=f"m{hostile}.yaml",
            fix=hostile,
        )
    )
    text += "\n".join(frame(f"to: {hostile}", 5))
    assert all(sign.isprintable() or sign == "\n" for sign in text)
    assert "\nerror" not in text.removeprefix("error").replace("\nerror[", "")


def test_marks_count_columns_of_wide_signs_and_of_tabs() -> None:
    shown, marks = frame("\t名前: NOWHERE", 6, 13)[3:5]
    assert shown == "2 |  名前: NOWHERE"
    assert marks == "  |        ^^^^^^^"


def test_places_outside_the_text_are_no_trouble() -> None:
    assert frame("", 1)[1] == " --> m.yaml:2:1"
    assert frame("a", 99, 120)[-1].endswith("^")


def test_colour_is_only_there_when_asked_for() -> None:
    finding = Finding(code="bad-name", severity="error", message="m", file="m.yaml", fix="f")
    plain, coloured = show([finding], {"m.yaml": "x"}), show([finding], {"m.yaml": "x"}, colour=True)
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    assert coloured != plain
