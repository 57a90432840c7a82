"""Leads of Meta's forms: ids come by notices, answers are fetched, and what cannot be fetched is told apart."""

import json
import threading
import time
from datetime import timedelta

import pytest
from pydantic import ValidationError

from connectors.meta.channel import MetaChannel
from connectors.meta.leads import lead_event
from connectors.meta.settings import MetaSettings
from connectors.meta.subscriber import MetaSubscriber, subscriber
from connectors.meta.watcher import MetaWatcher, watcher
from provodka.channel import Delivery
from provodka.errors import AuthFailed, Rejected
from provodka.event import utc_now
from provodka.journal import Journal, queries
from provodka.payloads import EventType
from sandbox.faults import Fault
from sandbox.senders.graph import check_address
from sandbox.senders.meta import APP, FORM, INVENTED, PAGE, Meta
from sandbox.senders.service import Client
from sandbox.senders.station import Station
from tests.connectors import talk_bodies
from tests.connectors.played import played
from tests.contract.case import NOW, around, nothing
from tests.contract.services.meta import GIVEN, LEAD, SETTINGS, notice
from tests.contract.services.whatsapp import signed

EXAMPLE = MetaSettings.model_validate({**GIVEN, "app_secret": "meta-example-app-secret"})
ANSWERS = [
    {"name": "full_name", "values": ["Мария Р"]},
    {"name": "phone_number", "values": ["+79160001122"]},
    {"name": "email", "values": ["maria@example.ru"]},
    {"name": "какой_этаж?", "values": ["5"]},
]


def noticed(value):
    """The parts of a notice's delivery."""
    return MetaChannel("ads", SETTINGS).receive(signed(notice(value), GIVEN["app_secret"]), nothing).parts


def test_the_example_of_a_notice_is_kept_until_its_answers_are_fetched():
    body = talk_bodies.META_LEADGEN
    delivery = Delivery("POST", "", {"x-hub-signature-256": body.signature}, {}, body.raw, NOW)
    received = MetaChannel("ads", EXAMPLE).receive(delivery, nothing)
    assert received.events == ()
    [part] = received.parts
    assert part.key == "lead:444440000000001"
    assert json.loads(part.body)["form_id"] == "555550000000001"


def test_the_example_of_a_lead_becomes_a_form_with_its_own_questions():
    lead = {"created_time": "2025-12-01T07:59:58+0000", "id": "444440000000001", "ad_id": "238400000000002"}
    lead |= {"form_id": "555550000000001", "field_data": ANSWERS}
    event = lead_event("ads", lead, {"adgroup_id": "77"}, {"555550000000001": "Расчёт"}, NOW)
    assert (event.type, event.external_id) == (EventType.FORM_SUBMITTED, "lead:444440000000001")
    assert event.person.identities == ("phone:+79160001122", "email:maria@example.ru")
    assert event.person.name == "Мария Р"
    form, utm = event.payload.form, event.payload.utm
    assert (form.name, form.id, form.fields) == ("Расчёт", "555550000000001", {"какой_этаж?": "5"})
    assert (utm.source, utm.medium, utm.content, utm.campaign) == ("meta", "lead_form", "238400000000002", "77")
    assert event.occurred_at.isoformat() == "2025-12-01T07:59:58+00:00"


def test_a_notice_without_an_id_is_kept_as_it_is_and_other_fields_leave_nothing():
    receive = MetaChannel("ads", SETTINGS).receive
    [event] = receive(signed(notice({"form_id": "1"}), GIVEN["app_secret"]), nothing).events
    assert event.type is EventType.UNREADABLE
    feed = {"object": "page", "entry": [{"id": PAGE, "changes": [{"field": "feed", "value": {"item": "like"}}]}]}
    received = receive(signed(json.dumps(feed).encode(), GIVEN["app_secret"]), nothing)
    assert (received.events, received.parts) == ((), ())


def test_nothing_works_unless_it_is_turned_on_and_the_risk_is_taken():
    for more, words in (
        ({"lead_forms": False, "instagram": False}, "would do nothing"),
        ({"accept_legal_risk": False}, "forbidden in Russia"),
        ({"instagram_id": ""}, "instagram_id"),
    ):
        with pytest.raises(ValidationError, match=words):
            MetaSettings.model_validate({**GIVEN, **more})
    only_instagram = MetaSettings.model_validate({**GIVEN, "lead_forms": False})
    assert watcher("ads", only_instagram, around()) is None
    assert MetaChannel("ads", only_instagram).receive(signed(notice(LEAD), GIVEN["app_secret"]), nothing).parts == ()


running, service = played(Meta)


@pytest.fixture
def journal(tmp_path):
    opened = Journal(f"sqlite:///{tmp_path}/journal.sqlite")
    yield opened
    opened.close()


class Clock:
    def __init__(self):
        self.ahead = timedelta(0)

    def __call__(self):
        return utc_now() + self.ahead


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def make(running, service, journal, clock):
    made = []

    def watching(**more):
        given = {**GIVEN, "token": "sandbox", "api_url": f"{running.url}/meta", "per_second": 1000, **more}
        made.append(MetaWatcher("ads", MetaSettings.model_validate(given), journal.store, clock))
        return made[-1]

    yield watching
    for one in made:
        one.close()


def filled(service, journal):
    """A lead of a form, and the notice of it."""
    number = service._filled(Client())
    value = {"leadgen_id": number, "page_id": PAGE, "form_id": FORM, "created_time": int(utc_now().timestamp())}
    journal.accept([], channel="ads", parts=noticed(value))
    return number


def told(journal):
    lines = journal.read(lambda c: queries.list_events(c, channel="ads"))
    return [line.event.event for line in lines]


