"""What-if in a real browser: a config is uploaded as a file, and its answer appears by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provodka.journal import Journal
from tests.cli.past import RULES
from tests.cli.playing import Clock
from tests.webhooks.console.desk import sign_in
from tests.webhooks.console.month import after_a_month

pytestmark = pytest.mark.browser


def test_an_uploaded_config_is_compared_and_its_answer_leads_to_the_event(
    tmp_path: Path, journal: Journal, clock: Clock, opened: Any
) -> None:
    with after_a_month(tmp_path, journal, clock) as (client, desk):
        changed = client.config(RULES.replace("text: Перезвонить", "text: Набрать"), "new.yaml")
        page = opened(f"{desk.url}/rules")
        sign_in(page, "operate")
        page.get_by_role("link", name="Что было бы с другим конфигом").click()
        page.get_by_label("или файл").set_input_files(changed)
        page.get_by_role("button", name="Сравнить").click()
        page.get_by_text("стало бы: Набрать").first.wait_for()
        page.set_viewport_size({"width": 360, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.get_by_role("link", name="Пропущенный звонок").click()
        page.get_by_role("button", name="Сохранить как проверку").click()
        page.get_by_role("heading", name="Проверка из события").wait_for()
        assert "call.missed" in page.locator("#test").inner_text()
