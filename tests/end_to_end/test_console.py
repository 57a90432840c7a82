"""The console on a house at work: what went wrong is mended in a browser, and seen to be done."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.browsing import browser, opened  # noqa: F401 -- fixtures
from tests.end_to_end.company import Company, until
from tests.webhooks.console.desk import HASH, PASSWORD


def test_a_dead_action_is_sent_again_in_a_browser_and_turns_done_before_ones_eyes(
    closed: Company,
    opened: Callable[[str], Any],  # noqa: F811
) -> None:
    user = json.dumps({"password": HASH, "role": "operate", "name": "Ольга"})
    closed.rewritten = lambda text: text + f"\nconsole: {{users: {{olga: {user}}}}}\n"
    closed.open()
    closed.form("+79160000002", name="Нулевая")
    closed.rest("form.submitted")
    closed.crm_control("faults", {"status": 400, "share": 1.0, "method": "POST"})
    closed.form("+79160000001", name="Первая")
    until(lambda: [one for one in closed.actions() if one.state == "dead"], "a dead action", 15)
    event = closed.events("form.submitted")[-1]
    closed.crm_control("faults", method="DELETE")

    tab = opened(f"{closed.url}/console/")
    tab.get_by_label("Имя").fill("olga")
    tab.get_by_label("Пароль").fill(PASSWORD)
    tab.get_by_role("button", name="Войти").click()
    tab.goto(f"{closed.url}/console/events/{event.event.id}")
    assert "amoCRM не принимает данные запроса" in tab.locator(".card.bad").first.inner_text()
    assert "79160000001" not in tab.content()
    tab.get_by_role("button", name="Отправить снова").click()
    tab.locator("details[id^=given]").first.locator("summary").click()
    tab.locator(".road").get_by_text("Доставлено", exact=True).wait_for()
    assert tab.locator("article .state", has_text="сделано").count() == 3
    assert tab.locator("details[id^=given]").first.get_attribute("open") is not None, "what was unfolded stays so"
    assert tab.locator("#story[hx-get]").count() == 0, "it does not look again once all is over"
    assert len(closed.leads()) == 2
