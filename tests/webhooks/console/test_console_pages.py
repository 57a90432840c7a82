"""The list of pages and their pictures in the docs: each has all of its own, and together they are small."""

from __future__ import annotations

from tests.pictures import OUT, pictures_of
from tests.webhooks.console.pages import PAGES

MOST_BYTES = 6_000_000


def test_every_page_has_its_pictures_and_no_picture_is_of_a_page_that_is_no_more() -> None:
    wanted = {name for page in PAGES for name in pictures_of(page)}
    assert len({page.name for page in PAGES}) == len(PAGES)
    assert {file.name for file in OUT.glob("*.png")} == wanted


def test_the_pictures_are_small() -> None:
    assert sum(file.stat().st_size for file in OUT.glob("*.png")) < MOST_BYTES


def test_their_page_shows_each_of_them_with_its_words() -> None:
    text = (OUT / "README.md").read_text("utf-8")
    assert [name for page in PAGES for name in pictures_of(page) if f'src="{name}" alt=' not in text] == []
