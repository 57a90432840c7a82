"""Who is known: by the portal's index of duplicates, and by our own once it is filled."""

import pytest

from provodka.crm import ContactAddition, NewContact, NewLead
from provodka.errors import Ambiguous, Rejected
from provodka.operation import Done
from provodka.payloads import Person

PHONE = "+79160001122"


def person(phone="", email=""):
    return Person("", (phone,) if phone else (), (email,) if email else ())


def ids(found):
    return [one and one.contact.id for one in found]


@pytest.mark.parametrize("typed", ["+79160001122", "8 (916) 000-11-22", "89160001122", "7 916 000 11 22"])
def test_a_person_is_found_however_the_number_was_typed(crm, desk, typed):
    contact = desk.contact("Мария", typed)
    assert ids(crm.find_people([person(PHONE)])) == [contact], "by the portal's own index"
    assert crm.fill()
    assert ids(crm.find_people([person(PHONE)])) == [contact], "by ours"


def test_nobody_and_nothing_to_look_for_are_no_one(crm, desk):
    before = desk.requests()
    assert crm.find_people([Person("Мария"), Person()]) == [None, None]
    assert desk.requests() == before
    assert crm.find_people([person("+79990000000"), person(email="no@example.ru")]) == [None, None]


def test_many_people_are_looked_for_in_two_requests(crm, desk):
    people = [f"+791600001{n:02}" for n in range(30)]
    known = [desk.contact(f"Гость {n}", one) for n, one in enumerate(people)]
    crm.users()
    crm._room.directory.labels("contact")
    before = desk.requests()
    assert ids(crm.find_people([person(one) for one in people])) == known
    assert desk.requests() == before + 2


def test_leads_and_companies_with_the_number_do_not_hide_the_contact(crm, desk):
    for n in range(25):
        desk.rest("crm.lead.add", fields={"TITLE": str(n), "PHONE": [{"VALUE": PHONE, "VALUE_TYPE": "WORK"}]})
    contact = desk.contact("Мария", PHONE)
    assert ids(crm.find_people([person(PHONE)])) == [contact]


def test_the_card_changed_last_stands_for_the_person_and_the_others_are_named(crm, desk):
    first, second = desk.contact("Мария", PHONE), desk.contact("Мария И.", "", email="maria@example.ru")
    desk.control("clock", {"advance": 60})
    desk.rest("crm.contact.update", id=first, fields={"LAST_NAME": "Иванова"})
    for _ in range(2):
        [found] = crm.find_people([Person("", (PHONE,), ("maria@example.ru",))])
        assert (found.contact.id, found.others, found.contact.name) == (first, (second,), "Мария Иванова")
        assert crm.fill()


def test_after_the_filling_many_people_cost_one_request(crm, desk):
    people = [f"+791600001{n:02}" for n in range(40)]
    known = [desk.contact(f"Гость {n}", one) for n, one in enumerate(people)]
    assert crm.fill()
    crm.users()
    crm._room.directory.labels("contact")
    before = desk.requests()
    assert ids(crm.find_people([person(one) for one in people])) == known
    assert desk.requests() == before + 1


def test_the_filling_goes_on_where_it_was_stopped(crm, desk, monkeypatch):
    monkeypatch.setattr("connectors.bitrix24.people.CHAIN", 1)
    for n in range(60):
        desk.contact(f"Гость {n}", f"+791600001{n:02}")
    counts = []
    assert not crm.fill(counts.append, lambda: True)
    assert counts == [50]
    assert crm.fill(counts.append)
    assert counts[:2] == [50, 10]
    assert crm.fill(counts.append)
    assert counts[:2] == [50, 10], "cheap when it is complete"


def test_what_changes_after_the_filling_is_known_with_the_next_question(crm, desk, monkeypatch):
    monkeypatch.setattr("connectors.crm.people.BUSY_SECONDS", 0)
    assert crm.fill()
    assert crm.find_people([person(PHONE)]) == [None]
    contact = desk.contact("Мария", PHONE)
    assert ids(crm.find_people([person(PHONE)])) == [contact]
    [row] = desk.rest("crm.contact.get", id=contact)["PHONE"]
    desk.rest("crm.contact.update", id=contact, fields={"PHONE": [{"ID": row["ID"], "VALUE": "+79160007788"}]})
    assert ids(crm.find_people([person(PHONE), person("+79160007788")])) == [None, contact]


def test_a_zone_that_the_portal_overlooks_in_filters_hides_nobody(crm, desk):
    desk.control("settings", {"filter_offset": False})
    assert crm.fill()
    contact = desk.contact("Мария", PHONE)
    assert ids(crm.find_people([person(PHONE)])) == [contact]


def test_after_very_many_changes_the_index_is_filled_anew(crm, desk, monkeypatch):
    monkeypatch.setattr("connectors.bitrix24.people.MOST_PAGES", 1)
    assert crm.fill()
    contact = desk.contact("Мария", PHONE)
    assert ids(crm.find_people([person(PHONE)])) == [contact], "asked of the portal"
    assert crm.fill()


def test_a_contact_of_ours_is_known_at_once(crm, ask):
    assert crm.fill()
    [done] = crm.create_leads(ask(NewLead("Сайт", contact=NewContact("Мария", (PHONE,)))))
    assert ids(crm.find_people([person(PHONE)])) == [done.values["contact_id"]]


def test_only_what_a_card_lacks_is_added_and_what_it_has_stays(crm, desk, ask):
    contact = desk.contact("Мария", "8 (916) 000-11-22", email="Maria@Example.ru")
    addition = ContactAddition(contact, (PHONE, "+79160007788"), ("maria@example.ru", "m@example.ru"))
    for _ in range(2):
        assert crm.add_to_contacts(ask(addition, ContactAddition(contact, ("+79160007788",)))) == [Done(contact)] * 2
    row = desk.rest("crm.contact.get", id=contact)
    assert [one["VALUE"] for one in row["PHONE"]] == ["8 (916) 000-11-22", "+79160007788"]
    assert [one["VALUE"] for one in row["EMAIL"]] == ["Maria@Example.ru", "m@example.ru"]
    assert desk.called("crm.contact.update") == 1


def test_an_addition_whose_answer_was_lost_is_made_once(crm, desk, ask):
    contact = desk.contact("Мария", PHONE)
    addition = ContactAddition(contact, ("+79160007788",))
    client = crm._room.client
    real = client.batch

    def cut(commands, **more):
        if more.get("write"):
            desk.fault("cut_after")
        return real(commands, **more)

    client.batch = cut
    assert type(crm.add_to_contacts(ask(addition))[0]) is Ambiguous
    client.batch = real
    assert crm.add_to_contacts(ask(addition)) == [Done(contact)]
    assert len(desk.rest("crm.contact.get", id=contact)["PHONE"]) == 2


def test_a_card_that_is_gone_is_refused_and_leaves_the_index(crm, desk, ask):
    contact = desk.contact("Мария", PHONE)
    assert crm.fill()
    desk.rest("crm.contact.delete", id=contact)
    [outcome] = crm.add_to_contacts(ask(ContactAddition(contact, ("+79160007788",))))
    assert (type(outcome), outcome.code) == (Rejected, "not_found")
    assert crm.find_people([person(PHONE)]) == [None]
