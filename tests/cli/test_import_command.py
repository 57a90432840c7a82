"""`provodka import`: what is shown before anything is written, what is refused, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import cli.main  # noqa: F401 -- mounts the commands
from cli.app import app
from cli.config import read
from cli.house import House
from cli.imports.job import found, ls, move, settled, show, shown
from cli.imports.report import report
from cli.imports.start import Wanted, start_import
from cli.show import Exit
from provodka.journal import imports
from provodka.journal.imports import ImportState
from tests.cli.playing import Seen

CONFIG = """
client: Кровля Плюс
journal: {{url: "sqlite:///{folder}/journal.sqlite"}}
crm: {{type: amocrm, url: "http://127.0.0.1:9", token: x}}
staff:
  anna: {{crm: anna@krovlya.ru}}
  ivan: {{crm: ivan@krovlya.ru}}
channels:
  list: {{type: import, aliases: {{phone: [Моб.]}}}}
  site: {{type: tilda, secret: x}}
{more}
"""
RULE = """
rules:
  - name: База
    on: table.row_added
    channel: list
    throttle: {most: 100, per: 1h}
    do:
      - intake: {title: "{{ person.name }}", responsible: anna}
"""
LIST = """ФИО;Моб.;Город
Мария;8 916 000-00-01;Тверь
Пётр;7,9160E+10;Клин
Мария;+79160000001;Клин
Анна;89160000003;Тверь
;;
"""


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Any]:
    opened: list[House] = []

    def house(more: str = RULE) -> House:
        path = tmp_path / "config.yaml"
        path.write_text(CONFIG.format(folder=tmp_path, more=more), "utf-8")
        opened.append(House(read(path, {})))
        return opened[-1]

    yield house
    for one in opened:
        one.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "База.csv"
    path.write_text(LIST, "cp1251")
    return path


def run(house: House, seen: Seen, wanted: Wanted, *, as_json: bool = False, ask: Any = None, **given: Any) -> int:
    return start_import(house, wanted, given, seen.view(as_json=as_json), ask)


def jobs(house: House) -> list[imports.ImportJob]:
    return house.journal.read(imports.all_imports)


def test_a_look_tells_everything_and_writes_nothing(make: Any, file: Path, seen: Seen, tmp_path: Path) -> None:
    house = make()
    assert run(house, seen, Wanted(file, dry_run=True, folder=tmp_path)) == Exit.FINE
    told = seen.text
    for words in (
        "кодировка cp1251",
        "taken: 3 rows of 2 persons",
        "the index of its people is not complete yet",
        "already: 1 row (1 taken, 0 left out)",
        "rows 4 (as 2)",
        "row 3: столбец «Моб.»",
        "«База» acts on 3",
        "intake 3",
        "at most 100 times per 1h",
        "the brake of the rules does not count an import",
        "dry run: nothing was done",
    ):
        assert words in told
    assert "Мария" not in told
    assert "79160000001" not in told
    assert jobs(house) == []
    assert (tmp_path / "База.refused.csv").read_text("utf-8-sig").splitlines()[1].startswith("3;")


def test_without_a_rule_it_says_so_and_shows_one_that_the_loader_takes(
    make: Any, file: Path, seen: Seen, tmp_path: Path
) -> None:
    assert run(make(""), seen, Wanted(file, dry_run=True, folder=tmp_path)) == Exit.FINE
    assert "no rule of the config hears of table.row_added" in seen.text
    proposed = seen.text[seen.text.index("  - name: Импорт") : seen.text.index("the rules, tried")]
    assert make("rules:\n" + proposed.rstrip()).config.rules[0].name == "Импорт"


@pytest.mark.parametrize(
    ("wanted", "given", "words"),
    [
        ({"channel": "site"}, {}, "channel «site» takes no rows"),
        ({"channel": "lst"}, {}, "list"),
        ({"mapping": ("fone=Моб.",)}, {}, "phone"),
        ({"mapping": ("phone=Мобильник",)}, {}, "Мобильник"),
        ({}, {"every": "когда-нибудь"}, "--every"),
        ({"file": Path("нет.csv")}, {}, "нет.csv cannot be read"),
        ({}, {"separator": ";;"}, "«;;» is no separator"),
        ({}, {"separator": '"'}, "Разделитель — один знак"),
        ({}, {"separator": "|"}, "--separator"),
        ({}, {"encoding": "utf-8"}, "--encoding"),
        ({}, {"header_row": 40}, "База.csv: row 40 is empty"),
    ],
)
def test_what_cannot_be_is_refused_with_the_cure(
    make: Any, file: Path, seen: Seen, wanted: dict[str, Any], given: dict[str, Any], words: str
) -> None:
    typed = {"file": file, "dry_run": True, "folder": file.parent, **wanted}
    assert run(make(), seen, Wanted(**typed), **given) == Exit.USAGE
    assert words in seen.error


def test_nobody_is_taken_in_where_the_answer_is_no_or_nobody_can_answer(
    make: Any, file: Path, seen: Seen, tmp_path: Path
) -> None:
    house = make()
    assert run(house, seen, Wanted(file, folder=tmp_path), ask=lambda _: False) == Exit.PROBLEM
    assert run(house, seen, Wanted(file, folder=tmp_path)) == Exit.PROBLEM
    assert "--yes" in seen.error
    assert jobs(house) == []


def test_what_was_agreed_to_is_kept_with_its_file_and_can_be_stopped_and_resumed(
    make: Any, file: Path, seen: Seen, tmp_path: Path
) -> None:
    house = make()
    wanted = Wanted(file, yes=True, detach=True, folder=tmp_path)
    assert run(house, seen, wanted, portion=2, every="1d") == Exit.FINE
    [job] = jobs(house)
    file.unlink()
    assert house.journal.store.blob(job.sha256) == LIST.encode("cp1251")
    assert json.loads(job.options) == {"portion": 2, "every": "1d"}
    journal, view = house.journal, seen.view()
    assert move(journal, job, ImportState.RUNNING, view) == Exit.PROBLEM, "it is running"
    assert move(journal, job, ImportState.STOPPED, view) == Exit.FINE
    [job] = jobs(house)
    assert settled(shown(journal, job))
    assert show(journal, job, view) == Exit.FINE
    assert f"provodka import resume {job.id}" in seen.text
    assert move(journal, job, ImportState.RUNNING, view) == Exit.FINE
    assert ls(journal, view) == Exit.FINE
    assert found(journal, "ffff", view) is None
    assert "there is no import «ffff»" in seen.error


def test_the_report_names_every_row(make: Any, file: Path, seen: Seen, tmp_path: Path) -> None:
    house = make()
    run(house, seen, Wanted(file, yes=True, detach=True, folder=tmp_path))
    [job] = jobs(house)
    csv = tmp_path / "report.csv"
    assert report(house.journal, job, house.imported(job), seen.view(), csv) == Exit.PROBLEM
    rows = [line.split(";")[:2] for line in csv.read_text("utf-8-sig").splitlines()]
    left = "not handed out"
    assert rows == [["row", "outcome"], ["2", left], ["3", "refused"], ["4", left], ["5", left]]


def test_what_is_probably_not_meant_so_is_told_by_row_and_column_with_the_cure(
    make: Any, seen: Seen, tmp_path: Path
) -> None:
    file = tmp_path / "Даты.csv"
    file.write_text("ФИО;Телефон;Дата рождения;Итого\nАнна;12;30000;\nПётр;+79160000002;03.05.1990;\n", "utf-8")
    assert run(make(), seen, Wanted(file, dry_run=True, folder=tmp_path)) == Exit.FINE
    for words in (
        "1 row without phone or email",
        "row 2: «Телефон» stays as it is: в ячейке нет телефона. Впишите номер целиком",
        "row 2: «Дата рождения» stays as it is: дата записана числом дней",
        "nothing is in «Итого»",
    ):
        assert words in seen.text
    assert "row 3" not in seen.text, "nothing is wrong there"


def test_a_separator_that_the_file_does_not_look_like_is_told_and_no_phone_is_shown_in_a_heading(
    make: Any, seen: Seen, tmp_path: Path
) -> None:
    file = tmp_path / "База.csv"
    file.write_text("ФИО;Телефон;Город\nАнна;8 916 000-00-01;Тверь, центр\nПётр;8 916 000-00-02;Клин, а\n", "utf-8")
    assert run(make(), seen, Wanted(file, dry_run=True, folder=tmp_path), separator=",") == Exit.FINE
    assert "похоже, что он «;»" in seen.text
    assert "000-00-01" not in seen.text


def test_where_no_row_can_be_taken_it_ends_with_a_problem(make: Any, seen: Seen, tmp_path: Path) -> None:
    file = tmp_path / "Товары.csv"
    file.write_text("Товар;Цена\nДоска;5\n", "utf-8")
    assert run(make(), seen, Wanted(file, yes=True, folder=tmp_path)) == Exit.PROBLEM
    assert "there is nothing to import" in seen.text
    assert "--map phone=" in seen.text


def test_a_list_that_cannot_be_written_is_a_sentence(make: Any, file: Path, seen: Seen, tmp_path: Path) -> None:
    house, nowhere = make(), tmp_path / "нет"
    run(house, seen, Wanted(file, yes=True, detach=True, folder=nowhere))
    assert "the list of refused rows cannot be written" in seen.error
    [job] = jobs(house)
    csv = nowhere / "report.csv"
    assert report(house.journal, job, house.imported(job), seen.view(), csv) == Exit.USAGE
    assert f"--csv {csv} cannot be written: No such file or directory; name a file" in seen.error


@pytest.mark.parametrize(
    ("state", "to", "words"),
    [
        (ImportState.STOPPED, ImportState.STOPPED, "provodka import resume"),
        (ImportState.RUNNING, ImportState.RUNNING, "provodka import stop"),
        (ImportState.DONE, ImportState.STOPPED, "provodka import undo"),
        (ImportState.UNDONE, ImportState.RUNNING, "provodka import FILE"),
    ],
)
def test_what_cannot_be_stopped_or_resumed_says_what_can_be_done_instead(
    make: Any, file: Path, seen: Seen, tmp_path: Path, state: ImportState, to: ImportState, words: str
) -> None:
    house = make()
    run(house, seen, Wanted(file, yes=True, detach=True, folder=tmp_path))
    [job] = jobs(house)
    house.journal.write(lambda c: imports.move(c, job.id, state, tuple(ImportState)))
    assert move(house.journal, jobs(house)[0], to, seen.view()) == Exit.PROBLEM
    assert words in seen.error


def test_a_mistyped_command_is_not_taken_for_a_file() -> None:
    ended = CliRunner().invoke(app, ["import", "shwo"])
    assert ended.exit_code == Exit.USAGE
    assert "did you mean show?" in ended.output
