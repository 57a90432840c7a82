"""Pictures of the console's pages into docs/console: light and dark, of a desk and of a phone. `make pictures`."""

from __future__ import annotations

import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.browsing import CHROMIUM, FLAGS
from tests.webhooks.console.pages import PAGES, Page, Tour

OUT: Final = Path(__file__).parents[1] / "docs/console"
SIZES: Final = {"desk": (1280, 800), "phone": (360, 740)}
SCREENS: Final = 2
COLOURS: Final = 96


def main() -> None:
    """All pages, or those whose names are given."""
    names = sys.argv[1:]
    chosen = [page for page in PAGES if not names or page.name in names]
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Tour(Path(folder)) as tour, sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=[*FLAGS, "--lang=ru-RU"], env={"LANGUAGE": "ru"}
        )
        tab = browser.new_page(locale="ru-RU", reduced_motion="reduce")
        tab.set_default_timeout(10_000)
        for page in chosen:
            _take(tour, tab, page)
        browser.close()
    if not names:
        _index()


def _take(tour: Tour, tab: Any, page: Page) -> None:
    width, height = SIZES["desk"]
    tab.set_viewport_size({"width": width, "height": height})
    tour.go(tab, page)
    tab.evaluate("document.activeElement?.blur(); document.documentElement.style.scrollbarGutter = 'auto'")
    for size, (width, height) in SIZES.items():
        tab.set_viewport_size({"width": width, "height": height})
        for scheme in _schemes(page):
            tab.emulate_media(color_scheme=scheme)
            whole = tab.evaluate("document.documentElement.scrollHeight")
            clip = {"x": 0, "y": 0, "width": width, "height": max(min(whole, SCREENS * height), 1)}
            _keep(tab.screenshot(full_page=True, clip=clip), OUT / f"{page.name}-{size}-{scheme}.png")


def _schemes(page: Page) -> tuple[str, ...]:
    """In English a page is the same with other words."""
    return ("light", "dark") if page.language == "ru" else ("light",)


def _keep(taken: bytes, path: Path) -> None:
    """With few colours, as a page of ours has few."""
    with Image.open(BytesIO(taken)) as image:
        image.convert("RGB").quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
            path, optimize=True
        )


def _index() -> None:
    """The page that shows them."""
    lines = [
        "# The console in pictures",
        "",
        "Each page at 1280 and 360 pixels, light and dark, of a made-up firm after a month of work. `make pictures` takes",
        "them anew; the list of pages stands in `tests/webhooks/console/pages.py`. What the pages do is told in the",
        "[guide](../ru/console.md) (in Russian).",
    ]
    for page in PAGES:
        told = f"{page.shows[0].upper()}{page.shows[1:]}"
        kinds = [(size, scheme) for size in SIZES for scheme in _schemes(page)]
        titles = " | ".join(f"{size}, {scheme}" for size, scheme in kinds)
        cells = " | ".join(_shown(page, told, *kind) for kind in kinds)
        lines += [
            "",
            f"## {page.name}",
            "",
            f"{told}.",
            "",
            f"| {titles} |",
            f"|{' --- |' * len(kinds)}",
            f"| {cells} |",
        ]
    (OUT / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _shown(page: Page, told: str, size: str, scheme: str) -> str:
    file, width = f"{page.name}-{size}-{scheme}.png", {"desk": 330, "phone": 110}[size]
    return f'<a href="{file}"><img src="{file}" alt="{told}, {size}, {scheme}" width="{width}"></a>'


if __name__ == "__main__":
    main()
