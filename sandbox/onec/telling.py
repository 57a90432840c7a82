"""Documents as the services tell of them: with the links between them, and what changed after a cursor."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.onec.base import Base
from sandbox.onec.drafts import Changes, Gone, Refused, Share, Told
from sandbox.onec.errors import BadActError, NotFoundError
from sandbox.onec.papers import Paper
from sandbox.onec.state import Change

MARKS = ("Статус", "ПроведеноБанком")


class Teller:
    """Reads one base."""

    def __init__(self, base: Base) -> None:
        self._base = base

    def changes(self, cursor: str, limit: int, kinds: Iterable[str] = ()) -> Changes:
        """Documents registered after the cursor; a base restored from an older copy answers with a smaller cursor."""
        if cursor and not cursor.isdecimal():
            raise Refused("validation", f"Курсор {cursor} не выдавался этой базой", "cursor")
        wanted = set(kinds)
        roles = self._base.configuration.documents
        sets = [role.set for role in roles.values() if not wanted or role.kind in wanted]
        with self._base.lock:
            found = self._base.changes(int(cursor or 0), limit + 1, sets)
            upto = found[limit - 1].cursor if len(found) > limit else self._base.cursor
            items = self._items(found[:limit])
        return Changes(str(upto), len(found) > limit, items)

    def told(self, paper: Paper, external: dict[str, str] | None = None) -> Told:
        """The document with its links, and with the lines of its order where it has none itself."""
        goods = self._goods(paper)
        role = self._base.configuration.documents[goods.set]
        invoice, order = self.links(paper)
        return Told(
            paper=paper,
            external_id=(self._externals() if external is None else external).get(paper.ref, ""),
            invoice_ref=invoice,
            order_ref=order,
            vat_included=bool(goods.record.get(role.includes_vat, True)),
            lines=goods.lines,
            shares=self._shares(paper) if paper.kind in {"payment", "refund"} else (),
            put_to_work=self._put_to_work(paper),
        )

    def _put_to_work(self, paper: Paper) -> bool:
        fill = self._base.configuration.documents[paper.set].fill
        return all(paper.record[name] == value for name, value in fill.items() if name in MARKS)

    def links(self, paper: Paper) -> tuple[str, str]:
        """Refs of the invoice and of the order that a document belongs to; empty where there is none."""
        near = {paper.ref: paper}
        for basis in paper.bases:
            near |= self._around(basis.ref)
        if paper.kind in {"invoice", "order"}:
            near |= self._around(paper.ref)
        found = {
            kind: [one.ref for one in near.values() if one.kind == kind and one.ref != paper.ref]
            for kind in ("invoice", "order")
        }
        return next(iter(found["invoice"]), ""), next(iter(found["order"]), "")

    def _around(self, ref: str) -> dict[str, Paper]:
        """The document, the invoices and orders it was made from, and those made from it."""
        try:
            paper = self._base.papers.of(ref)
        except NotFoundError:
            return {}
        near = {ref: paper, **{child.ref: child for child in self._base.papers.children(ref, "invoice", "order")}}
        for basis in paper.bases:
            try:
                near[basis.ref] = self._base.papers.of(basis.ref)
            except NotFoundError:
                continue
        return near

    def _shares(self, paper: Paper) -> tuple[Share, ...]:
        shares = []
        for basis in paper.bases:
            near = self._around(basis.ref).values()
            refs = {one.kind: one.ref for one in near}
            shares.append(Share(refs.get("invoice", ""), refs.get("order", ""), basis.sum))
        return tuple(shares)

    def _goods(self, paper: Paper) -> Paper:
        try:
            return self._base.papers.goods(paper)
        except (BadActError, NotFoundError):
            return paper

    def _items(self, found: list[Change]) -> tuple[Told | Gone, ...]:
        external = self._externals()
        items: list[Told | Gone] = []
        for change in found:
            if change.record is None:
                items.append(Gone(self._base.configuration.documents[change.set].kind, change.ref))
            else:
                items.append(self.told(self._base.papers.of(change.ref), external))
        return tuple(items)

    def _externals(self) -> dict[str, str]:
        """Whose external id stands for a document, by its ref."""
        kept = ("invoice:", "order:")
        return {
            str(ref): key.partition(":")[2]
            for key, (_, ref) in self._base.state.external.items()
            if key.startswith(kept)
        }
