"""How the house fares: what is told of channels, systems, tokens, troubles, and a ledger whose sums agree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from provodka.journal import Journal
from provodka.stores import TokenPair
from tests.cli.playing import Clock, House
from tests.webhooks.console.desk import Desk
from tests.webhooks.console.planting import NOTE, planted


@pytest.fixture
def desk(journal: Journal, clock: Clock) -> Iterator[Desk]:
    more = {"now": clock, "channels": {"site": "tilda"}, "crm": "amoCRM"}
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
    journal.trouble("mail", "the mailbox refuses the password [auth_failed]", "Проверьте пароль")
    journal.store.save_tokens("amocrm:krovlya", TokenPair("a", "r", clock() + timedelta(hours=20)))
    seen = look(desk)
    for words in (
        "Не сделано: 4, не разобрано: 1, неполадок: 2.",
        "mail mail не пускает: пароль или ключ не тот. the mailbox refuses the password [auth_failed] Проверьте пароль",
        f"{NOTE} 1 ",
        "site tilda 7 ",
        "долгосрочный токен amoCRM 12.03 15:00:00 10 дн 3 ч",
        "amocrm:krovlya 03.03 08:00:",
        "обновляется сам",
        "приостановлен до",
        "phone phone не отвечает или отказывает. was silent Ждать",
    ):
        assert words in seen, words
    assert seen.index("mail mail") < seen.index("Прошедшие неполадки") < seen.index("phone phone")


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
