"""The HTTP service of a base follows the suggested contract, over HTTP."""

from __future__ import annotations

from decimal import Decimal

import pytest
import requests

from sandbox.onec.parties import BANKS
from tests.sandbox.onec.services.publication import HS, body_json

PARTLY = {1: Decimal(100), 2: Decimal(12)}


def shape(value):
    """The members of a body and the kinds of their values, without the values."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    if isinstance(value, list):
        return [shape(one) for one in value]
    return type(value)


def changes(onec, cursor="", **query):
    answer = onec.call("GET", "/changes", params={"cursor": cursor, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


def error(answer):
    return answer.json()["error"]


def test_the_invoice_of_the_reference_is_made_and_told_member_for_member(bp):
    answer = bp.invoice()
    sample = body_json("http/invoice_put_response.json")
    told = answer.json()
    assert answer.status_code == 201
    assert shape(told) == shape(sample)
    for name in ("status", "date", "posted", "total", "vat"):
        assert told[name] == sample[name]
    assert told["counterparty"]["created"]
    assert told["number"].startswith("00БП-")
    assert told["print_number"] == "1"


def test_the_same_invoice_again_is_the_one_that_exists(onec):
    first, second = onec.invoice().json(), onec.invoice()
    assert second.status_code == 200
    assert second.json() == {
        **first,
        "status": "existing",
        "counterparty": {**first["counterparty"], "created": False},
    }
    assert len(onec.base.papers.all("invoice")) == 1


def test_another_content_under_the_same_id_is_a_clash(onec):
    onec.invoice()
    answer = onec.invoice(comment="Другой комментарий")
    assert answer.status_code == 409
    assert error(answer)["field"] == "external_id"
    assert len(onec.base.papers.all("invoice")) == 1


def test_a_wrong_check_digit_is_refused_as_in_the_reference(bp):
    counterparty = {**body_json("http/invoice_put_request.json")["counterparty"], "inn": "7701999112"}
    answer = bp.invoice(counterparty=counterparty)
    assert answer.status_code == 422
    assert answer.json() == body_json("http/error_422.json")
    assert not bp.base.papers.all()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"organization": {"inn": "7701999111"}}, "organization.inn"),
        ({"currency": "USD"}, "currency"),
        ({"total": "13028.01"}, "total"),
        ({"total": 13028.0}, "total"),
        ({"date": "2026-07-15T12:00:00+03:00"}, "date"),
        ({"lines": []}, "lines"),
        ({"unknown": 1}, "unknown"),
        ({"external_id": "b24:deal:1"}, "external_id"),
    ],
)
def test_a_wrong_member_is_named(bp, changed, field):
    content = {**body_json("http/invoice_put_request.json"), **changed}
    answer = bp.call("PUT", "/invoices/b24:deal:90210", json=content)
    assert answer.status_code == 422
    assert error(answer)["field"] == field
    assert not bp.base.papers.all()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"sku": "NO-SUCH", "name": "Нет такого"}, "lines.0.sku"),
        ({"vat_rate": "21", "vat_sum": "1482.15"}, "lines.0.vat_rate"),
        ({"vat_sum": "1540.10"}, "lines.0.vat_sum"),
        ({"price": "85.50"}, "lines.0.sum"),
        ({"quantity": "0"}, "lines.0.quantity"),
        ({"quantity": "сто"}, "lines.0.quantity"),
    ],
)
def test_a_wrong_line_is_named(onec, changed, field):
    content = body_json("http/invoice_put_request.json")
    content["lines"][0] |= changed
    answer = onec.invoice(lines=content["lines"])
    assert answer.status_code == 422
    assert error(answer)["field"] == field
    assert not onec.base.papers.all()


def test_an_unknown_product_is_made_where_the_sender_asks_for_it(onec):
    content = body_json("http/invoice_put_request.json")
    content["lines"][0] |= {"sku": "NEW-1", "name": "Новый кабель"}
    answer = onec.invoice(lines=content["lines"], create_products=True)
    assert answer.status_code == 201
    line = onec.base.papers.of(answer.json()["ref"])
    assert onec.base.papers.goods(line).lines[0].article == "NEW-1"


def test_vat_on_top_adds_to_the_total(onec):
    lines = [{**body_json("http/invoice_put_request.json")["lines"][0], "vat_sum": "1878.80"}]
    answer = onec.invoice(price_includes_vat=False, lines=lines, total="10418.80")
    assert answer.status_code == 201, answer.text
    told = onec.call("GET", f"/documents/{answer.json()['ref']}").json()
    assert (told["sum"], told["vat"], told["price_includes_vat"]) == ("10418.80", "1878.80", False)


def test_a_discount_is_taken_off_the_sum_and_told(onec):
    line = {**body_json("http/invoice_put_request.json")["lines"][0], "sum": "8440.00", "vat_sum": "1521.97"}
    assert error(onec.invoice(lines=[line], total="8440.00"))["field"] == "lines.0.sum"
    answer = onec.invoice(lines=[{**line, "discount": "100.00"}], total="8440.00")
    assert answer.status_code == 201, answer.text
    (told,) = onec.call("GET", f"/documents/{answer.json()['ref']}").json()["lines"]
    assert (told["price"], told["sum"], told["discount"]) == ("85.40", "8440.00", "100.00")


def test_the_feed_tells_payment_and_shipment_as_in_the_reference(bp):
    invoice = bp.invoice().json()["ref"]
    cursor = changes(bp)["cursor"]
    payment = bp.base.accountant.pay(invoice)
    shipment = bp.base.accountant.ship(invoice, PARTLY)
    told, sample = changes(bp, cursor), body_json("http/changes_get_response.json")
    for item, paper in zip(sample["items"], (payment, shipment), strict=True):
        item |= {"ref": paper.ref, "number": paper.number, "date": paper.date.isoformat()}
    sample["items"][0]["allocations"][0]["invoice_ref"] = sample["items"][1]["invoice_ref"] = invoice
    assert told["items"] == sample["items"]
    assert told["has_more"] is False
    assert changes(bp, told["cursor"])["items"] == []


def test_the_feed_comes_in_pages_and_loses_nothing(ut):
    for number in range(5):
        assert ut.invoice(f"deal:{number}").status_code == 201
    cursor, seen, pages = "", [], 0
    while True:
        page = changes(ut, cursor, limit=3)
        seen += [(item["type"], item["ref"]) for item in page["items"]]
        cursor, pages = page["cursor"], pages + 1
        if not page["has_more"]:
            break
    assert pages == 4
    assert len(seen) == len(set(seen)) == 10  # an order and an invoice each


def test_a_payment_split_over_invoices_tells_each_share(ut):
    first, second = (ut.invoice(f"deal:{number}").json()["ref"] for number in (1, 2))
    ut.base.accountant.pay_many({first: Decimal(1000), second: Decimal("200.50")})
    payment = changes(ut)["items"][-1]
    assert payment["sum"] == "1200.50"
    assert [(one["invoice_ref"], one["sum"]) for one in payment["allocations"]] == [
        (first, "1000.00"),
        (second, "200.50"),
    ]


def test_a_document_deleted_physically_is_told_by_its_key(bp):
    payment = bp.base.accountant.pay(bp.invoice().json()["ref"])
    cursor = changes(bp)["cursor"]
    bp.base.remove(payment.set, payment.ref)
    (item,) = changes(bp, cursor)["items"]
    assert (item["type"], item["ref"], item["deleted"], item["posted"]) == ("payment", payment.ref, True, False)


def test_a_base_restored_from_an_older_copy_gives_a_smaller_cursor(bp):
    bp.invoice("deal:1")
    bp.base.accountant.take_copy()
    bp.invoice("deal:2")
    cursor = changes(bp)["cursor"]
    bp.base.accountant.restore()
    told = changes(bp, cursor)
    assert told["items"] == []
    assert int(told["cursor"]) < int(cursor)


def test_an_order_is_made_from_the_invoice_once(ut):
    invoice = ut.invoice().json()
    first = ut.call("PUT", "/orders/deal:1:order", json={"invoice_ref": invoice["ref"]})
    second = ut.call("PUT", "/orders/deal:1:order", json={"invoice_ref": invoice["ref"]})
    other = ut.call("PUT", "/orders/deal:1:order", json={"invoice_ref": invoice["ref"], "comment": "иначе"})
    assert (first.status_code, second.status_code, other.status_code) == (201, 200, 409)
    assert (first.json()["status"], second.json()["status"]) == ("created", "existing")
    assert first.json()["ref"] == second.json()["ref"]
    assert first.json()["invoice_ref"] == invoice["ref"]
    assert first.json()["total"] == invoice["total"]
    assert len(ut.base.papers.all("order")) == 1


def test_the_order_under_an_invoice_of_ut_waits_till_it_is_ordered(ut):
    invoice = ut.invoice().json()
    order = invoice["order_ref"]
    assert ut.call("GET", f"/documents/{order}").json()["posted"] is False
    ut.call("PUT", "/orders/deal:1:order", json={"invoice_ref": invoice["ref"]})
    assert ut.call("GET", f"/documents/{order}").json()["posted"] is True


def test_what_was_made_is_found_by_its_external_id(ut):
    invoice = ut.invoice("deal:1").json()
    order = ut.call("PUT", "/orders/deal:1", json={"invoice_ref": invoice["ref"]}).json()
    company = ut.call("GET", "/counterparties/b24:company:4711").json()
    assert ut.call("GET", "/invoices/deal:1").json()["ref"] == invoice["ref"]
    assert ut.call("GET", "/orders/deal:1").json()["ref"] == order["ref"]
    assert company["ref"] == invoice["counterparty"]["ref"]
    for path in ("/invoices/deal:2", "/orders/deal:2", "/counterparties/b24:company:1"):
        assert error(ut.call("GET", path))["code"] == "not_found"


def test_post_stands_in_for_put_where_a_proxy_forbids_it(bp):
    content = body_json("http/invoice_put_request.json")
    first = bp.call("POST", "/invoices/b24:deal:90210/put", json=content)
    assert (first.status_code, bp.invoice().json()["status"]) == (201, "existing")


def test_the_feed_tells_whole_documents_where_it_is_asked_to(bp):
    ref = bp.invoice().json()["ref"]
    (item,) = changes(bp, details=1)["items"]
    assert item == bp.call("GET", f"/documents/{ref}").json()


def test_bookkeeping_has_no_orders_and_says_so(bp):
    answer = bp.call("PUT", "/orders/deal:1", json={"invoice_ref": bp.invoice().json()["ref"]})
    assert answer.status_code == 422
    assert error(answer)["code"] == "not_supported"
    assert "нет заказов" in error(answer)["message"]


def test_an_order_of_no_invoice_is_not_found(ut):
    answer = ut.call("PUT", "/orders/deal:1", json={"invoice_ref": "9d10b250-6b40-11f0-9a01-00155d0a0b01"})
    assert answer.status_code == 404
    assert error(answer)["field"] == "invoice_ref"


def test_a_cancelled_invoice_is_unposted_and_marked(onec):
    ref = onec.invoice().json()["ref"]
    for _ in range(2):
        told = onec.call("POST", f"/documents/{ref}/cancel").json()
        assert (told["deleted"], told["posted"]) == (True, False)
    assert all(paper.deleted for paper in onec.base.papers.all())


def test_what_was_paid_is_not_cancelled(onec):
    ref = onec.invoice().json()["ref"]
    payment = onec.base.accountant.pay(ref)
    answer = onec.call("POST", f"/documents/{ref}/cancel")
    assert answer.status_code == 422
    assert payment.number in error(answer)["message"]
    assert onec.base.papers.of(ref).posted


def test_a_counterparty_is_made_found_and_brought_up_to_date(onec):
    draft = body_json("http/invoice_put_request.json")["counterparty"]
    made = onec.call("PUT", "/counterparties/b24:company:4711", json=draft)
    again = onec.call("PUT", "/counterparties/b24:company:4711", json=draft)
    renamed = onec.call("PUT", "/counterparties/b24:company:4711", json={**draft, "name": "Ромашка"})
    found = onec.call("GET", "/counterparties", params={"inn": draft["inn"], "kpp": draft["kpp"]}).json()["items"]
    assert (made.status_code, again.status_code, renamed.status_code) == (201, 200, 200)
    assert made.json()["ref"] == again.json()["ref"] == renamed.json()["ref"]
    assert [(one["ref"], one["name"]) for one in found] == [(made.json()["ref"], "Ромашка")]
    assert onec.call("GET", "/counterparties", params={"inn": draft["inn"], "kpp": "770101999"}).json() == {"items": []}


def test_a_bank_account_comes_with_its_counterparty_once(onec):
    account = {"number": "40702810400000012345", "bic": "044599991", "bank": "ПАО «Учебный банк»"}
    draft = {**body_json("http/invoice_put_request.json")["counterparty"], "bank_account": account}
    for name in ("Ромашка", "Ромашка-Трейд"):
        answer = onec.call("PUT", "/counterparties/b24:company:4711", json={**draft, "name": name})
    sets = [name for name in onec.base.configuration.sets if name.startswith("Catalog_БанковскиеСчета")]
    records = [record for name in sets for record in onec.base.all(name)]
    owned = [one for one in records if answer.json()["ref"] in (one.get("Owner"), one.get("Owner_Key"))]
    assert [one["НомерСчета"] for one in owned] == [account["number"]]
    (banks,) = [name for name in BANKS if name in onec.base.configuration.sets]
    assert [one["Code"] for one in onec.base.all(banks)] == ["044599991"]


def test_another_firm_under_the_same_id_is_a_clash(onec):
    draft = body_json("http/invoice_put_request.json")["counterparty"]
    onec.call("PUT", "/counterparties/b24:company:4711", json=draft)
    answer = onec.call("PUT", "/counterparties/b24:company:4711", json={**draft, "kpp": "770101999"})
    assert answer.status_code == 409


def test_two_counterparties_of_one_inn_are_for_a_person_to_settle(onec):
    name = onec.base.configuration.roles.counterparty
    for _ in range(2):
        onec.base.write(name, {"Description": "Ромашка", "ИНН": "7701999111", "КПП": "770101001"})
    answer = onec.invoice()
    assert answer.status_code == 422
    assert error(answer)["code"] == "ambiguous"


def test_the_printed_form_is_a_pdf_and_may_come_later(onec):
    ref = onec.invoice().json()["ref"]
    onec.switch(print_after=2)
    answers = [onec.call("GET", f"/documents/{ref}/print/pdf") for _ in range(3)]
    assert [one.status_code for one in answers] == [404, 404, 200]
    assert error(answers[0])["code"] == "not_ready"
    assert answers[2].headers["Content-Type"] == "application/pdf"
    assert answers[2].content.startswith(b"%PDF-1.4")
    assert "filename*=UTF-8''" in answers[2].headers["Content-Disposition"]


def test_a_payment_has_no_printed_form(bp):
    payment = bp.base.accountant.pay(bp.invoice().json()["ref"])
    assert error(bp.call("GET", f"/documents/{payment.ref}/print/pdf"))["code"] == "no_form"


def test_ping_tells_configuration_and_version(onec):
    told = onec.call("GET", "/ping").json()
    assert told["configuration"] == onec.base.configuration.title
    assert told["version"]


def test_a_stranger_is_not_let_in(bp):
    answer = requests.get(f"{bp.url}{HS}/ping", auth=("sandbox", "wrong"), timeout=30)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_a_service_that_is_not_installed_is_not_found(bp):
    bp.switch(installed=False)
    assert bp.call("GET", "/ping").status_code == 404


def test_a_template_without_the_method_is_not_allowed(bp):
    assert bp.call("DELETE", "/invoices/1").status_code == 405
    assert bp.call("GET", "/no/such/template").status_code == 404


def test_json_may_begin_with_a_mark(bp):
    bp.switch(bom=True)
    assert bp.call("GET", "/ping").content.startswith(b"\xef\xbb\xbf{")


def test_an_exception_of_the_module_comes_as_its_text(bp):
    answer = bp.call("PUT", "/invoices/1", data=b"{not json")
    assert answer.status_code == 500
    assert answer.text.startswith("{HTTPСервис.crm.Модуль(")
    ref = bp.invoice().json()["ref"]
    bp.base.accountant.lock(ref, 60)
    locked = bp.call("POST", f"/documents/{ref}/cancel")
    assert locked.status_code == 500
    assert "Конфликт блокировок" in locked.text


def test_a_lock_conflict_on_demand_does_no_work_and_passes(bp):
    bp.turn(lock_conflicts=1)
    first, second = bp.invoice(), bp.invoice()
    assert first.status_code == 500
    assert "Конфликт блокировок" in first.text
    assert (second.status_code, second.json()["status"]) == (201, "created")


def test_a_closed_period_refuses_in_the_words_of_1c(bp):
    bp.base.accountant.close_period(bp.base.now().date())
    answer = bp.invoice()
    assert answer.status_code == 500
    assert "Дата запрета изменения" in answer.text


def test_a_wrong_switch_is_named(bp):
    answer = requests.post(f"{bp.url}/_sandbox/services", json={"bomb": True}, timeout=30)
    assert answer.status_code == 400
    assert "bomb" in answer.json()["error"]
