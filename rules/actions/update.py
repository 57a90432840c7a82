"""`update`: change the lead, and its contact and company."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Self

from pydantic import Field, model_validator

from provodka.crm import CardKind, CardRef, Company, CompanyChange, Contact, ContactChange, LeadChange, Need
from provodka.errors import ConnectorError, Rejected
from provodka.operation import Done, Outcome
from provodka.payloads import LeadRef, card_of
from provodka.settings import Strict
from rules.actions.base import Action, Decided, Decision, Delivery, LeadUse, Outside, Place, Planning
from rules.actions.desk import Desk, told
from rules.actions.kept import keeping, read_cards, send_changes, with_change
from rules.actions.replaced import Card, Change, replaced
from rules.actions.sums import sum_of
from rules.actions.targets import Target, find_targets, with_leads
from rules.team import RESPONSIBLE
from rules.text import fold

CONTACT, COMPANY = CardKind.CONTACT, CardKind.COMPANY
_FIELDS: Final = {CardKind.LEAD: "field", CONTACT: "contact_field", COMPANY: "company_field"}
_MISSING: Final = {
    CONTACT: "the lead has no contact",
    COMPANY: "the lead has no company",
    CardKind.LEAD: "no open lead",
}


class PartyParams(Strict):
    """Of a person or a firm. `clear` empties fields; `responsible` is a staff key, or the lead's own `responsible`."""

    name: str = ""
    fields: dict[str, str] = Field(default_factory=dict)
    clear: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    responsible: str = ""


class UpdateParams(Strict):
    """An empty text changes nothing; `clear` empties fields. With `only_empty` what is filled stays as it is."""

    title: str = ""
    price: str | int | float | None = None
    fields: dict[str, str] = Field(default_factory=dict)
    clear: tuple[str, ...] = ()
    contact: PartyParams | None = None
    company: PartyParams | None = None
    only_empty: bool = False

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set - {"only_empty"}:
            raise ValueError("changes nothing: write title, price, fields, clear, contact or company")
        if self.only_empty and (self.clear or any(party and party.clear for party in (self.contact, self.company))):
            raise ValueError("only_empty fills what is empty, and clear empties it: write two steps")
        return self


@dataclass(frozen=True, slots=True)
class _Cards:
    """The cards of one item: those that there are, by kind."""

    found: Mapping[CardKind, Card]
    responsible: str


class Update(Action[UpdateParams]):
    """Changes what differs. A card that the lead does not have is left out, and the result says so."""

    name = "update"
    params = UpdateParams
    templates = frozenset({"title", "price", "fields", "contact", "company"})
    lead = LeadUse.NEEDS

    def plan(self, planning: Planning[UpdateParams]) -> dict[str, Any]:
        return {**planning.rendered, "price": sum_of(planning.rendered["price"], "price")}

    def people(self, params: UpdateParams) -> Iterator[tuple[Place, str]]:
        for name, party in (("contact", params.contact), ("company", params.company)):
            if party and party.responsible and party.responsible != RESPONSIBLE:
                yield (name, "responsible"), party.responsible

    def needs(self, params: UpdateParams) -> Iterator[tuple[Place, Need]]:
        parts: list[tuple[Place, CardKind, UpdateParams | PartyParams | None]] = [
            ((), CardKind.LEAD, params),
            (("contact",), CONTACT, params.contact),
            (("company",), COMPANY, params.company),
        ]
        for at, kind, part in parts:
            if part is not None:
                yield from (((*at, "fields", name), Need(_FIELDS[kind], name)) for name in part.fields)
                yield from (((*at, "clear", i), Need(_FIELDS[kind], name)) for i, name in enumerate(part.clear))

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        desk = Desk(outside)
        targets = with_leads(find_targets(items, desk), desk)
        targets.update({i.key: Target() for i in items if _needs_no_lead(i) and isinstance(targets[i.key], Rejected)})
        people = {item.key: _person(item, targets[item.key]) for item in items}
        contacts = _read(CONTACT, [(i, people[i.key]) for i in items if _wants_contact(i, targets[i.key])], desk)
        firms = {item.key: _firm(item, targets[item.key], contacts.get(item.key)) for item in items}
        companies = _read(COMPANY, [(i, firms[i.key]) for i in items if i.params["company"]], desk)
        decisions: list[Decision] = []
        for item in items:
            target = targets[item.key]
            if isinstance(target, ConnectorError):
                decisions.append(target)
                continue
            found = {CONTACT: contacts.get(item.key), COMPANY: companies.get(item.key), CardKind.LEAD: target.lead}
            cards = _Cards({kind: card for kind, card in found.items() if card is not None}, target.responsible)
            decisions.append(_decision(item, target, cards, desk))
        return decisions

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        outcomes = send_changes(ready, Desk(outside))
        return [told(outcomes[d.item.key], d.frozen["told"]) for d in ready]


