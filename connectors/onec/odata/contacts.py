"""Contact data of a counterparty: rows that 1C shows in its card."""

from __future__ import annotations

import re
from collections.abc import Sequence

from connectors.onec.odata.base import Base
from connectors.onec.odata.naming import ContactKind, Contacts
from connectors.onec.odata.query import Row
from provodka.accounting import NewCounterparty


def contact_rows(base: Base, who: NewCounterparty) -> Row:
    """The tabular section as it is sent; nothing where the base has none, or nothing is known."""
    names, name = base.names.counterparty.contacts, base.names.counterparty.set
    if names is None or not base.schema.has(name, rows=names.rows):
        return {}
    found = [_row(base, names, names.phone, phone) for phone in who.phones]
    found += [_row(base, names, names.email, email) for email in who.emails]
    found += [_row(base, names, names.address, who.address)] if who.address else []
    known = [row for row in found if row]
    return {names.rows: [{"LineNumber": str(n), **row} for n, row in enumerate(known, 1)]} if known else {}


def contact_kind(base: Base, names: Contacts, kind: ContactKind) -> str:
    """The ref of a kind of contact data, by its predefined name, else by what it is called; empty where there is none.

    Without it 1C would keep the row and never show it.
    """
    if not base.schema.has(names.kinds):
        return ""
    rows: Sequence[Row] = base.kept(names.kinds, lambda: base.living(names.kinds, ""))
    for name in kind.names:
        for row in rows:
            if name in (row.get("PredefinedDataName"), row.get("Description")):
                return str(row["Ref_Key"])
    return ""


def _row(base: Base, names: Contacts, kind: ContactKind, shown: str) -> Row:
    ref = contact_kind(base, names, kind)
    if not ref:
        return {}
    row: dict[str, object] = {"Тип": kind.type, "Вид_Key": ref, "Представление": shown}
    if kind is names.phone:
        digits = re.sub(r"\D", "", shown)
        row |= {"НомерТелефона": digits, "НомерТелефонаБезКодов": digits[-7:]}
    if kind is names.email:
        row |= {"АдресЭП": shown, "ДоменноеИмяСервера": shown.rpartition("@")[2]}
    section = base.schema.sets[base.names.counterparty.set].rows[names.rows]
    return {name: value for name, value in row.items() if name in section}
