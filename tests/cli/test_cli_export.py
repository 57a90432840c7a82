"""`provodka export`: a copy that tells everything and gives nobody away."""

from __future__ import annotations

import csv
import json
import sqlite3
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlite_utils import Database
from typer.testing import CliRunner

from cli.config import Config, read
from cli.export import Wanted, take_away
from cli.main import app
from provodka.event import new_event_id
from provodka.journal import DeadReason, Journal
from provodka.journal.extract import Scope
from provodka.payloads import Form, FormSubmitted, Person
from support.export import Format, Line, Wish, export
from support.export.writers import SqliteWriter, Writer
from tests.cli.leaks import NEVER, OPEN, found_in, masked_forms, planted
from tests.cli.playing import EMAIL, NAME, PHONE, RULE, Clock, House, Seen
from tests.docs.markdown import blocks

CONFIG = """\
client: Кровля
timezone: Europe/Moscow
crm: {{type: amocrm, url: "https://krovlya.amocrm.ru", token: t}}
staff: {{anna: {{crm: anna@krovlya.ru}}}}
channels: {{site: {{type: tilda, secret: s}}}}
journal: {{url: "sqlite:///{folder}/journal.sqlite"}}
rules: [{{name: Заявка, on: form.submitted, do: [{{intake: {{title: Сайт}}}}]}}]
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(folder=tmp_path), encoding="utf-8")
    return read(path)


@pytest.fixture
def taken(journal: Journal, config: Config, seen: Seen, tmp_path: Path):
    """Exports by the command, and tells the file."""

    def take(wanted: Wanted | None = None, *, opened: bool = False, ends: int = 0) -> Path:
        wanted = wanted or Wanted(PHONE)
        file = wanted.to or tmp_path / f"copy-{opened}.{wanted.format or Format.SQLITE}"
        assert take_away(journal, config, replace(wanted, to=file), seen.view(opened=opened)) == ends, seen.error
        return file

    return take


@pytest.mark.parametrize("form", Format)
def test_a_masked_copy_gives_nobody_away_in_any_byte(form, house, journal, clock, taken) -> None:
    planted(house, journal, clock)
    file = taken(Wanted(PHONE, format=form))
    assert found_in(file, masked_forms()) == []
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("form", [Format.SQLITE, Format.JSON])
def test_an_opened_copy_tells_everything_but_secrets(form, house, journal, clock, taken) -> None:
    planted(house, journal, clock)
    file = taken(Wanted(PHONE, format=form), opened=True)
    content = file.read_text("utf-8", "replace").replace("\\\\u", "\\u")
    assert [one for one in OPEN if one not in content] == []
    assert found_in(file, [one.encode() for one in NEVER]) == []


def test_one_person_is_one_person_by_their_tag(house: House, journal: Journal, clock: Clock, taken) -> None:
    planted(house, journal, clock)
    db = Database(taken())
    tags = {row["identity"].partition("#")[2] for row in db["identities"].rows if row["identity"].startswith("phone:")}
    (tag,) = tags
    assert db.execute("SELECT count(*) FROM events WHERE who LIKE '%' || ? || '%'", [tag]).fetchone() == (6,)
    found = {row["event"] for row in db["texts"].search(tag)}
    assert len(found) == 6, "the event that still lies in the inbox is theirs too"


def test_the_tables_refer_to_one_another_and_say_how_much_they_hold(house, journal, clock, taken) -> None:
    planted(house, journal, clock)
    db = Database(taken())
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    about = {row["name"]: row["value"] for row in db["about"].rows}
    assert (about["client"], about["masked"], about["person"]) == ("Кровля", "yes", "1")
    assert (about["rows of events"], about["rows of actions"], about["rows of calls"]) == ("6", "3", "2")
    assert {row["rule"] for row in db["rules"].rows} == {RULE, "Иное"}
    assert [row["state"] for row in db["trouble"].rows] == ["dead", "failed"]
    assert [(row["lead"], row["rule"]) for row in db["leads"].rows] == [("17", RULE)]
    moments = [row["local"] for row in db["timeline"].rows]
    assert len(moments) == 9
    assert moments == sorted(moments)
    assert moments[0] == "2026-03-02 12:00:00", "on the client's clocks"


def test_somebody_whose_name_is_told_later_has_it_in_the_list_of_people(house: House, taken) -> None:
    house.planned("1", person=Person(phones=(PHONE,)))
    house.planned("2", person=Person(NAME, (PHONE,)))
    house.planned("3", person=Person("Маша", (PHONE,)))
    assert [row["name"] for row in Database(taken(opened=True))["people"].rows] == [NAME]


def test_a_disk_without_room_is_said_and_nothing_is_left(
    house: House, seen: Seen, taken, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.planned("1")

    def full(_: Writer, __: Sequence[Line]) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(SqliteWriter, "add", full)
    before = sorted(tmp_path.iterdir())
    taken(ends=1)
    assert "cannot be written: database or disk is full; see that its folder is there and has room" in seen.error
    assert sorted(tmp_path.iterdir()) == before


def test_a_lead_stands_once_in_the_list_of_leads_with_the_event_that_made_it(house: House, taken) -> None:
    house.planned("1")
    house.done(lead_id="17", url="https://krovlya.amocrm.ru/leads/detail/17")
    house.done(lead_id="17", task_id="5")
    leads = list(Database(taken())["leads"].rows)
    assert [(row["lead"], row["url"]) for row in leads] == [("17", "https://krovlya.amocrm.ru/leads/detail/17")]


@pytest.mark.parametrize("word", ["елка", "ждет", "заме*", "ЗАМЕР", "ahb OR замер"])
def test_russian_words_are_found_as_people_type_them(word, house, clock, taken) -> None:
    house.planned("1", person=Person(NAME, (PHONE,)))
    house.event("2", person=Person(phones=(PHONE,)), payload=_comment("Ёлка ждёт во дворе"))
    found = {row["event"] for row in Database(taken())["texts"].search(word)}
    assert found == ({2} if word in ("елка", "ждет") else {1, 2})


def test_the_search_that_the_guide_shows_finds_what_was_said(house: House, taken) -> None:
    house.planned("1", payload=_comment("Нужна кровля"))
    (query,) = [one for one in blocks("sql") if one.place.startswith("docs/ru/console.md")]
    found = Database(taken()).execute(query.text).fetchall()
    assert [row[1] for row in found] == ["form.submitted", "form.submitted"], "the event, and the lead in «Кровля»"


def _comment(text: str):
    return FormSubmitted(form=Form(name="Замер", comment=text))


def test_a_table_for_excel_is_opened_as_it_is_and_runs_nothing(house: House, taken) -> None:
    house.planned("1", payload=_named('=HYPERLINK("http://evil.example")'), person=Person("@Хитрец", (PHONE,)))
    file = taken(Wanted(PHONE, format=Format.CSV), opened=True)
    assert file.read_bytes().startswith("\N{BYTE ORDER MARK}".encode())
    with file.open(encoding="utf-8-sig", newline="") as lines:
        event, *actions = csv.DictReader(lines, delimiter=";")
    assert event["text"] == '\'=HYPERLINK("http://evil.example")'
    assert event["who"].startswith("'@Хитрец")
    assert [one["kind"] for one in actions] == ["intake", "task"]
    assert {one["local"] for one in actions} == {"2026-03-02 12:00:03"}


def _named(title: str):
    return FormSubmitted(form=Form(name=title))


def test_json_lines_say_first_what_they_are_and_last_that_they_are_whole(house: House, taken) -> None:
    house.planned("1")
    first, event, last = map(json.loads, taken(Wanted(PHONE, format=Format.JSON)).read_text("utf-8").splitlines())
    assert first["about"]["masked"] == "yes"
    assert event["event"]["payload"]["form"]["name"] == "Замер"
    assert [one["kind"] for one in event["actions"]] == ["intake", "task"]
    assert last == {"whole": {"events": 1}}


def test_a_stretch_of_time_has_what_was_received_in_it(house: House, clock: Clock, taken) -> None:
    house.planned("old")
    clock.forward(days=3)
    house.planned("new", person=Person("Пётр", ("+79160003333",)))
    house.event("waits")
    db = Database(taken(Wanted(since="2d")))
    assert [row["external_id"] for row in db["events"].rows] == ["tilda:new", "tilda:waits"]
    assert [row["state"] for row in db["events"].rows] == ["planned", "received"]


def test_more_events_than_a_portion_are_all_there_once(house: House, journal: Journal, clock: Clock, taken) -> None:
    first = house.event("0")
    journal.accept([replace(first, id=new_event_id(clock()), external_id=str(number)) for number in range(204)])
    with sqlite3.connect(taken(Wanted(since="1d"))) as db:
        assert db.execute("SELECT count(*), count(DISTINCT external_id) FROM events").fetchone() == (205, 205)


def test_nothing_is_overwritten_unless_it_is_said(house: House, seen: Seen, tmp_path: Path, taken) -> None:
    house.planned("1")
    file = tmp_path / "mine.sqlite"
    file.write_text("mine")
    taken(Wanted(PHONE, to=file), ends=2)
    assert file.read_text() == "mine"
    assert "is there already; name another file by --to, or say --force" in seen.error
    taken(Wanted(PHONE, to=file, force=True))
    assert file.read_bytes().startswith(b"SQLite format 3")


def test_a_copy_that_is_given_up_leaves_nothing(house: House, journal: Journal, tmp_path: Path) -> None:
    house.planned("1")

    def give_up(_: int) -> None:
        raise KeyboardInterrupt

    wish = Wish(Scope(1), Format.SQLITE, "Кровля", ZoneInfo("Europe/Moscow"))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(KeyboardInterrupt):
        export(journal, wish, tmp_path / "copy.sqlite", give_up)
    assert sorted(tmp_path.iterdir()) == before


def test_two_who_make_the_same_file_at_once_spoil_nothing_of_each_other(
    house: House, journal: Journal, tmp_path: Path
) -> None:
    house.planned("1")
    wish, path = Wish(Scope(1), Format.JSON, "Кровля", ZoneInfo("Europe/Moscow")), tmp_path / "copy.jsonl"
    left = tmp_path / ".copy.jsonl.0badf00d.part"
    left.write_text("half")
    export(journal, wish, path, lambda _: export(journal, wish, path, over=True) and None, over=True)
    lines = path.read_text("utf-8").splitlines()
    assert len(lines) == 3, "it is whole: what it is, the event, the end"
    assert list(tmp_path.glob(".*.part")) == [], "and what a killed process has left is thrown away"


def test_a_dry_run_counts_and_writes_nothing(house: House, seen: Seen, tmp_path: Path, taken) -> None:
    house.planned("1")
    file = taken(Wanted(PHONE, dry_run=True))
    seen.has("would write 1 event into", str(file.name), "personal data are masked")
    assert not file.exists()


@pytest.mark.parametrize("who", ["8 (916) 000-11-22", EMAIL, NAME, "Мария", "person:1", "lead:17"])
def test_a_person_is_found_by_whatever_support_has_in_hand(who: str, house: House, journal: Journal, taken) -> None:
    house.planned("1")
    house.attempt(outcome="done", state="done", result='{"lead_id": "17"}', identities=("lead:17",))
    assert Database(taken(Wanted(who)))["events"].count == 1


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Wanted(), "what is to be exported is not said"),
        (Wanted(since="soon"), "«soon» is no moment"),
        (Wanted(since="1d", until="2d"), "--until is not after --since"),
        (Wanted("8 916 555-44-33"), "nobody is known by"),
        (Wanted("Мария"), "several people are called «Мария»: person:1, person:2"),
    ],
)
def test_what_is_unclear_is_asked_back(wanted: Wanted, words: str, house: House, seen: Seen, taken) -> None:
    house.planned("1")
    house.planned("2", person=Person("Мария Петрова", ("+79160003333",)))
    taken(wanted, ends=2)
    assert words in seen.error


@pytest.mark.parametrize(
    ("name", "form", "begins"),
    [
        ("a.csv", None, b"\xef\xbb\xbf"),
        ("a.JSON", None, b'{"'),
        ("a", None, b"SQLite"),
        ("a.csv", Format.SQLITE, b"SQL"),
    ],
)
def test_the_file_is_what_its_name_ends_with_unless_the_format_is_said(name, form, begins, house, taken, tmp_path):
    house.planned("1")
    assert taken(Wanted(PHONE, format=form, to=tmp_path / name)).read_bytes().startswith(begins)


def test_the_command_names_its_file_by_what_it_holds(
    house: House, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.planned("1")
    house.dead(DeadReason.REJECTED)
    monkeypatch.chdir(tmp_path)
    args = ["export", "--config", str(tmp_path / "config.yaml"), "--person", PHONE]
    result = CliRunner().invoke(app, args)
    assert (result.exit_code, result.stdout.split("; ")[1].strip()) == (0, "personal data are masked")
    assert Database("journal-person-1-masked.sqlite")["actions"].count == 2
    told = json.loads(CliRunner().invoke(app, [*args, "--format", "csv", "--open", "--json"]).stdout)
    assert (told["file"], told["events"], told["masked"]) == ("journal-person-1-open.csv", 1, False)
