"""`/f/`: what people see when all is well and when it is not, and that what they send is on disk first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from cli.config import read
from cli.house import House
from provodka.errors import JournalUnavailableError
from provodka.event import utc_now
from provodka.journal import queries
from webhooks.app import create_app
from webhooks.metrics import Metrics
from webhooks.receive import Door

CONFIG = """
client: Кровля Плюс
server: {public_url: "https://we.example.ru/provodka"}
journal: {url: "sqlite:///pages.sqlite"}
channels:
  zamer: {type: page, title: Замер, at_least: 0s, fields: [{label: Имя, means: name}, {label: Телефон, kind: phone}]}
  site: {type: form, secret: "${SECRET}"}
"""


class Site:
    """The product with a page."""

    def __init__(self, folder: Path) -> None:
        path = folder / "config.yaml"
        path.write_text(CONFIG)
        self.house = House(read(path, {"SECRET": "1234567890"}))
        self.journal = self.house.journal
        self.away: JournalUnavailableError | None = None
        door = Door(self.house.receivers, self, utc_now, 20_000, Metrics())
        self.client = create_app(door, self.journal, self.house.pages).test_client()

    def accept(self, *args: Any, **more: Any) -> None:
        if self.away is not None:
            raise self.away
        self.journal.accept(*args, **more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.journal, name)

    def events(self) -> list[Any]:
        return [line.event.event for line in self.journal.read(lambda c: queries.list_events(c))]

    def post(self, path: str = "/f/zamer", **fields: str) -> Any:
        page = self.client.get("/f/zamer").get_data(as_text=True)
        stamp = re.search(r'name="prv_stamp" value="([^"]+)"', page)
        assert stamp is not None
        return self.client.post(path, data={"prv_stamp": stamp[1], "Имя": "Мария", **fields})


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.house.close()


STRICT = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}


def test_every_answer_is_strict_and_runs_no_script(site: Site) -> None:
    for method, path, status in (
        ("GET", "/f/zamer", 200),
        ("HEAD", "/f/zamer", 200),
        ("GET", "/f/zamer/17-5000-" + "a" * 26, 403),
        ("POST", "/f/zamer/nobody", 403),
        ("GET", "/f/nothing", 404),
        ("GET", "/f/site", 404),
        ("POST", "/f/site", 404),
        ("GET", "/f/zamer/../../etc/passwd", 403),
    ):
        answer = site.client.open(path, method=method)
        assert answer.status_code == status, path
        assert answer.mimetype == "text/html"
        assert {name: answer.headers[name] for name in STRICT} == STRICT
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src ")
        assert "script" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "<script" not in answer.get_data(as_text=True)


def test_the_style_sheet_is_ours_and_may_be_kept(site: Site) -> None:
    page = site.client.get("/f/zamer").get_data(as_text=True)
    address = re.search(r'<link rel="stylesheet" href="([^"]+)"', page)
    assert address is not None
    assert address[1].startswith("/provodka/f/zamer/page.css?")  # the proxy cuts what stands before /f
    sheet = site.client.get(address[1].removeprefix("/provodka"))
    assert (sheet.status_code, sheet.mimetype) == (200, "text/css")
    assert "immutable" in sheet.headers["Cache-Control"]
    assert "__" not in sheet.get_data(as_text=True)


def test_what_is_sent_is_in_the_journal_before_the_thanks(site: Site) -> None:
    answer = site.post(Телефон="8 916 111-22-33")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    (event,) = site.events()
    assert (event.channel, event.person.phone) == ("zamer", "+79161112233")


def test_without_a_journal_nobody_is_thanked(site: Site) -> None:
    site.away = JournalUnavailableError("the disk is full")
    answer = site.post()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert "Ответы не сохранены" in answer.get_data(as_text=True)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    site.away = None
    assert site.post().status_code == 200


def test_a_body_that_is_too_long_is_refused_in_words(site: Site) -> None:
    answer = site.client.post("/f/zamer", data=urlencode({"Имя": "х" * 20_000}))
    assert answer.status_code == 413
    assert "Слишком длинно" in answer.get_data(as_text=True)
    assert site.events() == []


def test_a_bug_of_ours_loses_no_answers(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.page.channel.PageChannel._event", lambda *_: 1 / 0)
    answer = site.post()
    assert "Мы получили ваши ответы" in answer.get_data(as_text=True)
    (event,) = site.events()
    assert event.type == "unreadable"
    assert "Мария" in event.raw.decode() or "%D0%9C" in event.raw.decode()


def test_a_page_that_cannot_be_shown_says_so_in_words(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for error in (JournalUnavailableError("the disk is full"), ZeroDivisionError()):
        monkeypatch.setattr("connectors.page.channel.PageChannel.show", lambda *_, error=error: _raise(error))
        answer = site.client.get("/f/zamer")
        assert (answer.status_code, answer.mimetype, answer.headers["Retry-After"]) == (503, "text/html", "30")
        assert "Откройте" in answer.get_data(as_text=True)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def _raise(error: Exception) -> None:
    raise error
