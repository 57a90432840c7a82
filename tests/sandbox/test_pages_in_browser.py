"""The pages of the sandbox for whoever reads by ear, by keyboard, on a phone, or in the dark."""

from __future__ import annotations

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe

from sandbox.server import Sandbox

pytestmark = pytest.mark.browser
SERIOUS = ("serious", "critical")


@pytest.fixture
def sandbox():
    with Sandbox(0) as running:
        running.places["console"] = "http://127.0.0.1:1/console/"
        yield running


@pytest.fixture
def lead(sandbox):
    """A lead with a person and a task, by the API."""
    contact = {
        "name": "Мария",
        "custom_fields_values": [{"field_code": "PHONE", "values": [{"value": "+79160001122"}]}],
    }
    item = {"name": "Сайт: Мария", "_embedded": {"contacts": [contact], "tags": [{"name": "сайт"}]}}
    headers = {"Authorization": "Bearer sandbox"}
    answer = requests.post(f"{sandbox.amocrm.url}/api/v4/leads/complex", json=[item], headers=headers, timeout=30)
    number = answer.json()[0]["id"]
    task = {"text": "Позвонить", "complete_till": 1000, "entity_id": number, "entity_type": "leads"}
    requests.post(f"{sandbox.amocrm.url}/api/v4/tasks", json=[task], headers=headers, timeout=30).raise_for_status()
    sandbox.telegram.say(700100, "Здравствуйте!", first_name="Сергей")
    return number


VIOLATIONS = {"resultTypes": ["violations"]}
CONTRAST = "axe.run({runOnly: ['color-contrast'], resultTypes: ['violations']})"
"""All that axe finds in one scheme of colours and not in the other."""


def test_axe_finds_nothing_serious_on_any_page_light_or_dark(opened, sandbox, lead):
    places = {name: url for name, url in sandbox.places.items() if name != "console"}
    card = f"{sandbox.amocrm.url}/leads/detail/{lead}"
    tab, axe = opened("about:blank"), Axe()
    found = []
    for address in (*places.values(), card, f"{sandbox.senders.url}/google/", f"{sandbox.senders.url}/tbank/pay/"):
        tab.goto(address)
        tab.locator("h1").wait_for()
        tab.emulate_media(color_scheme="light")
        violations = axe.run(tab, options=VIOLATIONS).response["violations"]
        tab.emulate_media(color_scheme="dark")
        violations += tab.evaluate(CONTRAST)["violations"]
        found += [(address, one["id"], one["nodes"][0]["html"]) for one in violations if one["impact"] in SERIOUS]
    assert found == []


def test_the_board_is_walked_filtered_and_opened_by_keyboard(opened, sandbox, lead):
    tab = opened(sandbox.amocrm.url)
    tab.keyboard.press("/")
    tab.keyboard.type("никого")
    tab.locator(".card").wait_for(state="hidden")
    tab.keyboard.press("Escape")
    tab.locator(".card").wait_for()
    tab.keyboard.press("j")
    tab.keyboard.press("Enter")
    tab.get_by_role("dialog", name="Сайт: Мария").wait_for()
    assert tab.get_by_role("link", name="история в консоли").get_attribute("href").endswith(f"/console/?q={lead}")


def test_no_page_is_wider_than_a_phone(opened, sandbox, lead):
    tab = opened("about:blank")
    tab.set_viewport_size({"width": 360, "height": 740})
    for name, address in sandbox.places.items():
        if name != "console":
            tab.goto(address)
            assert tab.evaluate("document.documentElement.scrollWidth") <= 360, name
