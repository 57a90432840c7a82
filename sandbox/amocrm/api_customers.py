"""`/api/v4/customers` beyond what all cards share: the mode, purchases, bonus points; statuses and segments."""

from __future__ import annotations

from sandbox.amocrm import filters
from sandbox.amocrm.call import Call
from sandbox.amocrm.changes import Before
from sandbox.amocrm.customers_mode import MODE, MODES, need_customers
from sandbox.amocrm.model import Customer, Json
from sandbox.amocrm.problems import Checks, missing
from sandbox.amocrm.records import Transaction
from sandbox.amocrm.shelf import Member, Shelf

FILTERS: dict[str, filters.Maker] = {
    "id": filters.one_of("id"),
    "customer_id": filters.one_of("customer_id"),
    "external_id": filters.one_of("external_id"),
}

STATUSES = Shelf(
    "customer_statuses",
    "statuses",
    "/customers/statuses",
    {
        "name": Member(str, required=True),
        "sort": Member(int, 10),
        "color": Member(str, "#c1e0ff"),
        "type": Member(int, 0),
        "is_default": Member(bool, default=False),
    },
    "Status not found",
)
SEGMENTS = Shelf(
    "segments",
    "segments",
    "/customers/segments",
    {
        "name": Member(str, required=True),
        "color": Member(str, "10599d"),
        "available_products_price_types": Member(list, ()),
        "custom_fields_values": Member(list),
    },
    "Segment not found",
    stamped=True,
    further=lambda call, row: {"customers_count": sum(row.id in one.segments for one in call.store.customers.values())},
)


def set_mode(call: Call) -> Json:
    """`PATCH /customers/mode`."""
    call.rights.need_admin()
    item, checks = call.item(), Checks()
    checks.choice(item, "mode", MODES, required=True)
    if not isinstance(item.get("is_enabled"), bool):
        checks.wrong_type("is_enabled", "bool")
    checks.finish()
    switch: Json = {"mode": item["mode"], "is_enabled": item["is_enabled"]}
    call.store.set_setting(MODE, switch)
    return switch


def list_transactions(call: Call, customer_id: int | None = None) -> Json | None:
    """`GET /customers/transactions`, `GET /customers/{id}/transactions`."""
    need_customers(call)
    rows = [row for row in call.store.transactions.values() if not row.is_deleted]
    if customer_id is not None:
        _customer(call, customer_id)
        rows = [row for row in rows if row.customer_id == customer_id]
    found = filters.apply(rows, call.filters(), FILTERS)
    return call.listing("transactions", found, lambda row: _show(call, row))


def get_transaction(call: Call, transaction_id: int, customer_id: int | None = None) -> Json | None:
    """One purchase; 204 for an id that does not exist."""
    row = call.store.transactions.get(transaction_id)
    if row is None or row.is_deleted or customer_id not in (None, row.customer_id):
        return None
    return _show(call, row)


def create_transactions(call: Call, customer_id: int) -> Json:
    """`POST /customers/{id}/transactions`; an item may move the next purchase on, too."""
    customer, checks, items = _customer(call, customer_id), Checks(), call.items()
    call.rights.need("edit", customer)
    for request_id, item in items:
        checks.item(request_id)
        checks.integers(item, "price", "completed_at", "next_price", "next_date")
        if item.get("price") is None:
            checks.fail("price", "FieldMissing")
        _check_elements(call, item, checks)
    checks.finish()
    rows = [(request_id, _add(call, customer, item)) for request_id, item in items]
    shown = []
    for request_id, row in rows:
        links = call.links(f"customers/transactions/{row.id}")
        short = {"id": row.id, "customer_id": customer_id, "request_id": request_id, "_links": links}
        shown.append({**short, "_embedded": {"customer": _short(call, customer)}})
    return {"_total_items": len(shown), "_embedded": {"transactions": shown}}


