"""Filters, selections, order, pages, expansions, keys and virtual tables of the OData interface."""

import base64
from decimal import Decimal

import pytest
import requests

from tests.sandbox.onec.onec_client import CONTRACT, COUNTERPARTY, INVOICE, PAYMENT, SHIPMENT, at

GOODS = "Catalog_Номенклатура"
BUYER = "5b2f7c10-6a31-11f0-9a01-00155d0a0b01"
METRE = "0a1b2c71-1111-11ef-9a01-00155d0a0b01"


@pytest.mark.parametrize(
    ("condition", "articles"),
    [
        ("Артикул eq 'rOZ-2z'", ["ROZ-2Z"]),
        ("Артикул ne '' and not (Услуга eq true)", ["KAB-3x2.5", "ROZ-2Z"]),
        ("startswith(Description,'каб') or endswith(Description,'городу')", ["DELIVERY", "KAB-3x2.5"]),
        ("substringof('двойная',Description)", ["ROZ-2Z"]),
        ("like(Артикул,'[^KR]%')", ["DELIVERY"]),
        ("like(Артикул,'_OZ%')", ["ROZ-2Z"]),
        ("substring(Артикул,1,3) eq 'KAB'", ["KAB-3x2.5"]),
        ("concat(Артикул,'!') eq 'ROZ-2Z!'", ["ROZ-2Z"]),
        ("ЕдиницаИзмерения/Code eq '006'", ["KAB-3x2.5"]),
        ("ЕдиницаИзмерения_Key eq guid'0a1b2c71-1111-11ef-9a01-00155d0a0b01'", ["KAB-3x2.5"]),
        (
            f"ЕдиницаИзмерения eq cast(guid'{METRE}','Catalog_КлассификаторЕдиницИзмерения')",
            ["KAB-3x2.5"],
        ),
        ("isof(ЕдиницаИзмерения,'Catalog_Валюты')", []),
        ("Артикул eq null", [""]),
        ("Parent_Key eq guid'00000000-0000-0000-0000-000000000000' and Услуга", ["DELIVERY"]),
        ("Артикул eq 'O''Нил'", []),
    ],
)
def test_a_filter_over_a_catalog_finds(api, condition, articles):
    assert [one["Артикул"] for one in api.list(GOODS, filter=condition, orderby="Артикул")] == articles


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("Date ge datetime'2026-07-15T00:00:00' and Date lt datetime'2026-07-16T00:00:00'", True),
        ("year(Date) eq 2026 and month(Date) eq 7 and day(Date) eq 15 and hour(Date) eq 12", True),
        ("quarter(Date) eq 3 and dayofweek(Date) eq 3 and dayofyear(Date) eq 196 and minute(Date) eq 0", True),
        ("dateadd(Date,'month',1) eq datetime'2026-08-15T12:00:00'", True),
        ("dateadd(Date,'day',1) gt datetime'2026-07-16T12:00:00'", False),
        ("datedifference(Date,datetime'2026-07-20T00:00:00','day') eq 5", True),
        ("datedifference(Date,datetime'2026-09-01T00:00:00','month') eq 2", True),
        ("СуммаДокумента sub 28 eq 13000 and СуммаДокумента gt -1", True),
        ("СуммаДокумента div 2 add 1 mul 2 eq 6516", True),
        ("(СуммаДокумента add 0.5) mul 2 eq 26057 and round(СуммаДокумента div 3) eq 4343", True),
        ("Товары/any(d: d/Цена gt 1000 and d/Количество eq 1)", True),
        ("Товары/all(строка: строка/Цена gt 100)", False),
        (
            "Товары/any(d: d/Номенклатура eq cast(guid'0a1b2c61-1111-11ef-9a01-00155d0a0b01','Catalog_Номенклатура'))",
            True,
        ),
        ("Товары/any(d: d/Номенклатура eq guid'0a1b2c61-1111-11ef-9a01-00155d0a0b01')", False),
        ("Контрагент/ИНН eq '7701999111' and ДоговорКонтрагента/Owner/КПП eq '770101001'", True),
        ("substringof('op:6f1c',Комментарий) and Posted eq true and DeletionMark eq false", True),
        ("Руководитель_Key eq null", True),
    ],
)
def test_a_filter_over_documents_holds(api, condition, found):
    api.invoice()
    assert bool(api.list(INVOICE, filter=condition)) is found


