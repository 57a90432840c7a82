"""`create`: another lead for the same contact and company (an up-sell, a renewal)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from pydantic import Field

from provodka.crm import CardKind, CardRef, Contact, Crm, Need, NewLead, Write
from provodka.operation import Done, Outcome
from provodka.payloads import EventType
from provodka.settings import Strict
from rules.actions.base import Decided, Decision, Delivery, LeadUse, Outside, Place, Planning
from rules.actions.desk import Desk, submit, told
from rules.actions.kept import read_cards
from rules.actions.lead import LeadAction
from rules.actions.sums import sum_of
from rules.actions.targets import Target
from rules.assignment import Responsible, people_of, with_counter
from rules.plan import Priority
from rules.team import KEEP


class CreateParams(Strict):
    """Without `responsible` the new lead belongs to whoever has the old one."""

    title: str = Field(min_length=1)
    pipeline: str = ""
    stage: str = ""
    responsible: Responsible = KEEP
    tags: tuple[str, ...] = ()
    fields: dict[str, str] = Field(default_factory=dict)
    price: str | int | float | None = None


class Create(LeadAction[CreateParams, NewLead]):
    """Makes the lead; the later steps of the rule are about it. Values of its result are those of `intake`."""

    name = "create"
    params = CreateParams
    templates = frozenset({"title", "tags", "fields", "price"})
    lead = LeadUse.ADDS
    priority = Priority.NEW_LEAD
    brings = frozenset({EventType.LEAD_CREATED})
    request = NewLead
    contact_will_do = True
    reads_lead = True

    def plan(self, planning: Planning[CreateParams]) -> dict[str, Any]:
        responsible = with_counter(planning.rendered["responsible"], f"{planning.rule}: create")
        return {**planning.rendered, "responsible": responsible, "price": sum_of(planning.rendered["price"], "price")}

    def people(self, params: CreateParams) -> Iterator[tuple[Place, str]]:
        yield from ((("responsible", *place), person) for place, person in people_of(params.responsible))

    def doubles(self, earlier: CreateParams, later: CreateParams) -> bool:
        return (earlier.title, earlier.pipeline) == (later.title, later.pipeline)

    def needs(self, params: CreateParams) -> Iterator[tuple[Place, Need]]:
        if params.pipeline:
            yield ("pipeline",), Need("pipeline", params.pipeline)
        if params.stage:
            yield ("stage",), Need("stage", params.stage, within=params.pipeline)
        yield from ((("fields", name), Need("field", name)) for name in params.fields)

    def build(self, item: Delivery, target: Target, desk: Desk) -> NewLead:
        params, price = item.params, item.params["price"]
        wanted = params["responsible"]
        person = target.responsible if wanted == KEEP else desk.choose(item, wanted, target.responsible).person
        return NewLead(
            title=params["title"],
            pipeline=params["pipeline"],
            stage=params["stage"],
            responsible=desk.outside.team.login(person),
            price=None if price is None else Decimal(price),
            tags=tuple(params["tags"]),
            fields=dict(params["fields"]),
            contact_id=target.contact_id,
            company_id=_company(target, desk),
        )

    def write(self, crm: Crm) -> Write[NewLead]:
        return crm.create_leads

    def _decision(self, item: Delivery, target: Any, desk: Desk) -> Decision:  # noqa: ANN401 -- as there
        decision = super()._decision(item, target, desk)
        if not isinstance(decision, dict):
            return decision
        about = decision["told"]
        login = decision["request"]["responsible"]
        told_of = {
            "contact_id": about.get("contact_id", ""),
            "created": "yes",
            "responsible": desk.outside.team.key(login),
            "reason": "; ".join(filter(None, (_beside(about), about.get("reason", "")))),
        }
        return {**decision, "told": told_of}

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        outcomes = submit(Desk(outside).crm.create_leads, NewLead, "request", ready)
        return [_with_lead(told(outcomes[d.item.key], d.frozen["told"])) for d in ready]


def _company(target: Target, desk: Desk) -> str:
    """The firm of the lead, else of its contact."""
    if target.lead is not None and target.lead.company:
        return target.lead.company
    if not target.contact_id:
        return ""
    ref = CardRef(CardKind.CONTACT, target.contact_id)
    contact = read_cards([ref], desk).get(ref)
    return contact.company_id if isinstance(contact, Contact) else ""


def _beside(about: dict[str, str]) -> str:
    return f"beside lead {about['lead_id']}" if about.get("lead_id") else f"for contact {about.get('contact_id', '')}"


def _with_lead(outcome: Outcome) -> Outcome:
    if not isinstance(outcome, Done):
        return outcome
    return Done(outcome.remote_id, {"lead_id": outcome.remote_id, **outcome.values}, outcome.found)
