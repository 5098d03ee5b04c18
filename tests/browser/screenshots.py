"""`make screenshots`: every page as a picture, light and dark, on a telephone and on a desk, from a demo's year of data.

Run by hand when pages have changed. Pictures get a palette, which makes a third of their size.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.house import House, launch, open_house
from tests.browser.places import Place, places
from tests.browser.stock import RULES, Stock, pay, payment, reaches, start

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
WIDTHS = (360, 1440)
Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
TALLEST = 1_500
"""Pixels: what is below repeats what is above."""

_PAYMENTS = 300
_COLOURS = 128


def main(names: Sequence[str]) -> None:
    """All pages, or those that are named."""
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        open_house(Path(folder), "demo", "--payments", str(_PAYMENTS)) as house,
        sync_playwright() as playwright,
    ):
        shown = [one for one in places(_stock(house)) if not names or one.name in names]
        browser = launch(playwright)
        for width in WIDTHS:
            for theme in THEMES:
                _take(browser, house, shown, width, theme)
        browser.close()
    print(f"{FOLDER}: {sum(file.stat().st_size for file in FOLDER.glob('*.png')) / 1e6:.1f} MB")


def _stock(house: House) -> Stock:
    """From the demo's year, but for what a customer is just about."""
    pending = pay(house, "A-4711", 4902)
    reaches(house, pending, "PAYMENT_PENDING")
    parked = house.call("GET", "/api/v1/agenda?parked=true")["items"][0]
    for rule in RULES:
        house.call("POST", "/api/v1/checkout-rules", rule)
    return Stock(
        fresh=start(house, "payment", payment("A-4712", 3530)),
        paid=_one(house, "payments?status=PARTIALLY_REFUNDED"),
        failed=_one(house, "payments?status=FAILED"),
        pending=pending,
        subscription=_one(house, "subscriptions?status=ACTIVE"),
        parked=parked["sagaId"],
        entry=parked["id"],
        rule=RULES[0]["ruleId"],
    )


def _one(house: House, what: str) -> str:
    return str(house.call("GET", f"/api/v1/{what}")["items"][0]["sagaId"])


def _take(browser: Browser, house: House, shown: Sequence[Place], width: int, theme: Theme) -> None:
    pages: dict[str | None, Page] = {}
    for place in shown:
        page = pages.get(place.role) or pages.setdefault(
            place.role, _page(browser, house, place, width, theme)
        )
        page.goto(place.path, wait_until="networkidle")
        height = min(TALLEST, page.evaluate("document.documentElement.scrollHeight"))
        taken = page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": width, "height": height})
        (FOLDER / f"{place.name}-{width}-{theme}.png").write_bytes(_small(taken))


def _page(browser: Browser, house: House, place: Place, width: int, theme: Theme) -> Page:
    context = browser.new_context(
        base_url=house.url,
        locale="en",
        viewport={"width": width, "height": 900},
        color_scheme=theme,
        reduced_motion="reduce",
    )
    if place.role is not None:
        context.add_cookies(
            [{"name": "sagaloom_session", "value": house.cookie_of(place.role), "url": house.url}]
        )
    return context.new_page()


def _small(taken: bytes) -> bytes:
    kept = io.BytesIO()
    picture = (
        Image.open(io.BytesIO(taken))
        .convert("RGB")
        .quantize(_COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    )
    picture.save(kept, "png", optimize=True)
    return kept.getvalue()


if __name__ == "__main__":
    main(sys.argv[1:])
