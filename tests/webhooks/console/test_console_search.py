"""«Где моя заявка?»: one box, and the story that it finds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import requests

from provodka.calls import Call, Direction
from provodka.invoices import InvoiceRef
from provodka.journal import ActionState, DeadReason, Journal
from provodka.payloads import CallEvent, EventType, FormSubmitted, InvoiceEvent, Order, Person, Unreadable
from tests.cli.playing import EMAIL, NAME, PHONE, Clock, House
from tests.webhooks.console.desk import Desk, Visitor

TYPED = (PHONE, "8 (916) 000-11-22", "916 000 11 22", "+7-916-000-11-22", "89160001122")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def house(tmp_path: Path, clock: Clock) -> Iterator[House]:
    journal = Journal(f"sqlite:///{tmp_path}/journal.sqlite", clock)
    yield House(journal, clock)
    journal.close()


@pytest.fixture
def desk(house: House, clock: Clock) -> Iterator[Desk]:
    opened = Desk(house.journal, {"now": clock, "lead_url": lambda one: f"https://krovlya.test/leads/detail/{one}"})
    yield opened
    opened.close()


@pytest.fixture
def visitor(desk: Desk) -> Visitor:
    return desk.sign_in()


def told(answer: requests.Response) -> str:
    """The main part of a page as text."""
    main = answer.text.partition("<main")[2]
    return re.sub(r"\s+", " ", unescape(re.sub("<[^>]+>", " ", main)))


def delivered(house: House, number: str = "1", **changes: Any) -> str:
    """An event whose lead was made, with its task."""
    id_ = house.planned(number, **changes).id
    made = json.dumps({"lead_id": "17", "created": "yes", "responsible": "anna", "contact_id": "4"})
    house.attempt(outcome="done", state=ActionState.DONE, result=made, identities=("lead:17", "contact:4"))
    house.done(remote_id="5")
    return id_


@pytest.mark.parametrize("typed", TYPED)
def test_a_phone_finds_the_same_story_however_it_is_typed(house: House, visitor: Visitor, typed: str) -> None:
    id_ = delivered(house)
    answer = visitor.get("/", q=typed)
    assert f"/console/events/{id_}" in answer.text
    assert "Заявка с сайта «Замер»" in told(answer)
    assert "Лид создан за 3,2 с, ответственный anna" in told(answer)
    assert "https://krovlya.test/leads/detail/17" in answer.text


@pytest.mark.parametrize(
    "typed",
    [
        EMAIL,
        "17",
        "№ 17",
        "лид 17",
        "lead:17",
        "https://krovlya.amocrm.ru/leads/detail/17",
        "https://krovlya.amocrm.ru/leads/detail/17?tab=notes",
        "krovlya.bitrix24.ru/crm/deal/details/17/",
        "https://krovlya.bitrix24.ru/crm/lead/details/17/",
        "https://krovlya.amocrm.ru/contacts/detail/4",
    ],
)
def test_an_email_and_a_card_find_the_story_too(house: House, visitor: Visitor, typed: str) -> None:
    id_ = delivered(house)
    assert f"/console/events/{id_}" in visitor.get("/", q=typed).text


def test_a_name_finds_a_person_by_the_beginnings_of_its_words(house: House, visitor: Visitor) -> None:
    delivered(house, person=Person("Семён Дёмин", ("+79160002233",)))
    assert "Лид создан" in told(visitor.get("/", q="дем СЕМЕН")), "the only one of that name needs no choice"
    house.planned("2", person=Person("Семён Демидов", ("+79160002244",)))
    page = visitor.get("/", q="дем СЕМЕН")
    assert "Кто из них?" in told(page)
    chosen = re.findall(r'href="/console(/\?person=\d+)"', page.text)
    assert len(chosen) == 2
    assert "Лид создан" in told(visitor.get(chosen[1]))


def test_several_people_of_a_name_are_offered_the_newest_first(house: House, clock: Clock, visitor: Visitor) -> None:
    for number in (1, 2):
        house.planned(str(number), person=Person(f"Мария {number}", (f"+7916000113{number}",)))
        clock.forward(hours=1)
    page = told(visitor.get("/", q="мария"))
    assert re.findall(r"М•••, \+7916•••113(\d)", page) == ["2", "1"]


def test_whoever_called_last_is_offered_by_the_name_of_their_form(house: House, clock: Clock, visitor: Visitor) -> None:
    for number in (1, 2):
        house.planned(str(number), person=Person(f"Мария {number}", (f"+7916000113{number}",)))
    clock.forward(hours=1)
    call = CallEvent(Call("9", Direction.IN))
    house.planned("3", type=EventType.CALL_MISSED, payload=call, person=Person("", ("+79160001131",)))
    assert re.search(r"М•••, \+7916•••1131\S* Пропущенный звонок, .* М•••, ", told(visitor.get("/", q="мария")))


def test_a_masked_story_shows_no_personal_data(house: House, visitor: Visitor) -> None:
    delivered(house)
    page = visitor.get("/", q="17").text
    assert [one for one in (PHONE, PHONE[2:], EMAIL, NAME) if one in page] == []
    assert "М•••" in page


def test_what_is_not_done_stands_first_with_its_cause_and_cure(house: House, clock: Clock, visitor: Visitor) -> None:
    house.planned("1")
    house.dead(DeadReason.REJECTED)
    clock.forward(hours=1)
    delivered(house, "2")
    page = told(visitor.get("/", q=PHONE))
    first = page[page.index("Что случилось и что делать") : page.index("Всё по порядку")]
    assert "Проверьте название этапа в правиле Исправьте это и нажмите «Отправить снова»" in first
    assert "Подробно: нет такого этапа" in first
    assert "Последнее, что не получилось" in told(visitor.get("/"))
    assert "нет такого этапа" in told(visitor.get("/"))


def test_what_went_into_an_open_lead_is_told_once_for_all_of_it(house: House, visitor: Visitor) -> None:
    delivered(house)
    ids = []
    for number in ("2", "3", "4"):
        ids.append(house.planned(number).id)
        house.done(lead_id="17" if number < "4" else "18", created="no")
        house.done(remote_id=number)
    page = visitor.get("/", q=PHONE)
    first = page.text[page.text.index("Что случилось и что делать") : page.text.index("Всё по порядку")]
    for lead, into in (("18", ids[2:]), ("17", ids[1::-1])):
        _, why, first = first.partition(f"Нового лида нет, потому что у человека уже открыт лид №\xa0{lead}")
        assert why
        told_of = first.partition("Нового лида нет")[0]
        assert f"https://krovlya.test/leads/detail/{lead}" in told_of
        assert re.findall(r"/console/events/(\w+)", told_of) == into
    assert "Нового лида нет" not in first
    assert "Взят открытый лид № 17 за 3,2 с" in told(page)


def test_what_went_wrong_with_a_lead_that_was_open_keeps_its_own_cause(house: House, visitor: Visitor) -> None:
    id_ = house.planned("1").id
    house.done(lead_id="17", created="no")
    house.dead(DeadReason.REJECTED)
    page = visitor.get("/", q=PHONE).text
    first = page[page.index("Что случилось и что делать") : page.index("Всё по порядку")]
    assert first.count("Нового лида нет") == 1
    assert re.findall(r"/console/events/(\w+)", first) == [id_, id_]
    assert first.index("Исправьте это") < first.index("Нового лида нет")


def test_an_event_that_nobody_has_planned_yet_is_found(house: House, visitor: Visitor) -> None:
    house.event()
    assert "принято, ждёт разбора" in told(visitor.get("/", q=PHONE))


def test_a_piece_of_an_id_opens_its_event(house: House, visitor: Visitor) -> None:
    id_ = delivered(house)
    answer = visitor.session.get(f"{visitor.url}/", params={"q": id_[-7:]}, allow_redirects=False, timeout=30)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/console/events/{id_}")


def test_a_long_story_comes_by_pages(house: House, visitor: Visitor) -> None:
    person = Person(NAME, (PHONE,))
    for number in range(60):
        house.event(str(number), person=person)
    for stored in house.journal.claim_events(100):
        house.journal.fail_event(stored.seq, "RuleError: нет поля")
    first = visitor.get("/", q=PHONE)
    shown = re.findall(r"/console/events/(\w+)", first.text.partition("Всё по порядку")[2])
    (earlier,) = re.findall(r'href="/console(/\?[^"]*before=\d+[^"]*)"', first.text)
    second = visitor.get(unescape(earlier))
    rest = re.findall(r"/console/events/(\w+)", second.text.partition("Всё по порядку")[2])
    assert (len(shown), len(rest), len({*shown, *rest})) == (50, 10, 60)
    assert "К самому новому" in second.text


def test_nothing_found_tells_what_was_understood_and_where_else_to_look(house: House, visitor: Visitor) -> None:
    nobody = Person()
    house.event("bad", type=EventType.UNREADABLE, payload=Unreadable("broken"), person=nobody)
    page = told(visitor.get("/", q="8 916 555-44-33"))
    assert "телефон +7 916 555-44-33" in page
    assert "Канал «site» прислал то, чего не прочесть" in page
    assert "Проверьте настройку отправки в сервисе" in page
    assert "имя «Пётр»" in told(visitor.get("/", q="Пётр"))
    assert "не похоже" in told(visitor.get("/", q="!?"))


def test_a_card_that_nobody_knows_is_taken_for_a_card_alone(visitor: Visitor) -> None:
    page = told(visitor.get("/", q="https://krovlya.bitrix24.ru/crm/deal/details/4711/"))
    assert "Мы искали: сделка или лид № 4711. В журнале этого нет" in page


def test_a_link_to_a_person_who_is_not_there_is_told_as_a_link(visitor: Visitor) -> None:
    answer = visitor.get("/", person="4711")
    assert (answer.status_code, "Возможно, ссылка скопирована не целиком" in told(answer)) == (404, True)


def test_with_nothing_typed_the_page_says_what_can_be(visitor: Visitor) -> None:
    page = told(visitor.get("/"))
    assert "Мария Иванова, мар ива" in page
    assert "всё, что пришло, дошло" in page


def billed(house: House, number: str, phone: str = PHONE, lead: str = "17") -> str:
    """An event of 1C about an invoice of this number."""
    payload = InvoiceEvent(InvoiceRef(f"{lead}:1", lead, number=number))
    changes = {"type": EventType.INVOICE_ISSUED, "payload": payload, "channel": "onec"}
    return house.planned(f"{number}{phone}", person=Person(NAME, (phone,)), **changes).id


@pytest.mark.parametrize(
    "typed",
    [
        "КР00-000123",
        "kp00-000123",
        "счёт 123",
        "Счет на оплату № КР00-000123 от 5 марта 2026 г.",
        "№123",
        "123",
        "заказ 123",
    ],
)
def test_an_invoice_s_number_finds_the_story(house: House, visitor: Visitor, typed: str) -> None:
    id_ = billed(house, "КР00-000123")
    delivered(house, "2", person=Person("Пётр", ("+79160003344",)))
    answer = visitor.get("/", q=typed)
    assert "История: счёт КР00-000123" in told(answer)
    assert re.findall(r"/console/events/(\w+)", answer.text) == [id_]


def test_a_number_that_may_be_of_several_things_is_offered_with_what_it_is(house: House, visitor: Visitor) -> None:
    delivered(house, "1")
    billed(house, "УТ-17", "+79160003333", "30")
    billed(house, "КР00-000017", "+79160004444", "31")
    page = visitor.get("/", q="17")
    offered = re.findall(r"(счёт \S+\d|сделка или лид № \d+), М•••", told(page))
    assert sorted(offered) == ["сделка или лид № 17", "счёт КР00-000017", "счёт УТ-17"]
    chosen = re.findall(r'href="/console(/\?person=\d+)"', page.text)
    assert len(chosen) == 3
    assert "Лид создан" in told(visitor.get(chosen[-1]))
    assert "счёт УТ-17" not in told(visitor.get("/", q="лид 17"))
    assert "История: счёт УТ-17" in told(visitor.get("/", q="УТ-17"))


def test_a_phone_that_somebody_gave_as_their_number_is_masked(house: House, visitor: Visitor) -> None:
    for number, phone in (("1", "+7 916 000-55-22"), ("2", "+7 916 000-66-22")):
        house.planned(number, payload=FormSubmitted(order=Order(phone)), person=Person(NAME, (PHONE[:-1] + number,)))
        page = visitor.get("/", q="22")
        assert "заказ +7916•••" in told(page)
        assert phone not in told(page)


def test_a_lead_and_its_own_invoice_of_one_number_are_one_story(house: House, visitor: Visitor) -> None:
    id_ = delivered(house)
    billed(house, "17")
    assert f"/console/events/{id_}" in visitor.get("/", q="17").text


def test_the_word_before_a_number_chooses_among_them(house: House, visitor: Visitor) -> None:
    billed(house, "55")
    order = FormSubmitted(order=Order("55"))
    id_ = house.planned("o", payload=order, person=Person("Пётр", ("+79160003344",))).id
    assert f"/console/events/{id_}" in visitor.get("/", q="заказ 55").text
    assert f"/console/events/{id_}" not in visitor.get("/", q="счёт 55").text
    assert "счёт, заказ или платёж «УТ-99»" in told(visitor.get("/", q="УТ-99"))
