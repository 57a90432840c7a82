"""What a client writes, and the habits of 1C with what is wrong in it."""

import threading
from decimal import Decimal

import pytest

from tests.sandbox.onec.onec_client import COUNTERPARTY, INVOICE, PAYMENT, SHIPMENT, at, body

EMPTY = "00000000-0000-0000-0000-000000000000"
OWN = "5b2f7c10-6a31-11f0-9a01-00155d0a0b77"


def test_location_holds_raw_bytes_of_utf_8(api):
    answer = api.call("POST", COUNTERPARTY, {"Ref_Key": OWN, "Description": "Ромашка"})
    assert answer.status_code == 201
    location = answer.headers["Location"].encode("latin-1").decode("utf-8")
    assert location == f"{api.root}Catalog_Контрагенты(guid'{OWN}')"


def test_a_key_of_the_client_is_taken_once(api):
    api.post(COUNTERPARTY, {"Ref_Key": OWN, "Description": "Ромашка"})
    again = {"Ref_Key": OWN.upper(), "Description": "Другая"}
    assert api.refusal("POST", COUNTERPARTY, again)[:2] == (400, "15")
    api.turn(duplicate_key="500")
    status, code, text = api.refusal("POST", COUNTERPARTY, again)
    assert (status, code) == (500, "-1")
    assert "нарушено условие уникальности" in text
    api.turn(own_key=False)
    assert api.post(COUNTERPARTY, again)["Ref_Key"] != OWN
    assert len(api.list(COUNTERPARTY)) == 2


def test_numbers_and_codes_are_given_by_year_and_prefix(api):
    first = api.post(INVOICE, {"Date": "2025-12-31T10:00:00"})
    second = api.post(INVOICE, {"Date": "2026-01-01T10:00:00"})
    third = api.post(INVOICE, {"Date": "2026-01-02T10:00:00"})
    assert [one["Number"] for one in (first, second, third)] == ["00БП-000001", "00БП-000001", "00БП-000002"]
    assert api.post(COUNTERPARTY, {"Description": "А"})["Code"] == "00-000001"
    assert api.post(COUNTERPARTY, {"Description": "Б", "Code": "00-000007"})["Code"] == "00-000007"
    assert api.post(COUNTERPARTY, {"Description": "В"})["Code"] == "00-000008"
    status, _, text = api.refusal("POST", INVOICE, {"Number": "00БП-000002", "Date": "2026-05-01T00:00:00"})
    assert status == 500
    assert "не уникально" in text


def test_nothing_is_posted_by_being_written(api):
    assert api.post(INVOICE, {"Posted": True, "DataVersion": "AAAAAAAAAAk="})["Posted"] is False


def test_a_document_without_a_date_gets_the_server_clock(api, onec):
    made = api.post(INVOICE, {})
    assert made["Date"][:10] == onec.base.now().date().isoformat()


def test_what_is_unknown_or_too_long_passes_without_a_word(api):
    made = api.post(
        COUNTERPARTY,
        {"Description": "Я" * 238, "НетТакого": 1, "ИНН": "77019991112345", "Parent_Key": OWN, "Code": None},
    )
    assert made["Description"] == "Я" * 100
    assert made["ИНН"] == "770199911123"
    assert made["Parent_Key"] == OWN
    assert "НетТакого" not in made
    changed = api.patch(at(COUNTERPARTY, made["Ref_Key"]), {"Ref_Key": EMPTY, "НетТакого": 1, "DataVersion": "x"})
    assert changed["Ref_Key"] == made["Ref_Key"]


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"Parent_Key": "abc"}, 400, "1"),
        ({"IsFolder": "да"}, 400, "1"),
        ({"ДатаРегистрации": "26-07-15T00:00:00"}, 400, "1"),
        ({"Description": ["а"]}, 500, "-1"),
        (["а"], 500, "-1"),
        (b'{"Description": ', 500, "-1"),
        (b"\xff", 500, "-1"),
        (b"[" * 5000, 500, "-1"),
        ({"КонтактнаяИнформация": "нет"}, 500, "-1"),
        ({"КонтактнаяИнформация": [{"LineNumber": "2"}]}, 400, "4"),
        ({"КонтактнаяИнформация": [{"Тип": "Адрес"}]}, 500, "-1"),
    ],
)
def test_a_body_that_does_not_fit_is_refused_and_writes_nothing(api, sent, status, code):
    assert api.refusal("POST", COUNTERPARTY, sent)[:2] == (status, code)
    assert api.list(COUNTERPARTY) == []


def test_a_malformed_whole_number_is_ignored_and_money_is_rounded(api):
    row = {"LineNumber": "1", "КратностьВзаиморасчетов": "много", "СуммаПлатежа": Decimal("10.005")}
    made = api.post(PAYMENT, {"СуммаДокумента": "12.345", "РасшифровкаПлатежа": [row]})
    assert made["СуммаДокумента"] == Decimal("12.35")
    assert made["РасшифровкаПлатежа"][0]["КратностьВзаиморасчетов"] == "0"
    assert api.refusal("POST", PAYMENT, {"СуммаДокумента": "дорого"})[:2] == (400, "1")


def test_a_patch_replaces_a_section_whole_and_a_put_resets_the_rest(api):
    made = api.counterparty()
    place = at(COUNTERPARTY, made["Ref_Key"])
    changed = api.patch(place, {"КонтактнаяИнформация": [{"LineNumber": "1", "Тип": "Адрес"}]})
    assert [one["Представление"] for one in changed["КонтактнаяИнформация"]] == [""]
    assert changed["ИНН"] == "7701999111"
    replaced = api.call("PUT", place, {"Description": "Новое"}).json()
    assert (replaced["ИНН"], replaced["КонтактнаяИнформация"]) == ("", [])
    assert replaced["Code"] == made["Code"]


