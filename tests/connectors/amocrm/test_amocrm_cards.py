"""Contacts and companies against the running sandbox: read, found, changed, linked."""

from datetime import UTC, datetime, timedelta

import pytest

from provodka.crm import (
    CardKind,
    CardLink,
    CardRef,
    CompanyChange,
    CompanyQuery,
    ContactAddition,
    ContactChange,
    NewCompany,
    NewLead,
)
from provodka.errors import Ambiguous, Rejected
from provodka.operation import Done, Request
from provodka.payloads import Person

ROMASHKA = NewCompany("ООО «Ромашка»", "7700000000", phones=("+74951234567",), emails=("info@romashka.ru",))


def card(kind, card_id):
    return CardRef(CardKind(kind), card_id)


@pytest.fixture
def with_inn(desk):
    desk.api("POST", "/companies/custom_fields", [{"name": "ИНН", "type": "text"}, {"name": "КПП", "type": "text"}])
    return desk


def test_a_contact_is_read_with_its_fields_tags_company_and_responsible(crm, desk, ask):
    contact = desk.contact("Мария", "8 916 000-11-22", email="Maria@Example.ru")
    [firm] = desk.add("/companies", {"name": "Ромашка"})
    change = ContactChange(contact, responsible="ivan@krovlya.ru", add_tags=("VIP",), fields={"Должность": "Директор"})
    assert crm.update_contacts(ask(change)) == [Done(contact)]
    assert crm.link_cards(ask(CardLink(card("company", firm), card("contact", contact)))) == [Done(firm)]
    known = crm.contacts([contact, "999", "не номер"])
    assert set(known) == {contact}
    assert known[contact].phones == ("+79160001122",)
    assert known[contact].emails == ("maria@example.ru",)
    assert (known[contact].responsible, known[contact].company_id) == ("ivan@krovlya.ru", firm)
    assert (known[contact].fields, known[contact].tags) == ({"Должность": "Директор"}, ("VIP",))
    assert known[contact].url == f"{desk.account.url}/contacts/detail/{contact}"


def test_a_change_of_a_contact_touches_only_what_it_names(crm, desk, ask):
    contact = desk.contact("Мария", "+79160001122")
    desk.api("PATCH", f"/contacts/{contact}", {"tags_to_add": [{"name": "старый"}, {"name": "опт"}]})
    crm.update_contacts(ask(ContactChange(contact, name="Мария Иванова", remove_tags=("старый",))))
    known = crm.contacts([contact])[contact]
    assert (known.name, known.tags, known.phones) == ("Мария Иванова", ("опт",), ("+79160001122",))
    before = desk.stats()["calls"]
    assert crm.update_contacts(ask(ContactChange(contact))) == [Done(contact)]
    assert desk.stats()["calls"] == before, "nothing to change is no call"


def test_bad_changes_of_contacts_cost_the_good_one_nothing(crm, desk, ask):
    contact = desk.contact("Мария", "+79160001122")
    good, field, gone, user, phones, foreign = crm.update_contacts(
        ask(
            ContactChange(contact, name="Мария Иванова"),
            ContactChange(contact, fields={"Долность": "Директор"}),
            ContactChange("999", name="нет такой"),
            ContactChange(contact, responsible="old@krovlya.ru"),
            ContactChange(contact, fields={"Телефон": "+79160001122"}),
            ContactChange("DEAL_5", name="чужая"),
        )
    )
    assert good == Done(contact)
    assert all(isinstance(one, Rejected) for one in (field, gone, user, phones, foreign))
    assert "«Должность»" in field.hint
    assert "удалили или объединили" in gone.hint
    assert "отключён" in user.hint
    assert "multitext" in phones.hint
    assert "DEAL_5" in foreign.hint
    assert crm.contacts([contact])[contact].phones == ("+79160001122",)


def test_of_two_cards_with_one_phone_the_one_with_an_open_lead_is_taken(crm, desk, ask):
    busy, idle = desk.contact("Мария", "+79160001122"), desk.contact("Маша", "8 (916) 000-11-22")
    crm.create_leads(ask(NewLead("Крыша", "Кровля", "Новый лид", contact_id=busy)))
    crm.update_contacts(ask(ContactChange(idle, name="Маша, изменена последней")))
    assert crm.fill()
    [found] = crm.find_people([Person(phones=("+79160001122",))])
    assert (found.contact.id, found.others) == (busy, (idle,))
    assert found.reason == "of 2 cards the one with an open lead"


