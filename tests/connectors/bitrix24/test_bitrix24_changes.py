"""Hint, fetch, compare: events and polls become news once each, and our own writes make none."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest

from connectors.bitrix24.hooks import receiver
from connectors.bitrix24.settings import BitrixSettings
from provodka.channel import Delivery, RefusedError
from provodka.crm import LeadChange, NewContact, NewLead, NewTask
from provodka.payloads import Change, CrmHint, EventType, Person
from tests.connectors.follower import Follower, told
from tests.connectors.memory_store import MemoryStore

TOKEN = "11112222333344445555666677778888"


@pytest.fixture
def follower(crm, store):
    return Follower(crm, store)


CHIEF = "rop@krovlya.ru"  # who owns the webhook


def test_a_lead_that_somebody_made_is_announced_once_with_its_person(crm, desk, follower):
    assert crm.fill()
    contact = desk.contact("Мария", "+79160001122")
    lead = desk.lead(contactIds=[contact])
    person, event = follower.hint(f"contact:{contact}", f"lead:{lead}")
    assert (person.type, person.payload.contact.name) == (EventType.CONTACT_CREATED, "Мария")
    assert (event.type, event.external_id) == (EventType.LEAD_CREATED, f"{lead}:created")
    assert (event.payload.lead.id, event.payload.lead.stage) == (lead, "Новый лид")
    assert (event.person.name, event.person.phones) == ("Мария", ("+79160001122",))
    assert follower.hint(f"lead:{lead}") == []


def test_leads_from_before_the_filling_are_not_new(crm, desk, follower):
    lead = desk.lead()
    desk.control("clock", {"advance": 0})
    follower.store.cursors["crm:leads:since"] = str(int(datetime.now(UTC).timestamp()) + 5)
    assert crm.fill()
    assert follower.hint(f"lead:{lead}") == []
    desk.change(lead, stageId="IN_PROCESS")
    assert told(follower.hint(f"lead:{lead}")) == [("lead.stage_changed", "stage", "В работе")]


def test_the_filling_of_leads_goes_on_where_it_was_stopped(crm, desk, monkeypatch):
    monkeypatch.setattr("connectors.bitrix24.readers.CHAIN", 1)
    for n in range(55):
        desk.lead(title=f"Лид {n}")
    counts = []
    calls = iter([True, False, False])
    assert not crm.fill(counts.append, lambda: next(calls))
    assert crm.fill(counts.append)
    assert counts[:2] == [50, 5]


def test_each_difference_is_an_event_of_its_own_with_both_values(crm, desk, follower):
    assert crm.fill()
    lead = desk.lead(assignedById=5, contactIds=[desk.contact("Мария", "+79160001122")])
    follower.hint(f"lead:{lead}")
    fields = {field.name: field.id for field in crm._room.directory.fields()}
    values = {fields["Комментарий"]: "срочно", fields["Теги"]: ["VIP"]}
    desk.change(lead, title="Крыша", opportunity=500, stageId="IN_PROCESS", assignedById=6, **values)
    events = follower.hint(f"lead:{lead}")
    assert [event.payload.change for event in events] == [
        Change("stage", "Новый лид", "В работе", CHIEF, "Лиды", "Лиды"),
        Change("responsible", "anna@krovlya.ru", "ivan@krovlya.ru", CHIEF),
        Change("title", "Сайт", "Крыша", CHIEF),
        Change("price", "0", "500", CHIEF),
        Change("tags", "", "VIP", CHIEF, gained=("VIP",)),
        Change("Комментарий", "", "срочно", CHIEF, custom=True),
    ]
    assert follower.hint(f"lead:{lead}") == []


@pytest.mark.parametrize(("stage", "kind"), [("CONVERTED", "lead.won"), ("JUNK", "lead.lost")])
def test_closing_is_a_change_of_stage_and_an_event_of_its_own(crm, desk, follower, stage, kind):
    assert crm.fill()
    lead = desk.lead()
    follower.hint(f"lead:{lead}")
    desk.change(lead, stageId=stage)
    events = follower.hint(f"lead:{lead}")
    assert [event.type.value for event in events] == ["lead.stage_changed", kind]
    assert {event.payload.lead.state for event in events} == {kind.removeprefix("lead.")}


def test_a_deal_that_moves_to_another_funnel_has_changed_its_stage(deals, desk, store):
    follower = Follower(deals, store)
    assert deals.fill()
    deal = desk.lead(2)
    follower.hint(f"deal:{deal}")
    desk.change(deal, 2, categoryId=1, stageId="C1:WON")
    assert told(follower.hint(f"deal:{deal}")) == [
        ("lead.stage_changed", "stage", "Успешно реализовано"),
        ("lead.won", "stage", "Успешно реализовано"),
    ]
    assert follower.hint(f"lead:{deal}") == [], "a lead of the same number is none of ours"


def test_our_own_lead_is_announced_once_and_its_echo_is_no_change(crm, follower, ask):
    assert crm.fill()
    lead = NewLead("Сайт", "Лиды", tags=("сайт",), contact=NewContact("Мария", ("+79160001122",)))
    [done] = crm.create_leads(ask(lead))
    assert told(follower.hint(f"lead:{done.remote_id}")) == [("lead.created", "", "")]
    assert follower.hint(f"lead:{done.remote_id}") == []
    assert follower.reconcile() == []


def test_the_echo_of_our_own_change_makes_no_event(crm, desk, follower, ask):
    assert crm.fill()
    lead = desk.lead(assignedById=5)
    follower.hint(f"lead:{lead}")
    change = LeadChange(
        lead,
        title="Крыша",
        stage="В работе",
        responsible="ivan@krovlya.ru",
        price=Decimal("99.6"),
        add_tags=("б", "а"),
        fields={"Источник": "сайт", "Дата доставки": "05.01.2026", "Комментарий": " перезвонить "},
    )
    crm.update_leads(ask(change))
    assert follower.hint(f"lead:{lead}") == []
    desk.change(lead, stageId="NEW")
    assert told(follower.hint(f"lead:{lead}")) == [("lead.stage_changed", "stage", "Новый лид")]


def test_an_echo_that_overtakes_the_answer_makes_no_event(crm, desk, follower, ask, monkeypatch):
    assert crm.fill()
    lead = desk.lead()
    follower.hint(f"lead:{lead}")
    early, batch = [], crm._room.client.batch

    def overtaken(commands, **more):
        answer = batch(commands, **more)
        if more.get("write"):
            early.extend(follower.hint(f"lead:{lead}"))
        return answer

    monkeypatch.setattr(crm._room.client, "batch", overtaken)
    crm.update_leads(ask(LeadChange(lead, stage="В работе", add_tags=("VIP",))))
    assert early == []
    assert follower.hint(f"lead:{lead}") == []


def test_winning_a_lead_ourselves_makes_no_event(crm, follower, ask):
    assert crm.fill()
    [done] = crm.create_leads(ask(NewLead("Сайт", contact=NewContact("Мария", ("+79160001122",)))))
    follower.hint(f"lead:{done.remote_id}")
    crm.update_leads(ask(LeadChange(done.remote_id, stage="Качественный лид")))
    assert follower.hint(f"lead:{done.remote_id}") == []


@pytest.mark.parametrize("honoured", [True, False])
def test_reconciling_finds_what_no_event_told(crm, desk, follower, honoured):
    desk.control("settings", {"filter_offset": honoured})
    assert crm.fill()
    old = desk.lead()
    follower.hint(f"lead:{old}")
    assert follower.reconcile() == []
    new = desk.lead()
    desk.change(old, stageId="JUNK")
    assert sorted(told(follower.reconcile())) == [
        ("lead.created", "", ""),
        ("lead.lost", "stage", "Некачественный лид"),
        ("lead.stage_changed", "stage", "Некачественный лид"),
    ]
    assert follower.hint(f"lead:{old}", f"lead:{new}") == []
    assert follower.reconcile() == []


def test_reconciling_reads_more_changes_than_a_page(crm, desk, follower):
    assert crm.fill()
    made = {desk.lead(title=f"Лид {n}") for n in range(60)}
    assert {event.payload.lead.id for event in follower.reconcile()} == made


def test_deleted_leads_and_tasks_make_no_event(crm, desk, follower):
    assert follower.hint("lead:999", "task:999", "contact:999") == []


def test_a_deleted_contact_leaves_the_index(crm, desk, follower):
    contact = desk.contact("Мария", "+79160001122")
    assert crm.fill()
    desk.rest("crm.contact.delete", id=contact)
    assert follower.hint(f"contact:{contact}") == []
    assert crm.find_people([Person(phones=("+79160001122",))]) == [None]


@pytest.mark.parametrize("poll", [False, True])
def test_a_task_that_is_completed_is_told_once(crm, desk, follower, ask, poll):
    lead = desk.lead()
    contact = desk.contact("Мария", "+79160001122")
    due = datetime(2096, 12, 1, tzinfo=UTC)
    text = "Позвонить\nи спросить"
    made = crm.create_tasks(ask(NewTask(text, due, lead_id=lead), NewTask("Уточнить", due, contact_id=contact)))
    entities = [f"task:{done.remote_id}" for done in made]
    look = follower.reconcile if poll else lambda: follower.hint(*entities)
    assert [event for event in look() if event.type is EventType.TASK_COMPLETED] == []
    for done in made:
        desk.rest("tasks.task.complete", taskId=done.remote_id)
    event, other = [event for event in look() if event.type is EventType.TASK_COMPLETED]
    assert (event.payload.lead.id, event.payload.text) == (lead, text)
    assert (other.payload.lead, other.payload.task.contact) == (None, contact)
    assert look() == []


NOW = datetime(2026, 8, 24, 7, 15, tzinfo=UTC)


def hooks(**more):
    url = "https://demo.bitrix24.ru/rest/1/abc/"
    given = {"type": "bitrix24", "url": url, "hook_secret": "тайна", "application_token": TOKEN, **more}
    return receiver("crm", BitrixSettings.model_validate(given), MemoryStore())


def delivery(body, path="/тайна", at=NOW):
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return Delivery("POST", path, headers, {}, body.encode(), at)


def told_by(body, **more):
    return hooks(**more).receive(delivery(body), lambda _: ()).events


def said(event, data, token=TOKEN):
    return (
        f"event={event}&event_handler_id=1&{data}&ts=1787555705&auth[access_token]=acc&auth[application_token]={token}"
    )


@pytest.mark.parametrize(
    ("event", "data", "entity"),
    [
        ("ONCRMLEADADD", "data[FIELDS][ID]=3465", "lead:3465"),
        ("onCrmLeadUpdate", "data%5BFIELDS%5D%5BID%5D=3465", "lead:3465"),
        ("ONCRMDEALUPDATE", "data[FIELDS][ID]=101", "deal:101"),
        ("ONCRMDEALMOVETOCATEGORY", "data[FIELDS][ID]=101&data[FIELDS][CATEGORY_ID]=1", "deal:101"),
        ("ONCRMCONTACTDELETE", "data[FIELDS][ID]=42", "contact:42"),
        ("ONTASKADD", "data[FIELDS_BEFORE]=undefined&data[FIELDS_AFTER][ID]=3711", "task:3711"),
        ("ONTASKUPDATE", "data[FIELDS_BEFORE][ID]=3711&data[FIELDS_AFTER][ID]=3711", "task:3711"),
        ("ONTASKDELETE", "data[FIELDS_BEFORE][ID]=3711", "task:3711"),
        ("ONCRMCOMPANYDELETE", "data[FIELDS][ID]=12", "company:12"),
        ("ONCRMLEADADD", "data[ID]=7", "lead:7"),
    ],
)
def test_an_event_is_a_hint_at_its_entity_and_keeps_no_token(event, data, entity):
    [hint] = told_by(said(event, data))
    assert (hint.type, hint.channel, hint.payload) == (EventType.CRM_HINT, "crm", CrmHint((entity,)))
    assert b"acc" not in hint.raw
    assert TOKEN.encode() not in hint.raw


@pytest.mark.parametrize(
    "body",
    [
        said("ONCRMQUOTEDELETE", "data[FIELDS][ID]=12"),
        said("ONAPPTEST", "data[QUERY][any]=data"),
        said("ONTASKCOMMENTADD", "data[FIELDS_AFTER][ID]=0&data[FIELDS_AFTER][TASK_ID]=3711"),
        said("ONCRMLEADADD", "data[FIELDS][ID]=x"),
        said("ONCRMLEADADD", "data=undefined"),
        said("", ""),
        said("ONAPPUNINSTALL", "data[CLEAN]=1"),
    ],
)
def test_what_is_no_hint_is_taken_and_forgotten(body):
    assert told_by(body) == ()


def test_two_changes_of_one_second_are_two_hints():
    body = said("ONCRMLEADUPDATE", "data[FIELDS][ID]=3465")
    first, second = (
        hooks().receive(delivery(body, at=NOW + timedelta(milliseconds=n)), lambda _: ()).events[0] for n in (1, 2)
    )
    assert first.external_id != second.external_id


@pytest.mark.parametrize("token", ["wrong", ""])
def test_an_event_without_the_application_token_is_refused(token):
    body = said("ONCRMLEADADD", "data[FIELDS][ID]=1", token)
    with pytest.raises(RefusedError):
        told_by(body)
    assert told_by(body, application_token=None)


def test_an_event_without_the_secret_of_the_address_is_refused():
    with pytest.raises(RefusedError):
        hooks().receive(delivery(said("ONCRMLEADADD", "data[FIELDS][ID]=1"), path="/other"), lambda _: ())


def test_without_a_secret_there_is_no_receiver():
    given = {"type": "bitrix24", "url": "https://demo.bitrix24.ru/rest/1/abc/"}
    assert receiver("crm", BitrixSettings.model_validate(given), MemoryStore()) is None


def test_what_the_sandbox_sends_is_understood(desk):
    events = ["ONCRMLEADADD", "ONCRMLEADUPDATE"]
    desk.control("outbound", {"handler": f"{desk.portal.url}/nowhere", "events": events, "application_token": TOKEN})
    lead = desk.lead()
    desk.change(lead, stageId="IN_PROCESS")
    for _ in range(200):
        sent = desk.control("webhooks", method="GET")
        if len(sent) >= 2:
            break
    bodies = [
        "&".join(f"{k}={v}" for k, v in parse_qsl(one["body"])) if isinstance(one["body"], str) else "" for one in sent
    ]
    assert {event.payload.entities for body in bodies for event in told_by(body)} == {(f"lead:{lead}",)}
