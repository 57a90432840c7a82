"""The page of an event: what it shows, and what a person can do on it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
import requests

from provodka.journal import ActionState, DeadReason, Journal, PlanRecord, StoredEvent, queries
from provodka.payloads import EventType, PaymentEvent, Person, Unreadable
from provodka.payments import Payment
from rules.plan import ConditionTrace, PlanTrace, RuleOutcome, RuleTrace, Violation, dump_trace
from tests.cli.conftest import clock, house, journal  # noqa: F401 -- fixtures
from tests.cli.playing import EMAIL, NAME, PHONE, RULE, Clock, House, action, call, matched
from tests.webhooks.console.desk import Desk
from tests.webhooks.console.planting import NOTE, brake
from webhooks.console.settings import Role


@pytest.fixture
def desk(journal: Journal, clock: Clock) -> Iterator[Desk]:  # noqa: F811
    desk = Desk(journal, {"now": clock})
    yield desk
    desk.close()


def page(desk: Desk, id_: str, role: Role = Role.VIEW) -> requests.Response:
    return desk.sign_in(role).get(f"/events/{id_}")


def test_the_page_shows_the_road_the_rules_and_the_actions(desk: Desk, house: House) -> None:  # noqa: F811
    event = house.event()
    trace = matched(event, ConditionTrace("utm.source", "is", "yandex", "yandex", True))
    other = RuleTrace("Пропущенный", RuleOutcome.OTHER_TRIGGER)
    missed = RuleTrace(
        "Реклама", RuleOutcome.NOT_MATCHED, (ConditionTrace("utm.source", "is", "google", "yandex", False),)
    )
    house.plan(event, trace, missed, other, actions=house.usual(event))
    house.done(lead_id="41", contact_id="7", url="https://firma.amocrm.ru/leads/detail/41")
    shown = page(desk, event.id).text
    for words in (
        "Заявка с сайта",
        "Принято",
        "Разобрано",
        "3,0 с",
        "utm.source: нужно: yandex; здесь: yandex",
        "utm.source: нужно: google; здесь: yandex",
        "1 правило о других событиях",
        'href="https://firma.amocrm.ru/leads/detail/41"',
        "Отправится, как только освободится исполнитель",
    ):
        assert words in shown
    assert 'hx-trigger="every 1s"' in shown, "it looks again until all is over"


def test_a_dead_action_stands_first_with_its_cause_and_its_cure(desk: Desk, house: House) -> None:  # noqa: F811
    event = house.planned()
    refused = call("/api/v4/leads", 401, error_kind="auth_failed", answer_summary='{"title": "Unauthorized"}')
    house.dead(DeadReason.REJECTED, "Unauthorized", hint="", calls=(refused,))
    shown = page(desk, event.id).text
    assert shown.index("CRM не принимает ключ доступа: он истёк или отозван") < shown.index("Что сделано")
    assert "Выдайте доступ заново" in shown
    assert "Отправить снова" not in shown, "a viewer looks only"
    assert "Отправить снова" in page(desk, event.id, Role.OPERATE).text


def test_an_event_that_no_rule_has_read_to_its_end_says_how_far_they_came(desk: Desk, house: House) -> None:  # noqa: F811
    event = house.event()
    waits = page(desk, event.id).text
    assert ("<b>Ждёт разбора</b>" in waits, "Правила его ещё не читали" in waits) == (True, True)
    house.journal.fail_event(house.journal.claim_events(1)[0].seq, "RuleError: нет поля utm")
    failed = page(desk, event.id).text
    assert ("Правила споткнулись, не дочитав" in failed, "ещё не читали" in failed) == (True, False)


def test_all_of_a_person_is_masked(desk: Desk, house: House) -> None:  # noqa: F811
    event = house.planned()
    house.dead(DeadReason.REJECTED, f"нет {PHONE}", calls=(call("/api/v4/leads", 400, request_summary=EMAIL),))
    shown = page(desk, event.id, Role.ADMINISTER).text
    for secret in (PHONE, PHONE[2:], EMAIL, NAME):
        assert secret not in shown


def test_an_answer_that_names_somebody_else_shows_no_name(desk: Desk, house: House) -> None:  # noqa: F811
    event = house.planned()
    found = '{"contacts": [{"id": 7, "name": "Семён \\"Кот\\" Ильин", "first_name": "Семён'
    house.dead(DeadReason.REJECTED, calls=(call("/api/v4/contacts", 400, answer_summary=found),))
    shown = page(desk, event.id).text
    assert "&#34;contacts&#34;" in shown
    assert "Семён" not in shown
    assert "Ильин" not in shown


def test_an_event_that_is_not_there_is_said_to_be_none(desk: Desk) -> None:
    assert page(desk, "0" * 26).status_code == 404


def test_a_dead_action_is_sent_again_by_whoever_may(desk: Desk, house: House, journal: Journal) -> None:  # noqa: F811
    event = house.planned()
    dead = house.dead(DeadReason.REJECTED)
    path = f"/events/{event.id}/actions/{dead}/resend"
    assert desk.sign_in().post(path, f"/events/{event.id}").status_code == 403
    operator = desk.sign_in(Role.OPERATE)
    assert operator.session.post(f"{desk.url}{path}", timeout=30).status_code == 400, "a forged form"
    assert state(journal, dead) is ActionState.DEAD
    assert "в очереди" in operator.post(path, f"/events/{event.id}").text
    assert state(journal, dead) is ActionState.READY
    assert operator.post(path, f"/events/{event.id}").status_code == 409, "it is no longer dead"


def test_what_may_have_been_done_is_sent_again_only_by_who_says_so(
    desk: Desk,
    house: House,  # noqa: F811
    journal: Journal,  # noqa: F811
) -> None:
    event = house.planned()
    dead = house.dead(DeadReason.OUTCOME_UNKNOWN, "read timeout", unsure_since=house.clock())
    operator = desk.sign_in(Role.OPERATE)
    path = f"/events/{event.id}/actions/{dead}/resend"
    assert "возможно, это уже выполнено" in operator.post(path, f"/events/{event.id}").text
    assert state(journal, dead) is ActionState.DEAD
    operator.post(path, f"/events/{event.id}", sure="yes")
    assert state(journal, dead) is ActionState.READY


def test_an_action_of_another_event_is_none_of_this_ones(desk: Desk, house: House) -> None:  # noqa: F811
    first = house.planned("1")
    dead = house.dead(DeadReason.REJECTED)
    other = house.event("2")
    answer = desk.sign_in(Role.OPERATE).post(f"/events/{other.id}/actions/{dead}/resend", f"/events/{first.id}")
    assert answer.status_code == 404


def state(journal: Journal, action_id: int) -> ActionState:  # noqa: F811
    found = journal.read(lambda c: queries.action_by_id(c, action_id))
    assert found is not None
    return found.state


def test_an_unknown_outcome_is_settled_with_what_it_made(
    desk: Desk,
    house: House,  # noqa: F811
    journal: Journal,  # noqa: F811
) -> None:
    event = house.planned()
    dead = house.dead(DeadReason.OUTCOME_UNKNOWN, "read timeout", unsure_since=house.clock())
    operator, here = desk.sign_in(Role.OPERATE), f"/events/{event.id}"
    path = f"{here}/actions/{dead}/settle"
    assert operator.post(path, here, outcome="done").status_code == 422, "which lead it made is not said"
    assert operator.post(path, here).status_code == 422
    assert state(journal, dead) is ActionState.DEAD
    shown = operator.post(path, here, outcome="done", id="https://firma.amocrm.ru/leads/detail/77").text
    assert state(journal, dead) is ActionState.DONE
    assert "Лид 77" in shown
    assert operator.post(path, here, outcome="not_done").status_code == 409, "it is settled"


def test_what_was_not_done_is_sent_once_more_without_doubt(
    desk: Desk,
    house: House,  # noqa: F811
    journal: Journal,  # noqa: F811
) -> None:
    event = house.planned()
    dead = house.dead(DeadReason.OUTCOME_UNKNOWN, "read timeout", unsure_since=house.clock())
    here = f"/events/{event.id}"
    desk.sign_in(Role.OPERATE).post(f"{here}/actions/{dead}/settle", here, outcome="not_done")
    found = journal.read(lambda c: queries.action_by_id(c, dead))
    assert (found.state, found.unsure_since) == (ActionState.READY, None)  # type: ignore[union-attr]


def test_an_event_is_planned_again_only_after_its_plan_was_shown(
    journal: Journal,  # noqa: F811
    house: House,  # noqa: F811
) -> None:
    event = house.planned()

    def evaluate(stored: StoredEvent) -> PlanRecord:
        made = (*house.usual(event)[:1], action(event, 2, "note", {"text": "добавлено"}))
        return PlanRecord(stored.seq, stored.lane or 0, "event", dump_trace(PlanTrace(house.clock())).decode(), made)

    desk = Desk(journal, {"now": house.clock, "evaluate": evaluate})
    here = f"/events/{event.id}"
    try:
        assert desk.sign_in().post(f"{here}/replay", here).status_code == 403
        operator = desk.sign_in(Role.OPERATE)
        shown = operator.post(f"{here}/replay", here).text
        for words in ("новое, будет сделано", "добавлено", "уже есть, второй раз не делается", "остаётся"):
            assert words in shown
        assert kinds(journal) == ["intake", "task"], "nothing is done yet"
        assert "повторный разбор" in operator.post(f"{here}/replay", here, sure="yes").text
        assert kinds(journal) == ["intake", "task", "note"]
    finally:
        desk.close()


def kinds(journal: Journal) -> list[str]:  # noqa: F811
    return [one.kind for one in journal.read(lambda c: queries.actions_of(c, [1]))[1]]


def test_what_is_held_is_let_go_and_what_was_cancelled_is_sent_from_the_page(
    desk: Desk,
    house: House,  # noqa: F811
    journal: Journal,  # noqa: F811
) -> None:
    brake(house)
    held = next(one for one in journal.read(lambda c: queries.list_events(c, state="held"))).event
    here = f"/events/{held.event.id}"
    assert "Отпустить правило" not in page(desk, held.event.id).text, "a viewer looks only"
    operator = desk.sign_in(Role.OPERATE)
    shown = operator.get(here).text
    assert "остановило само себя: оно затронуло бы слишком много" in shown
    assert "/console/needs/rule?rule=" in shown
    operator.post("/needs/rule", "/needs", rule=NOTE, drop="1")
    (action_id,) = [a.id for a in journal.read(lambda c: queries.actions_of(c, [held.seq]))[held.seq]]
    assert "Всё-таки отправить" in operator.get(here).text
    operator.post(f"{here}/actions/{action_id}/resend", here)
    assert state(journal, action_id) is ActionState.READY


def test_what_the_rules_learned_and_counted_is_shown_masked(desk: Desk, house: House) -> None:  # noqa: F811
    event = house.event()
    broken = Violation("Без задачи", "anna", "17", house.clock())
    house.plan(
        event, RuleTrace(RULE, RuleOutcome.MATCHED, violation=broken), actions=(), facts={"lead": {"title": PHONE}}
    )
    shown = page(desk, event.id).text
    assert "Что правила узнали снаружи" in shown
    assert "Засчитано нарушение «Без задачи»: anna" in shown
    assert PHONE not in shown


def test_a_body_that_could_not_be_read_is_shown_to_who_has_opened_the_data(desk: Desk, house: House) -> None:  # noqa: F811
    event = house.event(type=EventType.UNREADABLE, payload=Unreadable("broken"), person=Person(), raw=b"Name=Oleg")
    visitor = desk.sign_in()
    assert "Name=Oleg" not in visitor.get(f"/events/{event.id}").text
    visitor.post("/open", f"/events/{event.id}", about=f"event:{event.id}", then="/")
    assert "Name=Oleg" in visitor.get(f"/events/{event.id}").text


def test_the_sums_of_a_payment_are_told_in_words(desk: Desk, house: House) -> None:  # noqa: F811
    paid = Payment(id="1", order="7", amount=Decimal("4000.00"), asked=Decimal("5000.00"))
    event = house.event(type=EventType.PAYMENT_SUCCEEDED, payload=PaymentEvent(paid))
    assert "заказ 7; просили 5000.00 RUB; оплачено 4000.00 RUB" in page(desk, event.id).text