@pytest.mark.parametrize(
    "condition",
    [
        "Артикул eq",
        "Артикул in ('1')",
        "contains(Артикул,'1')",
        "length(Артикул) eq 1",
        "tolower(Артикул) eq '1'",
        "Артикул eq 1",
        "Артикул+eq+'1'",
        "Услуга eq datetime'26-01-01T00:00:00'",
        "Ref_Key eq guid'abc'",
        "Артикул eq 'x' Артикул",
        "(" * 2000 + "Услуга" + ")" * 2000,
        "year(Артикул) eq 1",
        "1 div 0 eq 1",
    ],
)
def test_a_filter_that_is_none_is_refused_with_code_14(api, condition):
    answer = api.call("GET", GOODS, filter=condition)
    assert answer.status_code == 400, condition
    assert answer.json()["odata.error"]["code"] == "14"


def test_wrong_names_are_refused_by_a_filter_or_selection_but_not_by_an_order(api):
    assert api.refusal("GET", GOODS, filter="Нет/Тоже eq 1")[:2] == (400, "6")
    assert api.refusal("GET", GOODS, filter="Нет/any(d: d/Цена gt 1)")[:2] == (400, "6")
    assert api.refusal("GET", GOODS, select="Ref_Key,Нет")[:2] == (400, "10")
    assert len(api.list(GOODS, orderby="Нет desc,Description")) == 4
    assert api.refusal("GET", GOODS, top="-1")[:2] == (400, "14")


def test_a_selection_shows_stars_sections_and_presentations(api):
    ref = api.invoice()
    api.act("pay", document=ref)
    whole = api.list(INVOICE, select="*")[0]
    assert {"Товары", "Контрагент_Key"} <= set(whole)
    assert "Товары" not in api.list(INVOICE, select="**")[0]
    part = api.list(
        INVOICE, format="json;odata=nometadata", select="Number,Товары/Количество,Контрагент____Presentation"
    )[0]
    assert part == {
        "Number": "00БП-000001",
        "Товары": [{"Количество": 100}, {"Количество": 12}, {"Количество": 1}],
        "Контрагент____Presentation": "Ромашка-Трейд ООО",
    }
    words = api.list(PAYMENT, select="*,*____Presentation")[0]
    assert words["Контрагент____Presentation"] == "Ромашка-Трейд ООО"
    shipped = api.act("ship", document=ref)
    one = api.get(at(SHIPMENT, shipped["ref"]), select="*____Presentation")
    assert (
        one["СчетНаОплатуПокупателю____Presentation"] == "Счет на оплату покупателю 00БП-000001 от 15.07.2026 12:00:00"
    )


def test_an_expansion_needs_a_list_and_its_property_selected(api):
    ref = api.invoice()
    api.act("pay", document=ref)
    assert api.list(INVOICE, expand="Контрагент")[0]["Контрагент"]["ИНН"] == "7701999111"
    assert "Контрагент" not in api.list(INVOICE, select="Number", expand="Контрагент")[0]
    assert "ИНН" in api.list(INVOICE, select="Number,Контрагент", expand="Контрагент")[0]["Контрагент"]
    assert "Контрагент" not in api.get(at(INVOICE, ref), expand="Контрагент")
    assert api.list(PAYMENT, expand="Контрагент/Catalog_Контрагенты/*")[0]["Контрагент_Expanded"]["КПП"] == "770101001"


def test_pages_and_counts(api):
    everything = [one["Ref_Key"] for one in api.list(GOODS, orderby="Code desc,Ref_Key")]
    assert [one["Ref_Key"] for one in api.list(GOODS, orderby="Code desc,Ref_Key", skip=1, top=2)] == everything[1:3]
    assert api.call("GET", f"{GOODS}/$count", filter="Услуга eq false").text == "3"
    assert api.get(GOODS, inlinecount="allpages", top=1)["odata.count"] == "4"
    assert "odata.count" not in api.get(GOODS)


def test_values_have_the_forms_of_1c(api):
    ref = api.invoice(posted=False)
    answer = api.get(at(INVOICE, ref))
    row = answer["Товары"][0]
    assert row["LineNumber"] == "1"
    assert row["Цена"] == Decimal("85.4")
    assert answer["СуммаДокумента"] == 13028
    assert answer["Руководитель_Key"] == "00000000-0000-0000-0000-000000000000"
    paid = api.post(PAYMENT, {})
    assert (paid["Контрагент"], paid["Контрагент_Type"]) == ("", "StandardODATA.Undefined")
    assert paid["ДатаВходящегоДокумента"] == "0001-01-01T00:00:00"
    assert api.call("GET", at(INVOICE, ref)).text.count('"СуммаДокумента": 13028,') == 1


