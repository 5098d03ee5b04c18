"""What holds for every page: it loads without a fault, weighs little, fits a telephone, and axe finds no barrier in it."""

from __future__ import annotations

import gzip
import re

import pytest
from playwright.sync_api import Page

from tests.browser.axe import barriers
from tests.browser.house import Enter, House
from tests.browser.places import Place, places, unseen
from tests.browser.stock import Stock

MOST = 150_000
"""Bytes of a first visit: the page, its styles and its scripts."""

NARROW = 360


def test_every_route_of_a_page_is_looked_at(stock: Stock) -> None:
    assert unseen(places(stock)) == []


@pytest.mark.parametrize("language", ["en", "it"])
@pytest.mark.parametrize("face", ["", "payment", "backoffice", "console", "access"])
def test_axe_finds_no_barrier_light_or_dark(enter: Enter, stock: Stock, face: str, language: str) -> None:
    pages: dict[str | None, Page] = {}
    found = []
    for place in _of(face, stock):
        page = pages.get(place.role) or pages.setdefault(place.role, enter(place.role, language=language))
        page.goto(place.path)
        found += [f"{place.name}: {barrier}" for barrier in barriers(page, dark=language == "en")]
    assert "\n".join(found) == ""


def test_no_page_is_wider_than_a_telephone(enter: Enter, stock: Stock) -> None:
    pages = {role: enter(role, width=NARROW) for role in {place.role for place in places(stock)}}
    wide = {}
    for place in places(stock):
        page = pages[place.role]
        page.goto(place.path)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > NARROW:
            wide[place.name] = width
    assert wide == {}


def test_a_first_visit_is_light(house: House, stock: Stock) -> None:
    weights = {place.name: _weight(house, place) for place in places(stock)}
    assert {name: weight for name, weight in weights.items() if weight > MOST} == {}


def _of(face: str, stock: Stock) -> list[Place]:
    faces = ("payment", "backoffice", "console", "access")
    return [
        place
        for place in places(stock)
        if (first := re.split(r"[/?]", place.path)[1]) == face or (not face and first not in faces)
    ]


def _weight(house: House, place: Place) -> int:
    """Bytes over the wire."""
    cookie = {} if place.role is None else {"Cookie": f"sagaloom_session={house.cookie_of(place.role)}"}
    answer, body = house.ask("GET", place.path, headers={"Accept-Encoding": "gzip", **cookie})
    assert answer.status == 200, place
    page = (gzip.decompress(body) if answer.headers["Content-Encoding"] == "gzip" else body).decode()
    parts = set(re.findall(r'(?:src|href)="(/(?:static|payment/brand)/[^"]+)"', page))
    assert any(part.endswith(".css") for part in parts)
    return len(body) + sum(
        len(house.ask("GET", part, headers={"Accept-Encoding": "gzip"})[1]) for part in parts
    )
