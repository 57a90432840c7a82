"""Hint, fetch, compare: webhooks and polls become events once each, and our own writes make none."""

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import SecretStr

from connectors.amocrm.hooks import AmocrmHooks
from connectors.crm.mirror import moment
from provodka.channel import Delivery, RefusedError
from provodka.crm import LeadChange, NewContact, NewLead, NewTask
from provodka.payloads import Change, CrmHint, EventType, Person
from tests.connectors.follower import Follower, told


@pytest.fixture
def follower(crm, store):
    return Follower(crm, store)


CHIEF = "rop@krovlya.ru"  # who owns the token


def one(desk, **more):
    return desk.add("/leads", {"name": "Сайт", "pipeline_id": 5000001, "status_id": 50000002, **more})[0]


def test_a_lead_that_somebody_made_is_announced_once(crm, desk, follower):
    assert crm.fill()
    lead = one(desk)
    [event] = follower.hint(f"lead:{lead}")
    assert (event.type, event.external_id) == (EventType.LEAD_CREATED, f"{lead}:created")
    assert (event.payload.lead.id, event.payload.lead.stage) == (lead, "Новый лид")
    assert follower.hint(f"lead:{lead}") == []


def test_leads_from_before_the_filling_are_not_new(crm, desk, follower):
    lead = one(desk, created_at=1_700_000_000)
    assert crm.fill()
    assert follower.hint(f"lead:{lead}") == []
    desk.api("PATCH", f"/leads/{lead}", {"status_id": 50000003})
    assert told(follower.hint(f"lead:{lead}")) == [("lead.stage_changed", "stage", "Переговоры")]


def test_a_lead_that_appears_while_the_leads_are_being_learned_is_announced_all_the_same(crm, desk, store, follower):
    store.cursors["amocrm:leads:since"] = str(int(time.time()) - 60)  # the learning began a minute ago
    lead = one(desk)
    assert crm.fill()
    assert told(follower.hint(f"lead:{lead}")) == [("lead.created", "", "")]


def test_an_old_lead_met_before_the_filling_is_updated_not_created(desk, follower):
    lead = one(desk, created_at=1_700_000_000)
    assert told(follower.hint(f"lead:{lead}")) == [("lead.updated", "", "")]


def test_each_difference_is_an_event_of_its_own_with_both_values(crm, desk, follower):
    assert crm.fill()
    lead = one(desk, responsible_user_id=7000001)
    follower.hint(f"lead:{lead}")
    body = {
        "name": "Крыша",
        "price": 500,
        "status_id": 50000003,
        "responsible_user_id": 7000002,
        "custom_fields_values": [{"field_id": 300102, "values": [{"value": "срочно"}]}],
        "tags_to_add": [{"name": "VIP"}],
    }
    desk.api("PATCH", f"/leads/{lead}", body)
    events = follower.hint(f"lead:{lead}")
    assert [event.payload.change for event in events] == [
        Change("stage", "Новый лид", "Переговоры", CHIEF, "Кровля", "Кровля"),
        Change("responsible", "anna@krovlya.ru", "ivan@krovlya.ru", CHIEF),
        Change("title", "Сайт", "Крыша", CHIEF),
        Change("price", "0", "500", CHIEF),
        Change("tags", "", "VIP", CHIEF, gained=("VIP",)),
        Change("Комментарий", "", "срочно", CHIEF, custom=True),
    ]
    assert [event.type.value for event in events[:3]] == ["lead.stage_changed", "lead.assigned", "lead.updated"]
    assert follower.hint(f"lead:{lead}") == []


@pytest.mark.parametrize(("status", "kind"), [(142, "lead.won"), (143, "lead.lost")])
def test_closing_is_a_change_of_stage_and_an_event_of_its_own(crm, desk, follower, status, kind):
    assert crm.fill()
    lead = one(desk)
    follower.hint(f"lead:{lead}")
    desk.api("PATCH", f"/leads/{lead}", {"status_id": status})
    events = follower.hint(f"lead:{lead}")
    assert [event.type.value for event in events] == ["lead.stage_changed", kind]
    assert {event.payload.lead.state for event in events} == {kind.removeprefix("lead.")}


