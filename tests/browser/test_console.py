"""What those who run it do: see the way a saga took, mend what is parked, write a machine and walk through it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.house import Enter, House
from tests.browser.stock import Stock, parked_entry, start

LIGHT = """machine: light
version: 1
description: A lamp.
initialState: DARK
creationEvent: lampMade
metadata: {schema: {type: object}}
businessStates: {OFF: {id: 0, description: It is dark}, LIT: {id: 1, description: It shines}}
states:
  DARK: {businessState: OFF, on: {switchedOn: SHINING}}
  SHINING: {businessState: LIT, final: true}
"""


@pytest.mark.parametrize("language", ["en", "it"])
def test_a_saga_shows_the_way_it_took(enter: Enter, stock: Stock, language: str) -> None:
    page = enter("viewer", language=language)
    page.goto("/console/sagas")
    page.locator("#find").fill("STOCK-PAID")
    page.locator("#find").press("Enter")
    expect(page).to_have_url(re.compile(stock.paid))
    expect(page.get_by_test_id("saga")).to_have_attribute("data-state", "PAYMENT_EXECUTED")
    expect(page.locator("svg #s-PAYMENT_EXECUTED")).to_have_class(re.compile("current"))
    expect(page.locator("svg .edge.taken").first).to_be_attached()
    expect(page.get_by_test_id("timeline").get_by_role("listitem")).not_to_have_count(0)


@pytest.mark.parametrize("language", ["en", "it"])
def test_what_is_parked_is_tried_again_with_another_payload(
    enter: Enter, house: House, language: str
) -> None:
    saga_id = start(house, "parcel", {})
    entry = parked_entry(house, saga_id)
    page = enter("operator", language=language)
    page.goto("/console/parked?machine=parcel")
    page.locator(f'[data-entry="{entry}"] [data-act="retry"]').click()
    form = page.get_by_test_id("act-form")
    form.locator("[name=payload]").fill('{"sails": true}')
    form.locator("[name=reason]").fill("The storm is over")
    form.locator("[name=sure]").check()
    form.get_by_role("button").first.click()
    expect(page).to_have_url(re.compile(f"/console/sagas/{saga_id}"))
    expect(page.get_by_test_id("saga")).to_have_attribute("data-state", "ARRIVED")
    expect(page.get_by_test_id("timeline")).to_contain_text("The storm is over")


def test_many_that_are_parked_are_skipped_at_once_after_a_preview(enter: Enter, house: House) -> None:
    sagas = [start(house, "parcel", {}) for _ in range(2)]
    for saga_id in sagas:
        parked_entry(house, saga_id)
    page = enter("operator")
    page.goto("/console/bulk?machine=parcel&parked=1&act=retry&limit=2")
    page.locator("#f-payload").fill('{"sails": true}')
    page.locator("#f-reason").fill("The ferry sails again")
    page.get_by_test_id("bulk-form").get_by_role("button").click()
    expect(page.get_by_test_id("preview").get_by_test_id("bulk-rows")).to_contain_text(sagas[0])
    confirm = page.get_by_test_id("bulk-confirm")
    confirm.get_by_role("checkbox").check()
    confirm.get_by_role("button").click()
    expect(page.get_by_test_id("progress")).not_to_have_attribute("data-status", "running")
    for saga_id in sagas:
        assert house.call("GET", f"/api/v1/sagas/{saga_id}")["currentState"] == "ARRIVED"


@pytest.mark.parametrize("language", ["en", "it"])
def test_a_machine_is_checked_drawn_and_walked_through_as_one_types(enter: Enter, language: str) -> None:
    page = enter("viewer", language=language)
    page.goto("/console/editor")
    page.locator("#source").fill(LIGHT.replace("switchedOn: SHINING", "switchedOn: SHINNING"))
    expect(page.locator("#verdict")).to_have_class(re.compile("bad"))
    expect(page.locator("#result")).to_contain_text("SHINNING")
    page.locator("#source").fill(LIGHT)
    expect(page.locator("#verdict")).to_have_class(re.compile("ok"))
    expect(page.locator("#result svg #s-SHINING")).to_be_attached()
    page.locator("#simulate").click()
    expect(page.locator("#walk-state")).to_have_text("DARK")
    page.get_by_test_id("simulation").get_by_role("button", name="switchedOn").click()
    expect(page.locator("#walk-state")).to_have_text("SHINING")
    expect(page.locator("#review")).to_have_count(0)


def test_an_admin_deploys_after_a_confirmation_and_starts_can_follow(enter: Enter, house: House) -> None:
    page = enter("admin")
    page.goto("/console/editor")
    page.locator("#source").fill(LIGHT)
    page.locator("#review button").click()
    form = page.get_by_test_id("deploy-form")
    form.locator("[name=reason]").fill("A lamp for the hall")
    form.locator("[name=confirm]").fill("light 1")
    form.get_by_role("button").first.click()
    expect(page).to_have_url(re.compile("/console/machines/light/1"))
    assert start(house, "light", {})


def test_a_state_in_the_picture_leads_to_its_sagas(enter: Enter, stock: Stock) -> None:
    page = enter("viewer")
    page.goto("/console/machines/payment/2")
    page.locator("svg #s-PAYMENT_EXECUTED").click()
    expect(page).to_have_url(re.compile(r"/console/sagas\?.*state=PAYMENT_EXECUTED"))
    expect(page.get_by_test_id("sagas")).to_contain_text(stock.paid)
