"""How the house fares: what is told of channels, systems, tokens, troubles, and a ledger whose sums agree."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from connectors.registry import CHANNELS as CHANNELS_THERE_ARE
from provodka.journal import Journal
from provodka.stores import TokenPair
from tests.cli.playing import Clock, House
from tests.docs.markdown import ROOT
from tests.webhooks.console.desk import Desk
from tests.webhooks.console.planting import NOTE, brake, planted
from webhooks.console import titles

CHANNELS = {"site": "tilda", "mail": "imap", "phone": "mango"}
ROOMS = ("provodka", "connectors", "rules", "worker", "support", "webhooks", "cli", "scheduler.py")
TELLERS = {  # whoever tells of a trouble, with a name that it tells; "" where others give the name
    "provodka/journal/journal.py:Journal.trouble": "",
    "provodka/journal/brakes.py:_stop": "rule «Рассылка» stopped itself",
    "worker/deliverer.py:Deliverer._tell_status": "amocrm",
    "worker/booked.py:Poll._tell": "1c",
    "worker/walk.py:Walker._warn": "date of rule «Дни рождения»",
    "worker/importing.py:Importer._step": "import ab12",
    "webhooks/refusals.py:Refusals._tell": "door of «site»",
    "scheduler.py:tell_dead_letters": "dead letters of «Заявка»",
    "cli/house.py:House.connect_talks": "talks",
    "connectors/looking.py:Looking.failed": "phone",
    "connectors/imap/mailbox.py:_Run._trouble": "mail",
    "connectors/asterisk/watch.py:AsteriskWatcher._reconcile": "phone",
}


@pytest.fixture
def desk(journal: Journal, clock: Clock) -> Iterator[Desk]:
    more = {"now": clock, "channels": CHANNELS, "crm": "amoCRM"}
    desk = Desk(journal, more | {"token_ends": {"долгосрочный токен amoCRM": clock() + timedelta(days=10, hours=3)}})
    yield desk
    desk.close()


def look(desk: Desk) -> str:
    page = desk.sign_in().get("/health").text
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_a_house_that_is_well_says_so_in_one_sentence(desk: Desk, house: House) -> None:
    house.planned()
    house.done(lead_id="17")
    assert "Всё в порядке: всё, что пришло, доставлено или едет само." in look(desk)


def test_everything_that_is_wrong_is_told(desk: Desk, house: House, journal: Journal, clock: Clock) -> None:
    planted(house)
    journal.trouble("phone", "was silent", "Ждать")
    journal.well("phone")
    journal.trouble("mail", "the mailbox refuses the password", "Проверьте пароль")
    journal.store.save_tokens("amocrm:https://krovlya.amocrm.ru", TokenPair("a", "r", clock() + timedelta(hours=20)))
    seen = look(desk)
    for words in (
        "Не сделано: 4, не разобрано: 1, неполадок: 2.",
        "Канал «mail» (Почтовый ящик) не работает Точнее: the mailbox refuses the password "
        "Что делать: Проверьте пароль С 12:00:",
        "site Форма Tilda 7 ",
        "долгосрочный токен amoCRM 12.03 15:00:00 10 дн 3 ч",
        "amoCRM, krovlya.amocrm.ru 03.03 08:00:",
        "обновляется сам",
        "приостановлен до",
        "Канал «phone» (Телефония MANGO OFFICE) не работает Точнее: was silent",
    ):
        assert words in seen, words
    assert seen.index("Канал «mail»") < seen.index("Прошедшие неполадки") < seen.index("Канал «phone»")


def test_a_refusal_of_a_system_means_the_same_as_on_the_page_of_an_event(desk: Desk, journal: Journal) -> None:
    journal.trouble("amocrm", "Service Unavailable [503]", "Ждать")
    journal.trouble("mail", "no entry [401]", "Выдать доступ")
    seen = look(desk)
    assert "Сбой связи: amoCRM amoCRM отвечает ошибкой своего сервера. Что должно туда уйти, ждёт" in seen
    assert "не работает Сервис не принимает ключ доступа: он истёк или отозван. Точнее: no entry" in seen


def test_a_stopped_rule_stands_once_with_the_page_where_it_is_let_go(desk: Desk, house: House) -> None:
    brake(house)
    page = desk.sign_in().get("/health").text
    assert page.count(f"«{NOTE}»") == 1
    assert "provodka resume" not in page
    assert "Оно затронуло бы больше чем 1 карточку за 10 мин. Придержано: 1 действие." in look(desk)
    card = page[page.index(f"«{NOTE}»") :].partition("</article>")[0]
    assert re.search(r'href="/console/needs">Нужен человек', card)


def test_a_trouble_tells_how_long_it_lasted_and_how_often_it_came(desk: Desk, journal: Journal, clock: Clock) -> None:
    for minutes in (5, 90):
        journal.trouble("mail", "no answer", "Ждать")
        clock.forward(minutes=minutes)
        journal.well("mail")
        clock.forward(days=20)
    journal.trouble("mail", "no answer", "Ждать")
    clock.forward(minutes=2)
    seen = look(desk)
    assert "уже 2 мин. 2 раза за 30 дней." in seen, "the first of the three is forty days old"
    past = seen.partition("Прошедшие неполадки")[2]
    assert re.findall(r"Точнее: no answer .*? (\d+ (?:ч|мин)(?: \d+ мин)?) 2\b", past) == ["1 ч 30 мин", "5 мин"]


def test_what_is_refused_at_the_door_is_said_in_words(desk: Desk, journal: Journal) -> None:
    visitor = desk.sign_in()
    for refused, words in (
        ("the secret in the address is wrong or absent", "В адресе нет секрета, или он не тот. Присланное так не "),
        ("X-Telegram-Bot-Api-Secret-Token is wrong or absent", "Секрета нет, или он не тот."),
        ("the signature in taplink-signature is wrong or absent", "Подписи нет, или она не та."),
        ("the body is no JSON, so it has no secret", "Прислано не то, что шлёт этот сервис."),
        ("something new", 'Присланное так не записано. Точнее: <q><span lang="en">something new</span></q>'),
    ):
        journal.trouble("door of «site»", f"deliveries are refused: {refused}", "Сверьте")
        assert words in visitor.get("/health").text


def tellers() -> set[str]:
    """Every place in the code that tells of a trouble, as `file:function`."""
    found: set[str] = set()

    def walk(node: ast.AST, file: str, inside: tuple[str, ...]) -> None:
        for child in ast.iter_child_nodes(node):
            named = isinstance(child, ast.FunctionDef | ast.ClassDef)
            walk(child, file, (*inside, child.name) if named else inside)  # type: ignore[attr-defined]
            if isinstance(child, ast.Call) and isinstance(child.func, ast.Attribute):
                tells = child.func.attr == "trouble" or ast.unparse(child.func) == "troubles.report"
                if tells and len(child.args) > 2:
                    found.add(f"{file}:{'.'.join(inside)}")

    for room in ROOMS:
        path = ROOT / room
        for file in [path] if path.is_file() else path.rglob("*.py"):
            text = file.read_text("utf-8")
            if ".trouble(" in text or "troubles.report(" in text:
                walk(ast.parse(text), str(file.relative_to(ROOT)), ())
    return found


def test_everything_that_may_go_wrong_has_words(desk: Desk, journal: Journal) -> None:
    """Whoever tells of a new trouble has to be added above, with a name that it tells, and words for the name."""
    assert tellers() == set(TELLERS)
    for name in filter(None, TELLERS.values()):
        journal.trouble(name, "cause", "cure")
    titles = re.findall(r"<article.*?<h3>(.*?)</h3>", desk.sign_in().get("/health").text, re.DOTALL)
    assert len(titles) == len(set(filter(None, TELLERS.values())))
    for title in titles:
        assert re.match(r"(Канал|Правило|Загрузка|amoCRM|Сбой связи:) ", title), title


def test_every_kind_of_channel_and_every_account_has_a_title() -> None:
    assert titles.KINDS.keys() == CHANNELS_THERE_ARE.keys()
    assert titles.channel_kind("crm", {}) == "Вебхуки CRM"
    assert titles.channel_kind("amocrm", {}) == "amoCRM"
    assert titles.channel_kind("gone", {}) == "—"
    assert titles.account_title("bitrix24:krovlya.bitrix24.ru") == "Bitrix24, krovlya.bitrix24.ru"
    assert titles.account_title("strange") == "strange"


def test_each_system_has_its_last_success_and_its_last_failure(desk: Desk, house: House, clock: Clock) -> None:
    house.planned("1")
    house.done(lead_id="17")
    clock.forward(minutes=10)
    house.attempt(outcome="rejected", state="dead", reason="rejected", error="нет такого типа")
    assert "amoCRM 12:00:03 12:10:03 Задача: нет такого типа" in look(desk)


def numbers(seen: str, title: str) -> tuple[int, list[int]]:
    """The sum that a card of the ledger tells, and its lines."""
    found = re.search(rf"{title}: (\d+)((?: [а-яё ]+ \d+)+)", seen)
    assert found, seen
    return int(found[1]), [int(number) for number in re.findall(r"\d+", found[2])]


def test_the_sums_of_the_ledger_agree_with_the_journal(desk: Desk, house: House, clock: Clock) -> None:
    house.planned("yesterday")
    house.done(lead_id="17")
    house.done(remote_id="18")
    clock.forward(days=1)
    planted(house)
    house.event("waits")
    total, lines = numbers(look(desk), "Пришло событий")
    assert (total, lines) == (8, [6, 1, 1])
    total, lines = numbers(look(desk), "Из них вышло действий")
    assert total == sum(lines) == 10
    assert lines[3:5] == [1, 4], "held and dead"


def test_the_page_refreshes_a_part_of_itself(desk: Desk, house: House) -> None:
    visitor = desk.sign_in()
    assert 'hx-trigger="every 5s"' in visitor.get("/health").text
    visitor.session.headers["HX-Request"] = "true"
    part = visitor.get("/health").text
    assert "Сегодня" in part
    assert "<html" not in part


def test_a_page_that_refreshes_itself_keeps_no_session_awake(desk: Desk, clock: Clock) -> None:
    visitor = desk.sign_in()
    asked = re.search(r"id=\"now\".*?hx-headers='(.*?)'", visitor.get("/health").text)
    assert asked
    visitor.session.headers.update(json.loads(asked[1]))
    for _ in range(12):
        assert "Сегодня" in visitor.get("/health").text
        clock.forward(minutes=61)
    visitor.session.headers["HX-Request"] = "true"
    answer = visitor.get("/health")
    assert (answer.status_code, answer.headers["HX-Refresh"], answer.text) == (401, "true", "")
