"""The body of a new document: everything that 1C's form would compute is computed and sent here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from connectors.onec.odata.base import Base
from connectors.onec.odata.counterparties import Party
from connectors.onec.odata.marks import marked
from connectors.onec.odata.products import Product, Products
from connectors.onec.odata.profile import LineNames, PaperNames
from connectors.onec.odata.rates import Rates
from provodka.accounting import Line, Vat

Body = dict[str, object]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a document is to say. `basis` is the ref and the set of the document that it is made from."""

    ref: str
    mark: str
    party: Party
    contract: str
    lines: tuple[Line, ...]
    amount: Decimal
    vat_included: bool
    currency: str
    comment: str = ""
    basis: tuple[str, str] = ("", "")


class Drafting:
    """Bodies for one base."""

    def __init__(self, base: Base, products: Products, rates: Rates) -> None:
        self._base = base
        self._products = products
        self._rates = rates

    def body(self, paper: PaperNames, draft: Draft) -> Body:
        """Raises Rejected for products, rates, currencies and names that the base does not have."""
        base = self._base
        products = self._products.of(draft.lines) if paper.lines else []
        body: Body = {"Ref_Key": draft.ref, "Date": f"{base.wall(base.now()):%Y-%m-%dT%H:%M:%S}"}
        for attribute, value, of in self._header(paper, draft):
            if attribute is not None and value not in ("", None):
                body |= base.schema.set_to(paper.set, attribute, value, of=of)
        for attribute, constant in paper.fixed.items():
            body |= base.schema.set_to(paper.set, attribute, constant)
        for attribute, pick in paper.picks.items():
            if base.schema.has(paper.set, attribute):
                body |= base.schema.set_to(paper.set, attribute, base.picked(pick), of=pick.set)
        if paper.lines:
            body |= self._lines(paper, paper.lines, draft, products)
        if paper.stages and base.schema.has(paper.set, rows=paper.stages.rows):
            body[paper.stages.rows] = [self._stage(paper, draft)]
        return body

    def _header(self, paper: PaperNames, draft: Draft) -> Sequence[tuple[str | None, object, str]]:
        """Attributes, their values, and the sets that references are of."""
        base, names = self._base, self._base.names
        organization = str(base.organization["Ref_Key"])
        partner = names.counterparty.partner
        account, accounts = base.own_account if paper.account else ("", "")
        taxed = any(line.vat is not Vat.NONE for line in draft.lines)
        return (
            (paper.organization, organization, names.organization.set),
            (paper.counterparty, draft.party.ref, names.counterparty.set),
            (paper.partner, draft.party.partner, partner.set if partner else ""),
            (paper.contract, draft.contract, names.contract.set if names.contract else ""),
            (paper.currency, base.currency(draft.currency), names.currencies),
            (paper.account, account, accounts),
            (paper.vat_included, draft.vat_included, ""),
            (paper.vat_mode, paper.vat_modes[0 if taxed else 1], ""),
            (paper.amount, draft.amount, ""),
            (paper.comment, marked(draft.mark, draft.comment), ""),
            (paper.rests_on, draft.basis[0], draft.basis[1]),
        )

    def _lines(self, paper: PaperNames, names: LineNames, draft: Draft, products: Sequence[Product]) -> Body:
        rows = [
            self._row(paper, names, n, line, product, included=draft.vat_included)
            for n, (line, product) in enumerate(zip(draft.lines, products, strict=True), 1)
        ]
        found: Body = {names.rows[0]: rows}
        if names.highest:
            found |= self._base.schema.set_to(paper.set, names.highest, str(len(rows)))
        return found

    def _row(
        self, paper: PaperNames, names: LineNames, number: int, line: Line, product: Product, *, included: bool
    ) -> Body:
        base, section = self._base, names.rows[0]
        values: Mapping[str | None, object] = {
            names.text: line.name,
            names.quantity: line.quantity,
            names.packs: line.quantity,
            names.price: line.price,
            names.amount: line.amount,
            names.vat_amount: line.vat_amount,
            names.total: line.amount if included else line.amount + line.vat_amount,
            names.discount: line.discount,
            names.number: str(number),
        }
        row: Body = {"LineNumber": str(number)}
        for attribute, value in (*values.items(), *names.fixed.items()):
            if attribute is not None:
                row |= base.schema.set_to(paper.set, attribute, value, section)
        row |= base.schema.set_to(paper.set, names.product, product.ref, section, of=base.names.product.set)
        of = base.names.vat.set or ""
        row |= base.schema.set_to(paper.set, names.vat, self._rates.written(line.vat), section, of=of)
        if names.unit and product.unit:
            of = product.unit_type.rpartition(".")[2] or (base.names.units.set if base.names.units else "")
            row |= base.schema.set_to(paper.set, names.unit, product.unit, section, of=of)
        return row

    def _stage(self, paper: PaperNames, draft: Draft) -> Body:
        stages, base = paper.stages, self._base
        assert stages is not None  # noqa: S101 -- asked for only where the profile has them
        today = base.wall(base.now()).replace(hour=0, minute=0, second=0)
        values = {stages.date: f"{today:%Y-%m-%dT%H:%M:%S}", stages.percent: 100, stages.amount: draft.amount}
        row: Body = {"LineNumber": "1"}
        for attribute, value in values.items():
            row |= base.schema.set_to(paper.set, attribute, value, stages.rows)
        return row