def test_the_answers_are_fetched_once_and_become_a_form(service, journal, make):
    number = filled(service, journal)
    looking = make()
    looking.look(journal)
    looking.look(journal)
    [event] = told(journal)
    assert event.external_id == f"lead:{number}"
    assert (event.person.phone, event.payload.form.name) == ("+79160001122", "Расчёт крыши")


def test_withheld_answers_are_an_alert_with_its_cure_and_come_when_access_is_given(service, journal, make, clock):
    filled(service, journal)
    service.readable = False
    looking = make()
    with pytest.raises(Rejected) as withheld:
        looking.look(journal)
    assert "leads_retrieval" in withheld.value.hint
    assert told(journal) == []
    service.readable = True
    clock.ahead += timedelta(minutes=6)
    looking.look(journal)
    assert [event.type for event in told(journal)] == [EventType.FORM_SUBMITTED]


def test_a_trial_of_the_vendors_page_is_no_outage(service, journal, make):
    journal.accept([], channel="ads", parts=noticed({**LEAD, "leadgen_id": INVENTED, "page_id": INVENTED}))
    make().look(journal)
    [event] = told(journal)
    assert event.type is EventType.UNREADABLE
    assert "trial" in event.payload.why


def test_a_lead_that_is_not_there_is_waited_for_and_then_ended_without_an_alarm(service, journal, make, clock):
    value = {**LEAD, "leadgen_id": "5555", "form_id": FORM, "created_time": int(utc_now().timestamp())}
    journal.accept([], channel="ads", parts=noticed(value))
    looking = make()
    looking.look(journal)
    assert told(journal) == []
    clock.ahead += timedelta(hours=2)
    looking.look(journal)
    assert [event.type for event in told(journal)] == [EventType.UNREADABLE]


def test_one_lead_that_cannot_be_had_does_not_hold_back_the_others(service, journal, make):
    journal.accept([], channel="ads", parts=noticed({**LEAD, "leadgen_id": "5555", "form_id": FORM}))
    filled(service, journal)
    make().look(journal)
    assert EventType.FORM_SUBMITTED in [event.type for event in told(journal)]


def test_an_expired_token_is_told_as_such_and_nothing_is_lost(service, journal, make):
    filled(service, journal)
    with pytest.raises(AuthFailed) as expired:
        make(token="old").look(journal)
    assert "токен" in expired.value.hint
    make().look(journal)
    assert len(told(journal)) == 1


def test_leads_that_no_notice_told_of_are_found_by_their_forms_and_once(service, journal, make, clock):
    looking = make()
    looking.look(journal)  # from now on
    numbers = {service._filled(Client(phone=f"+7 916 000-11-{n:02}")) for n in range(3)}
    clock.ahead += timedelta(minutes=16)
    looking.look(journal)
    clock.ahead += timedelta(minutes=16)
    looking.look(journal)
    assert {event.external_id for event in told(journal)} == {f"lead:{number}" for number in numbers}
    assert len(told(journal)) == 3


def test_all_pages_of_a_form_are_read_and_what_came_before_the_first_start_is_left(service, journal, make, monkeypatch):
    for n in range(5):
        service._filled(Client(phone=f"+7 916 000-11-{n:02}"))
    for lead in service.leads.values():
        lead["created_time"] = (utc_now() - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%S+0000")
    monkeypatch.setattr("connectors.meta.watcher.PAGE", "2")
    make().look(journal)
    assert told(journal) == []
    journal.accept([], cursors={"meta:ads:leads": (utc_now() - timedelta(days=3)).isoformat()})
    make().look(journal)
    assert len(told(journal)) == 5


def test_check_names_a_page_that_does_not_tell_of_leads(service, make):
    [said] = make().check()
    assert "leadgen" in said
    service.subscribed.add("leadgen")
    assert make().check() == []
    [wrong] = make(token="old").check()
    assert "токен" in wrong


def test_app_and_page_are_told_our_address_once(running, service, store):
    given = {**GIVEN, "app_secret": "sandbox", "token": "sandbox", "app_id": APP, "api_url": f"{running.url}/meta"}
    made = subscriber("ads", MetaSettings.model_validate(given), around(store))
    assert isinstance(made, MetaSubscriber)
    site = Station(Meta())
    site.app.add_url_rule("/hooks/ads", view_func=lambda: "1158201444")
    with site:
        assert check_address(f"{site.url}/hooks/ads", "x").text == "1158201444"
        assert made.subscribe(f"{site.url}/hooks/ads") is True
        assert service.callbacks == dict.fromkeys(("page", "instagram"), f"{site.url}/hooks/ads")
        assert service.subscribed == {"leadgen"}
        assert made.subscribe(f"{site.url}/hooks/ads") is False
    made.close()
    assert subscriber("ads", SETTINGS, around(store)) is None


def test_a_watch_tells_of_trouble_and_of_its_end(running, service, journal, make, clock, monkeypatch):
    monkeypatch.setattr("connectors.meta.watcher.RETRY", 0.05)
    monkeypatch.setattr("connectors.meta.watcher.LOOK_EVERY", 0.02)
    filled(service, journal)
    running.faults.arm(Fault(path="/meta", status=403, next=3, body='{"error": {"code": 200, "message": "no"}}'))
    stop = threading.Event()
    thread = threading.Thread(target=make().watch, args=(stop, journal, journal))
    thread.start()
    until = time.monotonic() + 30
    while not told(journal) and time.monotonic() < until:
        stop.wait(0.02)
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
    assert [event.type for event in told(journal)] == [EventType.FORM_SUBMITTED]
