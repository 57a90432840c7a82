"""Public client libraries for 1C's OData, unmodified, against the emulator."""

from __future__ import annotations

import asyncio
from datetime import datetime
from urllib.parse import quote

import pytest
from enterprise_1c_odata import ODataClient, ODataQuery
from enterprise_1c_odata.client import ODataAuthError, ODataQueryError
from python_1c_odata import (
    AccumulationRegister,
    Catalog,
    ConcurrencyError,
    Document,
    EntityNotFound,
    F,
    Infobase,
    InformationRegister,
    ODataError,
    PostingMode,
    bind_field,
    cast,
    guid,
)

from tests.sandbox.onec.onec_client import CONTRACT, body

BUYER = {key: value for key, value in body("bp_counterparty_post_request.json").items() if not isinstance(value, list)}
ORGANIZATION = "0a1b2c30-1111-11ef-9a01-00155d0a0b01"


def infobase(onec, **options):
    return Infobase(onec.url, "base", "sandbox", "sandbox", **options)


def lines():
    rows = body("bp_invoice_post_request.json")["Товары"]
    return [
        {key: float(one) if isinstance(one, type(rows[0]["Цена"])) else one for key, one in row.items()} for row in rows
    ]


async def an_invoice(base):
    buyer = await Catalog(base, "Контрагенты").create(BUYER)
    contract = {"Owner_Key": buyer["Ref_Key"], "Description": "Основной договор"}
    made = await Catalog(base, "ДоговорыКонтрагентов").create(contract)
    header = {
        "Date": "2026-07-15T12:00:00",
        **bind_field("Организация", "Catalog_Организации", ORGANIZATION),
        "Контрагент_Key": buyer["Ref_Key"],
        "ДоговорКонтрагента_Key": made["Ref_Key"],
        "СуммаДокумента": 13028,
        "Товары": lines(),
    }
    invoices = Document(base, "СчетНаОплатуПокупателю")
    return await invoices.create(header, posting_mode=PostingMode.POST)


def test_an_async_client_creates_posts_and_finds_an_invoice(onec, api):
    async def work():
        async with infobase(onec) as base:
            made = await an_invoice(base)
            invoices = Document(base, "СчетНаОплатуПокупателю")
            answer = await invoices.get(made["Ref_Key"])
            assert answer["Posted"] is True
            assert answer["Организация_Key"] == ORGANIZATION
            with pytest.raises(ODataError) as locked:
                await invoices.edit(made["Ref_Key"], {"Товары": lines()[:1]})
            assert (locked.value.status, locked.value.internal_code) == (500, "-1")
            await invoices.unpost(made["Ref_Key"])
            assert len((await invoices.edit(made["Ref_Key"], {"Товары": lines()[:1]}))["Товары"]) == 1
            dated = (F("Date") >= datetime(2026, 7, 1)) & F("Товары").any(F("Цена").gt(85))
            page = await invoices.query(odata_filter=dated, select=["Number", "Контрагент_Key"], presentations=True)
            assert page.value[0]["Контрагент____Presentation"] == "Ромашка-Трейд ООО"
            return made

    made = asyncio.run(work())
    assert api.control("documents")[0]["ref"] == made["Ref_Key"]


def test_an_async_client_reads_pages_counts_registers_and_metadata(onec, api):
    async def work():
        async with infobase(onec) as base:
            goods = Catalog(base, "Номенклатура")
            assert await goods.count(odata_filter=F("Артикул") != "") == 3
            names = [one["Description"] async for one in goods.iterate(page_size=2, orderby="Description")]
            assert names == sorted(names)
            assert len(names) == 4
            rates = await InformationRegister(base, "КурсыВалют").slice_last(datetime(2026, 7, 1))
            assert rates["value"][0]["Курс"] == 1
            made = await an_invoice(base)
            api.act("pay", document=made["Ref_Key"], amount="100")
            turned = await AccumulationRegister(base, "ОплатаСчетов").turnovers(condition=F("Сумма") > 0)
            assert turned["value"][0]["СуммаTurnover"] == 100
            payer = cast(guid(made["Контрагент_Key"]), "Catalog_Контрагенты")
            paid = await Document(base, "ПоступлениеНаРасчетныйСчет").query(odata_filter=F("Контрагент").eq(payer))
            assert len(paid.value) == 1
            kind = await base.entity_type_for_set("Document_СчетНаОплатуПокупателю")
            assert "Контрагент" in kind.navigation_properties
            assert await base.has_entity_set("Document_СчетНаОплатуПокупателю_Товары")

    asyncio.run(work())


def test_an_async_client_speaks_atom_too(onec):
    async def work():
        async with infobase(onec, format="atom") as base:
            buyers = Catalog(base, "Контрагенты")
            made = await buyers.create(BUYER)
            page = await buyers.query(odata_filter=F("ИНН") == "7701999111", inlinecount=True)
            assert page.count == 1
            assert page.value[0]["Ref_Key"] == made["Ref_Key"]
            with pytest.raises(EntityNotFound) as missing:
                await buyers.get("5b2f7c10-6a31-11f0-9a01-00155d0a0bff")
            assert missing.value.internal_code == "9"

    asyncio.run(work())


def test_an_async_client_meets_a_changed_version_where_that_is_honoured(onec, api):
    async def work():
        async with infobase(onec) as base:
            buyers = Catalog(base, "Контрагенты")
            made = await buyers.create(BUYER)
            stale = made["DataVersion"]
            await buyers.edit(made["Ref_Key"], {"Комментарий": "раз"}, if_match=stale)
            await buyers.edit(made["Ref_Key"], {"Комментарий": "два"}, if_match=stale)
            api.turn(if_match=True)
            with pytest.raises(ConcurrencyError):
                await buyers.edit(made["Ref_Key"], {"Комментарий": "три"}, if_match=stale)
            await buyers.delete(made["Ref_Key"])
            assert await buyers.count() == 0

    asyncio.run(work())


def test_a_client_without_dependencies_reads_and_is_refused(onec, api):
    api.counterparty()
    client = ODataClient(api.root, "sandbox", "sandbox")
    goods = client.execute(ODataQuery(quote("Catalog_Номенклатура")).select("Description", "Артикул").top(2).skip(1))
    assert goods.count == 2
    assert set(goods.items[0]) == {"Description", "Артикул"}
    # It writes a plus for a space, which 1C takes for a plus.
    by_inn = ODataQuery(quote("Catalog_Контрагенты")).filter("ИНН eq '7701999111'")
    with pytest.raises(ODataQueryError, match="разборе опции"):
        client.execute(by_inn)
    api.turn(plus_is_space=True)
    assert client.execute(by_inn).items[0]["Description"] == "Ромашка-Трейд ООО"
    with pytest.raises(ODataAuthError):
        ODataClient(api.root, "sandbox", "wrong").execute(by_inn)
    with pytest.raises(ODataQueryError, match="не найден"):
        client.execute(ODataQuery(quote("Catalog_Поставщики")))


def test_a_client_is_told_of_a_contract_that_is_not_there(onec):
    async def work():
        async with infobase(onec) as base:
            with pytest.raises(EntityNotFound):
                await base.get(CONTRACT, key="5b2f7c10-6a31-11f0-9a01-00155d0a0bff")

    asyncio.run(work())