def test_a_lost_lead_tells_its_reason(crm, desk, follower):
    assert crm.fill()
    lead = one(desk)
    follower.hint(f"lead:{lead}")
    desk.api("PATCH", f"/leads/{lead}", {"status_id": 143, "loss_reason_id": 600001})
    assert follower.hint(f"lead:{lead}")[-1].payload.lead.loss_reason == "Дорого"


def test_a_lead_stands_on_its_stage_since_the_change_that_brought_it_there(crm, desk, follower):
    assert crm.fill()
    lead = one(desk)
    [made] = follower.hint(f"lead:{lead}")
    since = made.payload.lead.stage_since
    assert since == made.payload.lead.updated_at
    later = int(since.timestamp()) + 100
    desk.api("PATCH", f"/leads/{lead}", {"name": "Крыша", "updated_at": later})
    [renamed] = follower.hint(f"lead:{lead}")
    assert (renamed.payload.lead.stage_since, renamed.payload.lead.updated_at) == (since, moment(later))
    desk.api("PATCH", f"/leads/{lead}", {"status_id": 50000003, "updated_at": later + 100})
    assert crm.leads([lead])[lead].stage_since == moment(later + 100), "also before the mirror has heard of it"
    [moved] = follower.hint(f"lead:{lead}")
    desk.api("PATCH", f"/leads/{lead}", {"price": 5, "updated_at": later + 200})
    follower.hint(f"lead:{lead}")
    assert moved.payload.lead.stage_since == crm.leads([lead])[lead].stage_since == moment(later + 100)


def test_a_lead_that_was_there_before_us_stands_on_its_stage_since_its_last_change_at_the_latest(crm, desk):
    lead = one(desk, created_at=int(time.time()) - 1000)
    changed = crm.leads([lead])[lead].updated_at
    while datetime.now(UTC) <= changed + timedelta(seconds=1):
        time.sleep(0.05)  # a card of the second in which the filling begins is left for the rules to hear of
    assert crm.fill()
    desk.api("PATCH", f"/leads/{lead}", {"name": "Крыша", "updated_at": int(changed.timestamp()) + 100})
    assert crm.leads([lead])[lead].stage_since == changed


def test_our_own_lead_is_announced_once_and_its_echo_says_nothing_else(crm, desk, follower, ask):
    assert crm.fill()
    wanted = NewLead(
        " Сайт ",
        "Кровля",
        "Новый лид",
        responsible="anna@krovlya.ru",
        price=Decimal(100),
        tags=("сайт", "б"),
        fields={"Комментарий": "Хочу крышу"},
        contact=NewContact("Мария", ("+79160001122",)),
    )
    named, bare = crm.create_leads(ask(wanted, NewLead("", contact=NewContact("", ("+79031112233",)))))
    events = follower.hint(f"lead:{named.remote_id}", f"lead:{bare.remote_id}")
    assert told(events) == [("lead.created", "", ""), ("lead.created", "", "")]
    assert events[0].person == Person("Мария", ("+79160001122",))
    assert events[0].payload.lead.fields == {"Комментарий": "Хочу крышу"}
    assert follower.hint(f"lead:{named.remote_id}", f"lead:{bare.remote_id}") == []


def test_a_change_by_somebody_right_after_our_creation_is_told_too(crm, desk, follower, ask):
    assert crm.fill()
    [done] = crm.create_leads(ask(NewLead("Сайт", "Кровля", "Новый лид")))
    desk.api("PATCH", f"/leads/{done.remote_id}", {"status_id": 50000003})
    assert told(follower.hint(f"lead:{done.remote_id}")) == [
        ("lead.created", "", ""),
        ("lead.stage_changed", "stage", "Переговоры"),
    ]


