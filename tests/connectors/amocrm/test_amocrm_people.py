"""Who is known: by amoCRM's search until the index is filled, by the index and one freshening call afterwards."""

import threading
from datetime import UTC, datetime

import pytest

from provodka.crm import ContactAddition, NewContact, NewLead
from provodka.errors import RateLimited
from provodka.payloads import Person

CONTACTS = "GET /api/v4/contacts"
MARIA = Person("Мария", ("+79160001122",), ("maria@example.ru",))


def by_phone(*phones):
    return Person(phones=phones)


def test_before_the_filling_a_phone_is_found_however_it_was_typed(crm, desk):
    one = desk.contact("Мария", "8 (916) 000-11-22")
    two = desk.contact("Иван", "+7 903 555-00-00", email="Ivan@Example.ru")
    found = crm.find_people([by_phone("+79160001122"), Person(emails=("ivan@example.ru",)), by_phone("+79990000000")])
    assert [person and person.contact.id for person in found] == [one, two, None]
    assert found[0].contact.phones == ("+79160001122",)


def test_a_hit_in_another_field_is_nobody(crm, desk):
    desk.contact("Заказ 9160001122", "+79035550000", email="order-9160001122@example.ru")
    assert crm.find_people([by_phone("+79160001122")]) == [None]


def test_a_person_without_phone_and_email_is_not_searched(crm, desk):
    assert crm.find_people([Person("Мария"), Person()]) == [None, None]
    assert desk.stats()["calls"] == {}


def test_after_the_filling_fifty_people_cost_one_call(crm, desk, monkeypatch):
    monkeypatch.setattr("connectors.crm.people.BUSY_SECONDS", 0)
    ids = desk.add(
        "/contacts",
        *(
            {
                "name": f"Клиент {n}",
                "custom_fields_values": [{"field_code": "PHONE", "values": [{"value": f"+7916000{n:04}"}]}],
            }
            for n in range(50)
        ),
    )
    seen = []
    assert crm.fill(seen.append)
    assert seen == [50]
    crm.find_people([MARIA])
    before = desk.calls(CONTACTS)
    found = crm.find_people([by_phone(f"+7916000{n:04}") for n in range(50)])
    assert [person.contact.id for person in found] == ids
    assert desk.calls(CONTACTS) == before + 1


def test_a_batch_that_comes_before_the_filling_fills_the_index_instead_of_searching_for_each(crm, desk):
    known = desk.contact("Мария", "8 (916) 000-11-22")
    found = crm.find_people([by_phone(f"+7916000{n:04}") for n in range(1100, 1150)])
    assert [person and person.contact.id for person in found] == [None] * 22 + [known] + [None] * 27
    assert desk.calls(CONTACTS) <= 3


def test_a_batch_waits_while_the_index_cannot_be_filled_at_once(crm, desk, monkeypatch):
    monkeypatch.setattr("connectors.amocrm.people.FILLING_SECONDS", -1)
    desk.contact("Мария", "8 (916) 000-11-22")
    people = [by_phone(f"+7916000{n:04}") for n in range(1100, 1150)]
    with pytest.raises(RateLimited) as waiting:
        crm.find_people(people)
    assert waiting.value.wait == 1.0
    assert crm.find_people(people[22:24])[0].contact.name == "Мария"


def test_while_much_happens_one_freshening_a_second_is_enough(crm, desk):
    assert crm.fill()
    ids = [desk.contact(f"Клиент {n}", f"+7916000{n:04}") for n in range(20)]
    assert crm.find_people([by_phone("+79160000019")])[0].contact.id == ids[19]
    before = desk.calls(CONTACTS)
    assert crm.find_people([by_phone("+79160000001")])[0].contact.id == ids[1]
    assert desk.calls(CONTACTS) == before


def test_what_others_change_after_the_filling_is_seen(crm, desk):
    desk.contact("Иван", "+79035550000")
    assert crm.fill()
    assert crm.find_people([MARIA]) == [None]
    contact = desk.contact("Мария", "+79160001122")
    assert crm.find_people([MARIA])[0].contact.id == contact
    values = [{"field_code": "PHONE", "values": [{"value": "+79031112233"}]}]
    desk.api("PATCH", f"/contacts/{contact}", {"custom_fields_values": values})
    assert crm.find_people([MARIA, by_phone("+79031112233")])[0] is None
    assert crm.find_people([MARIA, by_phone("+79031112233")])[1].contact.id == contact