def test_references_are_bound_by_links(api):
    link = "Catalog_Организации(guid'0a1b2c30-1111-11ef-9a01-00155d0a0b01')"
    made = api.post(INVOICE, {"Организация@odata.bind": link, "Контрагент@odata.bind": ""})
    assert made["Организация_Key"] == "0a1b2c30-1111-11ef-9a01-00155d0a0b01"
    assert made["Контрагент_Key"] == EMPTY
    paid = api.post(PAYMENT, {"Контрагент@odata.bind": link})
    assert paid["Контрагент_Type"] == "StandardODATA.Catalog_Организации"


def test_every_write_moves_the_version_on(api):
    made = api.counterparty()
    place = at(COUNTERPARTY, made["Ref_Key"])
    versions = {made["DataVersion"]}
    versions |= {api.patch(place, {"ИНН": "7701999111"})["DataVersion"] for _ in range(3)}
    assert len(versions) == 4


def test_rows_of_a_posted_document_are_changed_only_after_unposting(api):
    ref = api.invoice()
    place, rows = at(INVOICE, ref), body("bp_invoice_post_request.json")["Товары"][:1]
    assert api.refusal("PATCH", place, {"Товары": rows})[:2] == (500, "-1")
    assert api.patch(place, {"Комментарий": "можно"})["Posted"] is True
    answer = api.call("POST", f"{place}/Unpost")
    assert (answer.status_code, answer.content) == (200, b"")
    assert len(api.patch(place, {"Товары": rows})["Товары"]) == 1
    assert api.patch(place, {"Posted": True})["Posted"] is False
    api.post(f"{place}/Post", PostingModeOperational="false")
    assert api.get(place)["Posted"] is True


def test_posting_refuses_what_is_missing_or_marked(api):
    ref = api.invoice(posted=False, ДоговорКонтрагента_Key=EMPTY)
    assert "Договор" in api.refusal("POST", f"{at(INVOICE, ref)}/Post")[2]
    shipped = api.post(SHIPMENT, {"Организация_Key": OWN, "Контрагент_Key": OWN})["Ref_Key"]
    assert "Булево" in api.refusal("POST", f"{at(SHIPMENT, shipped)}/Post")[2]
    api.patch(at(INVOICE, ref), {"DeletionMark": True, "ДоговорКонтрагента_Key": OWN})
    assert "Помеченный на удаление" in api.refusal("POST", f"{at(INVOICE, ref)}/Post")[2]
    assert api.refusal("POST", f"{at(INVOICE, ref)}/Взять")[:2] == (400, "6")


def test_a_mark_of_deletion_unposts_and_a_delete_is_for_good(api):
    ref = api.invoice()
    marked = api.patch(at(INVOICE, ref), {"DeletionMark": True})
    assert (marked["DeletionMark"], marked["Posted"]) == (True, False)
    assert api.call("DELETE", at(INVOICE, ref)).status_code == 204
    assert api.refusal("GET", at(INVOICE, ref))[:2] == (404, "9")
    assert api.refusal("DELETE", at(INVOICE, ref))[:2] == (404, "9")


def test_rows_and_records_are_written_only_as_they_may_be(api):
    assert api.refusal("POST", f"{INVOICE}_Товары", {"LineNumber": "1"})[:2] == (400, "13")
    rates = "InformationRegister_КурсыВалют"
    record = {"Period": "2026-07-10T00:00:00", "Валюта_Key": "0a1b2c50-1111-11ef-9a01-00155d0a0b01", "Курс": 2}
    assert api.call("POST", rates, record).status_code == 200
    status, _, text = api.refusal("POST", rates, record)
    assert status == 400
    assert "уже существует" in text
    assert api.refusal("POST", "AccumulationRegister_ОплатаСчетов", {})[0] == 405
    assert api.refusal("PATCH", COUNTERPARTY, {})[0] == 405


def test_a_name_in_trade_may_not_repeat_unless_loaded_by_an_exchange(api):
    api.configure("ut")
    name = {"Description": "Розетка двойная с заземлением"}
    assert "не уникально" in api.refusal("POST", "Catalog_Номенклатура", name)[2]
    api.post("Catalog_Номенклатура", name, headers={"1C_OData-DataLoadMode": "true"})


def test_if_match_is_ignored_unless_the_release_honours_it(api):
    place = at(COUNTERPARTY, api.counterparty()["Ref_Key"])
    stale = {"If-Match": "AAAAAAAAAAk="}
    assert api.call("PATCH", place, {"КПП": ""}, stale).status_code == 200
    api.turn(if_match=True)
    assert api.call("PATCH", place, {"КПП": ""}, stale).status_code == 412
    assert api.call("DELETE", place, None, stale).status_code == 412
    fresh = {"If-Match": api.get(place)["DataVersion"]}
    assert api.call("PATCH", place, {"КПП": ""}, fresh).status_code == 200


def test_parallel_writers_of_one_key_make_one_object(api):
    statuses = []

    def create():
        statuses.append(api.call("POST", COUNTERPARTY, {"Ref_Key": OWN, "Description": "Ромашка"}).status_code)

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201] + [400] * 7
    assert len(api.list(COUNTERPARTY)) == 1
