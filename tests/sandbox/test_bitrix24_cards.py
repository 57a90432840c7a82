"""Leads, deals, contacts and companies in both families of methods, over one store."""

import pytest

from tests.sandbox.bitrix24_client import ANNA, IVAN, phone

NOT_FOUND = (400, "", "Not found")


def lead(b24, **fields):
    return b24.call("crm.lead.add", fields={"TITLE": "Заявка", **fields})


def contact(b24, number="+79990001122", **fields):
    return b24.call("crm.contact.add", fields={"NAME": "Иван", "PHONE": [phone(number)], **fields})


def phones(b24, number):
    rows = b24.call("crm.contact.get", id=number).get("PHONE", [])
    return [(row["VALUE"], row["VALUE_TYPE"]) for row in rows]


def test_the_classic_family_shows_strings_and_the_universal_one_numbers(b24):
    number = b24.call("crm.deal.add", fields={"TITLE": "Крыша", "OPPORTUNITY": 1500.5, "ASSIGNED_BY_ID": ANNA})
    classic = b24.call("crm.deal.get", id=number)
    universal = b24.call("crm.item.get", entityTypeId=2, id=number)["item"]
    assert (classic["ID"], classic["OPPORTUNITY"], classic["CATEGORY_ID"]) == (str(number), "1500.50", "0")
    assert (universal["id"], universal["opportunity"], universal["categoryId"]) == (number, 1500.5, 0)
    assert classic["DATE_CREATE"] == universal["createdTime"]
    assert (classic["ASSIGNED_BY_ID"], universal["assignedById"]) == (str(ANNA), ANNA)
    assert (classic["LEAD_ID"], universal["leadId"], universal["companyId"]) == (None, None, 0)
    assert "PHONE" not in classic


def test_a_missing_card_is_told_in_the_words_of_its_family(b24):
    assert b24.refused("crm.lead.get", id=999999) == NOT_FOUND
    assert b24.refused("crm.lead.get", id=0) == (400, "", "ID is not defined or invalid.")
    assert b24.refused("crm.lead.add", fields="x") == (400, "", "Parameter 'fields' must be array.")
    assert b24.refused("crm.item.get", entityTypeId=2, id=9) == (400, "NOT_FOUND", "Элемент не найден")
    assert b24.refused("crm.item.get", id=9)[1:] == ("100", "Could not find value for parameter {entityTypeId}")
    assert b24.refused("crm.item.get", entityTypeId=5, id=9)[1] == "ENTITY_TYPE_NOT_SUPPORTED"


def test_unknown_fields_are_dropped_without_a_word(b24):
    number = lead(b24, TITEL="опечатка", STATUS_ID="NO_SUCH_STAGE")
    row = b24.call("crm.lead.get", id=number)
    assert "TITEL" not in row
    assert row["STATUS_ID"] == "NEW"


def test_a_card_without_values_has_the_portals_own(b24):
    number = b24.call("crm.deal.add", fields={})
    row = b24.call("crm.deal.get", id=number)
    assert row["TITLE"] == f"Сделка #{number}"
    assert (row["STAGE_ID"], row["OPENED"], row["SOURCE_ID"], row["CURRENCY_ID"]) == ("NEW", "Y", "CALL", "RUB")
    assert row["CLOSEDATE"] > row["BEGINDATE"]


def test_a_contact_needs_a_name_and_a_company_a_title(b24):
    assert b24.refused("crm.contact.add", fields={"POST": "Директор"})[1] == "ERROR_CORE"
    assert b24.refused("crm.company.add", fields={})[1] == "ERROR_CORE"
    assert b24.refused("crm.item.add", entityTypeId=4, fields={})[1] == "CRM_FIELD_ERROR_REQUIRED"


def test_a_field_the_portal_made_obligatory_is_named_in_the_refusal(b24):
    b24.control("settings", {"required": {"lead": ["COMPANY_TITLE"]}})
    status, code, text = b24.refused("crm.lead.add", fields={"TITLE": "x"})
    assert (status, code) == (400, "ERROR_CORE")
    assert "Название компании" in text
    assert lead(b24, COMPANY_TITLE="ООО Ромашка")


def test_an_update_without_ids_appends_another_phone(b24):
    number = contact(b24)
    b24.call("crm.contact.update", id=number, fields={"PHONE": [phone("+79990001122"), phone("+79990003344")]})
    assert [value for value, _ in phones(b24, number)] == ["+79990001122", "+79990001122", "+79990003344"]


