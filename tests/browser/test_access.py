"""Logging in and out, and what a role does not let one do."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.house import Enter, House
from tests.browser.watching import Watch


def test_the_first_password_opens_what_was_asked_for_and_logout_closes_it(enter: Enter, house: House) -> None:
    page = enter()
    page.goto("/console/parked")
    expect(page).to_have_url(f"{house.url}/login?next=/console/parked")
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(house.first_password)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(f"{house.url}/console/parked")
    page.get_by_text("admin", exact=True).click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in to Sagaloom")).to_be_visible()
    page.goto("/console")
    expect(page.get_by_label("Password")).to_be_visible()


def test_a_wrong_password_is_said_in_the_readers_language(enter: Enter, watch: Watch) -> None:
    watch.expected.add(403)
    page = enter(language="it")
    page.goto("/login")
    page.get_by_label("Nome").fill("nobody")
    page.get_by_label("Password").fill("wrong wrong")
    page.get_by_role("button", name="Accedi").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Nome")).to_have_value("nobody")


def test_a_viewer_is_told_what_only_admins_may(enter: Enter, watch: Watch) -> None:
    watch.expected.add(403)
    page = enter("viewer")
    page.goto("/access/users")
    expect(page.get_by_role("alert")).to_contain_text("admin")


def test_language_and_theme_stay_chosen(enter: Enter) -> None:
    page = enter("viewer")
    page.goto("/account")
    page.get_by_text("viewer", exact=True).first.click()
    page.get_by_role("button", name="Italiano").click()
    expect(page.locator("html")).to_have_attribute("lang", "it")
    page.locator("summary").first.click()
    page.get_by_role("button", name="Scuro").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto("/login")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
