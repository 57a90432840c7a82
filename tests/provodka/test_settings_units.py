"""Sizes, durations, time zones, and the settings that every client has."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import TypeAdapter

from provodka.settings import JournalSettings, Mistakes, Section, Server, read_config
from provodka.units import check_timezone, moment_in, parse_duration, parse_size


@pytest.mark.parametrize(
    ("written", "size"),
    [("2MB", 2 * 1024**2), ("512 KB", 512 * 1024), ("1.5GiB", 1536 * 1024**2), ("10b", 10), (2048, 2048), (0, 0)],
)
def test_a_size_is_read_in_bytes(written, size):
    assert parse_size(written) == size


@pytest.mark.parametrize("written", ["2", "2 megs", "MB", "-1MB", -1, True, None, [], "", "2MB 3KB"])
def test_what_is_not_a_size_is_refused_with_an_example(written):
    with pytest.raises(Mistakes) as caught:
        parse_size(written)
    assert "2MB" in caught.value.findings[0].hint


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("30s", 30), ("5m", 300), ("1h30m", 5400), ("1h 30m", 5400), ("2d", 172800), ("500ms", 0.5), (" 5 M ", 300)],
)
def test_a_duration_is_read(written, seconds):
    assert parse_duration(written) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "written", ["5", 5, "m", "5 parsecs", "5m later", "-5m", None, "", True, "999999999d999999999d"]
)
def test_what_is_not_a_duration_is_refused(written):
    with pytest.raises(Mistakes):
        parse_duration(written)


def test_a_number_alone_is_told_to_need_a_unit():
    with pytest.raises(Mistakes, match="a duration needs a unit"):
        parse_duration(5)


@pytest.mark.parametrize("name", ["Europe/Moscow", "Asia/Yekaterinburg", "UTC"])
def test_a_time_zone_that_exists_is_taken(name):
    assert check_timezone(name) == name


@pytest.mark.parametrize(
    ("name", "meant"),
    [("Europe/Moskow", "Europe/Moscow"), ("Moscow", "Europe/Moscow"), ("Russia/Samara", "Europe/Samara")],
)
def test_a_wrong_time_zone_gets_the_nearest_name(name, meant):
    with pytest.raises(Mistakes) as caught:
        check_timezone(name)
    assert caught.value.findings[0].hint == f'did you mean "{meant}"?'


@pytest.mark.parametrize("name", ["Europe", "../etc/passwd", "/etc/passwd", "", "МСК", "x" * 500])
def test_a_time_zone_is_never_a_file_of_the_machine(name):
    with pytest.raises(Mistakes):
        check_timezone(name)


def settings(folder, section, text):
    models = {"server": Server, "journal": JournalSettings}
    path = folder / "client.yaml"
    path.write_text(f"{text}\n", encoding="utf-8")
    found = read_config(path, {section: Section(TypeAdapter(models[section]), absent={})}, {})
    return found.values[section], [(p.path, p.text, p.hint) for p in found.problems]


def test_the_server_has_sensible_defaults(tmp_path):
    server, _ = settings(tmp_path, "server", "server: {}")
    assert (server.host, server.port, server.body_limit) == ("127.0.0.1", 8080, 2 * 1024**2)


def test_the_body_limit_is_read_in_bytes_and_has_a_floor(tmp_path):
    assert settings(tmp_path, "server", "server: {body_limit: 5MB}")[0].body_limit == 5 * 1024**2
    assert settings(tmp_path, "server", "server: {body_limit: 10B}")[1] == [
        ("server.body_limit", "must be at least 1024", "")
    ]


def test_a_relative_journal_lies_beside_the_config(tmp_path):
    for text in ("{}", "journal: {}", "journal: {url: 'sqlite:///provodka.sqlite'}"):
        assert settings(tmp_path, "journal", text)[0].url == f"sqlite:///{tmp_path}/provodka.sqlite"


def test_an_absolute_journal_and_a_postgresql_stay_as_written(tmp_path):
    for url in ("sqlite:////var/lib/provodka.sqlite", "postgresql://u:p@db/provodka", "postgresql+psycopg://db/x"):
        assert settings(tmp_path, "journal", f"journal: {{url: '{url}'}}")[0].url == url


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///"])
def test_a_journal_in_memory_is_refused(tmp_path, url):
    _, problems = settings(tmp_path, "journal", f"journal: {{url: '{url}'}}")
    assert problems[0][0] == "journal.url"


def test_another_database_is_refused_without_showing_its_password(tmp_path):
    _, problems = settings(tmp_path, "journal", "journal: {url: 'mysql://u:pa55word@db/x'}")
    assert problems[0][1] == "no address of a journal"
    assert "pa55word" not in str(problems)


def test_the_journals_password_is_not_in_its_repr(tmp_path):
    journal, _ = settings(tmp_path, "journal", "journal: {url: 'postgresql://u:pa55word@db/x'}")
    assert "pa55word" not in repr(journal)


def test_a_moment_of_a_plan_is_told_from_any_other_text():
    assert moment_in("2026-11-30T10:07:20.243502+00:00") == datetime(2026, 11, 30, 10, 7, 20, 243502, UTC)
    assert moment_in("2026-11-30T13:07:20+03:00") == datetime(2026, 11, 30, 10, 7, 20, tzinfo=UTC)
    others = ("2026-13-30T10:07:20+00:00", "2026-11-30", "2026-11-30T10:07:20", "до 2026-11-30T10:07:20+00:00", "")
    assert [moment_in(text) for text in others] == [None] * 5
