"""What-if as a page: a changed config held against the journal, beside the pages, without a look at any secret."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from provodka.journal import Journal, audit
from provodka.offline import OfflineError, offline
from rules.engine import Engine
from support.trial import PROBLEMS
from tests.cli.past import MARIA, RULES, Client, real
from tests.webhooks.console.desk import Desk
from tests.webhooks.console.month import Serve
from tests.webhooks.console.trying import CHANGED, config, over, plain, tried
from webhooks.console import whatif
from webhooks.console.settings import Role

Held = tuple[Client, Desk, threading.Event, threading.Event]


def test_a_changed_config_is_told_by_rule_and_by_event_with_links(standing: tuple[Client, Desk]) -> None:
    client, desk = standing
    visitor = desk.sign_in(Role.OPERATE)
    page = tried(visitor, config(client, CHANGED))
    assert "8 событий сравнено 4 так же 4 иначе" in page
    assert "«Заявка» 3 события − Лид: не делалось бы (2)" in page
    assert "~ Задача, Текст (1) : было: Перезвонить, стало бы: Набрать" in page
    assert "~ Задача, Срок (1) : было: 02.03 13:00:01, стало бы: 02.03 14:00:01" in page, "on the client's clocks"
    assert "не делалось бы по правилу «Заявка» : utm.source: нужно: google; здесь: yandex" in page
    assert "делалось бы по правилу «Заявка» : тогда utm.source: нужно: yandex; здесь: google" in page
    links = visitor.get("/what-if").text
    assert all(f"/console/events/{real(event)}" in links for event in ("f1", "f2", "f4", "c1"))
    assert not re.search("Мария|160001122|maria@", links), "people are masked"


def test_the_same_config_would_change_nothing_and_a_file_may_be_uploaded(standing: tuple[Client, Desk]) -> None:
    client, desk = standing
    visitor = desk.sign_in(Role.OPERATE)
    token = re.search(r'name="csrf_token" value="([^"]+)"', visitor.get("/what-if").text)
    assert token
    file = {"file": ("config.yaml", config(client, RULES).encode("utf-8-sig"))}
    fields = {"csrf_token": token[1], "days": "7", "text": ""}
    answer = visitor.session.post(f"{visitor.url}/what-if", data=fields, files=file, timeout=30)
    assert answer.status_code == 200
    assert "Ничего бы не изменилось" in over(visitor)


def test_all_mistakes_of_a_config_are_told_with_places_and_cures(standing: tuple[Client, Desk]) -> None:
    client, desk = standing
    wrong = config(client, RULES.replace("- task: {text: Перезвонить", "- taskk: {text: Перезвонить"))
    wrong = wrong.replace("type: mango", "type: mngo").replace("on: call.missed", "on: call.mised")
    page = tried(desk.sign_in(Role.OPERATE), wrong)
    lines = wrong.splitlines()
    place = next(at for at, line in enumerate(lines, 1) if "taskk" in line)
    assert "В конфиге 3 ошибки" in page
    menu = desk.sign_in(Role.OPERATE).get("/what-if").text.partition("</nav>")[0]
    assert re.search(r'aria-current="page">Правила<', menu)
    column = lines[place - 1].index("{") + 1
    shown = f"Строка {place}, столбец {column}: unknown action taskk Что делать: did you mean &#34;task&#34;?"
    assert f"{shown} {lines[place - 1].strip()} rules[4].do[0].taskk" in page
    assert "channels.phone.type" in page
    assert "call.missed" in page
    assert "name: Заявка" in page, "the text is there to be mended"


def test_of_very_many_mistakes_the_first_are_told_and_how_many_there_are(standing: tuple[Client, Desk]) -> None:
    client, desk = standing
    wrong = config(client, RULES) + "".join(f"wrong{number}: 1\n" for number in range(PROBLEMS + 10))
    page = tried(desk.sign_in(Role.OPERATE), wrong)
    assert f"В конфиге {PROBLEMS + 10} ошибок" in page
    assert page.count("Строка ") == PROBLEMS
    assert "Здесь не все" in page


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ("", 422, "Вставьте текст конфига"),
        ("x" * (whatif.LIMIT + 1), 413, "больше 1 МБ"),
    ],
)
def test_what_is_no_config_is_refused_at_once(
    standing: tuple[Client, Desk], text: str, status: int, words: str
) -> None:
    _, desk = standing
    answer = desk.sign_in(Role.OPERATE).post("/what-if", text=text)
    assert (answer.status_code, words in answer.text) == (status, True)


def test_whoever_may_only_look_tries_nothing_and_a_try_is_recorded(serve: Serve, journal: Journal) -> None:
    client, desk = serve()
    viewer = desk.sign_in(Role.VIEW)
    assert viewer.get("/what-if").status_code == 403
    assert viewer.post("/what-if", "/rules", text="client: А").status_code == 403
    tried(desk.sign_in(Role.OPERATE), config(client, RULES))
    deeds = [(one.login, one.what) for one in journal.read(audit.listed) if one.what != "sign_in"]
    assert deeds == [("operate", "what_if")]


SECRET = "sesame-of-the-environment"
ASKING = """\
  - name: Секрет
    on: call.missed
    when: {call.id: {not: "${HIDDEN}"}}
    do:
      - note: {text: "${HIDDEN} ${CRM_TOKEN} {{ '${HIDDEN}' | upper }}"}
