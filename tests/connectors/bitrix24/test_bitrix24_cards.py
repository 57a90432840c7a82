"""Contacts and companies of the running portal: read, found, changed, linked."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import responses

from connectors.bitrix24.crm import Bitrix24
from connectors.bitrix24.settings import BitrixSettings
from provodka.crm import (
    CardKind,
    CardLink,
    CardRef,
    CompanyChange,
    CompanyQuery,
    ContactAddition,
    ContactChange,
    NewCompany,
)
from provodka.errors import Ambiguous, Rejected
from provodka.operation import Done
from provodka.payloads import Person
from tests.connectors.follower import Follower

HOOK = "https://demo.bitrix24.ru/rest/1/abc"

ROMASHKA = NewCompany(
    "ООО «Ромашка»",
    "7700000000",
    "770001001",
    ("+74951234567",),
    ("info@romashka.ru",),
    "anna@krovlya.ru",
    ("опт",),
    {"Комментарий": "Сеть магазинов"},
)


def card(kind, one):
    return CardRef(CardKind(kind), one)


@pytest.fixture
def in_fields(desk, make_crm):
    """A portal whose companies bear ИНН and КПП in fields of their own."""
    for name, title in (("INN", "ИНН"), ("KPP", "КПП")):
        fields = {"FIELD_NAME": name, "USER_TYPE_ID": "string", "EDIT_FORM_LABEL": {"ru": title}, "LABEL": title}
        desk.rest("crm.company.userfield.add", fields=fields)
    return make_crm(inn_field="ИНН", kpp_field="КПП")


def requisites(desk, company):
    return desk.rest("crm.requisite.list", filter={"ENTITY_TYPE_ID": 4, "ENTITY_ID": company})


def test_a_contact_is_read_with_its_fields_tags_company_and_leads(crm, desk, ask):
    contact = desk.contact("Мария", "8 916 000-11-22", email="Maria@Example.ru")
    firm = str(desk.rest("crm.company.add", fields={"TITLE": "Ромашка"}))
    lead = desk.lead(contactId=contact)
    change = ContactChange(contact, responsible="ivan@krovlya.ru", add_tags=("VIP",), fields={"Должность": "Директор"})
    assert crm.update_contacts(ask(change)) == [Done(contact)]
    assert crm.link_cards(ask(CardLink(card("company", firm), card("contact", contact)))) == [Done(firm)]
    known = crm.contacts([contact, "999", "не номер"])
    assert set(known) == {contact}
    found = known[contact]
    assert (found.name, found.phones, found.emails) == ("Мария", ("+79160001122",), ("maria@example.ru",))
    assert (found.responsible, found.company_id, found.leads) == ("ivan@krovlya.ru", firm, (lead,))
    assert found.tags == ("VIP",)
    assert found.fields["Должность"] == "Директор"
    assert found.url == f"{desk.portal.url}/crm/contact/details/{contact}/"


def test_a_change_of_a_contact_touches_only_what_it_names(crm, desk, ask):
    contact = str(desk.rest("crm.contact.add", fields={"NAME": "Мария", "LAST_NAME": "Петрова"}))
    crm.update_contacts(ask(ContactChange(contact, add_tags=("старый", "опт"))))
    crm.update_contacts(ask(ContactChange(contact, name="Мария Петрова", remove_tags=("Старый",))))
    row = desk.rest("crm.contact.get", id=contact)
    assert (row["NAME"], row["LAST_NAME"]) == ("Мария", "Петрова"), "the same name stays in its parts"
    crm.update_contacts(ask(ContactChange(contact, name="Мария Иванова")))
    known = crm.contacts([contact])[contact]
    assert (known.name, known.tags) == ("Мария Иванова", ("опт",))
    before = desk.called("crm.item.update")
    assert crm.update_contacts(ask(ContactChange(contact, add_tags=("опт",)))) == [Done(contact)]
    assert desk.called("crm.item.update") == before


def test_bad_changes_of_contacts_cost_the_good_one_nothing(crm, desk, ask):
    contact = desk.contact("Мария", "+79160001122")
    good, field, option, gone, user = crm.update_contacts(
        ask(
            ContactChange(contact, name="Мария Иванова"),
            ContactChange(contact, fields={"Долность": "Директор"}),
            ContactChange(contact, fields={"Источник": "Веб сайт"}),
            ContactChange("999", name="нет такой"),
            ContactChange(contact, responsible="old@krovlya.ru"),
        )
    )
    assert good == Done(contact)
    assert all(isinstance(one, Rejected) for one in (field, option, gone, user))
    assert "«Должность»" in field.hint
    assert "«Веб-сайт»" in option.hint
    assert "удалили, объединили" in gone.hint
    assert "отключён" in user.hint


def test_of_two_cards_with_one_phone_the_one_with_an_open_lead_is_taken(crm, desk):
    busy, idle = desk.contact("Мария", "+79160001122"), desk.contact("Маша", "8 (916) 000-11-22")
    desk.lead(contactId=busy)
    desk.change(desk.lead(contactId=idle), stageId="JUNK")
    desk.rest("crm.contact.update", id=idle, fields={"POST": "изменена последней"})
    assert crm.fill()
    [found] = crm.find_people([Person(phones=("+79160001122",))])
    assert (found.contact.id, found.others) == (busy, (idle,))
    assert found.reason == "of 2 cards the one with an open lead"


def test_of_two_cards_without_open_leads_the_one_changed_last_is_taken(crm, desk):
    one, other = desk.contact("Мария", "+79160001122"), desk.contact("Маша", "+79160001122")
    desk.control("clock", {"advance": 60})
    desk.rest("crm.contact.update", id=one, fields={"POST": "Директор"})
    [found] = crm.find_people([Person(phones=("+79160001122",))])
    assert (found.contact.id, found.others) == (one, (other,))
    assert found.reason == "of 2 cards the one changed last"


def test_a_company_is_made_with_everything_and_found_by_each_part_of_it(crm, desk, ask):
    [done] = crm.create_companies(ask(ROMASHKA))
    desk.rest("crm.company.add", fields={"TITLE": "Ромашка Плюс"})
    company = crm.companies([done.remote_id, "999", "x"])[done.remote_id]
    assert (company.name, company.inn, company.kpp) == ("ООО «Ромашка»", "7700000000", "770001001")
    assert (company.phones, company.emails) == (ROMASHKA.phones, ROMASHKA.emails)
    assert (company.responsible, company.tags) == ("anna@krovlya.ru", ("опт",))
    assert company.fields["Комментарий"] == "Сеть магазинов"
    assert company.url == f"{desk.portal.url}/crm/company/details/{done.remote_id}/"
    queries = [
        CompanyQuery(inn="7700000000"),
        CompanyQuery(phones=("+74950000000", "+74951234567")),
        CompanyQuery(emails=("info@romashka.ru",)),
        CompanyQuery(name='Общество с ограниченной ответственностью "Ромашка"'),
        CompanyQuery(inn="7711111111", name="Роза"),
        CompanyQuery(),
    ]
    found = crm.find_companies(queries)
    assert [one and one.company.id for one in found] == [done.remote_id] * 4 + [None, None]
    assert [one.reason for one in found[:4]] == ["by ИНН", "by phone", "by email", "by name"]


def test_requisites_are_of_the_template_for_firms_or_for_sole_traders(crm, desk, ask):
    firm, person = crm.create_companies(ask(ROMASHKA, NewCompany("ИП Петров", "770000000012")))
    rows = [requisites(desk, one.remote_id)[0] for one in (firm, person)]
    assert [row["PRESET_ID"] for row in rows] == ["1", "2"]
    assert rows[0]["ORIGINATOR_ID"] == "provodka"


def test_where_the_client_keeps_the_numbers_in_fields_they_go_there(in_fields, desk, ask):
    [done] = in_fields.create_companies(ask(ROMASHKA))
    assert requisites(desk, done.remote_id) == []
    [found] = in_fields.find_companies([CompanyQuery(inn="7700000000")])
    assert (found.company.id, found.company.inn, found.company.kpp) == (done.remote_id, "7700000000", "770001001")
    in_fields.update_companies(ask(CompanyChange(done.remote_id, kpp="770002002")))
    assert in_fields.companies([done.remote_id])[done.remote_id].kpp == "770002002"


def test_of_two_companies_that_fit_the_one_changed_last_is_taken(crm, desk, ask):
    first, second = crm.create_companies(ask(NewCompany("Роза", "7700000000"), NewCompany("Роза-2", "7700000000")))
    desk.control("clock", {"advance": 60})
    crm.update_companies(ask(CompanyChange(first.remote_id, name="Роза-1")))
    [found] = crm.find_companies([CompanyQuery(inn="7700000000")])
    assert (found.company.id, found.others) == (first.remote_id, (second.remote_id,))
    assert found.reason == "by ИНН: of 2 cards the one changed last"


def test_a_company_is_changed_by_deltas_and_a_second_time_changes_nothing(crm, desk, ask):
    [done] = crm.create_companies(ask(ROMASHKA))
    change = CompanyChange(
        done.remote_id,
        inn="7700000001",
        phones=("+74951234567", "+74959999999"),
        responsible="ivan@krovlya.ru",
        add_tags=("VIP",),
        remove_tags=("опт",),
    )
    for _ in range(2):
        assert crm.update_companies(ask(change)) == [Done(done.remote_id)]
    company = crm.companies([done.remote_id])[done.remote_id]
    assert company.phones == ("+74951234567", "+74959999999")
    assert (company.inn, company.kpp, company.tags) == ("7700000001", "770001001", ("VIP",))
    assert (company.name, company.responsible) == ("ООО «Ромашка»", "ivan@krovlya.ru")
    assert len(requisites(desk, done.remote_id)) == 1


def test_numbers_of_a_company_without_requisites_make_them(crm, desk, ask):
    firm = str(desk.rest("crm.company.add", fields={"TITLE": "Ромашка"}))
    good, gone, field = crm.update_companies(
        ask(
            CompanyChange(firm, inn="7700000000"),
            CompanyChange("999", inn="7700000000"),
            CompanyChange(firm, fields={"Сфера": "Сад"}),
        )
    )
    assert good == Done(firm)
    assert isinstance(gone, Rejected)
    assert isinstance(field, Rejected)
    assert requisites(desk, firm)[0]["RQ_COMPANY_NAME"] == "Ромашка"


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
def test_a_company_whose_answer_was_lost_is_made_once_with_its_requisites(crm, desk, ask, kind):
    for name in ("Роза", "Лилия"):  # so that the names are read, and the field of tags is made
        crm.create_companies(ask(replace(ROMASHKA, name=name, inn="7712345678"), prefix=name))
    began = datetime.now(UTC)
    desk.fault(kind)
    assert type(crm.create_companies(ask(ROMASHKA))[0]) is Ambiguous
    [again] = crm.create_companies(ask(ROMASHKA, since=began))
    assert again.found is (kind == "cut_after")
    [found] = crm.find_companies([CompanyQuery(inn="7700000000")])
    assert (found.company.id, found.others) == (again.remote_id, ())
    assert len(requisites(desk, again.remote_id)) == 1


def test_a_bad_company_costs_the_others_nothing(crm, ask):
    bad, good = crm.create_companies(ask(NewCompany("Роза", fields={"Нет такого": "1"}), NewCompany("Лилия")))
    assert isinstance(bad, Rejected)
    assert isinstance(good, Done)


def test_a_lead_is_linked_with_a_contact_and_a_company_and_unlinked_again(crm, desk, ask, store):
    lead, firm = desk.lead(), str(desk.rest("crm.company.add", fields={"TITLE": "Ромашка"}))
    one, other = desk.contact("Мария", "+79160001122"), desk.contact("Пётр", "+79160003344")
    links = [
        CardLink(card("lead", lead), card("contact", one)),
        CardLink(card("contact", other), card("lead", lead), main=True),
        CardLink(card("lead", lead), card("company", firm)),
    ]
    for link in (*links, *links):
        [outcome] = crm.link_cards(ask(link))
        assert outcome == Done(link.card.id)
    assert crm.leads([lead])[lead].contacts == (other, one)
    assert str(desk.rest("crm.item.get", entityTypeId=1, id=lead)["item"]["companyId"]) == firm
    for _ in range(2):
        assert crm.unlink_cards(ask(links[1], links[2])) == [Done(other), Done(lead)]
    assert crm.leads([lead])[lead].contacts == (one,)
    assert desk.rest("crm.item.get", entityTypeId=1, id=lead)["item"]["companyId"] in (0, None)


def test_a_contact_belongs_to_one_company_as_far_as_rules_go(crm, desk, ask):
    contact = desk.contact("Мария", "+79160001122")
    first, second = (str(desk.rest("crm.company.add", fields={"TITLE": one})) for one in ("Роза", "Лилия"))
    for firm in (first, second):
        crm.link_cards(ask(CardLink(card("contact", contact), card("company", firm))))
    assert crm.contacts([contact])[contact].company_id == second
    assert crm.companies([second])[second].contacts == (contact,)
    crm.unlink_cards(ask(CardLink(card("contact", contact), card("company", second))))
    assert crm.contacts([contact])[contact].company_id == ""


def test_links_of_deals_go_the_same_way(deals, desk, ask):
    deal, contact = desk.lead(2), desk.contact("Мария", "+79160001122")
    assert deals.link_cards(ask(CardLink(card("lead", deal), card("contact", contact)))) == [Done(deal)]
    assert deals.leads([deal])[deal].contacts == (contact,)


def test_a_link_of_two_alike_or_with_a_card_that_is_gone_is_refused_alone(crm, desk, ask):
    lead, contact = desk.lead(), desk.contact("Мария", "+79160001122")
    alike, gone, foreign, good = crm.link_cards(
        ask(
            CardLink(card("lead", lead), card("lead", lead)),
            CardLink(card("lead", lead), card("contact", "999")),
            CardLink(card("lead", "C5"), card("contact", contact)),
            CardLink(card("lead", lead), card("contact", contact)),
        )
    )
    assert [type(one) for one in (alike, gone, foreign, good)] == [Rejected, Rejected, Rejected, Done]
    assert "одного вида" in alike.hint


def test_a_link_of_ours_is_no_news_when_the_portal_tells_of_it(crm, desk, ask, store):
    lead, contact = desk.lead(), desk.contact("Мария", "+79160001122")
    follower = Follower(crm, store)
    follower.hint(f"lead:{lead}")
    crm.link_cards(ask(CardLink(card("lead", lead), card("contact", contact))))
    assert follower.hint(f"lead:{lead}") == []


@pytest.fixture
def wired(store):
    """A connector whose answers the test gives itself."""
    given = {"type": "bitrix24", "url": f"{HOOK}/", "per_second": 1000, "burst": 1000, "settle_seconds": 0}
    crm = Bitrix24(BitrixSettings.model_validate(given), store)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(f"{HOOK}/crm.requisite.preset.list", json={"result": [{"ID": "1", "NAME": "Организация"}]})
        mock.post(f"{HOOK}/crm.item.fields", json={"result": {"fields": {}}})
        yield crm, mock
    crm.close()


def batch(**inner):
    return {"result": {"result": inner.pop("result", []), "result_error": inner.pop("errors", [])}}


def test_the_wire_of_a_search_asks_for_companies_alone_and_for_both_forms_of_a_phone(wired):
    crm, mock = wired
    mock.post(f"{HOOK}/batch", json=batch(result={"q0": []}))
    assert crm.find_companies([CompanyQuery(phones=("+79990001122",))]) == [None]
    command = json.loads(mock.calls[0].request.body)["cmd"]["q0"]
    assert "entity_type=COMPANY" in command
    assert "values[0]=%2B79990001122&values[1]=89990001122" in command


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        ({"error": "", "error_description": "Access denied."}, Rejected),
        ({"error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many requests"}, Ambiguous),
    ],
)
def test_a_company_without_its_requisites_is_not_done_and_is_not_made_again(wired, ask, refusal, kind):
    crm, mock = wired
    mock.post(f"{HOOK}/profile", json={"result": {"ID": "1"}})
    for inner in (
        {"result": {"me": {"ID": "1", "TIME_ZONE": "Europe/Moscow"}, "mode": 1}},
        {"result": {"w0": {"item": {"id": 12}}}},
        {"errors": {"w0": refusal}},
    ):
        mock.post(f"{HOOK}/batch", json=batch(**inner))
    [outcome] = crm.create_companies(ask(NewCompany("Роза", "7700000000")))
    assert type(outcome) is kind


def test_an_addition_to_a_contact_still_looks_first(crm, desk, ask):
    contact = desk.contact("Мария", "+79160001122")
    for _ in range(2):
        crm.add_to_contacts(ask(ContactAddition(contact, phones=("+79160003344",))))
    assert crm.contacts([contact])[contact].phones == ("+79160001122", "+79160003344")
