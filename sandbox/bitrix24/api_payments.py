"""Payments of deals and invoices, and the orders that stand behind them."""

from __future__ import annotations

from functools import partial

from sandbox.bitrix24.api_items import kind_of
from sandbox.bitrix24.api_rows import shortest
from sandbox.bitrix24.call import Call, Page
from sandbox.bitrix24.errors import Json, RestError
from sandbox.bitrix24.filters import Comparer
from sandbox.bitrix24.lists import classic_tests, simple_columns
from sandbox.bitrix24.params import whole
from sandbox.bitrix24.registry import Methods
from sandbox.bitrix24.schema import DEAL, INVOICE

methods = Methods("crm")


@methods("crm.item.payment.add")
def payment_add(call: Call) -> int:
    """A payment of a deal or an invoice over its amount."""
    kind = kind_of(call.exact("entityTypeId"))
    owner = call.store.get(kind.table, whole(call.exact("entityId")))
    if owner is None or kind.id not in (DEAL, INVOICE):
        raise RestError(0, "Entity not found")
    payment_id = call.store.new_id("payments")
    row = {
        "id": payment_id,
        "owner": [kind.id, owner["ID"]],
        "accountNumber": f"{owner['ID']}/{payment_id}",
        "paid": "N",
        "datePaid": None,
        "empPaidId": None,
        "paySystemId": 6,
        "sum": shortest(owner.get("OPPORTUNITY") or 0.0),
        "currency": owner["CURRENCY_ID"],
        "paySystemName": "Безналичный расчёт",
    }
    call.store.put("payments", payment_id, row)
    return payment_id


@methods("crm.item.payment.list")
def payment_list(call: Call) -> list[Json]:
    """A bare list without a total."""
    owner = [whole(call.exact("entityTypeId")), whole(call.exact("entityId"))]
    return [_payment(call, row) for row in call.store.table("payments").values() if row["owner"] == owner]


def _payment(call: Call, row: Json) -> Json:
    return {key: call.shown(value) if key == "datePaid" else value for key, value in row.items() if key != "owner"}


def _paid(call: Call) -> Json:
    row = call.store.get("payments", whole(call.exact("id")))
    if row is None:
        raise RestError(0, "Недостаточно прав")
    return row


@methods("crm.item.payment.get")
def payment_get(call: Call) -> Json:
    return _payment(call, _paid(call))


@methods("crm.item.payment.delete")
def payment_delete(call: Call) -> bool:
    call.store.drop("payments", _paid(call)["id"])
    return True


def settle(call: Call, *, paid: bool) -> bool:
    row = _paid(call)
    row |= {
        "paid": "Y" if paid else "N",
        "datePaid": call.now if paid else None,
        "empPaidId": call.user_id if paid else None,
    }
    call.store.put("payments", row["id"], row)
    return True


methods.add("crm.item.payment.pay", partial(settle, paid=True))
methods.add("crm.item.payment.unpay", partial(settle, paid=False))


@methods("salescenter.payment.getPublicUrl", scope="salescenter")
def payment_url(call: Call) -> Json:
    """The address at which a client pays."""
    row = call.store.get("payments", call.whole("id"))
    if row is None:
        raise RestError(200640400001, "payment is not exists")
    order = ORDER_OFFSET + row["owner"][1]
    url = f"{call.base}/pub/site/10/oformleniezakaza/?orderId={order}&paymentId={row['id']}"
    return {"payment": {"url": url, "shortUrl": f"{call.base}/~p{row['id']}", "qr": ""}}


ORDER_OFFSET = 5101
"""An order stands behind each deal and invoice that has payments; its number is the card's with this added."""


@methods("crm.orderentity.list")
def order_entities(call: Call) -> Page:
    types = {"orderId": "integer", "ownerId": "integer", "ownerTypeId": "integer"}
    owners = dict.fromkeys(tuple(row["owner"]) for row in call.store.table("payments").values())
    found = [{"orderId": ORDER_OFFSET + number, "ownerId": number, "ownerTypeId": kind} for kind, number in owners]
    raw = call.params.get("filter")
    tests = classic_tests(raw if isinstance(raw, dict) else {}, simple_columns(types), Comparer(call.zone))
    return call.paged([row for row in found if all(test(row) for test in tests)], wrap="orderEntity")


@methods("sale.payment.list", scope="sale")
def sale_payments(call: Call) -> Page:
    types = {"id": "integer", "orderId": "integer", "paid": "string", "sum": "double"}
    found = [
        {"id": row["id"], "orderId": ORDER_OFFSET + row["owner"][1], "paid": row["paid"], "sum": row["sum"]}
        for row in call.store.table("payments").values()
    ]
    raw = call.params.get("filter")
    tests = classic_tests(raw if isinstance(raw, dict) else {}, simple_columns(types), Comparer(call.zone))
    return call.paged([row for row in found if all(test(row) for test in tests)], wrap="payments")
