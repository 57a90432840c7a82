"""Filters, order, pages, batches, dictionaries and the search for duplicates."""

import pytest

from tests.sandbox.bitrix24_client import phone


@pytest.fixture
def many(b24):
    """120 leads with the ids 3465 to 3584, every third one from the site."""
    for start in range(0, 120, 50):
        cmd = [
            f"crm.lead.add?fields[TITLE]=Lead {number}&fields[SOURCE_ID]={'WEB' if number % 3 == 0 else 'CALL'}"
            for number in range(start, min(start + 50, 120))
        ]
        b24.call("batch", cmd=cmd)
    return b24


def ids(rows):
    return [int(row.get("ID") or row["id"]) for row in rows]


def test_a_list_has_pages_of_50_a_total_and_the_start_of_the_next(many):
    first = many.page("crm.lead.list", select=["ID"], order={"ID": "ASC"})
    assert (len(first["result"]), first["total"], first["next"]) == (50, 120, 50)
    last = many.page("crm.lead.list", select=["ID"], start=100)
    assert (ids(last["result"])[0], last["total"], "next" in last) == (3565, 120, False)


def test_classic_lists_start_at_whole_pages_and_universal_ones_anywhere(many):
    assert ids(many.call("crm.lead.list", start=73))[0] == 3465 + 50
    assert ids(many.call("crm.item.list", entityTypeId=1, start=73)["items"])[0] == 3465 + 73


def test_a_negative_start_counts_nothing(many):
    body = many.page("crm.lead.list", start=-1, filter={">ID": 3580}, order={"ID": "ASC"}, select=["ID"])
    assert (ids(body["result"]), body["total"], "next" in body) == ([3581, 3582, 3583, 3584], 0, False)
    body = many.page("crm.item.list", entityTypeId=1, start=-1, filter={">id": 3582}, select=["id"])
    assert (ids(body["result"]["items"]), body["total"]) == ([3583, 3584], 0)


def test_an_empty_list_has_a_total_of_nothing(b24):
    body = b24.page("crm.deal.list")
    assert (body["result"], body["total"]) == ([], 0)


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"SOURCE_ID": "WEB"}, 40),
        ({"!SOURCE_ID": "WEB"}, 80),
        ({"!=SOURCE_ID": "WEB"}, 80),
        ({"@SOURCE_ID": ["WEB", "CALL"]}, 120),
        ({"!@SOURCE_ID": ["WEB"]}, 80),
        ({"%TITLE": "lead 11"}, 11),
        ({"=%TITLE": "Lead 11%"}, 11),
        ({"!%TITLE": "Lead 1"}, 89),
        ({">=ID": 3570, "<ID": 3575}, 5),
        ({"><ID": [3570, 3574]}, 5),
        ({"ID": [3465, 3466, 1]}, 2),
        ({"ORIGIN_ID": ""}, 120),
        ({"!ORIGIN_ID": ""}, 0),
        ({"NO_SUCH_FIELD": "x"}, 120),
        ({">DATE_CREATE": "2020-01-01T00:00:00+03:00"}, 120),
        ({"<DATE_CREATE": "2020-01-01 00:00:00"}, 0),
    ],
)
def test_prefixes_of_a_classic_filter(many, wanted, count):
    assert many.page("crm.lead.list", filter=wanted)["total"] == count


def test_a_universal_filter_nests_and_refuses_unknown_names(many):
    either = {"logic": "OR", "0": {"=id": 3465}, "1": {"%title": "Lead 11"}}
    assert many.page("crm.item.list", entityTypeId=1, filter={"0": either, "@stageId": ["NEW"]})["total"] == 12
    wrong = many.refused("crm.item.list", entityTypeId=1, filter={"FIELD": 1})
    assert wrong == (400, "INVALID_ARG_VALUE", "Invalid filter: field 'FIELD' is not allowed in filter")
    wrong = many.refused("crm.item.list", entityTypeId=1, filter={">ID": 1})
    assert wrong == (400, 100, "Unknown field definition `ID` for entity")
    assert many.refused("crm.item.list", entityTypeId=1, order={"nothing": "ASC"})[1] == "INVALID_ARG_VALUE"


def test_order_goes_both_ways_and_by_several_fields(many):
    rows = many.call("crm.lead.list", order={"SOURCE_ID": "DESC", "ID": "DESC"}, select=["ID", "SOURCE_ID"])
    assert (rows[0]["SOURCE_ID"], rows[0]["ID"], rows[1]["ID"]) == ("WEB", "3582", "3579")