def test_a_plain_guid_finds_nothing_in_a_composite_reference_where_a_cast_does(api):
    api.act("pay", document=api.invoice())
    assert api.list(PAYMENT, filter=f"Контрагент eq guid'{BUYER}'") == []
    assert len(api.list(PAYMENT, filter=f"Контрагент eq cast(guid'{BUYER}','Catalog_Контрагенты')")) == 1
    assert api.list(PAYMENT, filter=f"Контрагент eq cast(guid'{BUYER}','Catalog_Организации')") == []
    assert len(api.list(PAYMENT, filter=f"Контрагент ne guid'{BUYER}'")) == 1


def test_one_walks_from_an_object_to_its_parts(api):
    ref = api.invoice()
    assert api.get(f"{at(INVOICE, ref)}/Контрагент/ИНН")["value"] == "7701999111"
    assert api.get(f"{at(INVOICE, ref)}/Контрагент")["Ref_Key"] == BUYER
    assert [one["Цена"] for one in api.list(f"{at(INVOICE, ref)}/Товары")] == [Decimal("85.4"), 249, 1500]
    assert api.get(f"{INVOICE}_Товары(Ref_Key=guid'{ref}',LineNumber=2)")["Цена"] == 249
    assert len(api.list(f"{INVOICE}_Товары", filter=f"Ref_Key eq guid'{ref}' and Цена gt 100")) == 2
    assert api.refusal("GET", f"{at(INVOICE, ref)}/Руководитель")[:2] == (400, "6")
    assert api.refusal("GET", f"{at(INVOICE, ref)}/Нет")[:2] == (400, "6")
    assert api.refusal("GET", f"{INVOICE}(guid'abc')")[:2] == (400, "1")
    assert api.refusal("GET", f"{INVOICE}_Нет")[:2] == (404, "8")


def test_formats_are_chosen_by_the_option_or_by_accept(api):
    def kind(accept="*/*", **options):
        answer = api.session.get(api.address(GOODS, **options), headers={"Accept": accept}, timeout=30)
        return answer.headers["Content-Type"], answer.text

    assert kind()[0].startswith("application/atom+xml")
    assert kind(format="atom")[0].startswith("application/atom+xml")
    assert "minimalmetadata" in kind("application/json")[0]
    assert "nometadata" in kind(format="application/json;odata=nometadata")[0]
    assert '"odata.type": "StandardODATA.Catalog_Номенклатура"' in kind(format="json;odata=fullmetadata")[1]
    assert "navigationLinkUrl" not in kind(format="json;odata=nometadata")[1]
    assert api.session.get(api.address(GOODS, format="csv"), timeout=30).status_code == 400
    assert api.call("HEAD", "$metadata").status_code == 405


def test_a_cyrillic_login_with_an_empty_password_is_taken_in_utf_8_only(api):
    api.control("users", {"name": "Обмен CRM", "password": ""})
    for encoding, status in (("utf-8", 200), ("cp1251", 401)):
        word = base64.b64encode("Обмен CRM:".encode(encoding)).decode()
        answer = requests.get(api.root, headers={"Authorization": f"Basic {word}"}, timeout=30)
        assert answer.status_code == status
    assert requests.get(api.root, timeout=30).headers["WWW-Authenticate"].startswith("Basic")


def test_contracts_of_an_owner_are_found_by_a_single_typed_reference(api):
    api.invoice()
    assert len(api.list(CONTRACT, filter=f"Owner_Key eq guid'{BUYER}'")) == 1
    accounts = "Catalog_БанковскиеСчета"
    assert api.list(accounts, filter="Owner eq guid'0a1b2c30-1111-11ef-9a01-00155d0a0b01'") == []
    assert (
        len(
            api.list(accounts, filter="Owner eq cast(guid'0a1b2c30-1111-11ef-9a01-00155d0a0b01','Catalog_Организации')")
        )
        == 1
    )
    assert api.list(COUNTERPARTY, filter="IsFolder eq false and DeletionMark eq false")
