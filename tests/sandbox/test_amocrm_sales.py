"""Lists with products and invoices, customers with their purchases, and what links them to leads."""

import sqlite3
from pathlib import Path

import pytest

from sandbox.amocrm import AmoCrm, Limit
from tests.sandbox.amocrm_client import ANNA, Api

PRODUCTS, INVOICES, PRICES = 4001, 4003, 4010
PUMP = {
    "name": "Насос",
    "custom_fields_values": [
        {"field_code": "SKU", "values": [{"value": "P-100"}]},
        {"field_code": "PRICE", "values": [{"value": 7500}]},
        {"field_code": "EXTERNAL_ID", "values": [{"value": "1c-guid-1"}]},
    ],
}
BILL = {
    "name": "Счёт 238",
    "custom_fields_values": [
        {"field_code": "BILL_STATUS", "values": [{"enum_code": "created"}]},
        {"field_code": "PAYER", "values": [{"value": {"entity_type": "contacts", "entity_id": 21000001}}]},
        {"field_code": "BILL_PRICE", "values": [{"value": 14250}]},
        {"field_code": "BILL_VAT_TYPE", "values": [{"enum_code": "vat_included"}]},
    ],
}


def link_to(element_id, catalog_id, quantity=2, **metadata):
    known = {"catalog_id": catalog_id, "quantity": quantity, **metadata}
    return {"to_entity_id": element_id, "to_entity_type": "catalog_elements", "metadata": known}


def test_the_lists_are_shown_with_their_types_and_one_more_can_be_made(api):
    body = api.get("/catalogs").json()
    assert "_total_items" not in body
    assert [row["type"] for row in body["_embedded"]["catalogs"]] == ["products", "invoices", "suppliers", "regular"]
    (list_id,) = api.add("/catalogs", {"name": "Договоры", "type": "regular", "can_link_multiple": False})
    assert api.patch(f"/catalogs/{list_id}", {"name": "Договоры 2026"}).json()["name"] == "Договоры 2026"
    (only,) = api.get("/catalogs", type="invoices").json()["_embedded"]["catalogs"]
    assert only["id"] == INVOICES
    assert api.get("/catalogs/5").status_code == 404
    codes = [row["code"] for row in api.get(f"/catalogs/{INVOICES}/custom_fields").json()["_embedded"]["custom_fields"]]
    assert {"BILL_STATUS", "BILL_PRICE", "ITEMS", "PAYER"} <= set(codes)


def test_a_product_is_made_found_and_changed(api):
    (pump,) = api.add(f"/catalogs/{PRODUCTS}/elements", PUMP)
    (found,) = api.get(f"/catalogs/{PRODUCTS}/elements", query="p-100").json()["_embedded"]["elements"]
    assert (found["id"], found["catalog_id"], found["name"]) == (pump, PRODUCTS, "Насос")
    assert api.get(f"/catalogs/{PRICES}/elements").status_code == 204
    changed = api.patch(f"/catalogs/{PRODUCTS}/elements", [{"id": pump, "name": "Насос 2"}]).json()
    assert changed["_embedded"]["elements"][0]["name"] == "Насос 2"
    (shown,) = api.get(f"/catalogs/{PRODUCTS}/elements", **{"filter[id][]": pump}).json()["_embedded"]["elements"]
    assert [one["field_code"] for one in shown["custom_fields_values"]] == ["SKU", "PRICE", "EXTERNAL_ID"]


def test_an_invoice_needs_its_status_and_is_marked_as_paid(api):
    path = f"/catalogs/{INVOICES}/elements"
    assert api.problems(api.post(path, [{"name": "Счёт"}])) == {("0", "custom_fields_values"): "FieldMissing"}
    assert api.problems(api.post(path, [{}])) | {("0", "name"): "FieldMissing"} == api.problems(api.post(path, [{}]))
    (bill,) = api.add(path, BILL)
    paid = {"custom_fields_values": [{"field_code": "BILL_STATUS", "values": [{"enum_code": "paid"}]}]}
    assert api.patch(f"{path}/{bill}", paid).json()["name"] == "Счёт 238"
    shown = api.get(f"{path}/{bill}", **{"with": "invoice_link"}).json()
    status = next(one for one in shown["custom_fields_values"] if one["field_code"] == "BILL_STATUS")
    assert status["values"] == [{"value": "Оплачен", "enum_id": 431002, "enum_code": "paid"}]
    assert shown["invoice_link"].endswith(f"/billing/invoice/print/{bill}")


