"""What the pages of all emulators share: two languages, the way from one to another, and nothing from outside."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import pytest
import requests
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from sandbox import pages
from sandbox.amocrm import board_extras, board_view
from sandbox.bitrix24 import board_view as portal_view
from sandbox.onec import board_view as desk_view
from sandbox.pages import times
from sandbox.senders import Senders, emulator, paying
from sandbox.server import Sandbox

ROOM = Path(pages.__file__).parent
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "gettext": None, "counted": (1, 2)}
RUSSIAN = re.compile("[а-яё]", re.IGNORECASE)
OWN_TABLES = (
    *(board_view.NOTE_TITLES, board_view.CALL_STATUSES, board_extras.DELIVERY, board_extras.KINDS),
    *(portal_view.CALL_CODES, desk_view.TABS, desk_view.NAMES, paying.DEEDS, paying.STATES, pages.PLACES),
    *(emulator.PAGE_WORDS, emulator.CLIENT),
)


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(0) as running:
        running.places["console"] = "http://127.0.0.1:1/console/"
        yield running


def told(language):
    found = {}
    for file in (ROOM / "locale" / language).glob("*.po"):
        for message in read_po(BytesIO(file.read_bytes()), locale=language):
            if message.id:
                found[message.id[0] if isinstance(message.id, tuple | list) else message.id] = message.string
    return found


def said():
    options = {"**/templates/**.html": {"extensions": "jinja2.ext.i18n"}}
    extracted = extract_from_dir(ROOM.parent, METHODS, options, KEYWORDS)
    return [(file, line, one if isinstance(one, str) else one[0]) for file, line, one, *_ in extracted]


def test_every_text_of_the_pages_has_its_english():
    english = told("en")
    texts = said()
    assert len(texts) > 150
    assert [f"{file}:{line}: {text}" for file, line, text in texts if not english.get(text)] == []


def test_every_label_that_the_pages_are_given_has_its_english():
    labels = {text for table in OWN_TABLES for text in table.values()} | {
        *times.MONTHS,
        *dict(board_extras.SIZES).values(),
    }
    for one in Senders().services.values():
        labels |= {one.title, one.group, *one.buttons.values(), *one.fields.values()}
    assert sorted(text for text in labels if RUSSIAN.search(text) and text not in told("en")) == []


def addresses(sandbox):
    return [
        *(url for name, url in sandbox.places.items() if name != "console"),
        f"{sandbox.senders.url}/robokassa/pay/",
    ]


def test_every_page_leads_to_every_other_and_to_the_console(sandbox):
    for address in addresses(sandbox):
        text = requests.get(address, timeout=30).text
        assert set(re.findall(r'<a href="(http[^"]+)"', text)) >= set(sandbox.places.values()), address


def test_every_page_takes_all_it_needs_from_its_own_server_and_is_small(sandbox):
    for address in addresses(sandbox):
        answer = requests.get(address, timeout=30)
        assert answer.headers["Content-Security-Policy"] == pages.POLICY
        assert not re.search(r"<style|<script(?! type=\"module\" src=)| style=| on[a-z]+=\"", answer.text), address
        parts = re.findall(r'(?:src|<link [^>]*href)="([^"]+)"', answer.text)
        assert len(parts) >= 2
        assert all(one.startswith("/_sandbox/page/") for one in parts)
        whole = [requests.get(address.split("/robokassa")[0] + one, timeout=30) for one in parts]
        assert all(one.status_code == 200 for one in whole)
        assert len(answer.content) + sum(len(one.content) for one in whole) < 100_000, address


def test_the_language_is_what_the_browser_prefers_until_another_is_chosen(sandbox):
    with requests.Session() as visitor:
        visitor.headers["Accept-Language"] = "de, en;q=0.8, ru;q=0.5"
        board = visitor.get(sandbox.amocrm.url, timeout=30).text
        assert '<html lang="en">' in board
        assert "0 leads" in board
        assert "0 сделок" in visitor.get(f"{sandbox.amocrm.url}/?lang=ru", timeout=30).text
        assert "Чаты бота" in visitor.get(sandbox.telegram.url, timeout=30).text  # chosen once, for all of them


def test_the_senders_page_holds_every_button_with_what_it_is_given(sandbox):
    sandbox.senders.point("form", url="http://127.0.0.1:1/hooks/form")
    text = requests.get(sandbox.senders.url, timeout=30).text
    wanted = sum(len(one.buttons) for one in sandbox.senders.services.values())
    assert text.count("data-press=") == wanted
    assert 'value="http://127.0.0.1:1/hooks/form"' in text
