"""axe-core looks at a page as it stands, light and dark. Its rules: WCAG 2.2 A and AA, and best practices."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

_RUN = """
async (rules) => {
  const found = await axe.run(document, rules.length ? {runOnly: {type: "rule", values: rules}} : {});
  return found.violations.flatMap((one) => one.nodes.map((node) =>
    `${one.id}: ${node.target.join(" ")}: ${node.failureSummary.split("\\n")[1].trim()}`));
}
"""
_BY_COLOUR = ["color-contrast", "link-in-text-block"]


def barriers(page: Page, *, dark: bool) -> list[str]:
    """What axe finds in the light and, if asked, what else in the dark."""
    page.emulate_media(color_scheme="light")
    found = [f"light: {one}" for one in _look(page, [])]
    if not dark:
        return found
    page.emulate_media(color_scheme="dark")
    return found + [f"dark: {one}" for one in _look(page, _BY_COLOUR)]


def _look(page: Page, rules: list[str]) -> list[str]:
    if not page.evaluate("'axe' in window"):
        _load(page)
    found: list[str] = page.evaluate(_RUN, rules)
    return found


def _load(page: Page) -> None:
    """Through the debugger: the policy of our pages lets no script in, and shall not."""
    session = page.context.new_cdp_session(page)
    answer: dict[str, Any] = session.send("Runtime.evaluate", {"expression": _source()})
    assert "exceptionDetails" not in answer, answer
    session.detach()


@lru_cache(maxsize=1)
def _source() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text()