def test_products_hang_on_a_lead_with_their_quantity(api):
    (lead,) = api.add("/leads", {"name": "Скважина"})
    (pump,) = api.add(f"/catalogs/{PRODUCTS}/elements", PUMP)
    answer = api.post(f"/leads/{lead}/link", [link_to(pump, PRODUCTS, 2.5, updated_by=0)]).json()
    (row,) = answer["_embedded"]["links"]
    assert row["metadata"] == {"quantity": 2.5, "catalog_id": PRODUCTS, "price_id": None}
    (shown,) = api.get(f"/leads/{lead}", **{"with": "catalog_elements"}).json()["_embedded"]["catalog_elements"]
    assert (shown["id"], shown["metadata"]["quantity"]) == (pump, 2.5)
    assert api.get(f"/leads/{lead}/links", **{"filter[to_catalog_id]": 4010}).json()["_total_items"] == 0
    assert api.get(f"/leads/{lead}/links", **{"filter[to_entity_type]": "catalog_elements"}).json()["_total_items"] == 1
    gone = {"to_entity_id": pump, "to_entity_type": "catalog_elements", "metadata": {"catalog_id": PRODUCTS}}
    assert api.post(f"/leads/{lead}/unlink", [gone]).status_code == 204
    kinds = [one["type"] for one in api.get("/events").json()["_embedded"]["events"]]
    assert kinds[:2] == ["catalog_element_unlinked", "catalog_element_linked"]


def test_a_link_to_a_product_names_its_list_and_quantity_and_an_invoice_belongs_to_one_lead(api):
    first, second = api.add("/leads", {}, {})
    (pump,) = api.add(f"/catalogs/{PRODUCTS}/elements", PUMP)
    (bill,) = api.add(f"/catalogs/{INVOICES}/elements", BILL)
    bare = {"to_entity_id": pump, "to_entity_type": "catalog_elements"}
    assert api.problems(api.post(f"/leads/{first}/link", [bare])) == {
        ("0", "metadata.catalog_id"): "FieldMissing",
        ("0", "metadata.quantity"): "FieldMissing",
    }
    wrong = link_to(pump, INVOICES)
    assert api.problems(api.post(f"/leads/{first}/link", [wrong])) == {
        ("0", "metadata.catalog_id"): "NotSupportedChoice"
    }
    assert api.post(f"/leads/{first}/link", [link_to(bill, INVOICES, 1)]).status_code == 200
    refused = api.problems(api.post(f"/leads/{second}/link", [link_to(bill, INVOICES, 1)]))
    assert refused == {("0", "to_entity_id"): "NotSupportedChoice"}


def test_a_lead_cannot_be_linked_to_a_customer(api):
    (lead,) = api.add("/leads", {})
    (buyer,) = api.add("/customers", {"name": "Опт"})
    answer = api.post(f"/leads/{lead}/link", [{"to_entity_id": buyer, "to_entity_type": "customers"}])
    assert api.problems(answer) == {("0", "to_entity_type"): "NotSupportedChoice"}


def test_a_customer_is_a_card_with_contacts_tags_notes_tasks_and_a_next_purchase(api):
    (contact,) = api.add("/contacts", {"name": "Иван"})
    wish = {
        "name": "Постоянный клиент",
        "next_date": 1769817600,
        "next_price": 5000,
        "responsible_user_id": ANNA,
        "_embedded": {"contacts": [{"id": contact, "is_main": True}], "tags": [{"name": "опт"}]},
    }
    (buyer,) = api.add("/customers", wish)
    api.add(f"/customers/{buyer}/notes", {"note_type": "common", "params": {"text": "Ждёт весны"}})
    api.add("/tasks", {"text": "Позвонить", "complete_till": 5, "entity_id": buyer, "entity_type": "customers"})
    shown = api.get(f"/customers/{buyer}").json()
    assert (shown["next_price"], shown["next_date"], shown["status_id"]) == (5000, 1769817600, 4051380)
    assert (shown["closest_task_at"], shown["_embedded"]["tags"][0]["name"]) == (5, "опт")
    assert shown["_embedded"]["contacts"][0]["id"] == contact
    person = api.get(f"/contacts/{contact}", **{"with": "customers"}).json()
    assert [one["id"] for one in person["_embedded"]["customers"]] == [buyer]
    api.patch("/customers", [{"id": buyer, "next_price": 7000}])
    found = api.get("/customers", **{"filter[next_price][from]": 6000}).json()["_embedded"]["customers"]
    assert [one["id"] for one in found] == [buyer]
    assert api.get("/customers", **{"filter[next_price][to]": 6000}).status_code == 204


