"""The page that exports: who may, what is recorded, how long the file is kept, what is said when it cannot be made."""

from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from provodka.journal import Journal, audit
from tests.cli.leaks import found_in, masked_forms, planted
from tests.cli.playing import NAME, PHONE, Clock, House
from tests.webhooks.console.desk import Desk, Visitor
from webhooks.console import export as page
from webhooks.console.private_files import PrivateFiles
from webhooks.console.settings import ConsoleSettings, Role

DAYS = {"since": "2026-03-01", "until": "2026-03-02"}


@pytest.fixture
def desk(journal: Journal, clock: Clock, folder: Path) -> Iterator[Desk]:
    desk = Desk(journal, {"now": clock})
    yield desk
    desk.close()


def asked(visitor: Visitor, **fields: str) -> requests.Response:
    """The form sent; the page of the work where it was taken on."""
    form = f"/export?person={fields['person']}" if "person" in fields else "/export"
    return visitor.post("/export", form, **{"format": "sqlite", **fields})


def ready(visitor: Visitor, answer: requests.Response) -> str:
    """The address of the work, when it is over."""
    assert answer.url.startswith(f"{visitor.url}/export/"), answer.text
    address = answer.url.removeprefix(visitor.url)
    visitor.until(lambda text: 'hx-trigger="every 1s"' not in text, address)
    return address


def files(folder: Path) -> list[Path]:
    return [one for one in folder.rglob("*") if one.is_file()]


def test_days_are_exported_masked_and_on_record(
    desk: Desk, house: House, journal: Journal, clock: Clock, folder: Path
) -> None:
    planted(house, journal, clock)
    olga = desk.sign_in(Role.OPERATE)
    address = ready(olga, asked(olga, **DAYS))
    (made,) = files(folder)
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.parent.stat().st_mode) == 0o700
    file = olga.get(f"{address}/file")
    assert file.headers["Content-Disposition"].endswith("filename=journal-2026-03-01--2026-03-02-masked.sqlite")
    assert file.headers["Cache-Control"] == "no-store"
    kept = folder / "kept.sqlite"
    kept.write_bytes(file.content)
    assert found_in(kept, masked_forms()) == []
    with sqlite3.connect(kept) as db:
        assert db.execute("SELECT count(*) FROM timeline").fetchone() == (9,)
    (deed,) = [one for one in journal.read(audit.listed) if one.what == "export"]
    assert (deed.login, deed.about) == ("operate", "01.03.2026–02.03.2026")
    assert deed.told == {"open": False, "format": "sqlite", "events": 6}
    seen = desk.sign_in(Role.ADMINISTER).get("/people").text
    assert "выгружен журнал: 01.03.2026–02.03.2026" in seen
    assert "вид файла sqlite, событий: 6" in seen


def test_a_persons_story_is_for_everybody_and_days_are_not(desk: Desk, house: House) -> None:
    house.planned("1")
    viewer = desk.sign_in(Role.VIEW)
    assert 'href="/console/export?person=1"' in viewer.get("/", person="1").text
    assert viewer.get("/export").status_code == 403
    assert viewer.get("/export", person="9" * 30).status_code == 404
    assert viewer.post("/export", "/", format="sqlite", **DAYS).status_code == 403
    address = ready(viewer, asked(viewer, person="1", format="csv"))
    table = viewer.get(f"{address}/file").content.decode("utf-8-sig")
    assert table.splitlines()[0].startswith("Когда;Человек №;Кто;Что это;Вид")
    assert ";событие;Заявка с сайта;site;Замер;разобрано;" in table


def test_personal_data_are_exported_by_a_tick_that_is_on_record(desk: Desk, house: House, journal: Journal) -> None:
    house.planned("1")
    viewer = desk.sign_in(Role.VIEW)
    address = ready(viewer, asked(viewer, person="1", format="json", open="yes"))
    assert NAME in viewer.get(f"{address}/file").content.decode()
    assert "личные данные открыты" in viewer.get(address).text
    (deed,) = [one for one in journal.read(audit.listed) if one.what == "export"]
    assert (deed.about, deed.told["open"]) == ("person:1", True)
    assert "с личными данными" in desk.sign_in(Role.ADMINISTER).get("/people").text


def test_whoever_may_not_open_personal_data_exports_none(journal: Journal, house: House, desk: Desk) -> None:
    house.planned("1")
    users = desk.parts.settings.users
    strict = Desk(journal, {"now": desk.parts.now, "settings": ConsoleSettings(users=users, open=Role.ADMINISTER)})
    try:
        olga = strict.sign_in(Role.OPERATE)
        assert 'name="open"' not in olga.get("/export").text
        assert asked(olga, **DAYS, open="yes").status_code == 403
        assert [one for one in journal.read(audit.listed) if one.what == "export"] == []
    finally:
        strict.close()


