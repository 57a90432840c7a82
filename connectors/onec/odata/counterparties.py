"""Контрагенты: found by ИНН and КПП, made with contact data; one that was merged into another is followed by ИНН."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from connectors.onec.account import key_of
from connectors.onec.odata.base import Base
from connectors.onec.odata.contacts import contact_rows
from connectors.onec.odata.marks import mark_of, marked
from connectors.onec.odata.metadata import reference
from connectors.onec.odata.naming import Choice
from connectors.onec.odata.query import Row, text
from provodka import taxpayer
from provodka.accounting import Counterparty, NewCounterparty, PartyKind
from provodka.errors import Rejected

WRONG_INN: Final = "ИНН «{inn}» неверен ({why}): исправьте его в карточке компании и повторите действие."
WRONG_KPP: Final = "КПП «{kpp}» неверен (нужно 9 знаков, как 770101001): исправьте его в карточке компании."
MERGED: Final = (
    "Контрагента сделки в 1С больше нет (удалён или объединён с другим), а по ИНН {inn} подходит {count}. Выберите "
    "нужного в 1С, лишних пометьте на удаление, затем повторите действие."
)
NOT_KEPT: Final = (
    "1С сохранила не то, что было послано: {what}. Администратору 1С: проверьте длину полей и обработчики записи "
    "контрагента; карточка помечена на удаление."
)
HEAD: Final = "01"  # in a КПП: registered where the firm itself is


@dataclass(frozen=True, slots=True)
class Party:
    """A counterparty for a document; `partner` is empty where the configuration has none. `ours`: we made it."""

    ref: str
    partner: str = ""
    ours: bool = False


class Counterparties:
    """The counterparties of one base."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self._names = base.names.counterparty

    def find(self, who: NewCounterparty) -> list[Counterparty]:
        """See `connectors.onec.road.Road.find_counterparties`."""
        if not who.inn:
            rows = self._by_mark(self._names.set, self._names.comment, who.mark) or self._by_name(who)
        else:
            _check(who)
            rows = self._of_branch(self._by_inn(who.inn), who)
        for row in rows:
            self._keep(row)
        return [self._read(row) for row in rows]

    def create(self, who: NewCounterparty, ref: str) -> str:
        """Make it under our key, where the base lets us choose. Its ref."""
        _check(who)
        base, names = self._base, self._names
        body: dict[str, object] = {"Ref_Key": ref, "Description": who.name or who.full_name}
        body |= self._set(names.full_name, who.full_name or who.name)
        body |= self._chosen(names.set, names.kind, who.kind)
        if who.inn:
            body |= self._set(names.inn, who.inn)
        if who.kpp and who.kind is PartyKind.LEGAL:
            body |= self._set(names.kpp, who.kpp)
        if who.ogrn:
            body |= self._set(names.ogrn, who.ogrn)
        body |= self._set(names.comment, marked(who.mark))
        if names.partner:
            partner = self._partner(who)
            body |= base.schema.set_to(names.set, names.partner.attribute, partner, of=names.partner.set)
        body |= contact_rows(base, who)
        for attribute, value in names.fixed.items():
            body |= self._set(attribute, value)
        made = base.ensure(names.set, body, "Контрагент")
        self._echoed(made, body)
        self._keep(made)
        return str(made["Ref_Key"])

    def party(self, ref: str, buyer: NewCounterparty) -> Party:
        """The counterparty for a document; where it is gone meanwhile, the only one that fits the buyer."""
        known: Party | None = self._base.kept(("party", ref), lambda: None)
        if known is not None:
            return known
        row = self._base.client.one(self._names.set, ref) if ref else None
        if row is not None and row.get("DeletionMark") is not True:
            return self._keep(row)
        found = self.find(buyer)
        if len(found) != 1:
            hint = MERGED.format(inn=buyer.inn or buyer.name, count=len(found))
            raise Rejected("the counterparty is not there any more", hint=hint)
        return self.party(found[0].ref, buyer)

    # searches

    def _by_inn(self, inn: str) -> list[Row]:
        """Exactly so, else somewhere within: people type spaces around it."""
        attribute = self._names.inn
        rows = self._base.living(self._names.set, f"{attribute} eq {text(inn)}")
        if not rows:
            rows = self._base.living(self._names.set, f"substringof({text(inn)},{attribute})")
        return [row for row in rows if _digits(row.get(attribute)) == inn]

    def _of_branch(self, rows: list[Row], who: NewCounterparty) -> list[Row]:
        """Branches share the ИНН and differ by КПП. One without a КПП is the firm, as long as no other fits better; and
        where a head office is wanted (its КПП has 01 in the middle), so is the only head office there: it has moved.
        """
        if who.kind is not PartyKind.LEGAL or not who.kpp:
            return rows
        kpps = [str(row.get(self._names.kpp) or "").strip() for row in rows]
        exact = [row for row, kpp in zip(rows, kpps, strict=True) if kpp == who.kpp]
        nameless = [row for row, kpp in zip(rows, kpps, strict=True) if not kpp]
        heads = [row for row, kpp in zip(rows, kpps, strict=True) if who.kpp[4:6] == kpp[4:6] == HEAD]
        return exact or nameless or (heads if len(heads) == 1 else [])

    def _by_mark(self, name: str, attribute: str, mark: str) -> list[Row]:
        if not self._base.schema.has(name, attribute):
            return []
        comment = attribute.removesuffix("?")
        rows = self._base.living(name, f"substringof({text(marked(mark))},{comment})")
        return [row for row in rows if mark_of(row.get(comment)) == mark]

    def _by_name(self, who: NewCounterparty) -> list[Row]:
        """The whole name; of a private person only among private persons, and never one that has an ИНН."""
        names = self._names
        full = names.full_name.removesuffix("?")
        wanted = {one for one in (who.name, who.full_name) if one}
        tests = [f"{attribute} eq {text(one)}" for one in sorted(wanted) for attribute in ("Description", full)]
        rows = self._base.living(names.set, f"({' or '.join(tests)})")
        kind = names.kind.values.get(who.kind)
        return [
            row
            for row in rows
            if not str(row.get(names.inn) or "").strip()
            and (kind is None or str(row.get(names.kind.attribute.removesuffix("?")) or kind) == kind)
        ]

    # making

    def _partner(self, who: NewCounterparty) -> str:
        names = self._names.partner
        assert names is not None  # noqa: S101 -- asked for only where the profile has one
        if not self._base.takes_our_keys and (found := self._by_mark(names.set, names.comment, who.mark)):
            return str(found[0]["Ref_Key"])
        ref = key_of(f"{who.mark}:partner")
        body: dict[str, object] = {"Ref_Key": ref, "Description": who.name or who.full_name}
        if names.kind:
            body |= self._chosen(names.set, names.kind, who.kind)
        body |= self._base.schema.set_to(names.set, names.comment, marked(who.mark))
        for attribute, value in names.fixed.items():
            body |= self._base.schema.set_to(names.set, attribute, value)
        return str(self._base.ensure(names.set, body, "Партнёр")["Ref_Key"])

    def _echoed(self, made: Row, body: Row) -> None:
        """1C cuts what is too long without a word: an ИНН that was cut must not stay."""
        for attribute in (self._names.inn, self._names.kpp):
            name = attribute.removesuffix("?")
            sent, kept = str(body.get(name) or ""), str(made.get(name) or "").strip()
            if sent != kept:
                self._base.client.change(self._names.set, str(made["Ref_Key"]), {"DeletionMark": True})
                what = f"{name} «{sent}» → «{kept}»"
                raise Rejected("the counterparty was not kept as it was sent", hint=NOT_KEPT.format(what=what))

    def _chosen(self, name: str, choice: Choice, kind: PartyKind) -> Row:
        value = choice.values.get(kind)
        return self._base.schema.set_to(name, choice.attribute, value) if value else {}

    def _set(self, attribute: str, value: object) -> Row:
        return self._base.schema.set_to(self._names.set, attribute, value)

    def _keep(self, row: Row) -> Party:
        partner = reference(row, self._names.partner.attribute) if self._names.partner else ""
        ours = bool(mark_of(row.get(self._names.comment.removesuffix("?"))))
        party = Party(str(row["Ref_Key"]), partner, ours)
        self._base.keep(("party", party.ref), party)
        return party

    def _read(self, row: Row) -> Counterparty:
        names = self._names
        return Counterparty(
            ref=str(row["Ref_Key"]),
            name=str(row.get("Description") or ""),
            full_name=str(row.get(names.full_name.removesuffix("?")) or ""),
            inn=_digits(row.get(names.inn)),
            kpp=str(row.get(names.kpp) or "").strip(),
        )


def _check(who: NewCounterparty) -> None:
    if who.inn and not taxpayer.inn(who.inn):
        hint = WRONG_INN.format(inn=who.inn, why=_WHY.get(taxpayer.wrong_inn(who.inn), "так не бывает"))
        raise Rejected(f"{who.mark}: {taxpayer.wrong_inn(who.inn)}", hint=hint)
    if who.kpp and not taxpayer.kpp(who.kpp):
        raise Rejected(f"{who.mark}: no КПП", hint=WRONG_KPP.format(kpp=who.kpp))


def _digits(value: object) -> str:
    return re.sub(r"\D", "", str(value or ""))


_WHY: Final = {
    "its check digits are wrong": "не сходятся контрольные цифры",
    "an ИНН has 10 or 12 digits": "должно быть 10 или 12 цифр",
    "nobody has it": "такого ИНН ни у кого нет",
}
