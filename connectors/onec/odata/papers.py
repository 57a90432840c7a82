"""Documents made, found, posted and taken back, so that none is there twice and no person's work is lost."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Final

from connectors.onec.odata.base import Base
from connectors.onec.odata.drafting import Draft, Drafting
from connectors.onec.odata.marks import mark_of, marked
from connectors.onec.odata.problems import EXISTS
from connectors.onec.odata.profile import PaperNames
from connectors.onec.odata.query import Row, every, moment, text
from connectors.onec.odata.reading import money
from provodka.errors import Rejected

NOT_KEPT: Final = (
    "1С записала документ {number} не так, как его послали: {what}. Документ помечен на удаление. Администратору 1С: "
    "проверьте обработчики записи, тип цен и автоскидки для пользователя обмена."
)
MARKED: Final = (
    "Документ {number} этой сделки в 1С помечен на удаление. Снимите пометку или выставьте новый счёт с другим номером "
    "в сделке."
)
EDITED: Final = (
    "Документ {number} изменили в 1С после нас: чужую работу не трогаем. Отмените его в 1С сами, сделка узнает об этом."
)


class Papers:
    """What is done to documents of any kind."""

    def __init__(self, base: Base, drafting: Drafting) -> None:
        self._base = base
        self._drafting = drafting

    def ensure(self, paper: PaperNames, draft: Draft) -> Row:
        """The document of this draft: made now, or by an earlier attempt, whatever has become of it since.

        Where the base takes our keys, a second one cannot come to be; where it does not (or we do not know yet), we
        look before.
        """
        if not self._base.takes_our_keys and (found := self.find(paper, draft.ref, draft.mark)):
            return found
        body = self._drafting.body(paper, draft)
        try:
            made = self._base.create(paper.set, body)
        except Rejected as error:
            if error.code != EXISTS:
                raise
            found = self.find(paper, draft.ref, draft.mark)
            if found is None:
                raise
            return found
        self._echoed(paper, body, made)
        return made

    def find(self, paper: PaperNames, ref: str, mark: str) -> Row | None:
        """By our key, else by our mark in the comment of documents of the last days; None where there is surely none.

        Raises Rejected for one that is marked for deletion.
        """
        found = self._base.client.one(paper.set, ref) or self._by_mark(paper, mark)
        if found is not None and found.get("DeletionMark") is True:
            hint = MARKED.format(number=found.get("Number"))
            raise Rejected(f"{paper.set} {found.get('Number')} is marked for deletion", hint=hint)
        return found

    def post(self, paper: PaperNames, row: Row) -> None:
        """Post it, where the settings and the profile want that and it is not posted yet."""
        if self._base.settings.post and paper.valid.posted and row.get("Posted") is not True:
            self._base.client.post(paper.set, str(row["Ref_Key"]))

    def withdraw(self, paper: PaperNames, ref: str, version: str) -> None:
        """Unposted and marked for deletion, as 1C's people do it; one that is gone or marked already stays so.

        `version` is the last that we know, empty for none: what a person has changed since is left to people.
        """
        row = self._base.client.one(paper.set, ref)
        if row is None or row.get("DeletionMark") is True:
            return
        if version and version != str(row.get("DataVersion") or version):
            raise Rejected(f"{paper.set} {ref} was changed in 1C", hint=EDITED.format(number=row.get("Number")))
        if row.get("Posted") is True:
            self._base.client.unpost(paper.set, ref)
        self._base.client.change(paper.set, ref, {"DeletionMark": True})

    def _by_mark(self, paper: PaperNames, mark: str) -> Row | None:
        base = self._base
        comment = base.schema.property(paper.set, paper.comment)
        if not comment:
            return None
        since = base.wall(base.now() - timedelta(days=base.settings.wide_days))
        where = every(f"substringof({text(marked(mark))},{comment})", f"Date ge {moment(since)}")
        rows = [row for row in base.client.rows(paper.set, where=where) if mark_of(row.get(comment)) == mark]
        return min(rows, key=lambda row: (row.get("DeletionMark") is True, str(row.get("Date"))), default=None)

    def _echoed(self, paper: PaperNames, sent: Row, made: Row) -> None:
        """1C drops what it does not know and counts anew without a word: a wrong invoice must not go out."""
        wrong = list(_differences(paper, sent, made))
        if wrong:
            self._base.client.change(paper.set, str(made["Ref_Key"]), {"DeletionMark": True})
            hint = NOT_KEPT.format(number=made.get("Number"), what="; ".join(wrong))
            raise Rejected(f"{paper.set} was not kept as it was sent", hint=hint)


def _differences(paper: PaperNames, sent: Row, made: Row) -> list[str]:
    wrong = []
    amount, kept = money(sent.get(paper.amount)), money(made.get(paper.amount))
    if amount != kept:
        wrong.append(f"сумма {amount} → {kept}, разница {kept - amount:+}")
    if paper.lines is None:
        return wrong
    section = paper.lines.rows[0]
    ours, theirs = sent.get(section), made.get(section)
    if not (isinstance(ours, list) and isinstance(theirs, list)):
        return wrong
    if len(ours) != len(theirs):
        return [*wrong, f"строк {len(ours)} → {len(theirs)}"]
    for n, (one, other) in enumerate(zip(ours, theirs, strict=True), 1):
        for name in (paper.lines.amount, paper.lines.vat_amount):
            was, now = money(one.get(name)), money(other.get(name))
            if was != now:
                wrong.append(f"строка {n}, {name} {was} → {now}, разница {now - was:+}")
        quantity = Decimal(str(one.get(paper.lines.quantity)))
        if quantity != Decimal(str(other.get(paper.lines.quantity))):
            wrong.append(f"строка {n}, количество {quantity} → {other.get(paper.lines.quantity)}")
    return wrong