def test_many_changes_at_once_are_read_page_by_page(crm, desk):
    desk.contact("Иван", "+79035550000")
    assert crm.fill()
    for start in (0, 200):
        desk.add(
            "/contacts",
            *(
                {
                    "name": f"{n}",
                    "custom_fields_values": [{"field_code": "PHONE", "values": [{"value": f"+7916000{n:04}"}]}],
                }
                for n in range(start, start + 200)
            ),
        )
    assert all(crm.find_people([by_phone(f"+7916000{n:04}") for n in range(400)]))


def test_too_many_changes_ask_for_a_new_filling_and_the_search_serves_meanwhile(crm, desk, monkeypatch):
    monkeypatch.setattr("connectors.amocrm.people.MOST_PAGES", 1)
    assert crm.fill()
    ids = [desk.contact(f"Клиент {n}", f"+7916000{n:04}") for n in range(30)]
    assert crm.find_people([by_phone("+79160000007")])[0].contact.id == ids[7]
    assert desk.calls(CONTACTS) == 3, "the filling, the freshening, the search"
    monkeypatch.setattr("connectors.amocrm.people.MOST_PAGES", 20)
    assert crm.fill()
    assert crm.find_people([by_phone("+79160000029")])[0].contact.id == ids[29]


def test_the_filling_goes_on_where_it_was_interrupted(make_crm, desk):
    for start in (0, 200):
        desk.add("/contacts", *({"name": f"{n}"} for n in range(start, start + 200)))
    first, seen = make_crm(), []
    assert not first.fill(stop=lambda: True)
    assert make_crm().fill(seen.append)
    assert seen == [400], "the second run read only the second page"


def test_our_own_creations_are_known_although_the_search_lags(crm, desk, ask):
    desk.control("settings", {"search_delay": 60})
    [done] = crm.create_leads(ask(NewLead("Сайт", "Кровля", contact=NewContact("Мария", MARIA.phones, MARIA.emails))))
    [found] = crm.find_people([MARIA])
    assert found.contact.id == done.values["contact_id"]
    assert found.contact.leads == (done.remote_id,)
    crm.add_to_contacts(ask(ContactAddition(found.contact.id, ("+79031112233",))))
    assert crm.find_people([by_phone("+79031112233")])[0].contact.id == found.contact.id


def test_of_several_cards_the_last_changed_stands_for_the_person(crm, desk):
    ids = [desk.contact(f"Мария {n}", "+79160001122") for n in range(3)]
    with desk.account.store.lock:
        for age, one in enumerate(ids):
            desk.account.store.contacts[int(one)].updated_at = 1_760_000_000 + (1 - age) ** 2 * 100
    [found] = crm.find_people([MARIA])
    assert (found.contact.id, found.others) == (ids[0], (ids[2], ids[1]))
    assert crm.fill()
    [again] = crm.find_people([MARIA])
    assert (again.contact.id, again.others) == (ids[0], (ids[2], ids[1]))


def test_threads_that_wait_for_a_freshening_share_it(crm, desk):
    contact = desk.contact("Мария", "+79160001122")
    assert crm.fill()
    crm.users()
    desk.control("latency", {"seconds": 0.2})
    before, found = desk.calls(CONTACTS), []
    threads = [threading.Thread(target=lambda: found.extend(crm.find_people([MARIA]))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [person.contact.id for person in found] == [contact] * 8
    assert desk.calls(CONTACTS) - before <= 3


def test_a_contact_tells_its_responsible_by_login(crm, desk):
    desk.add(
        "/contacts",
        {
            "name": "Мария",
            "responsible_user_id": 7000002,
            "custom_fields_values": [{"field_code": "PHONE", "values": [{"value": "+79160001122"}]}],
        },
    )
    contact = crm.find_people([MARIA])[0].contact
    assert contact.responsible == "ivan@krovlya.ru"
    assert abs((datetime.now(UTC) - contact.updated_at).total_seconds()) < 60
