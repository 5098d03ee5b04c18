"""One daemon and one browser for all of these tests; each test has contexts of its own, watched for faults."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from hub.access.roles import Role
from tests.browser.house import CHROMIUM, Enter, House, launch, open_house
from tests.browser.stock import Stock, stocked
from tests.browser.watching import Watch
from tests.needs import need


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


PATIENCE = 20_000
"""Milliseconds for what takes a fraction of that: a busy machine is no failure."""

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    need("Chromium", Path(CHROMIUM).exists(), how="apt-get install chromium")
    with open_house(tmp_path_factory.mktemp("house")) as opened:
        yield opened


@pytest.fixture(scope="session")
def stock(house: House) -> Stock:
    return stocked(house)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = launch(playwright)
        yield launched
        launched.close()


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Add to `expected` the statuses that a test provokes."""
    watching = Watch()
    yield watching
    assert watching.faults == []


@pytest.fixture
def enter(house: House, browser: Browser, watch: Watch) -> Iterator[Enter]:
    """Somebody before the daemon's pages: nobody in particular, or a user with a role."""
    contexts: list[BrowserContext] = []

    def come(role: Role | None = None, *, language: str = "en", width: int = 1280) -> Page:
        context = browser.new_context(
            base_url=house.url,
            locale=language,
            viewport={"width": width, "height": 900},
            reduced_motion="reduce",
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        watch.over(context)
        if role is not None:
            context.add_cookies(
                [{"name": "sagaloom_session", "value": house.cookie_of(role), "url": house.url}]
            )
        return context.new_page()

    yield come
    for context in contexts:
        context.close()