def _needs_no_lead(item: Delivery) -> bool:
    """Whether the event's own contact or company is all that is changed."""
    own = card_of(item.event.payload)
    return own is not None and [own[0]] == [kind.value for kind in CardKind if _asks(item.params, kind)]


def _person(item: Delivery, target: Target | ConnectorError) -> str:
    """The contact: of the event itself where it is about one, else the lead's main one."""
    own = card_of(item.event.payload)
    if own is not None and own[0] == CONTACT.value:
        return own[1]
    if isinstance(target, ConnectorError):
        return ""
    return target.contact_id or next(iter(target.lead.contacts if target.lead else ()), "")


def _wants_contact(item: Delivery, target: Target | ConnectorError) -> bool:
    """A company is the lead's own, else that of its contact."""
    company = target.lead.company if isinstance(target, Target) and target.lead else ""
    return bool(item.params["contact"]) or (bool(item.params["company"]) and not company)


def _firm(item: Delivery, target: Target | ConnectorError, contact: Card | None) -> str:
    own = card_of(item.event.payload)
    if own is not None and own[0] == COMPANY.value:
        return own[1]
    company = target.lead.company if isinstance(target, Target) and target.lead else ""
    return company or (contact.company_id if isinstance(contact, Contact) else "")


def _read(kind: CardKind, wanted: Sequence[tuple[Delivery, str]], desk: Desk) -> dict[str, Card]:
    """By action key, the cards that there are."""
    refs = {item.key: CardRef(kind, one) for item, one in wanted if one}
    read = read_cards(refs.values(), desk) if refs else {}
    return {key: read[ref] for key, ref in refs.items() if ref in read}


def _decision(item: Delivery, target: Target, cards: _Cards, desk: Desk) -> Decision:
    params = item.params
    changes: dict[CardKind, Callable[[Card], Change]] = {
        CardKind.LEAD: lambda card: _lead_change(params, card),
        CONTACT: lambda card: _party_change(params["contact"], card, cards.responsible, desk, params["only_empty"]),
        COMPANY: lambda card: _party_change(params["company"], card, cards.responsible, desk, params["only_empty"]),
    }
    decision: dict[str, Any] = {}
    left: list[str] = []
    for kind, change_of in changes.items():
        if not _asks(params, kind):
            continue
        card = cards.found.get(kind)
        if card is None:
            left.append(_left_out(kind, target))
            continue
        change = change_of(card)
        if values := replaced(change, card):
            decision = with_change(keeping(decision, CardRef(kind, card.id), values), change)
    values_told = {"lead_id": target.lead_id, "contact_id": target.contact_id, "reason": "; ".join(left)}
    told_of = {name: value for name, value in values_told.items() if value}
    if not decision:
        told_of["reason"] = "; ".join([*left, "nothing to change"])
        return Done(target.lead_id or target.contact_id, told_of, found=True)
    return {**decision, "told": told_of}


def _left_out(kind: CardKind, target: Target) -> str:
    if kind is CardKind.LEAD and target.lead_id:
        return f"lead {target.lead_id} cannot be read"
    return f"{_MISSING[kind]}: its part was left out"


def _asks(params: Mapping[str, Any], kind: CardKind) -> bool:
    if kind is not CardKind.LEAD:
        return bool(params[kind.value])
    return any(params[name] not in (None, "", {}, [], ()) for name in ("title", "price", "fields", "clear"))


def _lead_change(params: Mapping[str, Any], lead: Card) -> LeadChange:
    assert isinstance(lead, LeadRef)  # noqa: S101 -- by its kind
    price = None if params["price"] is None else Decimal(params["price"])
    if params["only_empty"] and lead.price:
        price = None
    return LeadChange(
        lead.id,
        title="" if params["only_empty"] and lead.title else params["title"],
        price=price,
        fields=_fields(params, lead, only_empty=params["only_empty"]),
    )


def _party_change(params: Mapping[str, Any], card: Card, responsible: str, desk: Desk, only_empty: bool) -> Change:
    """What came out empty is not among the parameters."""
    assert isinstance(card, Contact | Company)  # noqa: S101 -- by its kind
    wanted, name = params.get("responsible", ""), "" if only_empty and card.name else params.get("name", "")
    person = responsible if wanted == RESPONSIBLE else wanted
    common: dict[str, Any] = {
        "responsible": "" if only_empty and card.responsible else desk.outside.team.login(person),
        "add_tags": tuple(params["tags"]),
        "fields": _fields(params, card, only_empty=only_empty),
    }
    if isinstance(card, Company):
        return CompanyChange(card.id, name, **common)
    return ContactChange(card.id, name, **common)


def _fields(params: Mapping[str, Any], card: Card, *, only_empty: bool) -> dict[str, str]:
    filled = {fold(name) for name, text in card.fields.items() if text.strip()} if only_empty else set()
    fields = {name: text for name, text in params["fields"].items() if text.strip() and fold(name) not in filled}
    return {**fields, **dict.fromkeys(params["clear"], "")}