def test_purchases_add_up_and_a_deleted_one_is_taken_back(api):
    (buyer,) = api.add("/customers", {"name": "Опт"})
    (pump,) = api.add(f"/catalogs/{PRODUCTS}/elements", PUMP)
    goods = {"catalog_elements": [{"id": pump, "metadata": {"catalog_id": PRODUCTS, "quantity": 2}}]}
    bought = {"price": 15000, "comment": "Счёт 238", "external_id": "1c-238", "next_price": 9000, "_embedded": goods}
    answer = api.post(f"/customers/{buyer}/transactions", [bought, {"price": 5000}]).json()
    first, second = (row["id"] for row in answer["_embedded"]["transactions"])
    shown = api.get(f"/customers/{buyer}").json()
    assert (shown["ltv"], shown["purchases_count"], shown["average_check"]) == (20000, 2, 10000)
    assert shown["next_price"] == 9000
    assert api.get(f"/customers/transactions/{first}").json()["_embedded"]["catalog_elements"][0]["id"] == pump
    assert api.delete(f"/customers/{buyer}/transactions/{second}").status_code == 204
    assert api.get(f"/customers/{buyer}").json()["ltv"] == 15000
    assert len(api.get("/customers/transactions").json()["_embedded"]["transactions"]) == 1
    assert api.problems(api.post(f"/customers/{buyer}/transactions", [{}])) == {("0", "price"): "FieldMissing"}
    assert "transaction_added" in [one["type"] for one in api.get("/events").json()["_embedded"]["events"]]


def test_bonus_points_are_earned_and_redeemed_but_not_beyond_the_balance(api):
    (buyer,) = api.add("/customers", {"name": "Опт"})
    path = f"/customers/{buyer}/bonus_points"
    assert api.post(path, {"earn": 120}).json() == {"bonus_points": 120}
    assert api.post(path, {"redeem": 100}).json() == {"bonus_points": 20}
    assert api.post(path, {"redeem": 21}).status_code == 400


def test_customers_follow_their_mode_and_are_refused_where_it_is_off(api):
    (buyer,) = api.add("/customers", {"name": "Опт"})
    assert api.get("/account").json()["customers_mode"] == "segments"
    api.patch("/customers/mode", {"mode": "periodicity", "is_enabled": True})
    assert api.get("/account").json()["customers_mode"] == "periodicity"
    api.patch("/customers/mode", {"mode": "periodicity", "is_enabled": False})
    assert api.get("/account").json()["customers_mode"] == "disabled"
    for refused in (
        api.post("/customers", [{"name": "x"}]),
        api.get("/customers"),
        api.get(f"/customers/{buyer}"),
        api.patch(f"/customers/{buyer}", {"name": "y"}),
        api.get("/customers/transactions"),
        api.post(f"/customers/{buyer}/bonus_points", {"earn": 1}),
    ):
        assert (refused.status_code, "426" in refused.json()["detail"]) == (403, True)


def test_segments_and_statuses_of_customers_are_lists_of_their_own(api):
    (segment,) = api.add("/customers/segments", {"name": "Опт", "color": "10599d"})
    (status,) = api.add("/customers/statuses", {"name": "VIP"})
    (buyer,) = api.add("/customers", {"name": "x", "status_id": status, "_embedded": {"segments": [{"id": segment}]}})
    shown = api.get(f"/customers/{buyer}").json()
    assert (shown["status_id"], [one["id"] for one in shown["_embedded"]["segments"]]) == (status, [segment])
    assert api.get(f"/customers/segments/{segment}").json()["customers_count"] == 1
    assert api.delete(f"/customers/segments/{segment}").status_code == 204
    assert api.get(f"/customers/{buyer}").json()["_embedded"]["segments"] == []
    assert api.get("/customers/statuses").json()["_total_items"] == 4


