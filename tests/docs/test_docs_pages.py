"""Links lead somewhere, pictures are pictures, and the page about the house tells of all of its rooms and tables."""

from __future__ import annotations

import re
import struct

import pytest

from provodka.journal.schema import metadata
from tests.docs.markdown import PAGES, ROOT, anchors, links, name

GUIDES = [page for page in (ROOT / "docs").rglob("*.md") if page.parent.name not in ("decisions", "channels")]
CHANNELS = ROOT / "docs/ru/channels.md"
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
ROOMS = [p.name for p in ROOT.iterdir() if p.is_dir() and (p / "__init__.py").exists()]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_to_a_page_that_exists_and_a_heading_that_stands_there(page):
    for link in links(page):
        if re.match(r"https?://|mailto:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), f"{link} leads nowhere"
        assert not anchor or anchor in anchors(target), f"{link}: no such heading"


@pytest.mark.parametrize("readme", ["README.md", "README.ru.md"])
def test_every_guide_is_linked_from_both_readmes(readme: str):
    linked = {(ROOT / link.partition("#")[0]).resolve() for link in links(ROOT / readme)}
    assert [name(page) for page in GUIDES if page.resolve() not in linked] == []


def test_every_page_of_a_service_is_linked_from_the_page_about_channels():
    linked = {(CHANNELS.parent / link.partition("#")[0]).resolve() for link in links(CHANNELS)}
    pages = (CHANNELS.parent / "channels").glob("*.md")
    assert [name(page) for page in pages if page.resolve() not in linked] == []


def test_every_page_that_the_code_points_to_exists():
    files = [*ROOT.glob("*.py"), *(file for room in ROOMS for file in (ROOT / room).rglob("*.py"))]
    named = {found for file in files for found in re.findall(r"docs/[\w./-]+\.md", file.read_text("utf-8"))}
    assert [page for page in sorted(named) if not (ROOT / page).is_file()] == []


@pytest.mark.parametrize("picture", ["board.png", "board-card.png"])
def test_the_pictures_are_png_of_a_browser_window(picture: str):
    head = (ROOT / "docs" / picture).read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", head[16:24]) == (1280, 800)


@pytest.mark.parametrize("page", DECISIONS, ids=name)
def test_a_decision_tells_context_decision_and_consequences_on_one_page(page):
    text = page.read_text("utf-8")
    places = [text.find(f"**{word}.**") for word in ("Context", "Decision", "Consequences")]
    assert -1 < places[0] < places[1] < places[2]
    assert text.count("\n") < 60


def test_the_architecture_tells_of_every_room():
    told = set(re.findall(r"^\| `(\w+)(?:/|\.py)` \|", ARCHITECTURE, re.MULTILINE))
    assert told >= {*ROOMS, *(file.stem for file in ROOT.glob("*.py"))} - {"bench", "tests"}


def test_the_architecture_tells_of_every_table_of_the_journal_and_of_no_other():
    cells = re.findall(r"^\| (`.*?`) \|", ARCHITECTURE.partition("| tables | hold |")[2], re.MULTILINE)
    assert {table for cell in cells for table in re.findall(r"`(\w+)`", cell)} == set(metadata.tables)
