"""Files of tables in a folder and at an address."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from connectors.table_file.settings import TableFileSettings
from connectors.table_file.watch import TableFileWatcher
from provodka.channel import Around
from provodka.errors import Rejected, Retryable
from provodka.event import Event
from provodka.journal import Journal, queries
from tests.connectors.tables.making import Rows, ods, text, xlsx
from tests.contract.case import MOSCOW

HEAD = ["Отметка времени", "Имя", "Телефон"]
MARIA: list[Any] = [datetime(2026, 3, 2, 9, 4), "Мария", 79160001122]
OLGA: list[Any] = [datetime(2026, 3, 2, 9, 5), "Ольга", 79160003344]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(f"sqlite:///{tmp_path}/journal.sqlite")
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "tables"
    made.mkdir()
    return made


class Files:
    """The channel as it runs. Its clock stands a minute later, so that no file is fresh."""

    def __init__(self, journal: Journal, **written: Any) -> None:
        self.journal = journal
        told = TableFileSettings.model_validate({"first_rows": "all", **written})
        self.ahead = timedelta(minutes=1)
        around = Around(journal.store, MOSCOW, now=lambda: datetime.now(UTC) + self.ahead)
        self.watcher = TableFileWatcher("files", told, around)

    def look(self, times: int = 1) -> list[str]:
        for _ in range(times):
            self.watcher.look(self.journal)
        return self.names()

    def names(self) -> list[str]:
        lines = self.journal.read(lambda c: queries.list_events(c, limit=500))
        found: list[Event] = [line.event.event for line in reversed(lines)]
        return [event.person.name for event in found]


def test_a_row_is_taken_once_from_whatever_file_it_comes_in(journal: Journal, folder: Path) -> None:
    files = Files(journal, path=str(folder))
    assert files.look() == []
    xlsx(folder / "a.xlsx", [HEAD, MARIA])
    assert files.look() == ["Мария"]
    ods(folder / "b.ods", [HEAD, MARIA, OLGA])
    text(folder / "c.csv", [HEAD[::-1], OLGA[::-1]], encoding="windows-1251")
    assert files.look(2) == ["Мария", "Ольга"]


def test_a_file_that_cannot_be_read_holds_up_no_other_and_is_told_each_time(journal: Journal, folder: Path) -> None:
    (folder / "a.xls").write_text("<html>")
    text(folder / "b.csv", [HEAD, MARIA])
    (folder / "~$b.xlsx").write_text("a lock")
    files = Files(journal, path=str(folder))
    for _ in range(2):
        with pytest.raises(Rejected, match=r"a\.xls"):
            files.look()
    assert files.names() == ["Мария"]
    (said,) = files.watcher.check()
    assert said.startswith("files: a.xls is a page in HTML or XML. Это веб-страница, а не таблица")
    (folder / "a.xls").unlink()
    assert files.look() == ["Мария"]
    assert files.watcher.check() == []


def test_a_file_that_breaks_off_in_the_middle_gives_what_stands_before_and_holds_up_no_other(
    journal: Journal, folder: Path
) -> None:
    broken = text(folder / "a.csv", [HEAD, *[MARIA] * 200])
    with broken.open("a") as file:
        file.write('"02.03.2026 09:06;Пётр;79160007788\n')
    text(folder / "b.csv", [HEAD, OLGA])
    files = Files(journal, path=str(folder))
    for _ in range(2):
        with pytest.raises(Rejected, match=r"a\.csv, row 202"):
            files.look()
    assert files.names() == ["Мария", "Ольга"]


def test_a_file_that_is_being_written_is_left_alone(journal: Journal, folder: Path) -> None:
    files = Files(journal, path=str(folder))
    files.ahead = timedelta()
    made = text(folder / "a.csv", [HEAD, MARIA])
    assert files.look() == []
    os.utime(made, (datetime.now(UTC).timestamp() - 5,) * 2)
    assert files.look() == ["Мария"]


def test_only_what_is_put_in_later_is_taken_by_default_and_only_matching_files(journal: Journal, folder: Path) -> None:
    text(folder / "a.csv", [HEAD, MARIA])
    files = Files(journal, path=str(folder), files="*.csv", first_rows="new")
    assert files.look() == []
    text(folder / "b.csv", [HEAD, MARIA, OLGA])
    text(folder / "c.txt", [HEAD, [MARIA[0], "Анна", 79160005566]])
    assert files.look() == ["Ольга"]


def test_a_place_that_is_not_there_and_a_folder_that_is_full_are_told(
    journal: Journal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Rejected) as gone:
        Files(journal, path=str(folder / "none")).look()
    assert "path" in gone.value.hint
    monkeypatch.setattr("connectors.table_file.watch.MOST_FILES", 1)
    for name in ("a.csv", "b.csv"):
        text(folder / name, [HEAD, MARIA])
    with pytest.raises(Rejected) as full:
        Files(journal, path=str(folder)).look()
    assert "файлов" in full.value.hint


# an address


class Handler(BaseHTTPRequestHandler):
    """Gives what the test has put there."""

    answer: ClassVar[tuple[int, str, bytes]] = (200, "text/csv", b"")

    def do_GET(self) -> None:
        status, kind, body = self.answer
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{serving.server_port}/list"
        serving.shutdown()
        thread.join()


def put(tmp_path: Path, rows: Rows) -> None:
    Handler.answer = (200, "application/octet-stream", xlsx(tmp_path / "put.xlsx", rows).read_bytes())


def test_the_file_of_an_address_is_read_again_at_each_look(journal: Journal, server: str, tmp_path: Path) -> None:
    files = Files(journal, url=server, allow=["127.0.0.1"])
    put(tmp_path, [HEAD, MARIA])
    assert files.look() == ["Мария"]
    put(tmp_path, [HEAD, OLGA, MARIA])
    assert files.look() == ["Мария", "Ольга"]


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ((404, "text/plain", b""), Rejected, "Файла по этому адресу нет"),
        ((200, "text/html", b"<html>sign in"), Rejected, "страница входа"),
        ((503, "text/plain", b""), Retryable, ""),
    ],
)
def test_what_is_no_table_at_an_address_is_named(
    journal: Journal, server: str, answer: tuple[int, str, bytes], kind: type[Exception], words: str
) -> None:
    Handler.answer = answer
    files = Files(journal, url=server, allow=["127.0.0.1"])
    with pytest.raises(kind) as error:
        files.look()
    assert words in error.value.hint  # type: ignore[attr-defined]
    assert len(files.watcher.check()) == 1


def test_an_internal_address_is_asked_only_where_it_is_allowed(journal: Journal, server: str) -> None:
    with pytest.raises(Rejected):
        Files(journal, url=server).look()


@pytest.mark.parametrize("written", [{}, {"path": "a", "url": "https://example.ru/a.csv"}, {"url": "ftp://a/b"}])
def test_settings_that_cannot_work_are_refused(written: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        TableFileSettings.model_validate(written)
