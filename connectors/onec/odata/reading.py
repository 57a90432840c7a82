"""Documents as 1C gives them, as neutral ones: with lines, with what they rest on, with whether they count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from connectors.onec.odata.base import Base
from connectors.onec.odata.marks import mark_of
from connectors.onec.odata.metadata import reference
from connectors.onec.odata.products import Product, Products, named
from connectors.onec.odata.profile import BasisNames, LineNames, PaperNames, Through
from connectors.onec.odata.purposes import Purposes
from connectors.onec.odata.query import Row
from connectors.onec.odata.rates import Rates
from provodka.accounting import Basis, Document, DocumentKind, Line, kopecks


class Reading:
    """Reads the documents of one base."""

    def __init__(self, base: Base, products: Products, rates: Rates) -> None:
        self._base = base
        self._products = products
        self._rates = rates
        self._purposes = Purposes(base)

    def by_refs(self, kind: DocumentKind, refs: Sequence[str]) -> dict[str, Document]:
        """See `connectors.onec.road.Road.read`."""
        found: dict[str, Document] = {}
        for paper in self._base.names.papers(kind):
            lacking = [ref for ref in refs if ref not in found]
            if lacking and self._base.schema.has(paper.set):
                rows = self._base.by_keys(paper.set, lacking)
                found |= {one.ref: one for one in self.documents(paper, rows)}
        return found

    def documents(self, paper: PaperNames, rows: Sequence[Row]) -> list[Document]:
        """Rows of one set; those that are no such document (`only`) are left out."""
        mine = [row for row in rows if is_such(paper, row)]
        through = self._through(paper, mine)
        lines = self._lines(paper, mine)
        found = [self._document(paper, row, through, lines[str(row["Ref_Key"])]) for row in mine]
        return [self._suggested(paper, one, row) for one, row in zip(found, mine, strict=True)]

    def lines_of(self, paper: PaperNames, row: Row) -> tuple[Line, ...]:
        """The lines of one document."""
        return self._lines(paper, [row])[str(row["Ref_Key"])]

    def _document(self, paper: PaperNames, row: Row, through: Mapping[str, str], lines: tuple[Line, ...]) -> Document:
        sign = -1 if paper.refund else 1
        ref = str(row["Ref_Key"])
        comment = str(row.get(_bare(paper.comment)) or "")
        currency = reference(row, paper.currency)
        return Document(
            kind=paper.kind,
            ref=ref,
            number=str(row.get("Number") or "").strip(),
            date=self._base.moment(row.get("Date")),
            amount=sign * money(row.get(_bare(paper.amount))),
            vat_amount=sum((line.vat_amount for line in lines), Decimal(0)),
            currency=self._base.letters(currency) if currency else self._base.settings.currency,
            valid=_counts(paper, row),
            deleted=row.get("DeletionMark") is True,
            counterparty=reference(row, paper.counterparty),
            bases=tuple(basis for names in paper.bases for basis in _bases(names, row, through, sign)),
            lines=lines,
            mark=mark_of(comment),
            comment=comment,
            version=str(row.get("DataVersion") or ""),
        )

    def _suggested(self, paper: PaperNames, document: Document, row: Row) -> Document:
        if paper.purpose is None or document.bases or document.deleted:
            return document
        refs = self._purposes.invoices(str(row.get(_bare(paper.purpose)) or ""), document)
        return replace(document, suggested=tuple(Basis(ref) for ref in refs)) if refs else document

    # lines

    def _lines(self, paper: PaperNames, rows: Sequence[Row]) -> dict[str, tuple[Line, ...]]:
        """The lines of each row, with one look at the catalog for all of them."""
        if paper.lines_of_order:
            return self._of_orders(paper, rows)
        found = {str(row["Ref_Key"]): tuple(self._own(paper.lines, row)) if paper.lines else () for row in rows}
        wanted = [line.product for lines in found.values() for line in lines]
        products = self._products.known(wanted)
        return {ref: tuple(_named(line, products) for line in lines) for ref, lines in found.items()}

    def _of_orders(self, paper: PaperNames, rows: Sequence[Row]) -> dict[str, tuple[Line, ...]]:
        """An invoice of УТ has the lines of the order that it rests on."""
        order = self._base.names.paper(DocumentKind.ORDER)
        bases = {
            str(row["Ref_Key"]): [one.ref for names in paper.bases for one in _bases(names, row, {}, 1)] for row in rows
        }
        wanted = [ref for refs in bases.values() for ref in refs]
        orders = self._base.by_keys(order.set, wanted) if wanted and self._base.schema.has(order.set) else []
        lines = self._lines(order, orders)
        return {ref: tuple(line for one in refs for line in lines.get(one, ())) for ref, refs in bases.items()}

    def _own(self, names: LineNames, row: Row) -> Iterator[Line]:
        for section in names.rows:
            for one in _rows(row, section):
                if not (names.cancelled and one.get(_bare(names.cancelled)) is True):
                    yield self._line(names, one)

    def _line(self, names: LineNames, row: Row) -> Line:
        vat = reference(row, names.vat) if self._base.names.vat.set else str(row.get(names.vat) or "")
        return Line(
            name=str(row.get(_bare(names.text)) or "").strip(),
            quantity=number(row.get(names.quantity)),
            price=number(row.get(names.price)),
            amount=money(row.get(names.amount)),
            vat=self._rates.read(vat),
            vat_amount=money(row.get(names.vat_amount)),
            discount=money(row.get(_bare(names.discount))) if names.discount else Decimal(0),
            product=reference(row, names.product),
        )

    def _through(self, paper: PaperNames, rows: Sequence[Row]) -> dict[str, str]:
        """From the objects that stand between a document and its bases to those bases."""
        found: dict[str, str] = {}
        for names in paper.bases:
            for way in names.attributes:
                if isinstance(way, Through) and self._base.schema.has(way.set):
                    parts = [part for row in rows for part in (_rows(row, names.rows) if names.rows else [row])]
                    between = [ref for part in parts if (ref := reference(part, way.attribute))]
                    objects = self._base.by_keys(way.set, between)
                    found |= {str(one["Ref_Key"]): reference(one, way.object) for one in objects}
        return found


def is_such(paper: PaperNames, row: Row) -> bool:
    """Whether a row of a set is such a document: payments to suppliers are no refunds."""
    return all(str(row.get(_bare(name)) or "") in values for name, values in paper.only.items())


def money(value: object) -> Decimal:
    """A sum of 1C, to the kopeck."""
    return kopecks(number(value))


def number(value: object) -> Decimal:
    """A number of 1C: it comes as a number, whole ones as a text too."""
    return Decimal(str(value)) if value not in (None, "") else Decimal(0)


def _bases(names: BasisNames, row: Row, through: Mapping[str, str], sign: int) -> Iterator[Basis]:
    """One for each part that names what it rests on; parts for the same are added up."""
    if not names.rows:
        if ref := _basis(names, row, through):
            yield Basis(ref)
        return
    found: dict[str, Decimal] = {}
    for part in _rows(row, names.rows):
        if ref := _basis(names, part, through):
            found[ref] = found.get(ref, Decimal(0)) + sign * money(part.get(names.amount or ""))
    for ref, amount in found.items():
        yield Basis(ref, amount)


def _basis(names: BasisNames, row: Row, through: Mapping[str, str]) -> str:
    for way in names.attributes:
        ref = reference(row, way.attribute if isinstance(way, Through) else way)
        if isinstance(way, Through):
            ref = through.get(ref, "")
        if ref:
            return ref
    return ""


def _counts(paper: PaperNames, row: Row) -> bool:
    valid = paper.valid
    return (
        (row.get("Posted") is True or not valid.posted)
        and all(row.get(_bare(name)) is True for name in valid.all_true)
        and not any(row.get(_bare(name)) is True for name in valid.none_true)
        and (valid.state is None or str(row.get(_bare(valid.state)) or "") not in valid.not_in)
    )


def _rows(row: Row, section: str) -> list[Row]:
    found = row.get(section)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _named(line: Line, products: Mapping[str, Product]) -> Line:
    product = products.get(line.product)
    return named(line, product) if product else line


def _bare(attribute: str) -> str:
    return attribute.removesuffix("?")
