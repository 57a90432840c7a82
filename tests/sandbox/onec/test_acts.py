"""The acts, the neutral documents and the stats by HTTP."""

from tests.sandbox.onec.onec_client import INVOICE, PAYMENT, at


def test_acts_and_documents_by_http(api):
    ref = api.invoice()
    assert api.act("pay", document="1", amount="100.10")["sum"] == "100.10"
    assert api.act("pay_many", documents={ref: "1"})["bases"] == [{"ref": ref, "sum": "1.00"}]
    api.act("edit_lines", document=ref, lines={"1": {"quantity": "50"}, "3": None})
    told = api.control("documents?kind=invoice")[0]
    assert told["counterparty"]["inn"] == "7701999111"
    assert [(one["article"], one["quantity"], one["price"], one["sum"], one["vat_rate"]) for one in told["lines"]] == [
        ("KAB-3x2.5", "50", "85.40", "4270.00", "22"),
        ("ROZ-2Z", "12", "249.00", "2988.00", "22"),
    ]
    assert api.act("ship", document=ref, lines={"1": "2"})["sum"] == "170.80"
    assert api.act("unpost", document=ref)["posted"] is False
    assert api.act("delete", document=ref)["deleted"] is True
    copy = api.act("take_copy")["copy"]
    assert api.act("restore", copy=copy) == {"restored": True}
    assert api.act("lock", document=ref, seconds=0.0)["locked"] == 0
    api.act("close_period", until="2026-07-31")
    assert "Дата запрета" in api.act("undelete", document=ref, status=409)["error"]
    assert "Дата запрета" in api.refusal("PATCH", at(INVOICE, ref), {"Комментарий": "x"})[2]
    assert "act must be one of" in api.act("dance", status=400)["error"]
    assert "Field required" in api.act("pay", status=400)["error"]
    assert "не найден" in api.act("pay", document="404", status=404)["error"]


def test_a_number_that_fits_several_documents_must_be_told_apart(api):
    api.act("pay", document=api.invoice())
    assert "несколько документов" in api.act("unpost", document="00БП-000001", status=409)["error"]


def test_stats_tell_calls_by_set_objects_and_doubles(api):
    api.invoice()
    api.counterparty(Ref_Key=None)
    api.post(INVOICE, {"Комментарий": "crm:b24:deal:90210 op:6f1c"})
    api.list(PAYMENT, filter="Date ge datetime'2026-07-01T00:00:00'")
    stats = api.control("stats")
    assert stats["calls"][f"GET {PAYMENT}"] == 1
    assert stats["calls"][f"POST {INVOICE}()/Post"] == 1
    assert stats["objects"]["invoice"] == 2
    assert set(stats["doubles"]["counterparties"]) == {"7701999111/770101001"}
    assert len(stats["doubles"]["documents"]["invoice crm:b24:deal:90210 op:6f1c"]) == 2
    assert len(api.control("counterparties")) == 2
