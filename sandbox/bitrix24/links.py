"""Which contacts hang on a lead, deal, company or invoice, and which companies on a contact."""

from __future__ import annotations

from sandbox.bitrix24.errors import Json
from sandbox.bitrix24.params import rows, whole, yes
from sandbox.bitrix24.schema import COMPANY, CONTACT, TYPES, EntityType
from sandbox.bitrix24.store import Store

STEP = 10


def write(store: Store, kind: EntityType, row: Json, raw: Json) -> None:
    """Take the links out of a card's fields: `CONTACT_IDS` (or one `CONTACT_ID`), of a contact `COMPANY_IDS`."""
    if kind.id == COMPANY:
        if "CONTACT_ID" in raw:
            wanted = rows(raw["CONTACT_ID"]) or [raw["CONTACT_ID"]]
            set_contacts_of_company(store, row["ID"], [{"CONTACT_ID": whole(one)} for one in wanted])
        return
    word = "COMPANY" if kind.id == CONTACT else "CONTACT"
    if f"{word}_IDS" in raw:
        ids = [whole(one) for one in rows(raw[f"{word}_IDS"])]
    elif f"{word}_ID" in raw and (kind.id != CONTACT or "COMPANY_ID" in raw):
        one = whole(raw[f"{word}_ID"])
        held = [link for link in row.get("LINKS", ()) if link["ID"] != one]
        ids = ([one] if one else []) + ([link["ID"] for link in held] if one else [])
    else:
        return
    set_links(store, row, word, [{"ID": one} for one in ids])


def set_links(store: Store, row: Json, word: str, wanted: list[Json]) -> None:
    """Replace a card's links by `{ID, SORT, ROLE_ID, IS_PRIMARY}` rows; the first is primary if none is."""
    known = store.table(TYPES[CONTACT if word == "CONTACT" else COMPANY].table)
    kept: dict[int, Json] = {}
    for place, one in enumerate(wanted):
        if one["ID"] in known:
            sort = one.get("SORT") or STEP * (place + 1)
            kept.setdefault(one["ID"], {"SORT": sort, "ROLE_ID": 0, "IS_PRIMARY": one.get("IS_PRIMARY", "N")})
    found = sorted(({"ID": key, **value} for key, value in kept.items()), key=lambda link: link["SORT"])
    primary = next((link for link in found if link["IS_PRIMARY"] == "Y"), next(iter(found), None))
    for link in found:
        link["IS_PRIMARY"] = "Y" if link is primary else "N"
    row["LINKS"] = found
    row[f"{word}_IDS"] = [link["ID"] for link in found]
    row[f"{word}_ID"] = primary["ID"] if primary else None


def set_contacts_of_company(store: Store, company_id: int, items: list[Json]) -> None:
    """Replace the set of a company's contacts."""
    table = TYPES[CONTACT].table
    wanted = {one["CONTACT_ID"] for one in items}
    for contact in store.of(table, ("company", company_id)):
        if contact["ID"] not in wanted:
            unlink(store, table, contact, "COMPANY", company_id)
    for number in wanted:
        row = store.get(table, number)
        if row is not None and company_id not in (row.get("COMPANY_IDS") or ()):
            held = [*row.get("LINKS", ()), {"ID": company_id, "SORT": STEP * (len(row.get("LINKS", ())) + 1)}]
            set_links(store, row, "COMPANY", held)
            store.put(table, number, row)


def unlink(store: Store, table: str, row: Json, word: str, number: int) -> None:
    """Take one link away."""
    set_links(store, row, word, [link for link in row.get("LINKS", ()) if link["ID"] != number])
    store.put(table, row["ID"], row)


def forget(store: Store, kind: EntityType, number: int) -> None:
    """Take a deleted contact or company out of all cards that name it."""
    if kind.id not in (CONTACT, COMPANY):
        return
    word = kind.word.upper()
    for other in TYPES.values():
        for row in store.of(other.table, (kind.word, number)):
            if f"{word}_IDS" in row:
                unlink(store, other.table, row, word, number)
            else:
                row[f"{word}_ID"] = None
                store.put(other.table, row["ID"], row)


def read_items(raw: object, key: str) -> list[Json]:
    """The `items` of a set call as link rows."""
    found = []
    for one in rows(raw):
        if isinstance(one, dict):
            primary = "Y" if yes(one.get("IS_PRIMARY")) else "N"
            found.append({"ID": whole(one.get(key)), "SORT": whole(one.get("SORT")), "IS_PRIMARY": primary})
    return found
