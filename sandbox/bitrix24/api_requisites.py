"""Requisites of contacts and companies, their bank details, addresses, and links to deals."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from sandbox.bitrix24.call import Call, Page
from sandbox.bitrix24.cards import actor_of
from sandbox.bitrix24.errors import Json, plain
from sandbox.bitrix24.lists import classic_list, picked, simple_columns
from sandbox.bitrix24.params import text, whole
from sandbox.bitrix24.registry import Methods
from sandbox.bitrix24.schema import COMPANY, CONTACT, TYPES

methods = Methods("crm")
PRESETS = {1: "Организация", 2: "ИП", 3: "Физ. лицо"}
REQUISITE = 8
TIMES = ("DATE_CREATE", "DATE_MODIFY")


@dataclass(frozen=True, slots=True)
class Book:
    """A kind of rows: where they are kept, which fields hold numbers and which texts."""

    table: str
    numbers: tuple[str, ...]
    texts: tuple[str, ...]
    event: str = ""

    @property
    def types(self) -> dict[str, str]:
        found = dict.fromkeys(("ID", *self.numbers), "integer") | dict.fromkeys(self.texts, "string")
        return found | dict.fromkeys(TIMES, "datetime")


REQUISITES = Book(
    "requisites",
    ("ENTITY_TYPE_ID", "ENTITY_ID", "PRESET_ID", "SORT", "CREATED_BY_ID", "MODIFY_BY_ID"),
    (
        *(
            "NAME",
            "CODE",
            "XML_ID",
            "ORIGINATOR_ID",
            "ACTIVE",
            "ADDRESS_ONLY",
            "RQ_NAME",
            "RQ_FIRST_NAME",
            "RQ_LAST_NAME",
        ),
        *("RQ_SECOND_NAME", "RQ_COMPANY_NAME", "RQ_COMPANY_FULL_NAME", "RQ_INN", "RQ_KPP", "RQ_OGRN", "RQ_OGRNIP"),
        *("RQ_OKPO", "RQ_OKTMO", "RQ_OKVED", "RQ_DIRECTOR", "RQ_ACCOUNTANT", "RQ_CEO_NAME", "RQ_PHONE", "RQ_EMAIL"),
        "RQ_CONTACT",
    ),
    "ONCRMREQUISITE",
)
BANKS = Book(
    "bankdetails",
    ("ENTITY_ID", "COUNTRY_ID", "SORT", "CREATED_BY_ID", "MODIFY_BY_ID"),
    (
        *("NAME", "CODE", "XML_ID", "ORIGINATOR_ID", "ACTIVE", "COMMENTS", "RQ_BANK_NAME", "RQ_BANK_ADDR", "RQ_BIK"),
        *("RQ_ACC_NUM", "RQ_COR_ACC_NUM", "RQ_ACC_CURRENCY"),
    ),
)


def _read(book: Book, fields: Json) -> Json:
    found: Json = {name: whole(fields[name]) for name in book.numbers if name in fields}
    return found | {name: text(fields[name]) or None for name in book.texts if name in fields}


def _check_owner(call: Call, book: Book, row: Json) -> None:
    if book is BANKS:
        if call.store.get("requisites", row.get("ENTITY_ID") or 0) is None:
            raise plain("ENTITY_ID is not defined or invalid.")
        return
    if row.get("ENTITY_TYPE_ID") not in (CONTACT, COMPANY):
        raise plain("ENTITY_TYPE_ID is not defined or invalid.")
    if call.store.get(TYPES[row["ENTITY_TYPE_ID"]].table, row.get("ENTITY_ID") or 0) is None:
        raise plain("ENTITY_ID is not defined or invalid.")
    if row.get("PRESET_ID") not in PRESETS:
        raise plain("PRESET_ID is not defined or invalid.")


def add(call: Call, book: Book) -> int:
    row = _read(book, call.fields())
    _check_owner(call, book, row)
    if not row.get("NAME"):
        raise plain("NAME is not defined or invalid.")
    number = call.store.new_id(book.table)
    fresh = {"ACTIVE": "Y", "SORT": 500, "CREATED_BY_ID": call.user_id, "MODIFY_BY_ID": call.user_id}
    row = {"ID": number, **fresh, **row, "DATE_CREATE": call.now, "DATE_MODIFY": call.now}
    call.store.put(book.table, number, row)
    _tell(call, book, number, "ADD")
    return number


def _tell(call: Call, book: Book, number: int, verb: str) -> None:
    if book.event:
        call.events.publish(f"{book.event}{verb}", {"FIELDS": {"ID": number}}, actor_of(call), call.base)


def _row(call: Call, book: Book) -> Json:
    number = call.id()
    row = call.store.get(book.table, number)
    if row is None:
        raise plain(f"The {book.table.removesuffix('s')} with ID '{number}' is not found")
    return row


def _shown(call: Call, book: Book, row: Json) -> Json:
    found: Json = {}
    for name in book.types:
        value = row.get(name)
        found[name] = call.shown(value) if name in TIMES else None if value is None else str(value)
    return found


def get(call: Call, book: Book) -> Json:
    return _shown(call, book, _row(call, book))


def update(call: Call, book: Book) -> bool:
    row, fields = _row(call, book), call.fields()
    fixed = ("ENTITY_TYPE_ID", "ENTITY_ID")
    row |= {name: value for name, value in _read(book, fields).items() if name not in fixed}
    row |= {"DATE_MODIFY": call.now, "MODIFY_BY_ID": call.user_id}
    call.store.put(book.table, row["ID"], row)
    _tell(call, book, row["ID"], "UPDATE")
    return True


def delete(call: Call, book: Book) -> bool:
    row = _row(call, book)
    call.store.drop(book.table, row["ID"])
    if book is REQUISITES:
        for one in [one for one in call.store.table(BANKS.table).values() if one["ENTITY_ID"] == row["ID"]]:
            call.store.drop(BANKS.table, one["ID"])
    _tell(call, book, row["ID"], "DELETE")
    return True


def listing(call: Call, book: Book) -> Page:
    columns = simple_columns(book.types)
    found = call.store.table(book.table).values()
    return classic_list(call, found, columns, lambda row, select: picked(_shown(call, book, row), select))


def fields_of(call: Call, book: Book) -> Json:
    del call
    return {name: {"type": kind, "isReadOnly": name in ("ID", *TIMES)} for name, kind in book.types.items()}


for prefix, kind in (("crm.requisite", REQUISITES), ("crm.requisite.bankdetail", BANKS)):
    for verb, handler in (
        ("add", add),
        ("get", get),
        ("update", update),
        ("delete", delete),
        ("list", listing),
        ("fields", fields_of),
    ):
        methods.add(f"{prefix}.{verb}", partial(handler, book=kind))


@methods("crm.requisite.preset.list")
def presets(call: Call) -> Page:
    columns = simple_columns({"ID": "integer", "NAME": "string"})
    found = [{"ID": number, "NAME": name} for number, name in PRESETS.items()]
    return classic_list(call, found, columns, lambda row, select: picked({**row, "ID": str(row["ID"])}, select))


LINK = ("ENTITY_TYPE_ID", "ENTITY_ID", "REQUISITE_ID", "BANK_DETAIL_ID", "MC_REQUISITE_ID", "MC_BANK_DETAIL_ID")


@methods("crm.requisite.link.register")
def link(call: Call) -> bool:
    """Which requisites a deal or an invoice is made out to."""
    fields = call.fields()
    row = {name: whole(fields.get(name)) for name in LINK}
    kind = TYPES.get(row["ENTITY_TYPE_ID"])
    if kind is None:
        raise plain("ENTITY_TYPE_ID is not defined or invalid.")
    if call.store.get(kind.table, row["ENTITY_ID"]) is None:
        raise plain("Entity not found.")
    if row["REQUISITE_ID"] and call.store.get("requisites", row["REQUISITE_ID"]) is None:
        raise plain("REQUISITE_ID is not defined or invalid.")
    call.store.put("requisite_links", f"{kind.id}:{row['ENTITY_ID']}", row)
    return True


@methods("crm.requisite.link.get")
def link_get(call: Call) -> Json:
    row = call.store.get("requisite_links", f"{call.whole('entityTypeId')}:{call.whole('entityId')}")
    if row is None:
        raise plain("Not found")
    return {name: str(value) for name, value in row.items()}


@methods("crm.requisite.link.list")
def link_list(call: Call) -> Page:
    columns = simple_columns(dict.fromkeys(LINK, "integer"))
    found = call.store.table("requisite_links").values()
    return classic_list(call, found, columns, lambda row, _: {name: str(value) for name, value in row.items()})


ADDRESS = ("ADDRESS_1", "ADDRESS_2", "CITY", "POSTAL_CODE", "REGION", "PROVINCE", "COUNTRY", "COUNTRY_CODE")


@methods("crm.address.add")
def address_add(call: Call) -> bool:
    """An address of a requisite (type 8), one of each kind."""
    fields = call.fields()
    kind, owner = whole(fields.get("TYPE_ID")), whole(fields.get("ENTITY_ID"))
    if whole(fields.get("ENTITY_TYPE_ID")) != REQUISITE or call.store.get("requisites", owner) is None:
        raise plain("ENTITY_ID is not defined or invalid.")
    if not kind:
        raise plain("TYPE_ID is not defined or invalid.")
    row = {"TYPE_ID": kind, "ENTITY_TYPE_ID": REQUISITE, "ENTITY_ID": owner}
    call.store.put("addresses", f"{kind}:{owner}", row | {name: text(fields.get(name)) or None for name in ADDRESS})
    return True


@methods("crm.address.list")
def address_list(call: Call) -> Page:
    """Known for a total of 50 whatever there is, unless `start` is -1."""
    columns = simple_columns(
        {"TYPE_ID": "integer", "ENTITY_TYPE_ID": "integer", "ENTITY_ID": "integer", "CITY": "string"}
    )
    found = call.store.table("addresses").values()
    page = classic_list(call, found, columns, lambda row, _: {key: _str(value) for key, value in row.items()})
    return Page(page.result, 50 if call.start() >= 0 else page.total, page.next)


def _str(value: object) -> str | None:
    return None if value is None else str(value)
