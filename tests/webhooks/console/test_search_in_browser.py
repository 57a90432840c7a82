"""The search in a real browser: by the keyboard alone, and on a telephone."""

from __future__ import annotations

from typing import Any

import pytest

from provodka.journal import DeadReason
from tests.cli.playing import House
from tests.webhooks.console.desk import Desk, sign_in
from tests.webhooks.console.test_console_search import clock, delivered, desk, house  # noqa: F401

pytestmark = pytest.mark.browser


def test_a_story_is_found_by_the_keyboard_alone_and_fits_a_telephone(
    house: House,  # noqa: F811
    desk: Desk,  # noqa: F811
    opened: Any,
) -> None:
    house.planned("0")
    house.dead(DeadReason.REJECTED)
    delivered(house)
    page = opened(f"{desk.url}/")
    sign_in(page, "view")
    page.get_by_role("heading", name="Где моя заявка?").wait_for()
    page.keyboard.press("/")
    page.keyboard.type("8 (916) 000-11-22")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="История: телефон +7 916 000-11-22").wait_for()
    assert page.get_by_text("Лид создан за").first.is_visible()
    assert page.get_by_text("другая сторона отказала").first.is_visible()
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("j")
    assert "/console/events/" in page.evaluate("document.activeElement.href")
    page.set_viewport_size({"width": 360, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
