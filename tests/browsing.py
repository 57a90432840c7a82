"""A real browser for tests of pages. A folder's conftest imports the fixtures."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A real browser; where the machine has none the test says so. Not longer than for a module: its driver keeps an
    event loop running in this thread, where other tests want to run their own."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


def _is_fault(message: Any) -> bool:
    """A refusal that the page tells the person of is none, a file of the page that is missing is one."""
    refused = message.text.startswith("Failed to load resource") and "404" not in message.text
    return message.type == "error" and not refused


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[[str], Any]]:
    """Opens an address in a tab of its own; an error of a script, or in the console, fails the test."""
    errors: list[str] = []
    tabs = []

    def open_tab(url: str) -> Any:
        tab = browser.new_page(viewport={"width": 1280, "height": 800}, locale="ru-RU")
        tabs.append(tab)
        tab.set_default_timeout(30_000)
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.on("console", lambda message: errors.append(message.text) if _is_fault(message) else None)
        tab.goto(url)
        return tab

    yield open_tab
    for tab in tabs:
        tab.close()
    assert errors == []
