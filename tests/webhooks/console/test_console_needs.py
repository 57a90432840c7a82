"""What needs a person: every cause is told with its cure, and all of a cause can be mended after a question."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import select

from provodka.journal import ActionState, DeadReason, EventState, Journal, PlanRecord, StoredEvent, queries
from provodka.journal.schema import actions
from rules.plan import PlanTrace, dump_trace
from support import needs
from tests.cli.playing import NAME, PHONE, RULE, Clock, House
from tests.webhooks.console.desk import Desk, Visitor
from tests.webhooks.console.planting import NOTE, brake, planted
from webhooks.console.settings import Role

ASKED = re.compile(r'href="/console(/needs/[^"]+)"')


@pytest.fixture
def desk(journal: Journal, clock: Clock) -> Iterator[Desk]:
    desk = Desk(journal, {"now": clock})
    yield desk
    desk.close()


def asked(visitor: Visitor, words: str) -> str:
    """The address that this button of the page leads to."""
    page = visitor.get("/needs").text
    found = re.search(rf'href="/console(/needs/[^"]+)">{words}', page)
    assert found, page
    return found[1].replace("&amp;", "&")


def fields_of(page: str) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(?!csrf)(\w+)" value="([^"]*)"', page))


def answered(visitor: Visitor, address: str) -> str:
    """Says yes to the question at this address; the page that follows."""
    fields = fields_of(visitor.get(address).text)
    return visitor.post(address.partition("?")[0], address, **fields).text


def states(journal: Journal) -> dict[str, int]:
    return journal.read(queries.totals).actions


def test_a_house_that_needs_nobody_says_so(desk: Desk, house: House) -> None:
    house.planned()
    assert "Никто не нужен" in desk.sign_in().get("/needs").text


@pytest.mark.parametrize(
    "words",
    [
        (
            "Лид: другая сторона отказала",
            "2 действия",
            f"по правилу «{RULE}»",
            "нет этапа 405",
            "CRM не принимает данные запроса",
            "Ответ называет поле",
        ),
        (
            "Лид: попытки кончились",
            "1 действие",
            "Service Unavailable",
            "amoCRM отвечает ошибкой своего сервера",
            "Посмотрите ответ последней попытки",
        ),
        ("Неизвестно, выполнено ли", "read timeout", "Ответ потерялся", "Посмотрите в CRM", "Заявка с сайта"),
        ("Событие не удалось разобрать", "RuleError: нет поля utm", "Исправьте правило в конфиге"),
        (NOTE, "остановилось", "1 действие", "Проверьте, того ли вы хотели"),
        ("amoCRM, krovlya", "туда ничего не уходит", "слишком часто", "очередь пойдёт сама"),
    ],
)
def test_every_cause_is_told_with_its_number_and_its_cure(desk: Desk, house: House, words: tuple[str, ...]) -> None:
    planted(house)
    page = desk.sign_in().get("/needs").text
    assert [word for word in words if word not in page] == []
    assert NAME not in page
    assert "/console/events/" in page


def test_a_cause_is_named_as_the_search_and_the_event_name_it(desk: Desk, house: House) -> None:
    planted(house)
    visitor = desk.sign_in()
    told = re.findall(r"<p><b>(.*?)</b> (.*?)</p>", visitor.get("/needs").text)
    assert len(told) == 3
    for page in (visitor.get("/").text, visitor.get("/", q=PHONE).text):
        assert [what for what, cure in told if what not in page or cure not in page] == []


def test_a_cause_is_sent_again_after_it_was_asked(desk: Desk, house: House, journal: Journal) -> None:
    planted(house)
    visitor, before = desk.sign_in(Role.OPERATE), states(journal)
    address = asked(visitor, "Отправить снова: 2 действия")
    assert "Будет отправлено снова: 2 действия" in visitor.get(address).text
    assert states(journal) == before, "a question does nothing"
    assert "Отправлено снова: 2 действия." in answered(visitor, address)
    assert states(journal)["dead"] == before["dead"] - 2
    assert "нет этапа" not in visitor.get("/needs").text


def test_what_died_after_the_question_is_not_sent_with_it(desk: Desk, house: House, journal: Journal) -> None:
    house.planned("1")
    house.dead(DeadReason.REJECTED)
    visitor = desk.sign_in(Role.OPERATE)
    address = asked(visitor, "Отправить снова: 1 действие")
    fields = fields_of(visitor.get(address).text)
    house.planned("2")
    house.dead(DeadReason.REJECTED)
    assert "Отправлено снова: 1 действие." in visitor.post("/needs/resend", address, **fields).text
    assert states(journal)["dead"] == 1


def test_unknown_outcomes_are_never_sent_in_bulk(desk: Desk, house: House, journal: Journal) -> None:
    house.planned()
    id_ = house.dead(DeadReason.OUTCOME_UNKNOWN)
    visitor = desk.sign_in(Role.OPERATE)
    assert ASKED.findall(visitor.get("/needs").text) == []
    (group,) = needs.needs(journal).unknown.groups
    assert visitor.get(f"/needs/resend?cause={group.key}").status_code == 404
    visitor.post("/needs/resend", "/needs", cause=group.key, upto=str(id_))
    assert states(journal)["dead"] == 1


def test_events_are_planned_anew_after_it_was_asked(desk: Desk, house: House, journal: Journal) -> None:
    planted(house)
    visitor = desk.sign_in(Role.OPERATE)
    assert "Разбирается заново: 1 событие." in answered(visitor, asked(visitor, "Разобрать заново: 1 событие"))
    assert EventState.FAILED not in journal.read(queries.totals).events
    assert any(stored.event.external_id == "tilda:0" for stored in journal.claim_events(100))


@pytest.mark.parametrize(
    ("button", "told", "state"),
    [("Отпустить: 1 действие", "Отпущено: 1 действие.", "ready"), ("Отменить: 1 действие", "Отменено: 1", "cancelled")],
)
def test_a_stopped_rule_goes_on_with_or_without_what_it_held(
    desk: Desk, house: House, journal: Journal, button: str, told: str, state: str
) -> None:
    brake(house)
    visitor, before = desk.sign_in(Role.OPERATE), states(journal)
    assert told in answered(visitor, asked(visitor, button))
    after = states(journal)
    assert ActionState.HELD not in after
    assert after[state] == before.get(state, 0) + 1
    again = visitor.post("/needs/rule", "/needs", rule=NOTE, drop="1")
    assert "уже работает" in again.text


@pytest.mark.parametrize("address", ["/needs/resend", "/needs/again", "/needs/replay", "/needs/rule"])
def test_whoever_may_only_look_changes_nothing(desk: Desk, house: House, journal: Journal, address: str) -> None:
    planted(house)
    visitor, before = desk.sign_in(Role.VIEW), states(journal)
    page = visitor.get("/needs").text
    assert ASKED.findall(page) == [], "there is no button to press"
    operator = desk.sign_in(Role.OPERATE)
    fields = fields_of(operator.get(asked(operator, "Отправить снова: 2 действия")).text) | {"rule": NOTE}
    assert visitor.get(address).status_code == 403
    assert visitor.post(address, "/needs", **fields).status_code == 403
    assert states(journal) == before


def test_a_cause_that_was_sent_again_is_on_record_in_words(desk: Desk, house: House) -> None:
    planted(house)
    visitor = desk.sign_in(Role.OPERATE)
    answered(visitor, asked(visitor, "Отправить снова: 2 действия"))
    answered(visitor, asked(visitor, "Разобрать заново: 1 событие"))
    page = " ".join(re.sub("<[^>]+>", " ", desk.sign_in(Role.ADMINISTER).get("/people").text).split())
    assert f"отправлено снова всё по одной причине, правило «{RULE}»" in page
    assert "сколько: 2, Лид, другая сторона отказала" in page
    assert "разобраны заново все события с одной ошибкой" in page
    assert "%s" not in page, "a kind of deed is chosen without what it was about"


def test_what_is_done_in_bulk_is_recorded(desk: Desk, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, str]] = []

    def keep(what: str, about: str = "", **_: object) -> None:
        told.append((what, about))

    monkeypatch.setattr("webhooks.console.needs.record", keep)
    brake(house)
    visitor = desk.sign_in(Role.OPERATE)
    answered(visitor, asked(visitor, "Отпустить: 1 действие"))
    assert told == [("resume", NOTE)]


def test_after_a_rule_was_mended_all_of_a_cause_go_out_with_its_new_data(house: House, journal: Journal) -> None:
    def evaluate(stored: StoredEvent) -> PlanRecord:
        intake, task = house.usual(stored.event)
        mended = replace(intake, params='{"pipeline": "Кровля", "title": "Новая"}')
        trace = dump_trace(PlanTrace(journal.now(), (), {})).decode()
        return PlanRecord(stored.seq, stored.lane or 0, "event", trace, (mended, task))

    planted(house)
    desk = Desk(journal, {"now": journal.now, "evaluate": evaluate})
    try:
        visitor = desk.sign_in(Role.OPERATE)
        address = asked(visitor, "Правило исправлено: разобрать заново")
        question = visitor.get(address).text
        assert "будет разобрано: 2 события. С новыми данными уйдёт: 2 действия." in question
        assert states(journal)["dead"] == 4, "nothing has moved yet"
        assert "Разобрано заново: 2 события. С новыми данными уйдёт: 2 действия." in answered(visitor, address)
    finally:
        desk.close()
    assert states(journal)["dead"] == 2
    given = journal.read(
        lambda c: c.execute(select(actions.c.params).where(actions.c.state == "ready")).scalars().all()
    )
    assert [json.loads(one).get("title") for one in given].count("Новая") == 2
