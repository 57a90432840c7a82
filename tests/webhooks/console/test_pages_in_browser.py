"""Every page of the console in a real browser, once: accessible, light and dark; within a telephone's width; small; of
nobody's files but ours; without an error."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.webhooks.console.pages import PAGES, Page, Tour

pytestmark = pytest.mark.browser
MOST_BYTES = 100_000
HEADINGS = "[...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map(one => Number(one.tagName[1]))"
WALKED = [page for page in PAGES if page.language == "ru"]  # in English they are the same with other words
ALIKE = {"story-opened", "event-opened", "event-view", "feed-filtered", "needs-rule", "figures-today", "missing"}
"""Pages with nothing but what another of them has: axe need not look at them too."""
DARK = {"sign-in-wrong", "event-dead", "event-unknown", "feed", "needs", "health", "rules", "figures", "what-if-result"}
"""Pages that have every colour between them: of the dark ones axe looks at these alone, and at nothing but contrast."""
COLOURS = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tour]:
    with Tour(tmp_path_factory.mktemp("lively")) as tour:
        yield tour


def test_every_page_is_accessible_narrow_small_and_our_own(tour: Tour, browser: Any) -> None:
    tab = browser.new_page(viewport={"width": 1280, "height": 800}, locale="ru-RU", reduced_motion="reduce")
    tab.set_default_timeout(15_000)
    wrong: list[str] = []
    tab.on("pageerror", lambda error: wrong.append(f"a script failed: {error}"))
    tab.on("console", lambda message: wrong.append(f"console: {message.text}") if _is_fault(message) else None)
    tab.on("request", lambda asked: wrong.extend(_strange(asked, tour.desk.url)))
    found: list[str] = []
    try:
        for page in WALKED:
            found += [f"{page.name}: {one}" for one in (*_looked_at(tour, tab, page), *wrong)]
            wrong.clear()
    finally:
        tab.close()
    assert not found, "\n".join(found)


def _looked_at(tour: Tour, tab: Any, page: Page) -> Iterator[str]:
    tab.emulate_media(color_scheme="light")
    tab.set_viewport_size({"width": 1280, "height": 800})
    came = tour.go(tab, page)
    if came.status != page.status:
        yield f"came with {came.status}, not {page.status}"
    if came.bytes > MOST_BYTES:
        yield f"is {came.bytes} bytes of HTML"
    levels = tab.evaluate(HEADINGS)
    if levels[:1] != [1] or levels.count(1) != 1 or any(b > a + 1 for a, b in pairwise(levels)):
        yield f"has headings of the levels {levels}"
    if page.name not in ALIKE:
        tab.evaluate(Axe().axe_script)
        yield from _axe(tab, "light, 1280")
    if page.name in DARK:
        tab.emulate_media(color_scheme="dark")
        yield from _axe(tab, "dark", COLOURS)
    tab.set_viewport_size({"width": 360, "height": 740})
    if (width := tab.evaluate("document.documentElement.scrollWidth")) > 360:
        yield f"is {width} pixels wide on a telephone"
    if not tab.evaluate(IN_SIGHT):
        yield "has a menu on a telephone that does not show where one is"


IN_SIGHT = """(async () => {
  const one = document.querySelector(".top [aria-current]");
  for (let frames = 0; one && frames < 60; frames++) {
    const { left, right } = one.getBoundingClientRect();
    if (left >= 0 && right <= innerWidth) return true;
    await new Promise(requestAnimationFrame);
  }
  return one === null;
})()"""


def _axe(tab: Any, where: str, options: dict[str, Any] | None = None) -> Iterator[str]:
    told = tab.evaluate("(options) => axe.run(options)", options or {"resultTypes": ["violations"]})
    for one in told["violations"]:
        if one["impact"] in ("serious", "critical"):
            places = "; ".join(node["html"][:120] for node in one["nodes"][:3])
            yield f"{where}: {one['id']}, {len(one['nodes'])} times: {places}"


def _strange(asked: Any, ours: str) -> Iterator[str]:
    """A file from elsewhere. Pages themselves may be a provider's, where one signs in."""
    url = urlsplit(asked.url)
    if not asked.is_navigation_request() and url.scheme != "data" and url.netloc != urlsplit(ours).netloc:
        yield f"loads {asked.url}"


def _is_fault(message: Any) -> bool:
    """Not that the page itself came with a status that says so."""
    return message.type == "error" and not message.text.startswith("Failed to load resource")
