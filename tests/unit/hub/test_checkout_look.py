"""The checkout's look and settings: colours that can be read, pictures that are there, and what is wrong told at start."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from engine.errors import ConfigInvalid
from hub.checkout_look import BLACK, LARGEST_PICTURE, READABLE, WHITE, Colour, Look, read_look
from hub.checkout_pages import CheckoutPages, read_pages


def test_contrast_is_that_of_wcag() -> None:
    assert BLACK.contrast(WHITE) == pytest.approx(21)
    assert Colour("#777777").contrast(WHITE) == pytest.approx(4.48, abs=0.01)
    assert Colour("#ea5159").contrast(WHITE) == WHITE.contrast(Colour("#ea5159"))


@pytest.mark.parametrize("text", ["#ffffff", "#000000", "#ea5159", "#ffff00", "#808080", "#00ff00"])
@pytest.mark.parametrize("behind", ["#ffffff", "#000000", "#767676", "#1b222b"])
def test_any_colour_is_made_readable_on_any_other(text: str, behind: str) -> None:
    assert Colour(text).readable_on(Colour(behind)).contrast(Colour(behind)) >= READABLE


def test_one_of_black_and_white_can_be_read_on_every_colour() -> None:
    steps = [f"{value:02x}" for value in range(0, 256, 51)]
    for parts in product(steps, repeat=3):
        colour = Colour("#" + "".join(parts))
        assert max(colour.contrast(BLACK), colour.contrast(WHITE)) >= READABLE


def test_a_font_that_is_hard_to_read_is_warned_of_and_the_house_s_own_is_not() -> None:
    assert Look().warnings() == []
    warnings = Look(font=Colour("#999999")).warnings()
    assert len(warnings) == 2
    assert "checkout.backgroundColor" in warnings[0]


@pytest.mark.parametrize("colour", ["red", "#fff", "#12345g", "#1234567", "#ffffff;}", "", 7, None])
def test_what_is_no_hex_colour_is_refused(colour: object) -> None:
    with pytest.raises(ConfigInvalid, match=r"checkout\.primaryColor"):
        read_look({"primaryColor": colour}, Path())


def test_pictures_are_read_at_start(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text("<svg/>")
    (tmp_path / "large.png").write_bytes(b"x" * (LARGEST_PICTURE + 1))
    (tmp_path / "page.html").write_text("<script>")
    logo = read_look({"logo": "logo.svg"}, tmp_path).logo
    assert logo is not None
    assert (logo.kind, logo.content) == ("image/svg+xml", b"<svg/>")
    for name in ("none.svg", "large.png", "page.html"):
        with pytest.raises(ConfigInvalid, match=r"checkout\.logo"):
            read_look({"logo": name}, tmp_path)


def test_without_a_word_the_pages_are_all_there() -> None:
    assert read_pages({}, Path(), ()) == CheckoutPages()


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ({"termsUrl": "javascript:alert(1)"}, "termsUrl"),
        ({"returnUrls": {"ok": "/thanks"}}, "returnUrls.ok"),
        ({"linkProvider": "nobody"}, "linkProvider"),
    ],
)
def test_addresses_and_providers_are_checked(written: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigInvalid, match=f"checkout.{key}"):
        read_pages(written, Path(), ("sandbox",))
