"""Registers by key, by recorder and by record, and their virtual tables."""

from tests.sandbox.onec.onec_client import INVOICE

RECEIPTS = "AccumulationRegister_ОплатаСчетов"


def test_registers_are_read_by_key_by_recorder_and_by_record(api):
    ref = api.invoice()
    paid = api.act("pay", document=ref, amount="28")
    key = (
        "InformationRegister_СтатусыДокументов(Организация_Key=guid'0a1b2c30-1111-11ef-9a01-00155d0a0b01',"
        f"Документ='{ref}',Документ_Type='StandardODATA.{INVOICE}')"
    )
    assert api.get(key)["Статус"] == "ОплаченЧастично"
    assert api.get(key.replace(f"'{ref}',Документ_Type='StandardODATA.{INVOICE}'", f"cast(guid'{ref}','{INVOICE}')"))
    assert api.refusal("GET", f"InformationRegister_СтатусыДокументов(Документ='{ref}')")[:2] == (400, "7")
    assert api.list(RECEIPTS)[0]["Recorder"] == paid["ref"]
    row = api.list(f"{RECEIPTS}_RecordType", filter="Active eq true")[0]
    assert (row["Сумма"], row["СчетНаОплату_Type"]) == (28, f"StandardODATA.{INVOICE}")


def test_virtual_tables_sum_movements_and_slice_registers(api):
    ref = api.invoice()
    api.act("pay", document=ref, amount="100", on="2026-07-17")
    api.act("pay", document=ref, amount="50", on="2026-07-20")
    api.act("refund", document=ref, amount="30")
    turned = api.list(
        f"{RECEIPTS}/Turnovers(StartPeriod=datetime'2026-07-18T00:00:00',EndPeriod=datetime'2026-07-31T00:00:00')"
    )
    assert [one["СуммаTurnover"] for one in turned] == [50]
    # A balance stands at the start of its moment: the payment of that midnight is not in it yet.
    assert api.list(f"{RECEIPTS}/Balance(Period=datetime'2026-07-20T00:00:00')")[0]["СуммаBalance"] == 100
    assert api.list(f"{RECEIPTS}/Balance()")[0]["СуммаBalance"] == 120
    condition = f"СчетНаОплату eq cast(guid''{ref}'',''{INVOICE}'')"
    assert api.list(f"{RECEIPTS}/Balance(Condition='{condition}',Dimensions='СчетНаОплату')")[0]["СчетНаОплату"] == ref
    both = api.list(f"{RECEIPTS}/BalanceAndTurnovers(StartPeriod=datetime'2026-07-18T00:00:00')")[0]
    assert [both[f"Сумма{one}"] for one in ("OpeningBalance", "Turnover", "ClosingBalance")] == [100, 20, 120]
    rates = "InformationRegister_КурсыВалют"
    api.post(rates, {"Period": "2026-07-10T00:00:00", "Валюта_Key": "0a1b2c50-1111-11ef-9a01-00155d0a0b01", "Курс": 2})
    assert api.list(f"{rates}/SliceLast(Period=datetime'2026-07-01T00:00:00')")[0]["Курс"] == 1
    assert api.list(f"{rates}/SliceLast()")[0]["Курс"] == 2
    assert api.list(f"{rates}/SliceFirst()")[0]["Курс"] == 1
    assert api.refusal("GET", f"{rates}/Balance()")[:2] == (400, "6")
