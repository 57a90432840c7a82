"""Requests that nobody has accepted yet, and bots, against the running sandbox."""

from datetime import UTC, datetime, timedelta

import pytest

from provodka.crm import BotStart, LeadClosing, Need, NewLead, RequestAcceptance, RequestDecline, RequestKind
from provodka.errors import Ambiguous, OutcomeUnknownError, Rejected
from provodka.operation import Done, Repeat, Request


def form(uid, pipeline=5000001, **more):
    contact = {
        "name": "Мария",
        "custom_fields_values": [{"field_code": "PHONE", "values": [{"value": "+79160001122"}]}],
    }
    return {
        "source_name": "Сайт",
        "source_uid": uid,
        "pipeline_id": pipeline,
        "metadata": {"form_id": "order", "form_name": "Заказ", "form_page": "https://example.ru", "form_sent_at": 1},
        "_embedded": {"leads": [{"name": f"Заявка {uid}"}], "contacts": [contact]},
        **more,
    }


@pytest.fixture
def waiting(crm, desk):
    desk.api("POST", "/leads/unsorted/forms", [form("a", created_at=1_767_225_700), form("b", 5000002)])
    desk.api("POST", "/leads/unsorted/forms", [form("c", created_at=1_767_225_600)])
    return crm.incoming_requests()


def accept(one, **more):
    return RequestAcceptance(one.id, one.lead_id, **more)


def test_requests_are_listed_the_oldest_first_and_by_pipeline(crm, waiting):
    assert [one.pipeline for one in waiting] == ["Кровля", "Кровля", "Сервис"]
    assert waiting[0].received_at == datetime.fromtimestamp(1_767_225_600, UTC)
    assert (waiting[0].kind, waiting[0].source) == (RequestKind.FORM, "Сайт")
    assert waiting[0].lead_id
    assert waiting[0].contact_id
    assert crm.incoming_requests("сервис") == waiting[2:]
    with pytest.raises(Rejected):
        crm.incoming_requests("Такой нет")


def test_more_requests_than_a_page_holds_are_all_read(crm, desk):
    for start in (0, 200):
        desk.api("POST", "/leads/unsorted/forms", [form(f"{start}-{n}") for n in range(200)])
    assert len(crm.incoming_requests()) == 400


def test_no_requests_are_an_empty_list(crm):
    assert crm.incoming_requests() == []


def test_a_request_is_accepted_with_responsible_and_stage(crm, waiting, ask):
    first, second, third = waiting
    outcomes = crm.accept_requests(
        ask(accept(first, responsible="ivan@krovlya.ru", stage="Переговоры"), accept(second), accept(third))
    )
    assert [(one.remote_id, one.values["contact_id"]) for one in outcomes] == [
        (one.lead_id, one.contact_id) for one in waiting
    ]
    leads = crm.leads([one.lead_id for one in waiting])
    assert leads[first.lead_id].responsible == "ivan@krovlya.ru"
    assert [leads[one.lead_id].stage for one in waiting] == ["Переговоры", "Новый лид", "Обращение"]
    assert crm.incoming_requests() == []


def test_the_echo_of_our_own_acceptance_is_no_news(crm, waiting, ask, hinted):
    lead = waiting[0].lead_id
    hinted(lead)
    crm.accept_requests(ask(accept(waiting[0], responsible="ivan@krovlya.ru")))
    assert hinted(lead) == []


@pytest.mark.parametrize("kind", ["cut_after", "cut_before"])
def test_an_acceptance_whose_answer_was_lost_is_repeated_without_harm(crm, desk, waiting, ask, kind):
    requests = ask(accept(waiting[0], responsible="ivan@krovlya.ru"))
    desk.fault("/leads/unsorted", kind)
    assert isinstance(crm.accept_requests(requests)[0], Ambiguous)
    since = datetime.now(UTC) - timedelta(seconds=30)
    [again] = crm.accept_requests([Request(one.key, one.params, since) for one in requests])
    assert (again.remote_id, again.found) == (waiting[0].lead_id, kind == "cut_after")
    assert crm.leads([again.remote_id])[again.remote_id].stage == "Новый лид"


def test_bad_acceptances_are_told_one_by_one(crm, desk, waiting, ask):
    first, second, third = waiting
    crm.decline_requests(ask(RequestDecline(second.id, second.lead_id)))
    stage, user, declined, good, gone = crm.accept_requests(
        ask(
            accept(first, stage="Обращение"),
            accept(first, responsible="old@krovlya.ru"),
            accept(second),
            accept(third),
            RequestAcceptance("f" * 40, "999"),
        )
    )
    assert all(isinstance(one, Rejected) for one in (stage, user, declined, gone))
    assert "в воронке «Кровля»" in stage.hint
    assert "отключён" in user.hint
    assert "отклонили" in declined.hint
    assert "отклонили или удалили" in gone.hint
    assert good.remote_id == third.lead_id


def test_a_request_is_declined_once(crm, waiting, ask):
    decline = RequestDecline(waiting[0].id, waiting[0].lead_id)
    [first] = crm.decline_requests(ask(decline))
    [again] = crm.decline_requests(ask(decline))
    assert (first.found, again.found) == (False, True)
    assert len(crm.incoming_requests()) == 2


def test_what_somebody_accepted_cannot_be_declined(crm, waiting, ask):
    crm.accept_requests(ask(accept(waiting[0])))
    [outcome] = crm.decline_requests(ask(RequestDecline(waiting[0].id, waiting[0].lead_id)))
    assert isinstance(outcome, Rejected)
    assert "уже приняли" in outcome.hint
    crm.close_leads(ask(LeadClosing(waiting[0].lead_id, won=False)))
    [closed] = crm.decline_requests(ask(RequestDecline(waiting[0].id, waiting[0].lead_id)))
    assert closed.found


def test_a_bot_is_started_on_a_lead_by_its_name(crm, desk, ask):
    [lead] = crm.create_leads(ask(NewLead("Сайт", "Кровля", "Новый лид")))
    assert crm.bots() == ("Приветствие", "Опрос о качестве")
    good, bot, gone = crm.start_bots(
        ask(BotStart("приветствие", lead.remote_id), BotStart("Привет", lead.remote_id), BotStart("Приветствие", "999"))
    )
    assert good == Done(lead.remote_id)
    assert isinstance(bot, Rejected)
    assert "«Приветствие»" in bot.hint
    assert isinstance(gone, Rejected)
    assert "удалили" in gone.hint
    [first, _] = desk.control("bots", method="GET")
    assert [(one["entity_type"], one["entity_id"]) for one in first["runs"]] == [("leads", int(lead.remote_id))]
    assert crm.check([Need("bot", "Приветствие"), Need("bot", "Прощание")])[0].need.name == "Прощание"


def test_a_bot_whose_start_is_in_doubt_waits_for_a_person(crm, desk, ask):
    [lead] = crm.create_leads(ask(NewLead("Сайт", "Кровля", "Новый лид")))
    requests = ask(BotStart("Приветствие", lead.remote_id))
    desk.control("faults", {"path": "/api/v2/salesbot/run", "kind": "cut_after", "method": "POST"})
    assert isinstance(crm.start_bots(requests)[0], Ambiguous)
    since = datetime.now(UTC)
    [again] = crm.start_bots([Request(one.key, one.params, since) for one in requests])
    assert isinstance(again, OutcomeUnknownError)
    assert crm.start_bots.info.repeat is Repeat.PERSON
