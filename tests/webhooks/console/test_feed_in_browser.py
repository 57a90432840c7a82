"""The live feed in a real browser: rows come and change without a jump, and wait while somebody reads further down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from provodka.journal import Journal
from provodka.payloads import Person
from tests.cli.playing import RULE, Clock, House
from tests.webhooks.console.desk import Desk, sign_in
from tests.webhooks.console.test_console_feed import at_once  # noqa: F401
from webhooks.console.parts import WrittenRule

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(journal: Journal, clock: Clock) -> Iterator[Desk]:
    opened = Desk(journal, {"now": clock, "rules": [WrittenRule(RULE, "", "", 1)]})
    yield opened
    opened.close()


def test_rows_come_and_change_where_they_stand_and_wait_while_one_reads(house: House, desk: Desk, opened: Any) -> None:
    for number in range(40):
        house.event(str(number), person=Person(name=f"Гость {number}"))
    page = opened(f"{desk.url}/feed")
    sign_in(page, "view")
    page.get_by_text("Новое появляется само").wait_for()
    event = house.event("new")
    row = page.locator(f"#e-{event.id}")
    row.get_by_text("в пути").wait_for()
    assert page.locator("#feed li").first.get_attribute("id") == f"e-{event.id}"
    house.plan(event, actions=())
    row.get_by_text("без правила").wait_for()
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert "/console/events/" in page.evaluate("document.activeElement.href")
    page.evaluate("scrollTo(0, 700)")
    stood = page.locator("#feed li").nth(20).bounding_box()
    house.event("newer")
    page.get_by_role("button", name="Показать новые: 1").wait_for()
    assert page.locator("#feed li").nth(20).bounding_box() == stood
    page.get_by_role("button", name="Показать новые: 1").click()
    assert page.locator("#feed li").nth(1).get_attribute("id") == f"e-{event.id}"
    page.get_by_label("Исход").select_option(label="без правила")
    page.wait_for_url("**/console/feed?outcome=no_rule")
    assert page.locator("#feed li").count() == 1
    page.set_viewport_size({"width": 360, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
