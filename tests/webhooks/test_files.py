"""Files of the journal at addresses for others: only as we gave them out, only for a while, never to be run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from provodka.journal import Journal
from webhooks.app import create_app
from webhooks.files import LIFE, SignedFiles
from webhooks.metrics import Metrics
from webhooks.receive import Door

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
PAGE = b"<script>alert(1)</script>"


class Here:
    """A product with one file, its clock in `now`."""

    def __init__(self, journal: Journal) -> None:
        self.now = NOW
        self.journal = journal
        self.addresses = SignedFiles("https://we.example.ru", journal.key, lambda: self.now)
        door = Door({}, journal, lambda: self.now, 1000, Metrics())
        self.client: FlaskClient = create_app(door, journal).test_client()
        self.sha256 = journal.store.keep_blob(PAGE)

    def url(self, name: str = "страница.html", kind: str = "text/html; charset=utf-8", sha256: str = "") -> str:
        return self.addresses.url(sha256 or self.sha256, name, kind)

    def path(self, **more: str) -> str:
        parts = urlsplit(self.url(**more))
        return f"{parts.path}?{parts.query}"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    folder: Path = tmp_path_factory.mktemp("files")
    journal = Journal(f"sqlite:///{folder}/journal.sqlite")
    yield Here(journal)
    journal.close()


@pytest.fixture(autouse=True)
def clock(here: Here) -> None:
    here.now = NOW


def test_a_file_is_given_as_it_came_and_only_to_be_saved(here: Here) -> None:
    assert here.url().startswith("https://we.example.ru/files/")
    answer = here.client.get(here.path())
    assert (answer.status_code, answer.data, answer.mimetype) == (200, PAGE, "text/html")
    headers = answer.headers
    assert headers["Content-Disposition"].startswith("attachment;")
    assert "filename*=UTF-8''%D1%81%D1%82%D1%80%D0%B0%D0%BD%D0%B8%D1%86%D0%B0.html" in headers["Content-Disposition"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert here.client.head(here.path()).status_code == 200


def test_an_address_is_over_after_a_week(here: Here) -> None:
    path = here.path()
    here.now = NOW + LIFE - timedelta(seconds=2)
    assert here.client.get(path).status_code == 200
    here.now = NOW + LIFE + timedelta(seconds=2)
    assert here.client.get(path).status_code == 410


def test_a_file_that_is_not_kept_any_more_is_gone(here: Here) -> None:
    assert here.client.get(here.path(sha256="0" * 64)).status_code == 410


@given(st.data())
def test_no_address_can_be_made_out_of_another(here: Here, data: st.DataObject) -> None:
    path = here.path(name="a.png", kind="image/png")
    at = data.draw(st.integers(len("/files/"), len(path) - 1))
    sign = data.draw(st.sampled_from("0123456789abcdefghij-./?=&%"))
    forged = path[:at] + sign + path[at + 1 :]
    answer = here.client.get(forged)
    assert answer.status_code == 404 or (answer.status_code == 200 and forged.casefold() == path.casefold())


@pytest.mark.parametrize("path", ["/files", "/files/", "/files/x", "/files/x/y", "/files/../etc/passwd"])
def test_there_is_no_list_and_nothing_else_under_that_address(here: Here, path: str) -> None:
    assert here.client.get(path).status_code == 404


@given(st.text(max_size=400), st.text(max_size=60))
def test_whatever_a_file_is_called_its_address_works(here: Here, name: str, kind: str) -> None:
    answer = here.client.get(here.path(name=name, kind=kind))
    assert (answer.status_code, answer.data) == (200, PAGE)
    assert "\n" not in answer.headers["Content-Disposition"]


def test_another_journal_has_other_addresses(here: Here, tmp_path: Path) -> None:
    other = Journal(f"sqlite:///{tmp_path}/other.sqlite")
    try:
        foreign = urlsplit(SignedFiles("https://we.example.ru", other.key, lambda: NOW).url(here.sha256, "a", "a/b"))
    finally:
        other.close()
    assert here.client.get(f"{foreign.path}?{foreign.query}").status_code == 404