def test_a_segment_is_made_from_one_object_as_official_clients_send_it(api):
    made = api.post("/customers/segments", {"name": "Опт", "color": "10599d"}).json()
    assert made["name"] == "Опт"
    assert api.get(f"/customers/segments/{made['id']}").json()["color"] == "10599d"
    assert api.problems(api.post("/customers/segments", {})) == {("0", "name"): "FieldMissing"}


def test_the_switch_of_products_has_two_addresses(crm, api):
    assert api.patch("/catalogs/products/settings", {"is_enabled": False}).json()["is_enabled"] is False
    old = api.session.get(f"{crm.url}/api/v2/products_settings", timeout=30).json()
    assert old == {"is_enabled": False, "catalog_id": None}
    assert api.patch("/catalogs/products/settings", {"is_enabled": True}).json()["catalog_id"] == PRODUCTS


def test_the_only_customer_of_a_phone_without_open_leads_gets_the_call(api):
    (contact,) = api.add(
        "/contacts", {"custom_fields_values": [{"field_code": "PHONE", "values": [{"value": "+79000000001"}]}]}
    )
    (buyer,) = api.add("/customers", {"_embedded": {"contacts": [{"id": contact}]}})
    call = {"direction": "inbound", "duration": 5, "source": "АТС", "phone": "89000000001"}
    (row,) = api.post("/calls", [call]).json()["_embedded"]["calls"]
    assert (row["entity_type"], row["entity_id"]) == ("customers", buyer)


@pytest.fixture
def account_file(tmp_path: Path):
    return tmp_path / "amo.db"


def test_products_customers_and_their_links_survive_a_restart(account_file):
    with AmoCrm(account_file, limit=Limit(per_second=None)) as crm:
        api = Api(crm)
        (lead,) = api.add("/leads", {"name": "Скважина"})
        (pump,) = api.add(f"/catalogs/{PRODUCTS}/elements", PUMP)
        api.post(f"/leads/{lead}/link", [link_to(pump, PRODUCTS)])
        (buyer,) = api.add("/customers", {"name": "Опт"})
        api.post(f"/customers/{buyer}/transactions", [{"price": 100}])
        api.patch("/customers/mode", {"mode": "periodicity", "is_enabled": True})
        api.add("/roles", {"name": "Менеджер", "rights": {"leads": {"view": "M"}}})
        api.session.close()
    with AmoCrm(account_file, limit=Limit(per_second=None)) as crm:
        api = Api(crm)
        assert api.get(f"/leads/{lead}/links").json()["_embedded"]["links"][0]["to_entity_id"] == pump
        assert api.get(f"/customers/{buyer}").json()["ltv"] == 100
        assert api.get("/account").json()["customers_mode"] == "periodicity"
        assert api.get("/roles").json()["_embedded"]["roles"][0]["name"] == "Менеджер"
        assert api.get("/users").json()["_total_items"] == 4
        api.session.close()


def test_a_file_of_an_earlier_version_keeps_its_cards_and_gets_the_seed_of_what_it_lacks(account_file):
    with AmoCrm(account_file, limit=Limit(per_second=None)) as crm:
        api = Api(crm)
        api.add("/leads", {"name": "Скважина"})
        api.session.close()
    known = ("leads", "pipelines", "fields", "loss_reasons", "counters")
    with sqlite3.connect(account_file) as db:
        db.execute(f"delete from rows where kind not in ({', '.join('?' * len(known))})", known)
    db.close()
    with AmoCrm(account_file, limit=Limit(per_second=None)) as crm:
        api = Api(crm)
        assert [row["name"] for row in api.get("/leads").json()["_embedded"]["leads"]] == ["Скважина"]
        assert api.get("/users").json()["_total_items"] == 4
        assert len(api.get("/catalogs").json()["_embedded"]["catalogs"]) == 4
        api.add("/customers", {"name": "Опт"})
        api.session.close()