@pytest.mark.parametrize("gone", [{"DELETE": "Y"}, {"VALUE": ""}, {}])
def test_a_phone_changes_and_goes_by_its_id(b24, gone):
    number = contact(b24)
    first = b24.call("crm.contact.get", id=number)["PHONE"][0]["ID"]
    b24.call("crm.contact.update", id=number, fields={"PHONE": [{"ID": first, **phone("+7000", "MOBILE")}]})
    assert phones(b24, number) == [("+7000", "MOBILE")]
    b24.call("crm.contact.update", id=number, fields={"PHONE": [{"ID": first, **gone}]})
    assert "PHONE" not in b24.call("crm.contact.get", id=number)
    assert b24.call("crm.contact.get", id=number)["HAS_PHONE"] == "N"


def test_fm_appends_by_n_changes_by_number_and_deletes_by_an_empty_value(b24):
    number = contact(b24, EMAIL=[{"VALUE": "ivan@example.ru"}])
    item = b24.call("crm.item.get", entityTypeId=3, id=number)["item"]
    first, mail = (row["id"] for row in item["fm"])
    fresh = {"typeId": "PHONE", "valueType": "WORK", "value": "+79990003344"}
    changed = {"typeId": "PHONE", "valueType": "MOBILE", "value": "+79990005566"}
    fm = {"n0": fresh, str(first): changed, str(mail): {"typeId": "EMAIL", "value": ""}}
    item = b24.call("crm.item.update", entityTypeId=3, id=number, fields={"fm": fm})["item"]
    assert [row["value"] for row in item["fm"]] == ["+79990005566", "+79990003344"]
    assert (item["phone"], item["phoneWork"], item["email"]) == ("+79990005566", "+79990003344", "")


def test_a_wrong_mail_is_refused_with_html_in_the_text(b24):
    status, code, text = b24.refused("crm.lead.add", fields={"TITLE": "x", "EMAIL": [{"VALUE": "not a mail"}]})
    assert (status, code) == (400, "ERROR_CORE")
    assert text.endswith("<br>")


def test_a_stage_of_another_funnel_changes_nothing_and_still_says_true(b24):
    number = b24.call("crm.deal.add", fields={"TITLE": "x"})
    assert b24.call("crm.deal.update", id=number, fields={"STAGE_ID": "C1:NEW", "CATEGORY_ID": 1}) is True
    row = b24.call("crm.deal.get", id=number)
    assert (row["STAGE_ID"], row["CATEGORY_ID"]) == ("NEW", "0")


def test_the_universal_family_moves_a_deal_to_another_funnel(b24):
    number = b24.call("crm.deal.add", fields={"TITLE": "x"})
    item = b24.call("crm.item.update", entityTypeId=2, id=number, fields={"categoryId": 1})["item"]
    assert (item["categoryId"], item["stageId"]) == (1, "C1:NEW")
    lines = b24.call("crm.stagehistory.list", entityTypeId=2, filter={"OWNER_ID": number})["items"]
    assert [(line["TYPE_ID"], line["STAGE_ID"]) for line in lines] == [(1, "NEW"), (5, "C1:NEW")]
    assert lines[0]["CREATED_TIME"].endswith("+00:00")
    fields = {"stageId": "NEW"}
    assert (
        b24.refused("crm.item.update", entityTypeId=2, id=number, fields=fields)[1] == "CRM_FIELD_ERROR_VALUE_NOT_VALID"
    )


def test_a_closing_stage_closes_the_deal_and_a_lead_is_converted_in_name_only(b24):
    deal, first = b24.call("crm.deal.add", fields={"TITLE": "x"}), lead(b24)
    b24.call("crm.deal.update", id=deal, fields={"STAGE_ID": "WON"})
    assert b24.call("crm.deal.get", id=deal)["STAGE_SEMANTIC_ID"] == "S"
    assert b24.call("crm.deal.get", id=deal)["CLOSED"] == "Y"
    b24.call("crm.lead.update", id=first, fields={"STATUS_ID": "CONVERTED"})
    assert b24.call("crm.deal.list", filter={"LEAD_ID": first}) == []


def test_the_universal_family_saves_nothing_where_nothing_changed(b24):
    number = lead(b24)
    before = b24.call("crm.item.get", entityTypeId=1, id=number)["item"]["updatedTime"]
    b24.control("clock", {"advance": 100})
    same = {"entityTypeId": 1, "id": number, "fields": {"title": "Заявка"}}
    assert b24.call("crm.item.update", **same)["item"]["updatedTime"] == before
    b24.call("crm.lead.update", id=number, fields={"TITLE": "Заявка"})
    assert b24.call("crm.item.get", entityTypeId=1, id=number)["item"]["updatedTime"] > before


