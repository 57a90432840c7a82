"""Pictures of the console's pages into docs/console: light and dark, of a desk and of a phone. `make pictures`."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from PIL import Image

from tests.browsing import CHROMIUM, FLAGS
from tests.webhooks.console.pages import PAGES, Page, Tour

OUT: Final = Path(__file__).parents[1] / "docs/console"
SIZES: Final = {"desk": (1280, 800), "phone": (360, 740)}
SCREENS: Final = 2
COLOURS: Final = 48
ABOUT: Final = """\
# The console in pictures

Each page at 1280 and 360 pixels, light and dark, of a made-up firm after a month of work. `make pictures` takes them
anew; the list of pages stands in `tests/webhooks/console/pages.py`. What the pages do is told in the
[guide](../ru/console.md) (in Russian).
"""


def main() -> None:
    """All pages, or those whose names are given."""
    from playwright.sync_api import sync_playwright

    names = sys.argv[1:]
    chosen = [page for page in PAGES if not names or page.name in names]
    OUT.mkdir(exist_ok=True)
    for old in OUT.glob("*.png") if not names else ():
        old.unlink()
    with tempfile.TemporaryDirectory() as folder, Tour(Path(folder)) as tour, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        tab = browser.new_page(locale="ru-RU", reduced_motion="reduce")
        for page in chosen:
            _take(tour, tab, page)
        browser.close()
    (OUT / "README.md").write_text("".join([ABOUT, *map(_section, PAGES)]), encoding="utf-8")


def pictures_of(page: Page) -> Iterator[str]:
    """The names of its files. In English a page is the same with other words: the dark ones are left out."""
    for size in SIZES:
        for scheme in ("light", "dark") if page.language == "ru" else ("light",):
            yield f"{page.name}-{size}-{scheme}.png"


def _take(tour: Tour, tab: Any, page: Page) -> None:
    width, height = SIZES["desk"]
    tab.set_viewport_size({"width": width, "height": height})
    tour.go(tab, page)
    tab.evaluate("document.activeElement?.blur(); document.documentElement.style.scrollbarGutter = 'auto'")
    for name in pictures_of(page):
        _, size, scheme = name.removesuffix(".png").rsplit("-", 2)
        width, height = SIZES[size]
        tab.set_viewport_size({"width": width, "height": height})
        tab.emulate_media(color_scheme=scheme)
        whole = tab.evaluate("document.documentElement.scrollHeight")
        clip = {"x": 0, "y": 0, "width": width, "height": min(whole, SCREENS * height)}
        _keep(tab.screenshot(full_page=True, clip=clip), OUT / name)


def _keep(taken: bytes, path: Path) -> None:
    """With the colours that it has most of: a page of ours has few, the rest are edges of letters."""
    with Image.open(BytesIO(taken)) as opened:
        image = opened.convert("RGB")
    many = sorted(image.getcolors(image.width * image.height) or [], reverse=True)[:COLOURS]
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for _, colour in many for part in colour])
    image.quantize(palette=palette, dither=Image.Dither.NONE).save(path, optimize=True)


def _section(page: Page) -> str:
    """What stands of a page on the page that shows them all."""
    told = f"{page.shows[0].upper()}{page.shows[1:]}"
    names = list(pictures_of(page))
    kinds = [name.removesuffix(".png").rsplit("-", 2)[1:] for name in names]
    titles = [f"{size}, {scheme}" for size, scheme in kinds]
    cells = [
        f'<a href="{name}"><img src="{name}" alt="{told}: {title}" width="{330 if size == "desk" else 110}"></a>'
        for name, title, (size, _) in zip(names, titles, kinds, strict=True)
    ]
    rows = (titles, ["---"] * len(names), cells)
    return f"\n## {page.name}\n\n{told}.\n\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    main()
