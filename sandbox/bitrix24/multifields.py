"""Phones, e-mails, sites and messengers of a card: numbered rows that an update appends, changes or deletes."""

from __future__ import annotations

from typing import Any

from sandbox.bitrix24.errors import Json, RestError
from sandbox.bitrix24.params import rows, text, whole, yes
from sandbox.bitrix24.schema import MULTIFIELDS
from sandbox.bitrix24.store import Store

FLAGS = {"PHONE": "HAS_PHONE", "EMAIL": "HAS_EMAIL", "IM": "HAS_IMOL"}
OPEN_LINE = "imol|"


def apply_classic(store: Store, row: Json, fields: Json) -> None:
    """`PHONE: [{VALUE, VALUE_TYPE}]` appends, with `ID` it changes, with `DELETE=Y` or without a value it deletes."""
    for kind in MULTIFIELDS:
        for one in rows(fields.get(kind)):
            if not isinstance(one, dict):
                continue
            number, value = whole(one.get("ID")), text(one.get("VALUE")).strip()
            if yes(one.get("DELETE")):
                value = ""
            _apply(store, row, kind, number, value, text(one.get("VALUE_TYPE")))


def apply_universal(store: Store, row: Json, raw: Any) -> None:  # noqa: ANN401  # any JSON
    """`fm`: a list or keys `n0`, `n1` append, a row's number changes it, an empty `value` deletes it."""
    items = raw.items() if isinstance(raw, dict) else (("n", one) for one in rows(raw))
    for key, one in items:
        if not isinstance(one, dict):
            continue
        kind = text(one.get("typeId")).upper()
        number = whole(one.get("id")) or whole(key)
        if kind in MULTIFIELDS or number:
            _apply(store, row, kind, number, text(one.get("value")).strip(), text(one.get("valueType")))


def _apply(store: Store, row: Json, kind: str, number: int, value: str, value_type: str) -> None:
    found: list[Json] = row.setdefault("FM", [])
    if kind == "EMAIL" and value:
        check_email(value)
    if not number:
        if value:
            known = {"ID": store.new_id("fm"), "TYPE_ID": kind, "VALUE": value, "VALUE_TYPE": value_type or "WORK"}
            found.append(known)
        return
    for one in found:
        if one["ID"] == number:
            if not value:
                found.remove(one)
                return
            one["VALUE"] = value
            one["VALUE_TYPE"] = value_type or one["VALUE_TYPE"]


def check_email(value: str) -> None:
    name, _, domain = value.rpartition("@")
    if not name or "." not in domain or " " in value:
        raise RestError("ERROR_CORE", 'Ошибка в поле "E-mail": адрес указан неверно<br>')


def set_flags(row: Json) -> None:
    """HAS_PHONE and its like after a change."""
    held = row.get("FM", ())
    for kind, flag in FLAGS.items():
        ours = [one for one in held if one["TYPE_ID"] == kind and (kind != "IM" or one["VALUE"].startswith(OPEN_LINE))]
        row[flag] = "Y" if ours else "N"


def classic_rows(row: Json, kind: str) -> list[Json]:
    """As `crm.lead.get` shows them."""
    return [
        {"ID": str(one["ID"]), "VALUE_TYPE": one["VALUE_TYPE"], "VALUE": one["VALUE"], "TYPE_ID": kind}
        for one in row.get("FM", ())
        if one["TYPE_ID"] == kind
    ]


def universal_rows(row: Json) -> list[Json]:
    """As `crm.item.get` shows them in `fm`."""
    return [
        {"id": one["ID"], "valueType": one["VALUE_TYPE"], "value": one["VALUE"], "typeId": one["TYPE_ID"]}
        for one in row.get("FM", ())
    ]


def values(row: Json, kind: str, value_type: str = "") -> list[str]:
    """The bare values of one kind."""
    return [
        one["VALUE"]
        for one in row.get("FM", ())
        if one["TYPE_ID"] == kind and (not value_type or one["VALUE_TYPE"] == value_type)
    ]