def test_a_refused_update_leaves_the_card_as_it_was(b24):
    number = lead(b24)
    wrong = {"TITLE": "Новое", "EMAIL": [{"VALUE": "not a mail"}]}
    assert b24.refused("crm.lead.update", id=number, fields=wrong)[1] == "ERROR_CORE"
    assert b24.call("crm.lead.get", id=number)["TITLE"] == "Заявка"


def test_contacts_hang_on_a_deal_with_one_of_them_first(b24):
    one, two = contact(b24), contact(b24)
    number = b24.call("crm.deal.add", fields={"TITLE": "x", "CONTACT_IDS": [one, two]})
    assert b24.call("crm.deal.get", id=number)["CONTACT_ID"] == str(one)
    items = [{"CONTACT_ID": two, "SORT": 100}, {"CONTACT_ID": one, "SORT": 200, "IS_PRIMARY": "Y"}]
    assert b24.call("crm.deal.contact.items.set", id=number, items=items) is True
    assert b24.call("crm.deal.contact.items.get", id=number) == [
        {"CONTACT_ID": two, "SORT": 100, "ROLE_ID": 0, "IS_PRIMARY": "N"},
        {"CONTACT_ID": one, "SORT": 200, "ROLE_ID": 0, "IS_PRIMARY": "Y"},
    ]
    found = b24.call("crm.item.list", entityTypeId=2, filter={"contactId": one}, select=["id", "contactIds"])["items"]
    assert found == [{"id": number, "contactIds": [two, one]}]
    b24.call("crm.contact.delete", id=one)
    assert b24.call("crm.item.get", entityTypeId=2, id=number)["item"]["contactIds"] == [two]


def test_links_refuse_what_is_no_list_and_whom_there_is_not(b24):
    assert b24.refused("crm.deal.contact.items.set", id=9, items=[])[2] == "Not found."
    number = contact(b24)
    wrong = b24.refused("crm.contact.company.items.set", id=number, items="12")
    assert wrong == (400, "", "The parameter items must be array.")


def test_a_company_knows_its_contacts_from_both_sides(b24):
    person = contact(b24)
    company = b24.call("crm.company.add", fields={"TITLE": "ООО Ромашка"})
    b24.call("crm.contact.company.items.set", id=person, items=[{"COMPANY_ID": company}])
    assert b24.call("crm.contact.get", id=person)["COMPANY_ID"] == str(company)
    assert [row["CONTACT_ID"] for row in b24.call("crm.company.contact.items.get", id=company)] == [person]
    b24.call("crm.company.contact.items.delete", id=company)
    assert b24.call("crm.contact.get", id=person)["COMPANY_ID"] is None


def test_deleting_a_card_takes_its_comments_unless_they_hang_on_others(b24):
    deal, person = b24.call("crm.deal.add", fields={"TITLE": "x"}), contact(b24)
    owner = {"ENTITY_TYPE": "deal", "ENTITY_ID": deal}
    alone = b24.call("crm.timeline.comment.add", fields={**owner, "COMMENT": "раз"})
    shared = b24.call("crm.timeline.comment.add", fields={**owner, "COMMENT": "два"})
    b24.call("crm.timeline.bindings.bind", fields={"OWNER_ID": shared, "ENTITY_TYPE": "contact", "ENTITY_ID": person})
    b24.call("crm.deal.delete", id=deal)
    assert b24.refused("crm.timeline.comment.get", id=alone)[1] == "NOT_FOUND"
    held = {"ENTITY_TYPE": "contact", "ENTITY_ID": person}
    assert [row["ID"] for row in b24.call("crm.timeline.comment.list", filter=held)] == [str(shared)]