def test_of_two_cards_without_open_leads_the_one_changed_last_is_taken(crm, desk):
    one, other = desk.contact("Мария", "+79160001122"), desk.contact("Маша", "+79160001122")
    desk.api("PATCH", f"/contacts/{one}", {"updated_at": int(datetime.now(UTC).timestamp()) + 60, "name": "Мария"})
    [found] = crm.find_people([Person(phones=("+79160001122",))])
    assert (found.contact.id, found.others) == (one, (other,))
    assert found.reason == "of 2 cards the one changed last"


def test_a_company_is_made_with_everything_and_found_by_each_part_of_it(crm, with_inn, ask):
    new = NewCompany(
        ROMASHKA.name,
        "7700000000",
        "770001001",
        ROMASHKA.phones,
        ROMASHKA.emails,
        "anna@krovlya.ru",
        ("опт",),
        {"Адрес": "Москва"},
    )
    [done] = crm.create_companies(ask(new))
    company = crm.companies([done.remote_id, "999"])[done.remote_id]
    assert (company.name, company.inn, company.kpp) == ("ООО «Ромашка»", "7700000000", "770001001")
    assert (company.phones, company.emails) == (new.phones, new.emails)
    assert (company.responsible, company.tags) == ("anna@krovlya.ru", ("опт",))
    assert company.fields == {"Адрес": "Москва", "ИНН": "7700000000", "КПП": "770001001"}
    queries = [
        CompanyQuery(inn="7700000000"),
        CompanyQuery(phones=("+74950000000", "+74951234567")),
        CompanyQuery(emails=("info@romashka.ru",)),
        CompanyQuery(name="ромашка"),
        CompanyQuery(name='Ооо "Ромашка"'),
        CompanyQuery(inn="7700000001", name="Лютик"),
        CompanyQuery(),
    ]
    found = crm.find_companies(queries)
    assert [one and one.company.id for one in found] == [done.remote_id] * 5 + [None, None]
    assert [one.reason for one in found[:4]] == ["by ИНН", "by phone", "by email", "by name"]


def test_a_name_with_quotes_inside_and_with_another_spelling_of_yo_is_found(crm, with_inn, ask):
    made = crm.create_companies(ask(NewCompany('ТД "Ёлочка" Плюс, ООО'), NewCompany("ИП Ёлкин")))
    queries = [CompanyQuery(name="ооо тд «Ёлочка» плюс"), CompanyQuery(name="Ёлкин")]
    found = crm.find_companies([*queries, CompanyQuery(name="ТД Ёлочка")])
    assert [one and one.company.id for one in found] == [made[0].remote_id, made[1].remote_id, None]


def test_digits_in_another_field_are_no_inn(crm, with_inn, ask):
    crm.create_companies(ask(NewCompany("Лютик", fields={"Адрес": "дом 7700000000"})))
    assert crm.find_companies([CompanyQuery(inn="7700000000")]) == [None]


def test_of_two_companies_with_one_inn_the_one_changed_last_is_taken(crm, with_inn, ask):
    first, second = crm.create_companies(ask(ROMASHKA, ROMASHKA))
    later = int(datetime.now(UTC).timestamp()) + 60
    with_inn.api("PATCH", f"/companies/{first.remote_id}", {"updated_at": later, "name": "Ромашка"})
    [found] = crm.find_companies([CompanyQuery(inn="7700000000")])
    assert (found.company.id, found.others) == (first.remote_id, (second.remote_id,))
    assert found.reason == "by ИНН: of 2 cards the one changed last"


def test_the_numbers_of_a_firm_go_into_a_field_of_legal_entities_where_there_is_one(crm, desk, ask):
    desk.api("POST", "/companies/custom_fields", [{"name": "Реквизиты", "type": "legal_entity"}])
    [done] = crm.create_companies(ask(ROMASHKA))
    crm.update_companies(ask(CompanyChange(done.remote_id, kpp="770001001")))
    company = crm.companies([done.remote_id])[done.remote_id]
    assert (company.inn, company.kpp) == ("7700000000", "770001001")


def test_a_firm_without_a_place_for_its_inn_is_refused_with_the_cure(crm, ask):
    [outcome] = crm.create_companies(ask(ROMASHKA))
    assert isinstance(outcome, Rejected)
    assert "поля «ИНН»" in outcome.hint


