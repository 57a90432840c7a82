"""Every name that a profile uses: set, tabular section, attribute, and where in the profile it is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from connectors.onec.odata.naming import Choice
from connectors.onec.odata.profile import BasisNames, LineNames, PaperNames, Profile, Through
from provodka.accounting import DocumentKind

Place = tuple[str | int, ...]

_MADE: Final = (DocumentKind.INVOICE, DocumentKind.ORDER)
_READ: Final = ("amount", "counterparty", "currency", "comment", "purpose", "vat_included")
_WRITTEN: Final = ("organization", "partner", "contract", "account", "rests_on", "vat_mode")
_LINE: Final = (
    "product", "text", "unit", "quantity", "packs", "price", "amount", "vat", "vat_amount", "total", "discount",
    "number", "cancelled",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Need:
    """A name that has to be published; without `attribute` and `rows` the set itself."""

    place: Place
    set: str
    rows: str = ""
    attribute: str = ""
    optional: bool = False


def needs(names: Profile) -> Iterator[Need]:
    """In the order of the profile."""
    yield from _counterparty(names)
    yield from _catalog(("organization",), names.organization, ("inn", "kpp", "main_account"))
    yield Need(("currencies",), names.currencies)
    if names.contract:
        wanted = ("owner", "organization", "currency", "kind", "fixed")
        yield from _catalog(("contract",), names.contract, wanted)
    if names.accounts:
        yield from _catalog(("accounts",), names.accounts, ("owner", "number", "bank", "currency"))
        if names.accounts.own:
            yield Need(("accounts", "own"), names.accounts.own)
        yield Need(("accounts", "banks"), names.accounts.banks)
        yield Need(("accounts", "correspondent"), names.accounts.banks, attribute=names.accounts.correspondent)
    yield from _catalog(("product",), names.product, ("sku", "full_name", "unit", "vat", "fixed"))
    if names.units:
        yield Need(("units", "set"), names.units.set)
    if names.vat.set:
        yield from _catalog(("vat",), names.vat, ("rate", "without"))
    for name, paper in names.documents.items():
        yield from _paper(("documents", name), paper)


def _counterparty(names: Profile) -> Iterator[Need]:
    party = names.counterparty
    wanted = ("full_name", "inn", "kpp", "ogrn", "comment", "main_account", "fixed")
    yield from _catalog(("counterparty",), party, wanted)
    yield _choice(("counterparty", "kind"), party.set, party.kind)
    if party.contacts:
        yield Need(("counterparty", "contacts", "rows"), party.set, party.contacts.rows)
        yield Need(("counterparty", "contacts", "kinds"), party.contacts.kinds)
    if party.partner:
        place = ("counterparty", "partner")
        yield Need((*place, "attribute"), party.set, attribute=party.partner.attribute)
        yield from _catalog(place, party.partner, ("comment", "fixed"))
        if party.partner.kind:
            yield _choice((*place, "kind"), party.partner.set, party.partner.kind)


def _catalog(place: Place, names: object, wanted: Iterable[str]) -> Iterator[Need]:
    name = str(getattr(names, "set"))  # noqa: B009 -- every one of these models has it
    yield Need((*place, "set"), name)
    yield from _attributes(place, names, wanted, name)


def _attributes(
    place: Place, names: object, wanted: Iterable[str], of: str, rows: str = "", *, optional: bool = False
) -> Iterator[Need]:
    for field in wanted:
        value = getattr(names, field)
        if isinstance(value, dict):
            yield from (Need((*place, field, key), of, rows, key, optional) for key in value)
        elif value:
            yield Need((*place, field), of, rows, value, optional)


def _choice(place: Place, name: str, choice: Choice) -> Need:
    return Need((*place, "attribute"), name, attribute=choice.attribute)


def _paper(place: Place, paper: PaperNames) -> Iterator[Need]:
    yield Need((*place, "set"), paper.set, optional=paper.optional)
    made = paper.kind in _MADE
    yield from _attributes(place, paper, (*_READ, "only"), paper.set)
    if made:
        yield from _attributes(place, paper, (*_WRITTEN, "fixed", "picks"), paper.set)
        yield from (Need((*place, "picks", key, "set"), pick.set) for key, pick in paper.picks.items())
        comment = paper.comment.removesuffix("?")  # our mark is in it: who looks for a document by hand will miss it
        yield Need((*place, "comment"), paper.set, attribute=comment, optional=True)
    valid = paper.valid
    for n, name in enumerate(valid.all_true):
        yield Need((*place, "valid", "all_true", n), paper.set, attribute=name)
    for n, name in enumerate(valid.none_true):
        yield Need((*place, "valid", "none_true", n), paper.set, attribute=name)
    yield from _attributes((*place, "valid"), valid, ("state",), paper.set)
    if paper.lines:
        yield from _lines((*place, "lines"), paper, paper.lines, made=made)
    if paper.stages:
        yield from _attributes(
            (*place, "stages"), paper.stages, ("date", "percent", "amount"), paper.set, paper.stages.rows
        )
    for n, basis in enumerate(paper.bases):
        yield from _basis((*place, "bases", n), paper, basis)
    if paper.files:
        yield Need((*place, "files"), paper.files, optional=True)


def _lines(place: Place, paper: PaperNames, names: LineNames, *, made: bool) -> Iterator[Need]:
    for n, rows in enumerate(names.rows):
        yield Need((*place, "rows", n), paper.set, rows)
        yield from _attributes(place, names, (*_LINE, "fixed") if made else _LINE, paper.set, rows, optional=n > 0)
    if names.highest and made:
        yield Need((*place, "highest"), paper.set, attribute=names.highest)


def _basis(place: Place, paper: PaperNames, names: BasisNames) -> Iterator[Need]:
    if names.rows:
        yield Need((*place, "rows"), paper.set, names.rows)
        yield Need((*place, "amount"), paper.set, names.rows, names.amount or "")
    for n, way in enumerate(names.attributes):
        here = (*place, "attributes", n)
        if isinstance(way, Through):
            yield Need((*here, "attribute"), paper.set, names.rows, way.attribute)
            yield Need((*here, "set"), way.set)
            yield Need((*here, "object"), way.set, attribute=way.object)
        else:
            yield Need(here, paper.set, names.rows, way)