def test_a_file_is_for_whoever_asked_for_it_alone(desk: Desk, house: House) -> None:
    house.planned("1")
    olga, boss = desk.sign_in(Role.OPERATE), desk.sign_in(Role.ADMINISTER)
    address = ready(olga, asked(olga, **DAYS))
    assert [boss.get(f"{address}{end}").status_code for end in ("", "/file")] == [404, 404]
    assert f'href="/console{address}"' in olga.get("/export").text


def test_a_file_is_kept_for_an_hour(desk: Desk, house: House, clock: Clock, folder: Path) -> None:
    house.planned("1")
    olga = desk.sign_in(Role.OPERATE)
    address = ready(olga, asked(olga, **DAYS))
    clock.forward(minutes=59)
    assert olga.get(f"{address}/file").status_code == 200
    clock.forward(minutes=1)
    assert olga.get(f"{address}/file").status_code == 404
    assert files(folder) == []


def test_a_file_can_be_thrown_away(desk: Desk, house: House, folder: Path) -> None:
    house.planned("1")
    olga = desk.sign_in(Role.OPERATE)
    address = ready(olga, asked(olga, **DAYS))
    olga.post(f"{address}/end", address)
    assert files(folder) == []
    assert olga.get(address).status_code == 404


class Gate:
    """Holds an export back until it is opened."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.open = threading.Event()

    def __call__(self, *args: Any) -> None:
        move = args[3]
        move(1)
        self.entered.set()
        while not self.open.wait(0.01):
            move(1)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    made = Gate()
    monkeypatch.setattr(page, "export", made)
    yield made
    made.open.set()


def test_one_is_made_at_a_time_and_the_others_are_told_so(
    desk: Desk, house: House, journal: Journal, gate: Gate
) -> None:
    house.planned("1")
    house.event("2")
    olga, viewer = desk.sign_in(Role.OPERATE), desk.sign_in(Role.VIEW)
    running = asked(olga, **DAYS)
    assert gate.entered.wait(30)
    assert "Готово 1 из 2 событий" in olga.session.get(running.url).text
    refused = asked(viewer, person="1")
    assert refused.status_code == 409
    assert "Сейчас готовится другая выгрузка: её начал operate, готово 50 %." in refused.text
    assert len([one for one in journal.read(audit.listed) if one.what == "export"]) == 1, (
        "what was not begun is no deed"
    )


def test_what_is_under_way_can_be_stopped(desk: Desk, house: House, gate: Gate) -> None:
    house.planned("1")
    olga = desk.sign_in(Role.OPERATE)
    address = asked(olga, **DAYS).url.removeprefix(olga.url)
    assert gate.entered.wait(30)
    olga.post(f"{address}/end", address)
    ready(olga, olga.get(address))
    assert "Остановлено, ничего не сохранено." in olga.get(address).text


def test_what_fails_says_so_and_leaves_the_way_free(
    desk: Desk, house: House, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    house.planned("1")
    olga = desk.sign_in(Role.OPERATE)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(page, "export", full)
        address = ready(olga, asked(olga, **DAYS))
        assert "Не вышло: No space left on device. Проверьте, есть ли на сервере место" in olga.get(address).text
    ready(olga, asked(olga, **DAYS))
    assert len(files(folder)) == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"since": "2026-03-02", "until": "2026-03-01"}, "Укажите оба дня; первый не позже последнего."),
        ({"since": "вчера", "until": "2026-03-01"}, "Укажите оба дня"),
        ({"since": "2026-01-01", "until": "2026-01-02"}, "За эти дни ничего не приходило"),
        ({"person": "999"}, "У человека с таким номером нет ни одного события."),
    ],
)
def test_what_cannot_be_exported_is_said(fields: dict[str, str], words: str, desk: Desk, house: House) -> None:
    house.planned("1")
    answer = asked(desk.sign_in(Role.OPERATE), **fields)
    assert (answer.status_code, words in answer.text) == (422, True)


def test_too_much_is_said_with_the_way_out(desk: Desk, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.planned("1")
    house.event("2")
    monkeypatch.setattr(page, "MOST", 1)
    answer = asked(desk.sign_in(Role.OPERATE), **DAYS)
    assert answer.status_code == 422
    assert "Здесь 2 события, а за раз выгружается не больше 1." in answer.text
    assert "командой provodka export на сервере" in answer.text


def test_what_a_killed_process_has_left_is_swept_away_but_not_what_another_is_writing(
    desk: Desk, house: House, folder: Path
) -> None:
    house.planned("1")
    other = PrivateFiles()
    half = other.place("journal.sqlite")
    dead = folder / f"{half.parent.name}-of-before"
    dead.mkdir()
    for one in (half, dead / "journal.sqlite"):
        one.write_text(PHONE)
    olga = desk.sign_in(Role.OPERATE)
    ready(olga, asked(olga, **DAYS))
    assert not dead.exists()
    assert half.exists()
