"""The page of health in a real browser: what it shows stays where it was when it refreshes itself."""

from __future__ import annotations

from typing import Any

import pytest

from provodka.journal import Journal
from tests.cli.playing import Clock, House
from tests.webhooks.console.desk import Desk, sign_in
from tests.webhooks.console.planting import brake
from tests.webhooks.console.test_console_health import desk  # noqa: F401

pytestmark = pytest.mark.browser
REFRESH = """async () => {
    const settled = new Promise(done => document.addEventListener("htmx:afterSettle", done, {once: true}));
    htmx.ajax("GET", "/console/health", "#now");
    await settled;
}"""


def test_a_refresh_on_a_telephone_keeps_the_scroll_and_the_focus(
    house: House,
    desk: Desk,  # noqa: F811
    journal: Journal,
    clock: Clock,
    opened: Any,
) -> None:
    brake(house)
    journal.trouble("mail", "no answer", "Ждать")
    clock.forward(minutes=3)
    journal.well("mail")
    page = opened(f"{desk.url}/health")
    page.set_viewport_size({"width": 360, "height": 640})
    sign_in(page, "view")
    page.get_by_role("heading", name="Прошедшие неполадки").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.evaluate("document.getElementById('past').scrollLeft = 90")
    page.keyboard.press("j")
    focused = page.evaluate("document.activeElement.id")
    assert focused.startswith("trouble-")
    page.evaluate(REFRESH)
    assert page.evaluate("document.getElementById('past').scrollLeft") == 90
    assert page.evaluate("document.activeElement.id") == focused
    assert page.evaluate("document.querySelector('.current').id") == focused
