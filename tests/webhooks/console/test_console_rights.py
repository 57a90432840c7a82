"""Guessing, sessions, opened data, who did what: what the console allows to whom, and writes down."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from provodka.journal import Journal, audit
from tests.webhooks.console.desk import PASSWORD, Desk, Visitor, on
from webhooks.console.app import create_console
from webhooks.console.lockout import FROM_ONE_ADDRESS, OF_ONE_LOGIN, WINDOW, locked_until
from webhooks.console.settings import ConsoleSettings, Role

EVENT = "event:01a20124a362"
NOTHING_TO_RECORD = {"access.sign_in", "access.sign_out", "access.look"}  # the look is a cookie of the reader's own


class Now:
    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = on(tmp_path)
    yield journal
    journal.close()


@pytest.fixture
def serve(journal: Journal, now: Now) -> Iterator[Callable[..., Desk]]:
    opened: list[Desk] = []

    def make(**more: Any) -> Desk:
        opened.append(Desk(journal, {"now": now, **more}))
        return opened[-1]

    yield make
    for desk in opened:
        desk.close()


def settings_of(desk: Desk, **changed: Any) -> ConsoleSettings:
    return desk.parts.settings.model_copy(update=changed)


def guess(desk: Desk, login: str = "view", password: str = "мимо", forwarded: str = "") -> requests.Response:
    return Visitor(desk.url).post("/sign-in", login=login, password=password, forwarded=forwarded)


def deeds(journal: Journal) -> list[tuple[str, str, str]]:
    return [(one.login, one.what, one.about) for one in journal.read(audit.listed)]


@pytest.mark.parametrize("login", ["view", "nobody"])
def test_five_wrong_passwords_lock_a_login_in_all_processes_whether_or_not_anybody_has_it(
    serve: Callable[..., Desk], now: Now, login: str
) -> None:
    desk, other = serve(), serve()
    answers = [guess(desk, login) for _ in range(OF_ONE_LOGIN)]
    assert {(one.status_code, "Имя или пароль не подошли" in one.text) for one in answers} == {(401, True)}
    locked = guess(other, login, PASSWORD)
    assert (locked.status_code, locked.headers["Retry-After"]) == (429, "60")
    assert "Войти можно будет через 1 минуту" in locked.text
    assert guess(desk, "operate", PASSWORD).status_code == 200, "others are not hindered"
    now.at += timedelta(seconds=61)
    assert guess(desk, login).status_code == 401
    assert guess(desk, login).headers["Retry-After"] == "120"


def test_a_success_clears_the_count_of_its_login(serve: Callable[..., Desk]) -> None:
    desk = serve()
    for _ in range(2):
        assert [guess(desk).status_code for _ in range(OF_ONE_LOGIN - 1)] == [401] * 4
        assert guess(desk, "view", PASSWORD).status_code == 200


def test_an_address_that_tries_many_logins_is_locked_and_only_the_last_of_the_forwarded_counts(
    serve: Callable[..., Desk],
) -> None:
    desk = serve(proxied=True)
    for number in range(FROM_ONE_ADDRESS):
        guess(desk, f"somebody{number}", forwarded=f"10.9.8.{number}, 203.0.113.7")
    assert guess(desk, "view", PASSWORD, forwarded="1.1.1.1, 203.0.113.7").status_code == 429
    assert guess(desk, "view", PASSWORD, forwarded="203.0.113.8").status_code == 200


def test_without_a_proxy_of_ours_nobody_chooses_an_address_by_a_header(serve: Callable[..., Desk]) -> None:
    desk = serve()
    for number in range(FROM_ONE_ADDRESS):
        guess(desk, f"somebody{number}", forwarded=f"203.0.113.{number}")
    assert guess(desk, "view", PASSWORD, forwarded="203.0.113.99").status_code == 429


def test_addresses_are_kept_masked(serve: Callable[..., Desk], journal: Journal) -> None:
    guess(serve(proxied=True), forwarded="203.0.113.7")
    (deed,) = journal.read(audit.listed)
    assert deed.address.startswith("203.0.•#")
    assert "113" not in deed.address


@given(st.lists(st.integers(0, 1200), min_size=1, max_size=40))
def test_each_refusal_while_it_lasts_makes_the_wait_no_shorter_and_never_over_an_hour(gaps: list[int]) -> None:
    moment, times = datetime(2026, 3, 2, tzinfo=UTC), []
    for gap in gaps:
        moment += timedelta(seconds=gap)
        times.append(moment)
    until = locked_until(times, OF_ONE_LOGIN)
    recent = [one for one in times if moment - one < WINDOW]
    if len(recent) >= OF_ONE_LOGIN:
        assert until is not None
        assert until >= moment + timedelta(minutes=1)
    assert until is None or until <= moment + timedelta(hours=1)


def test_a_quiet_session_ends_and_a_busy_one_after_a_week(serve: Callable[..., Desk], now: Now) -> None:
    desk = serve()
    quiet, busy = desk.sign_in(), desk.sign_in()
    for _ in range(14):
        now.at += timedelta(hours=11, minutes=59)
        assert "Где моя заявка" in busy.get("/").text
    assert "Вход в консоль" in quiet.get("/").text
    now.at += timedelta(minutes=15)
    assert "Вход в консоль" in busy.get("/").text


@pytest.mark.parametrize("changed", [{"password": PasswordHasher(1, 8, 1).hash("другой")}, {"role": "operate"}])
def test_another_password_or_role_ends_a_session(serve: Callable[..., Desk], changed: dict[str, str]) -> None:
    desk = serve()
    visitor = desk.sign_in()
    user = desk.parts.settings.users["view"]
    plain = {"password": user.password.get_secret_value(), "role": "view", **changed}
    later = serve(settings=ConsoleSettings.model_validate({"users": {"view": plain}}))
    visitor.url = later.url
    assert "Вход в консоль" in visitor.get("/").text
    visitor.url = desk.url
    assert desk.sign_in().get("/").status_code == 200


def test_the_cookie_is_for_the_console_alone_and_behind_https_for_https(serve: Callable[..., Desk]) -> None:
    plain = requests.get(f"{serve().url}/sign-in", timeout=30).headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/console"} <= set(plain.split("; "))
    assert "Secure" not in plain
    assert "; Secure" in requests.get(f"{serve(secure=True).url}/sign-in", timeout=30).headers["Set-Cookie"]


def test_nothing_of_the_session_before_is_left_in_the_one_after_signing_in(serve: Callable[..., Desk]) -> None:
    visitor = Visitor(serve().url)
    visitor.get("/sign-in")
    planted = visitor.session.cookies["provodka"]
    visitor.post("/sign-in", login="view", password=PASSWORD)
    assert visitor.session.cookies["provodka"] != planted
    thief = requests.get(visitor.url + "/", cookies={"provodka": planted}, timeout=30)
    assert "Вход в консоль" in thief.text


@pytest.mark.parametrize(
    ("then", "place"),
    [
        ("/people?login=olga", "/console/people?login=olga"),
        ("//evil.example/", "/console/"),
        ("https://evil.example/", "/console/"),
        ("/\\evil.example", "/console/"),
        ("/../f/page", "/console/"),
        ("/%2e%2e/f/page", "/console/"),
        ("/static/../../x", "/console/"),
        ("/nothing", "/console/"),
        ("", "/console/"),
    ],
)
def test_signing_in_leads_to_a_page_of_the_console_and_nowhere_else(
    serve: Callable[..., Desk], then: str, place: str
) -> None:
    desk = serve()
    visitor = Visitor(desk.url)
    address = f"/sign-in?then={quote(then)}"
    visitor.session.max_redirects = 5
    answer = visitor.post(address, login="administer", password=PASSWORD)
    assert answer.history[0].headers["Location"] == place


def test_language_and_theme_are_kept_even_before_signing_in(serve: Callable[..., Desk]) -> None:
    visitor = Visitor(serve().url)
    page = visitor.post("/look", "/sign-in", language="en", theme="dark", then="/sign-in").text
    assert '<html lang="en" data-theme="dark">' in page
    assert "Sign in to the console" in page
    visitor.post("/look", "/sign-in", language="xx", theme="<b>")
    assert '<html lang="en" data-theme="dark">' in visitor.get("/sign-in").text


def test_opened_data_is_of_one_event_in_one_session_for_ten_minutes_and_on_record(
    serve: Callable[..., Desk], journal: Journal, now: Now
) -> None:
    desk = serve()
    app = create_console(desk.parts)
    visitor = desk.sign_in()

    def is_open(about: str, of: Visitor = visitor) -> bool:
        from webhooks.console.access import masks

        with app.test_request_context("/", headers={"Cookie": f"provodka={of.session.cookies['provodka']}"}):
            return masks(about).opened

    assert not is_open(EVENT)
    assert visitor.post("/open", "/", about=EVENT, then="/").url == f"{desk.url}/"
    assert is_open(EVENT)
    assert not is_open("event:another")
    assert not is_open("")
    assert not is_open(EVENT, desk.sign_in())
    now.at += timedelta(minutes=9)
    visitor.get("/")
    assert is_open(EVENT)
    now.at += timedelta(minutes=2)
    assert not is_open(EVENT)
    visitor.post("/open", "/", about=EVENT)
    visitor.post("/close", "/", about=EVENT)
    assert not is_open(EVENT)
    assert [one for one in deeds(journal) if one[1] != "sign_in"] == [
        ("view", "close", EVENT),
        ("view", "open", EVENT),
        ("view", "open", EVENT),
    ]


def test_where_the_config_says_so_only_those_who_operate_open_data(
    serve: Callable[..., Desk], journal: Journal
) -> None:
    desk = serve()
    strict = serve(settings=settings_of(desk, open=Role.OPERATE))
    assert strict.sign_in(Role.VIEW).post("/open", "/", about=EVENT).status_code == 403
    assert strict.sign_in(Role.OPERATE).post("/open", "/", about=EVENT).status_code == 200
    assert [one[0] for one in deeds(journal) if one[1] == "open"] == ["operate"]
    assert strict.sign_in(Role.OPERATE).post("/open", "/", about="+79160001122").status_code == 400


def test_the_page_of_people_tells_who_did_what_to_those_who_administer(serve: Callable[..., Desk]) -> None:
    desk = serve()
    desk.sign_in(Role.VIEW).post("/open", "/", about=EVENT)
    guess(desk, "<b>чужой</b>")
    assert desk.sign_in(Role.OPERATE).get("/people").status_code == 403
    admin = desk.sign_in(Role.ADMINISTER)
    page = admin.get("/people").text
    assert "открыты личные данные: событие 01a20124a362" in page
    assert "&lt;b&gt;чужой&lt;/b&gt;" in page
    rows = admin.get("/people", login="view", what="open").text.partition("<tbody>")[2].rpartition("<tbody>")[2]
    assert rows.count("<tr") == 1
    for nonsense in ("x", "9" * 30 + "-1", "1-" + "9" * 30, "٣-٣"):
        assert admin.get("/people", before=nonsense).status_code == 200


def test_the_page_of_people_goes_back_page_by_page(serve: Callable[..., Desk], journal: Journal, now: Now) -> None:
    for number in range(60):
        deed = audit.Deed(now(), "view", "resend", f"действие {number:02}", {}, "10.0.•")
        journal.write(lambda c, deed=deed: audit.put(c, deed))
    admin = serve().sign_in(Role.ADMINISTER)
    first = admin.get("/people", login="view").text
    assert "действие 59" in first
    assert "действие 09" not in first
    link = first.partition('class="button second" href="/console')[2].partition('"')[0].replace("&amp;", "&")
    older = admin.get(link).text
    assert "действие 00" in older
    assert "действие 10" not in older


def test_every_request_that_writes_is_recorded(journal: Journal, serve: Callable[..., Desk]) -> None:
    app = create_console(serve().parts)
    posts = {rule.endpoint for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    assert {"opening.show", "opening.hide"} <= posts
    source = {name: inspect.getsource(inspect.unwrap(app.view_functions[name])) for name in posts}
    assert [name for name in sorted(posts - NOTHING_TO_RECORD) if "record(" not in source[name]] == []


def test_signing_in_and_out_is_on_record(serve: Callable[..., Desk], journal: Journal) -> None:
    desk = serve()
    desk.sign_in().post("/sign-out", "/")
    guess(desk)
    assert [one[1] for one in deeds(journal)] == ["sign_in_refused", "sign_out", "sign_in"]