@pytest.mark.parametrize("kind", ["cut_after", "cut_before"])
def test_a_lost_answer_makes_no_second_company(crm, with_inn, ask, kind):
    crm.create_companies(ask(NewCompany("раньше"), prefix="before"))
    requests = ask(ROMASHKA, NewCompany("Лютик"))
    with_inn.fault("/companies", kind)
    assert all(isinstance(one, Ambiguous) for one in crm.create_companies(requests))
    since = datetime.now(UTC) - timedelta(seconds=30)
    again = crm.create_companies([Request(one.key, one.params, since) for one in requests])
    assert {one.found for one in again} == {kind == "cut_after"}
    assert with_inn.stats()["objects"]["companies"] == 3


def test_a_change_of_a_company_adds_phones_beside_those_there_are(crm, with_inn, ask):
    [done] = crm.create_companies(ask(ROMASHKA))
    change = CompanyChange(
        done.remote_id, "Ромашка Плюс", phones=("+74951234567", "+74957654321"), responsible="ivan@krovlya.ru"
    )
    changed, gone, unknown = crm.update_companies(
        ask(change, CompanyChange("999", phones=("+74950000000",)), CompanyChange("998", name="Лютик"))
    )
    assert changed == Done(done.remote_id)
    assert isinstance(gone, Rejected)
    assert isinstance(unknown, Rejected)
    assert "удалили или объединили" in gone.hint
    company = crm.companies([done.remote_id])[done.remote_id]
    assert (company.name, company.phones) == ("Ромашка Плюс", ("+74951234567", "+74957654321"))
    assert (company.inn, company.emails) == ("7700000000", ("info@romashka.ru",))


def test_cards_are_linked_and_unlinked_in_either_order(crm, desk, ask):
    contact, [firm] = desk.contact("Мария", "+79160001122"), desk.add("/companies", {"name": "Ромашка"})
    other = desk.contact("Пётр", "+79160001133")
    [lead] = crm.create_leads(ask(NewLead("Крыша", "Кровля", "Новый лид", contact_id=contact)))
    links = [
        CardLink(card("company", firm), card("lead", lead.remote_id)),
        CardLink(card("lead", lead.remote_id), card("contact", other), main=True),
        CardLink(card("contact", contact), card("company", firm)),
    ]
    assert crm.link_cards(ask(*links)) == [Done(firm), Done(lead.remote_id), Done(contact)]
    assert crm.link_cards(ask(*links)) == [Done(firm), Done(lead.remote_id), Done(contact)]
    assert crm.leads([lead.remote_id])[lead.remote_id].contacts == (other, contact)
    assert crm.companies([firm])[firm].contacts == (contact,)
    assert crm.unlink_cards(ask(*links)) == [Done(firm), Done(lead.remote_id), Done(contact)]
    assert crm.unlink_cards(ask(*links)) == [Done(firm), Done(lead.remote_id), Done(contact)]
    assert crm.leads([lead.remote_id])[lead.remote_id].contacts == (contact,)
    assert crm.contacts([contact])[contact].company_id == ""


def test_a_bad_link_costs_the_others_nothing(crm, desk, ask):
    contact, [firm] = desk.contact("Мария", "+79160001122"), desk.add("/companies", {"name": "Ромашка"})
    good, gone, alike = crm.link_cards(
        ask(
            CardLink(card("contact", contact), card("company", firm)),
            CardLink(card("contact", "999"), card("company", firm)),
            CardLink(card("contact", contact), card("contact", contact)),
        )
    )
    assert good == Done(contact)
    assert isinstance(gone, Rejected)
    assert "удалена" in gone.hint
    assert isinstance(alike, Rejected)
    assert alike.hint


def test_the_echo_of_our_own_link_is_no_news(crm, desk, ask, hinted):
    contact, other = desk.contact("Мария", "+79160001122"), desk.contact("Пётр", "+79160001133")
    [lead] = crm.create_leads(ask(NewLead("Крыша", "Кровля", "Новый лид", contact_id=contact)))
    assert hinted(lead.remote_id) == ["lead.created"]
    crm.link_cards(ask(CardLink(card("lead", lead.remote_id), card("contact", other))))
    assert hinted(lead.remote_id) == []
    desk.api("POST", f"/leads/{lead.remote_id}/unlink", [{"to_entity_id": int(other), "to_entity_type": "contacts"}])
    assert hinted(lead.remote_id) == ["lead.updated"]


def test_an_addition_shows_in_the_card_at_once(crm, desk, ask):
    contact = desk.contact("Мария", "+79160001122")
    crm.add_to_contacts(ask(ContactAddition(contact, ("+79031112233",))))
    assert crm.contacts([contact])[contact].phones == ("+79160001122", "+79031112233")