"""


def test_an_uploaded_config_is_no_way_to_read_the_environment(
    standing: tuple[Client, Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIDDEN", SECRET)
    monkeypatch.setenv("CRM_TOKEN", "token-of-the-crm")
    client, desk = standing
    visitor = desk.sign_in(Role.OPERATE)
    asking = config(client, RULES + ASKING)
    page = tried(visitor, asking)
    assert "Секрет" in page
    assert "В изменённых местах правил вместо значений взяты имена: ${CRM_TOKEN}, ${HIDDEN}" in page
    oracles = (
        asking.replace("client: Кровля", 'client: "${HIDDEN}"').replace("on: email.received", "on: wrong"),
        asking.replace("telegram: 1234567", 'telegram: "${HIDDEN}"'),
        asking.replace("[anna, ivan]", '[anna, "${HIDDEN}"]'),
    )
    for text in (asking, *oracles):
        tried(visitor, text)
        shown = visitor.get("/what-if").text.lower()
        assert "sesame" not in shown
        assert "token-of-the-crm" not in shown


def test_an_uploaded_config_is_no_way_to_read_files(standing: tuple[Client, Desk]) -> None:
    client, desk = standing
    (client.folder / "key.txt").write_text("words-of-a-file: {a: b}", encoding="utf-8")
    books = """\
accounting:
  {type: odata, url: "https://1c.krovlya.ru/base", user: u, profile: bp, organization: {inn: "7707083893"},
   overrides: key.txt}
"""
    lines = 'note: {text: "file:key.txt"}'
    text = config(client, RULES.replace("- task: {text: Перезвонить, due: 1h}", f"- {lines}")) + books
    visitor = desk.sign_in(Role.OPERATE)
    assert "8 событий сравнено" in tried(visitor, text), "and there is nothing wrong with it"
    assert "words-of-a-file" not in visitor.get("/what-if").text


def test_what_the_running_config_takes_is_filled_in_where_it_stands_and_is_not_shown(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE", "yandex")
    monkeypatch.setenv("ROP", "1234567")
    running = RULES.replace("{utm.source: yandex}", '{utm.source: "${SOURCE}"}')
    client, desk = serve(running)
    monkeypatch.delenv("SOURCE")  # it is what the config was read with, wherever that is now
    monkeypatch.delenv("ROP")
    page = tried(desk.sign_in(Role.OPERATE), config(client, running))
    assert "Ничего бы не изменилось" in page
    assert "взяты имена" not in page
    moved = running.replace("name: Заявка", "name: Другая")
    assert "взяты имена: ${SOURCE}" in tried(desk.sign_in(Role.OPERATE), config(client, moved))


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch, serve: Serve) -> Iterator[Held]:
    """A client; the evaluation of its rules, once it began, goes on when it may."""
    client, desk = serve()
    began, may = threading.Event(), threading.Event()
    usual = Engine.evaluate

    def slowly(self: Engine, *args: Any, **more: Any) -> Any:
        began.set()
        assert may.wait(30)
        return usual(self, *args, **more)

    monkeypatch.setattr(Engine, "evaluate", slowly)
    yield client, desk, began, may
    may.set()


def test_one_runs_at_a_time_shows_how_far_it_is_and_hinders_no_page(held: Held) -> None:
    client, desk, began, may = held
    mine, other = desk.sign_in(Role.OPERATE), desk.sign_in(Role.ADMINISTER)
    text = config(client, CHANGED)
    assert 'id="progress"' in mine.post("/what-if", "/rules", text=text).text
    assert began.wait(30)
    assert "из 8." in plain("<main" + mine.get("/what-if/progress").text)
    assert mine.get("/rules").status_code == 200
    with socket.create_connection(("127.0.0.1", desk.server.port)):
        pass  # nobody else is kept from the outside meanwhile
    refused = other.post("/what-if", "/rules", text=text)
    assert (refused.status_code, "его начал operate" in refused.text) == (409, True)
    refused = other.post("/export", "/rules", person="1", format="csv")
    assert (refused.status_code, "идёт другое сравнение" in refused.text) == (409, True), "an export would be as heavy"
    may.set()
    assert "4 иначе" in over(mine)
    assert mine.get("/what-if/progress").headers["HX-Refresh"] == "true"
    assert "иначе" not in plain(other.get("/what-if").text), "the result is for whoever asked"


def test_it_can_be_stopped(held: Held, journal: Journal) -> None:
    client, desk, began, may = held
    visitor = desk.sign_in(Role.OPERATE)
    visitor.post("/what-if", "/rules", text=config(client, CHANGED))
    assert began.wait(30)
    visitor.post("/what-if/stop", "/rules")
    may.set()
    assert "Сравнение остановлено" in over(visitor)
    assert "what_if_stopped" in [one.what for one in journal.read(audit.listed)]


def test_a_result_is_kept_for_an_hour(serve: Serve) -> None:
    client, desk = serve()
    visitor = desk.sign_in(Role.OPERATE)
    tried(visitor, config(client, CHANGED))
    client.clock.forward(minutes=59)
    assert "4 иначе" in plain(visitor.get("/what-if").text)
    client.clock.forward(minutes=2)
    assert "иначе" not in plain(visitor.get("/what-if").text)


def test_of_very_many_events_the_newest_are_compared_and_that_is_told(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whatif, "MOST", 3)
    client, desk = serve()
    client.clock.forward(seconds=5)
    for number in "78":
        client.event(f"c{number}", "call.missed", "phone", MARIA, call={"id": number, "direction": "in"})
        client.clock.forward(seconds=1)
    page = tried(desk.sign_in(Role.OPERATE), config(client, CHANGED))
    assert "Событий больше: сравнены последние" in page


def test_whoever_compares_reaches_nothing_outside_and_nobody_else_is_kept_from_it() -> None:
    failed: list[Exception] = []

    def reach() -> None:
        try:
            with socket.socket() as one:
                one.connect(server.getsockname())
        except OfflineError as error:
            failed.append(error)

    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        with offline():
            other = threading.Thread(target=reach)
            other.start()
            other.join()
            assert failed == []
            reach()
    assert len(failed) == 1