def test_a_list_shows_phones_and_user_fields_only_where_they_are_named(b24):
    number = b24.call("crm.lead.add", fields={"TITLE": "x", "PHONE": [phone("+79990001122")], "UF_CRM_TAGS": ["а"]})
    plain = b24.call("crm.lead.list", select=["*"])[0]
    assert not {"PHONE", "UF_CRM_TAGS"} & plain.keys()
    named = b24.call("crm.lead.list", select=["PHONE", "UF_*"])[0]
    assert (named["PHONE"][0]["VALUE"], named["UF_CRM_TAGS"], named["ID"]) == ("+79990001122", ["а"], str(number))
    assert "fm" not in b24.call("crm.item.list", entityTypeId=1, select=["id", "fm"])["items"][0]
    assert b24.call("crm.item.list", entityTypeId=1, select=["*"])["items"][0]["fm"]


def test_the_external_key_finds_the_card_and_nothing_keeps_twins_away(b24):
    key = {"ORIGINATOR_ID": "mw", "ORIGIN_ID": "1c:1"}
    first = b24.call("crm.deal.add", fields={"TITLE": "x", **key})
    wanted = {"=originatorId": "mw", "=originId": "1c:1"}
    assert ids(b24.call("crm.item.list", entityTypeId=2, filter=wanted, select=["id"], start=-1)["items"]) == [first]
    b24.call("crm.deal.add", fields={"TITLE": "x", **key})
    assert b24.page("crm.deal.list", filter=key)["total"] == 2
    assert b24.stats()["doubles"]["origins"] == 1


def test_the_offset_of_a_time_may_be_lost_on_the_way(b24):
    b24.call("crm.lead.add", fields={"TITLE": "x"})
    now = b24.call("server.time")
    assert now.endswith("+00:00")
    later = {">=createdTime": now.replace("+00:00", "-01:00")}
    assert b24.page("crm.item.list", entityTypeId=1, filter=later)["total"] == 0
    b24.control("settings", {"filter_offset": False})
    assert b24.page("crm.item.list", entityTypeId=1, filter=later)["total"] == 1


def test_a_batch_hands_results_on_and_keeps_errors_apart(b24):
    person = b24.call("crm.contact.add", fields={"NAME": "Иван", "PHONE": [phone("+79990001122")]})
    deal = b24.call("crm.deal.add", fields={"TITLE": "x", "CONTACT_ID": person})
    cmd = {
        "find": "crm.duplicate.findbycomm?type=PHONE&values[0]=%2B79990001122&entity_type=CONTACT",
        "deals": "crm.item.list?entityTypeId=2&filter[contactId]=$result[find][CONTACT][0]&select[0]=id",
        "title": "crm.deal.update?id=$result[deals][items][0][id]&fields[TITLE]=Deal $result[deals][items][0][id]!",
        "none": "crm.lead.get?id=999999",
        "inner": "batch?cmd[0]=profile",
    }
    result = b24.call("batch", halt=0, cmd=cmd)
    assert result["result"]["deals"] == {"items": [{"id": deal}]}
    assert b24.call("crm.deal.get", id=deal)["TITLE"] == f"Deal {deal}!"
    assert result["result_error"]["none"] == {"error": "", "error_description": "Not found"}
    assert result["result_error"]["inner"]["error"] == "ERROR_BATCH_METHOD_NOT_ALLOWED"
    assert (result["result_total"], result["result_next"]) == ({"deals": 1}, [])
    assert {"find", "deals", "title"} == result["result_time"].keys()


def test_halt_stops_at_the_first_error_and_undoes_nothing(b24):
    cmd = {"one": "crm.lead.add?fields[TITLE]=1", "bad": "crm.lead.get?id=9", "two": "crm.lead.add?fields[TITLE]=2"}
    result = b24.call("batch", halt=1, cmd=cmd)
    assert (list(result["result"]), list(result["result_error"])) == (["one"], ["bad"])
    assert b24.page("crm.lead.list")["total"] == 1


def test_the_51st_command_is_too_many(b24):
    result = b24.call("batch", cmd=["profile"] * 51)
    assert len(result["result"]) == 50
    assert result["result_error"]["50"]["error"] == "ERROR_BATCH_LENGTH_EXCEEDED"


def test_a_chain_of_pages_ends_where_a_page_is_short(many):
    head = "crm.lead.list?order[ID]=ASC&select[0]=ID&start=-1&filter[>ID]="
    cmd = {"p0": f"{head}0"} | {f"p{page}": f"{head}$result[p{page - 1}][49][ID]" for page in range(1, 5)}
    result = many.call("batch", halt=1, cmd=cmd)["result"]
    assert [len(result[f"p{page}"]) for page in range(5)] == [50, 50, 20, 0, 0]


