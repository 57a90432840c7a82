"""The count of what was stored twice that a careful client stores once."""

from __future__ import annotations

from collections import Counter, defaultdict

from sandbox.bitrix24 import stages
from sandbox.bitrix24.errors import Json
from sandbox.bitrix24.identity import identities
from sandbox.bitrix24.schema import CONTACT, DEAL, LEAD, TYPES
from sandbox.bitrix24.store import Store


def count_doubles(store: Store) -> Json:
    """People (cards joined by any shared phone or e-mail) with several open leads or deals, and shared keys.

    `origins` counts pairs of ORIGINATOR_ID and ORIGIN_ID that more than one card of a kind carries.
    """
    people = _People()
    shared = _contacts_by_phone(store, people)
    answer: Json = {}
    for kind in (LEAD, DEAL):
        open_cards: dict[object, set[int]] = defaultdict(set)
        for row in store.table(TYPES[kind].table).values():
            for person in people.of(row) if stages.is_open(row) else ():
                open_cards[person].add(row["ID"])
        sizes = [len(held) for held in open_cards.values() if len(held) > 1]
        answer[f"open_{TYPES[kind].word}s"] = len(sizes)
        answer[f"extra_{TYPES[kind].word}s"] = sum(sizes) - len(sizes)
    return {**answer, "contacts_by_phone": shared, "origins": _origins(store)}


def _contacts_by_phone(store: Store, people: _People) -> int:
    holders: Counter[tuple[str, str]] = Counter()
    for kind in (CONTACT, LEAD):
        for row in store.table(TYPES[kind].table).values():
            people.join(row, kind)
            if kind == CONTACT:
                holders.update({one for one in identities(row) if one[0] == "PHONE"})
    return sum(count > 1 for count in holders.values())


def _origins(store: Store) -> int:
    found: Counter[tuple[int, str, str]] = Counter()
    for kind in TYPES.values():
        for row in store.table(kind.table).values():
            if row.get("ORIGIN_ID"):
                found[kind.id, str(row.get("ORIGINATOR_ID")), row["ORIGIN_ID"]] += 1
    return sum(count > 1 for count in found.values())


class _People:
    """Joins cards into people by what they share."""

    def __init__(self) -> None:
        self._parents: dict[object, object] = {}

    def join(self, row: Json, kind: int) -> None:
        """Everything that a contact or a lead holds belongs to one person."""
        names: list[object] = list(identities(row))
        names += (
            [("contact", row["ID"])] if kind == CONTACT else [("contact", one) for one in row.get("CONTACT_IDS") or ()]
        )
        for name in names[1:]:
            self._parents[self._root(name)] = self._root(names[0])

    def of(self, row: Json) -> set[object]:
        names: list[object] = [*identities(row), *(("contact", one) for one in row.get("CONTACT_IDS") or ())]
        return {self._root(name) for name in names}

    def _root(self, one: object) -> object:
        self._parents.setdefault(one, one)
        while self._parents[one] != one:
            self._parents[one] = self._parents[self._parents[one]]
            one = self._parents[one]
        return one
