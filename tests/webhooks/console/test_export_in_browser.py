"""An export in a real browser: asked for, watched until it is made, downloaded; and on a telephone."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from tests.cli.playing import House
from tests.webhooks.console.desk import Desk, sign_in
from tests.webhooks.console.test_console_export import Gate, desk  # noqa: F401
from webhooks.console import export as page

pytestmark = pytest.mark.browser


def test_an_export_is_watched_until_it_can_be_downloaded(
    house: House,
    desk: Desk,  # noqa: F811
    opened: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house.planned("1")
    held, write = Gate(), page.export

    def export(*args: Any) -> object:
        held(*args)
        return write(*args)

    monkeypatch.setattr(page, "export", export)
    tab = opened(f"{desk.url}/export")
    sign_in(tab, "operate")
    tab.get_by_role("heading", name="Выгрузка журнала").wait_for()
    tab.set_viewport_size({"width": 360, "height": 640})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    tab.get_by_label("С какого дня").fill("2026-03-01")
    tab.get_by_role("button", name="Выгрузить").click()
    tab.get_by_role("progressbar", name="Готово").wait_for()
    held.open.set()
    with tab.expect_download() as found:
        tab.get_by_role("link", name="Скачать").click()
    assert found.value.suggested_filename == "journal-2026-03-01--2026-03-02-masked.sqlite"
    with sqlite3.connect(found.value.path()) as db:
        assert db.execute("SELECT count(*) FROM events").fetchone() == (1,)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