def test_the_echo_of_our_own_change_makes_no_event(crm, desk, follower, ask):
    assert crm.fill()
    lead = one(desk, responsible_user_id=7000001)
    follower.hint(f"lead:{lead}")
    change = LeadChange(
        lead,
        title="Крыша",
        stage="Переговоры",
        responsible="ivan@krovlya.ru",
        price=Decimal("99.6"),
        add_tags=("б", "а"),
        fields={"Источник": "сайт", "Дата доставки": "05.01.2026", "Комментарий": " перезвонить "},
    )
    crm.update_leads(ask(change))
    assert follower.hint(f"lead:{lead}") == []
    desk.api("PATCH", f"/leads/{lead}", {"status_id": 50000002})
    assert told(follower.hint(f"lead:{lead}")) == [("lead.stage_changed", "stage", "Новый лид")]


def test_an_echo_that_overtakes_the_answer_makes_no_event(crm, desk, follower, ask, monkeypatch):
    assert crm.fill()
    lead = one(desk)
    follower.hint(f"lead:{lead}")
    early, write = [], crm._room.client.write

    def overtaken(*args, **more):
        reply = write(*args, **more)
        early.extend(follower.hint(f"lead:{lead}"))
        return reply

    monkeypatch.setattr(crm._room.client, "write", overtaken)
    crm.update_leads(ask(LeadChange(lead, stage="Переговоры", add_tags=("VIP",))))
    assert early == []
    assert follower.hint(f"lead:{lead}") == []


def test_a_change_that_was_refused_is_not_expected_for_ever(crm, desk, follower, ask):
    assert crm.fill()
    lead = one(desk)
    follower.hint(f"lead:{lead}")
    desk.fault("/leads", status=403, body='{"status": 403}', method="PATCH")
    crm.update_leads(ask(LeadChange(lead, stage="Переговоры")))
    desk.api("PATCH", f"/leads/{lead}", {"status_id": 50000003})
    assert told(follower.hint(f"lead:{lead}")) == [("lead.stage_changed", "stage", "Переговоры")]


def test_reconciling_finds_what_no_webhook_told(crm, desk, follower):
    assert crm.fill()
    old = one(desk)
    follower.hint(f"lead:{old}")
    assert follower.reconcile() == []
    new = one(desk)
    desk.api("PATCH", f"/leads/{old}", {"status_id": 142})
    assert sorted(told(follower.reconcile())) == [
        ("lead.created", "", ""),
        ("lead.stage_changed", "stage", "Успешно реализовано"),
        ("lead.won", "stage", "Успешно реализовано"),
    ]
    assert follower.hint(f"lead:{old}", f"lead:{new}") == []
    assert follower.reconcile() == []


def test_a_deleted_lead_makes_no_event(desk, follower):
    assert follower.hint("lead:999") == []


def test_a_deleted_contact_leaves_the_index(crm, desk, follower):
    contact = desk.contact("Мария", "+79160001122")
    assert crm.fill()
    with desk.account.store.lock:
        del desk.account.store.contacts[int(contact)]
    assert follower.hint(f"contact:{contact}") == []
    assert crm.find_people([Person(phones=("+79160001122",))]) == [None]


def test_a_task_that_is_completed_is_told_once_with_its_result(crm, desk, follower, ask):
    lead = one(desk)
    contact = desk.contact("Мария", "+79160001122")
    due = datetime(2096, 12, 1, tzinfo=UTC)
    on_lead, on_contact = crm.create_tasks(
        ask(NewTask("Позвонить", due, lead_id=lead), NewTask("Уточнить", due, contact_id=contact))
    )
    entities = [f"task:{done.remote_id}" for done in (on_lead, on_contact)]
    assert follower.hint(*entities) == []
    for done in (on_lead, on_contact):
        desk.api("PATCH", f"/tasks/{done.remote_id}", {"is_completed": True, "result": {"text": "Дозвонились"}})
    event, other = follower.hint(*entities)
    assert {event.type, other.type} == {EventType.TASK_COMPLETED}
    assert (event.payload.lead.id, event.payload.text, event.payload.result) == (lead, "Позвонить", "Дозвонились")
    assert (other.payload.lead, other.payload.task.contact) == (None, contact)
    assert other.person.phones == ("+79160001122",)
    assert follower.hint(*entities) == []