def delete_transaction(call: Call, transaction_id: int, customer_id: int | None = None) -> None:
    """`DELETE /customers/transactions/{id}`: the customer's sums go back."""
    row = call.store.transactions.get(transaction_id)
    if row is None or row.is_deleted or customer_id not in (None, row.customer_id):
        raise missing("Transaction not found")
    customer = call.store.customers[row.customer_id]
    call.rights.need("edit", customer)
    row.is_deleted = True
    call.store.touch("transactions", row.id)
    _count(call, customer, -row.price, -1)


def bonus_points(call: Call, customer_id: int) -> Json:
    """`POST /customers/{id}/bonus_points`: `{earn}` or `{redeem}`; gives the new balance."""
    customer, item, checks = _customer(call, customer_id), call.item(), Checks()
    call.rights.need("edit", customer)
    checks.integers(item, "earn", "redeem")
    if item.get("earn") is None and item.get("redeem") is None:
        checks.fail("earn", "FieldMissing")
    checks.finish()
    balance = customer.bonus_points + (item.get("earn") or 0) - (item.get("redeem") or 0)
    if balance < 0:
        checks.fail("redeem", "NotSupportedChoice", "Not enough bonus points.")
    checks.finish()
    customer.bonus_points = balance
    call.store.save(customer)
    return {"bonus_points": balance}


def _customer(call: Call, customer_id: int) -> Customer:
    need_customers(call)
    customer = call.store.customers.get(customer_id)
    if customer is None:
        raise missing("Customer not found")
    call.rights.need("view", customer)
    return customer


def _check_elements(call: Call, item: Json, checks: Checks) -> None:
    embedded = item.get("_embedded")
    rows = embedded.get("catalog_elements") or [] if isinstance(embedded, dict) else []
    if not isinstance(rows, list):
        checks.wrong_type("_embedded.catalog_elements", "array")
        return
    for index, row in enumerate(rows):
        element_id = row.get("id") if isinstance(row, dict) else None
        if not isinstance(element_id, int) or element_id not in call.store.elements:
            checks.fail(f"_embedded.catalog_elements.{index}.id", "NotSupportedChoice")


def _add(call: Call, customer: Customer, item: Json) -> Transaction:
    row = Transaction(
        id=call.store.new_id("transactions"),
        customer_id=customer.id,
        price=item["price"],
        comment=item.get("comment"),
        external_id=item.get("external_id"),
        completed_at=item.get("completed_at") or call.now,
        created_by=call.user_id,
        created_at=call.now,
        updated_at=call.now,
        elements=(item.get("_embedded") or {}).get("catalog_elements") or [],
    )
    call.store.add("transactions", row)
    call.changes.transaction_added(row)
    for key in ("next_price", "next_date"):
        if item.get(key) is not None:
            setattr(customer, key, item[key])
    _count(call, customer, row.price, 1)
    return row


def _count(call: Call, customer: Customer, price: int, times: int) -> None:
    before = Before.of(customer)
    customer.ltv, customer.purchases_count = customer.ltv + price, customer.purchases_count + times
    customer.updated_at, customer.updated_by = call.now, call.user_id
    call.store.save(customer)
    call.changes.card_updated(customer, before)


def _short(call: Call, customer: Customer) -> Json:
    head = {"id": customer.id, "next_price": customer.next_price, "next_date": customer.next_date}
    return {**head, "_links": call.links(f"customers/{customer.id}")}


def _show(call: Call, row: Transaction) -> Json:
    return {
        "id": row.id,
        "price": row.price,
        "comment": row.comment,
        "completed_at": row.completed_at,
        "customer_id": row.customer_id,
        "external_id": row.external_id,
        "created_by": row.created_by,
        "updated_by": row.created_by,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "is_deleted": row.is_deleted,
        "account_id": call.store.seed.account_id,
        "_links": call.links(f"customers/transactions/{row.id}"),
        "_embedded": {
            "customer": _short(call, call.store.customers[row.customer_id]),
            "catalog_elements": row.elements,
        },
    }