def test_user_fields_have_ids_of_options_and_two_names(b24):
    options = [{"VALUE": "Сайт", "XML_ID": "site"}, {"VALUE": "Телефон"}]
    fields = {"FIELD_NAME": "MW_CHANNEL", "USER_TYPE_ID": "enumeration", "LABEL": "Канал", "LIST": options}
    number = b24.call("crm.deal.userfield.add", fields=fields)
    row = b24.call("crm.deal.userfield.get", id=number)
    assert row["FIELD_NAME"] == "UF_CRM_MW_CHANNEL"
    site = int(row["LIST"][0]["ID"])
    deal = b24.call("crm.deal.add", fields={"TITLE": "x", "UF_CRM_MW_CHANNEL": site})
    assert b24.call("crm.item.get", entityTypeId=2, id=deal)["item"]["ufCrmMwChannel"] == site
    original = {"entityTypeId": 2, "id": deal, "useOriginalUfNames": "Y"}
    assert b24.call("crm.item.get", **original)["item"]["UF_CRM_MW_CHANNEL"] == site
    described = b24.call("crm.item.fields", entityTypeId=2)["fields"]["ufCrmMwChannel"]
    assert (described["upperName"], [item["VALUE"] for item in described["items"]]) == (
        "UF_CRM_MW_CHANNEL",
        ["Сайт", "Телефон"],
    )
    assert (
        b24.refused("crm.deal.userfield.add", fields={"FIELD_NAME": "X"})[2] == "The 'USER_TYPE_ID' field is not found."
    )
    assert b24.as_user(ANNA).refused("crm.deal.userfield.delete", id=number) == (400, "", "Access denied.")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("UF_CRM_10_5186744711", "ufCrm10_5186744711"),
        ("UF_CRM_10_DIGIT", "ufCrm10Digit"),
        ("UF_CRM_3_DIGIT10", "ufCrm_3_DIGIT10"),
        ("UF_CRM_1747309879", "ufCrm_1747309879"),
    ],
)
def test_a_user_field_is_named_as_the_vendor_names_it(b24, name, shown):
    b24.call("crm.deal.userfield.add", fields={"FIELD_NAME": name, "USER_TYPE_ID": "string"})
    assert shown in b24.call("crm.item.fields", entityTypeId=2)["fields"]


def test_tags_are_a_field_of_several_values_and_false_when_empty(b24):
    empty, full = lead(b24), lead(b24, UF_CRM_TAGS=["сайт", "срочно"])
    assert b24.call("crm.lead.get", id=empty)["UF_CRM_TAGS"] is False
    assert b24.call("crm.lead.get", id=full)["UF_CRM_TAGS"] == ["сайт", "срочно"]
    wrong = {"entityTypeId": 1, "id": full, "fields": {"ufCrmTags": "сайт"}}
    assert b24.refused("crm.item.update", **wrong)[1] == 100


def test_somebody_who_sees_only_his_own_gets_shorter_lists_and_refusals(b24):
    mine, other = lead(b24, ASSIGNED_BY_ID=IVAN), lead(b24, ASSIGNED_BY_ID=ANNA)
    ivan = b24.as_user(IVAN, access="own")
    assert [row["ID"] for row in ivan.call("crm.lead.list")] == [str(mine)]
    assert ivan.refused("crm.lead.get", id=other) == (400, "", "Access denied.")
    assert ivan.refused("crm.item.get", entityTypeId=1, id=other)[1] == "ACCESS_DENIED"
    assert (
        ivan.refused("crm.activity.todo.add", ownerTypeId=1, ownerId=other, deadline="2026-08-24")[1]
        == "OWNER_NOT_FOUND"
    )


def test_the_field_lists_describe_both_families(b24):
    fields = b24.call("crm.lead.fields")
    assert fields["STATUS_ID"]["statusType"] == "STATUS"
    assert fields["PHONE"]["type"] == "crm_multifield"
    assert fields["UF_CRM_TAGS"]["isMultiple"] is True
    assert b24.call("crm.item.fields", entityTypeId=1)["fields"]["assignedById"]["upperName"] == "ASSIGNED_BY_ID"


def test_in_simple_mode_a_lead_becomes_a_deal_at_once(b24):
    assert b24.call("crm.settings.mode.get") == 1
    b24.control("settings", {"crm_mode": 2})
    assert b24.call("crm.settings.mode.get") == 2
    number = lead(b24, NAME="Иван", PHONE=[phone("+79990001122")], UF_CRM_TAGS=["сайт"], ORIGIN_ID="form:1")
    assert b24.call("crm.lead.get", id=number)["STATUS_ID"] == "CONVERTED"
    deal = b24.call("crm.deal.list", filter={"LEAD_ID": number}, select=["*", "UF_*"])[0]
    assert (deal["STAGE_ID"], deal["UF_CRM_TAGS"], deal["ORIGIN_ID"]) == ("NEW", ["сайт"], "form:1")
    assert b24.call("crm.duplicate.findbycomm", type="PHONE", values=["+79990001122"], entity_type="CONTACT")
    b24.control("settings", {"crm_mode": 2, "hide_converted": True})
    assert b24.refused("crm.lead.get", id=number) == NOT_FOUND
    nameless = lead(b24)
    assert b24.call("crm.lead.get", id=nameless)["STATUS_ID"] == "NEW"