def test_a_number_is_found_in_any_spelling_but_only_as_a_text(b24):
    number = b24.call("crm.contact.add", fields={"NAME": "Иван", "PHONE": [phone("8 (999) 000-11-22, доб. 5")]})
    for spelling in ("+79990001122", "89990001122", "8 (999) 000-11-22"):
        assert b24.call("crm.duplicate.findbycomm", type="PHONE", values=[spelling]) == {"CONTACT": [number]}
    assert b24.call("crm.duplicate.findbycomm", type="PHONE", values=[79990001122]) == []
    assert b24.call("crm.contact.list", filter={"PHONE": "+79990001122"}) == []


def test_twenty_hits_of_one_kind_hide_the_other_kinds(b24):
    cmd = [f"crm.lead.add?fields[TITLE]={n}&fields[EMAIL][0][VALUE]=a%40b.ru" for n in range(22)]
    b24.call("batch", cmd=cmd)
    person = b24.call("crm.contact.add", fields={"NAME": "x", "EMAIL": [{"VALUE": "A@b.ru "}]})
    found = b24.call("crm.duplicate.findbycomm", type="EMAIL", values=["a@B.ru"])
    assert (list(found), len(found["LEAD"])) == (["LEAD"], 20)
    only = {"type": "EMAIL", "values": ["a@b.ru"], "entity_type": "CONTACT"}
    assert b24.call("crm.duplicate.findbycomm", **only) == {"CONTACT": [person]}


def test_merging_keeps_the_first_and_refuses_what_differs(b24):
    one = b24.call("crm.contact.add", fields={"NAME": "Иван", "PHONE": [phone("+79990001122")]})
    same = b24.call("crm.contact.add", fields={"NAME": "Иван", "PHONE": [phone("+79990003344")]})
    other = b24.call("crm.contact.add", fields={"NAME": "Пётр"})

    def merge(*numbers):
        return b24.call("crm.entity.mergeBatch", params={"entityTypeId": 3, "entityIds": list(numbers)})

    assert merge(one, same) == {"STATUS": "SUCCESS", "ENTITY_IDS": [same]}
    assert len(b24.call("crm.contact.get", id=one)["PHONE"]) == 2
    assert merge(one, other) == {"STATUS": "CONFLICT", "ENTITY_IDS": []}
    assert b24.refused("crm.entity.mergeBatch", params={"entityTypeId": 3, "entityIds": [one]})[1] == 0


def test_stages_sources_and_funnels_are_those_of_the_company(b24):
    rows = b24.call("crm.status.list", filter={"ENTITY_ID": "DEAL_STAGE"}, order={"SORT": "ASC"})
    assert [(row["STATUS_ID"], row["NAME"]) for row in rows][:3] == [
        ("NEW", "Новый лид"),
        ("PREPARATION", "Переговоры"),
        ("PREPAYMENT_INVOICE", "Счёт выставлен"),
    ]
    assert [row["SEMANTICS"] for row in rows][-2:] == ["S", "F"]
    assert rows[0]["EXTRA"] == {"SEMANTICS": "process", "COLOR": "#39A8EF"}
    funnels = b24.call("crm.category.list", entityTypeId=2)["categories"]
    assert [(row["id"], row["name"], row["isDefault"]) for row in funnels] == [(0, "Кровля", "Y"), (1, "Сервис", "N")]
    assert b24.refused("crm.category.list", entityTypeId=1)[1] == "ENTITY_TYPE_NOT_SUPPORTED"
    assert "STATUS" in {row["ID"] for row in b24.call("crm.status.entity.types")}
    assert b24.call("crm.status.entity.items", entityId="DEAL_TYPE")[0] == {
        "NAME": "Продажа",
        "SORT": 10,
        "STATUS_ID": "SALE",
    }


def test_the_people_of_the_company_are_found_by_mail_and_by_extension(b24):
    row = b24.call("user.get", FILTER={"EMAIL": "anna@krovlya.ru"})[0]
    assert (row["ID"], row["ACTIVE"], row["UF_PHONE_INNER"], row["LAST_ACTIVITY_DATE"]) == ("5", True, "101", {})
    assert ids(b24.call("user.get", ACTIVE=False)) == [8]
    assert ids(b24.call("user.search", FILTER={"FIND": "Петров"})) == [6]
    assert [row["NAME"] for row in b24.call("department.get", sort="ID", order="DESC")] == [
        "Отдел продаж",
        "Кровля Плюс",
    ]
    b24.control("users", {"user_id": 5, "at_work": False})
    assert b24.call("timeman.status", USER_ID=5)["STATUS"] == "CLOSED"
    assert b24.refused("timeman.status", USER_ID=999) == (400, "", "User not found")