def test_a_webhook_about_a_task_is_a_hint_at_it():
    body = "task[update][0][id]=33000001&task[update][0][status]={}&task[update][0][element_id]=11000001"
    first, second = (HOOKS.receive(delivery(body.format(status)), no_parts).events[0] for status in (0, 1))
    assert first.payload.entities == second.payload.entities == ("task:33000001",)
    assert first.external_id != second.external_id


def test_the_subscription_is_made_once_and_mended_when_it_was_switched_off(crm, desk):
    address = "https://mw.example.ru/hooks/crm?token=abc"
    assert crm.subscribe(address)
    assert not crm.subscribe(address)
    with desk.account.store.lock:
        for hook in desk.account.store.hooks.values():
            hook.disabled = True
    assert crm.subscribe(address)
    [hook] = desk.api("GET", "/webhooks")["_embedded"]["webhooks"]
    assert (hook["destination"], hook["disabled"]) == (address, False)
    assert {"add_lead", "status_lead", "responsible_lead"} <= set(hook["settings"])


HOOKS = AmocrmHooks("crm", SecretStr("тайна-0"))
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def delivery(body, path="/тайна-0", query=None, at=NOW):
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return Delivery("POST", path, headers, query or {}, body.encode(), at)


def no_parts(_):
    return ()


STATUS = (
    "leads[status][0][id]=11000001&leads[status][0][status_id]=142&leads[status][0][updated_at]=1767225660"
    "&leads[status][0][old_status_id]=50000003&account[id]=31000001"
)


def test_a_webhook_is_one_hint_with_all_its_leads():
    body = STATUS + "&leads[update][0][id]=11000002&leads[update][1][id]=11000001&contacts[update][0][id]=21000001"
    [event] = HOOKS.receive(delivery(body), no_parts).events
    assert (event.type, event.channel) == (EventType.CRM_HINT, "crm")
    assert event.payload == CrmHint(("lead:11000001", "lead:11000002", "contact:21000001"))


def test_companies_come_among_the_contacts_and_are_hints_too():
    rows = {"0": ("1", "contact"), "1": ("2", "company")}
    body = "&".join(f"contacts[delete][{n}][id]={one}&contacts[delete][{n}][type]={t}" for n, (one, t) in rows.items())
    [event] = HOOKS.receive(delivery(body), no_parts).events
    assert event.payload.entities == ("contact:1", "company:2")


def test_the_same_webhook_again_has_the_same_key_and_a_later_change_another():
    first = HOOKS.receive(delivery(STATUS), no_parts).events[0]
    again = HOOKS.receive(delivery(STATUS, at=NOW + timedelta(minutes=5)), no_parts).events[0]
    later = HOOKS.receive(delivery(STATUS.replace("1767225660", "1767225661")), no_parts).events[0]
    assert first.external_id == again.external_id != later.external_id


@pytest.mark.parametrize(
    "body",
    [
        "",
        "junk",
        "leads[note][0][note][type]=3&leads[note][0][note][type][message_uuid]=a",
        "leads[update][0][id]=x",
        "%ff",
    ],
)
def test_junk_with_the_secret_is_answered_with_200(body):
    received = HOOKS.receive(delivery(body), no_parts)
    assert (received.reply.status, received.events) == (200, ())


def test_a_webhook_without_the_secret_is_refused():
    with pytest.raises(RefusedError):
        HOOKS.receive(delivery(STATUS, path="/other"), no_parts)
    assert HOOKS.receive(delivery(STATUS, path="", query={"token": "тайна-0"}), no_parts).events


def test_what_the_sandbox_sends_is_understood(crm, desk, follower):
    crm.subscribe(f"{desk.account.url}/nowhere")
    lead = one(desk)
    desk.api("PATCH", f"/leads/{lead}", {"status_id": 142})
    sent = desk.control("webhooks", method="GET")
    for _ in range(100):
        sent = desk.control("webhooks", method="GET")
        if len(sent) >= 2:
            break
    events = [event for one_ in sent for event in HOOKS.receive(delivery(one_["body"]), no_parts).events]
    assert {event.payload.entities for event in events} == {(f"lead:{lead}",)}
