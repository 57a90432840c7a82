"""`company`: find the firm or create it, and link it to the lead and to its contact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from provodka import identity, taxpayer
from provodka.crm import (
    PLACE_FOR,
    CardKind,
    CardLink,
    CardRef,
    Company,
    CompanyChange,
    CompanyQuery,
    FoundCompany,
    Need,
    NewCompany,
)
from provodka.errors import ConnectorError, Rejected, Retryable
from provodka.operation import Done, Outcome
from provodka.settings import Strict
from rules.actions.base import Action, Decided, Decision, Delivery, LeadUse, Outside, Place, Planning
from rules.actions.desk import Desk, pack, submit, told
from rules.actions.linking import linked
from rules.actions.targets import Target, find_targets
from rules.assignment import Responsible, people_of, with_counter
from rules.team import KEEP
from rules.text import fold

_KNOWN_BY = ("inn", "phone", "email", "name")


class CompanyParams(Strict):
    """By any of ИНН, phone, email and name. `responsible` (without it the lead's own) and `tags` are for a new card.

    `wrong_inn`: whether a wrong ИНН stops the action (`reject`) or is left out (`skip`).
    """

    inn: str = ""
    kpp: str = ""
    name: str = ""
    phone: str = ""
    email: str = ""
    fields: dict[str, str] = Field(default_factory=dict)
    tags: tuple[str, ...] = ()
    responsible: Responsible = KEEP
    wrong_inn: Literal["reject", "skip"] = "reject"

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not any(getattr(self, name) for name in _KNOWN_BY):
            raise ValueError(f"names nothing that a firm is known by: give one of {', '.join(_KNOWN_BY)}")
        return self


class CompanyAction(Action[CompanyParams]):
    """A known card gets what it lacks and keeps what it has. Values of the result: company_id, created, reason."""

    name = "company"
    params = CompanyParams
    templates = frozenset({*_KNOWN_BY, "kpp", "fields", "tags"})
    lead = LeadUse.NEEDS

    def plan(self, planning: Planning[CompanyParams]) -> dict[str, Any]:
        given = planning.rendered
        inn = taxpayer.inn(given["inn"])
        if not inn and planning.params.wrong_inn == "reject":
            inn = given["inn"].strip()
        return {
            **given,
            "inn": inn,
            "kpp": taxpayer.kpp(given["kpp"]),
            "phone": identity.phone(given["phone"]),
            "email": identity.email(given["email"]),
            "name": " ".join(given["name"].split()),
            "responsible": with_counter(given["responsible"], f"{planning.rule}: company"),
        }

    def parts(self, params: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """A firm of which nothing was told is none."""
        return {"": params} if any(params[name] for name in _KNOWN_BY) else {}

    def people(self, params: CompanyParams) -> Iterator[tuple[Place, str]]:
        yield from ((("responsible", *place), person) for place, person in people_of(params.responsible))

    def needs(self, params: CompanyParams) -> Iterator[tuple[Place, Need]]:
        if params.inn:
            yield ("inn",), Need(PLACE_FOR, "ИНН")
        yield from ((("fields", name), Need("company_field", name)) for name in params.fields)

    def deliver(self, items: Sequence[Delivery], outside: Outside) -> list[Outcome]:
        """One batch at a time: two people of one firm are in two lanes, and both would find nothing."""
        with outside.alone(self.name):
            return super().deliver(items, outside)

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        desk = Desk(outside)
        decisions: dict[str, Decision] = dict(_refused(items))
        left = [item for item in items if item.key not in decisions]
        targets = find_targets(left, desk) if left else {}
        for item in left:
            if isinstance(target := targets[item.key], ConnectorError):
                decisions[item.key] = target
        left = [item for item in left if item.key not in decisions]
        for item, (card, reason) in zip(left, _known(left, desk), strict=True):
            target = targets[item.key]
            assert isinstance(target, Target)  # noqa: S101 -- the errors have been sorted out
            try:
                decisions[item.key] = _decision(item, target, card, reason, desk)
            except ConnectorError as error:
                decisions[item.key] = error
        return [decisions[item.key] for item in items]

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        crm = Desk(outside).crm
        outcomes: dict[str, Outcome] = {d.item.key: Done(d.frozen["told"].get("company_id", "")) for d in ready}
        outcomes |= submit(crm.create_companies, NewCompany, "create", ready)
        outcomes |= submit(crm.update_companies, CompanyChange, "change", ready)
        links = {d.item.key: _links(outcomes[d.item.key], d.frozen["told"]) for d in ready}
        outcomes = linked(crm, outcomes, links)
        return [_named(told(outcomes[d.item.key], d.frozen["told"])) for d in ready]


def _refused(items: Sequence[Delivery]) -> Iterator[tuple[str, Decision]]:
    """A wrong ИНН, and the second of two of a batch about one firm: it waits for the first."""
    seen: set[str] = set()
    for item in items:
        inn, mark = item.params["inn"], _mark(item.params)
        if inn and not taxpayer.inn(inn):
            hint = f"«{inn}» — не ИНН: исправьте его в источнике или укажите в правиле wrong_inn: skip"
            yield item.key, Rejected(f"«{inn}» is no ИНН: {taxpayer.wrong_inn(inn)}", hint=hint)
        elif mark in seen:
            yield item.key, Retryable("the same firm is being looked for by another action of this batch", wait=1)
        seen.add(mark)


def _mark(params: Mapping[str, Any]) -> str:
    """The surest that is known of a firm."""
    name = next(name for name in _KNOWN_BY if params[name])
    return f"{name}:{fold(params[name])}"


def _known(items: Sequence[Delivery], desk: Desk) -> list[tuple[Company | None, str]]:
    """Each one's card with the reason. Another ИНН is another firm."""
    found = desk.crm.find_companies([_query(item.params) for item in items]) if items else []
    return [_judged(hit, item.params["inn"]) for item, hit in zip(items, found, strict=True)]


def _judged(hit: FoundCompany | None, inn: str) -> tuple[Company | None, str]:
    if hit is None:
        return None, "no such firm"
    if inn and hit.company.inn and hit.company.inn != inn:
        return None, f"company {hit.company.id} ({hit.reason}) has another ИНН"
    return hit.company, f"known company {hit.company.id} {hit.reason}"


def _query(params: Mapping[str, Any]) -> CompanyQuery:
    return CompanyQuery(params["inn"], _some(params["phone"]), _some(params["email"]), params["name"])


def _decision(item: Delivery, target: Target, card: Company | None, reason: str, desk: Desk) -> Decision:
    values = {"lead_id": target.lead_id, "contact_id": target.contact_id, "reason": reason}
    if card is not None:
        change = _lacking(item.params, card)
        known = {**values, "company_id": card.id, "created": "no", "url": card.url}
        return {"create": None, "change": pack(change) if change else None, "told": known}
    params, wanted = item.params, item.params["responsible"]
    person = target.responsible if wanted == KEEP else desk.choose(item, wanted, target.responsible).person
    chosen = f"; {desk.reasons[item.key]}" if item.key in desk.reasons else ""
    new = NewCompany(
        name=params["name"] or (f"ИНН {params['inn']}" if params["inn"] else params["phone"] or params["email"]),
        inn=params["inn"],
        kpp=params["kpp"],
        phones=_some(params["phone"]),
        emails=_some(params["email"]),
        responsible=desk.outside.team.login(person),
        tags=tuple(params["tags"]),
        fields=dict(params["fields"]),
    )
    made = {**values, "created": "yes", "reason": f"{reason}{chosen}"}
    return {"create": pack(new), "change": None, "told": made}


def _lacking(params: Mapping[str, Any], card: Company) -> CompanyChange | None:
    """What was told of the firm and its card does not have."""
    fields = {name: text for name, text in params["fields"].items() if not _value(card, name)}
    change = CompanyChange(
        card.id,
        inn="" if card.inn else params["inn"],
        kpp="" if card.kpp else params["kpp"],
        phones=tuple(phone for phone in _some(params["phone"]) if phone not in card.phones),
        emails=tuple(email for email in _some(params["email"]) if email not in card.emails),
        fields=fields,
    )
    return change if change != CompanyChange(card.id) else None


def _value(card: Company, name: str) -> str:
    return next((text for known, text in card.fields.items() if fold(known) == fold(name)), "")


def _some(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


def _links(outcome: Outcome, values: Mapping[str, str]) -> list[CardLink]:
    if not isinstance(outcome, Done):
        return []
    company = CardRef(CardKind.COMPANY, outcome.remote_id)
    cards = ((CardKind.LEAD, values.get("lead_id", "")), (CardKind.CONTACT, values.get("contact_id", "")))
    return [CardLink(company, CardRef(kind, id_)) for kind, id_ in cards if id_]


def _named(outcome: Outcome) -> Outcome:
    """Names the company that was made."""
    if isinstance(outcome, Done):
        outcome.values.setdefault("company_id", outcome.remote_id)
    return outcome
