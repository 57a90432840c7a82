"""`intake`: find the person or create them; find their open lead or create one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from provodka.crm import ContactAddition, LeadChange, LeadReopening, LeadState, Need, NewLead
from provodka.errors import ConnectorError, Rejected, Retryable
from provodka.operation import Done, Outcome
from provodka.settings import Strict
from rules.actions.base import Action, Decided, Decision, Delivery, LeadUse, Outside, Place, Planning
from rules.actions.desk import Desk, submit, told
from rules.actions.intake_decision import (
    Creation,
    decide_by_link,
    decide_by_search,
    decide_creation,
    decide_named,
)
from rules.actions.returning import Returning, decide_return, lost_leads
from rules.actions.sums import sum_of
from rules.actions.targets import event_lead, linked_leads, search, threads_of
from rules.assignment import Responsible, people_of, with_counter
from rules.plan import Priority
from rules.team import KEEP
from rules.threads import Threaded


class IntakeParams(Strict):
    """`reuse`: which open lead of the person is taken instead of a new one: `any`, one of the same `pipeline`, `never`.
    The lead that the event knows by itself goes before them, whatever its pipeline.

    Without such a lead, `reopen` takes a lost one back to work; else a lead is made.
    A known person stays with their own responsible unless `keep` is false; `responsible` is for the others.
    `source`: fields that say where the person came from first. They are written to a new lead, and to one that is found
    only where it has none of them, so that no later visit overwrites the first or mixes with it.
    """

    title: str = Field(min_length=1)
    pipeline: str = ""
    stage: str = ""
    responsible: Responsible = KEEP
    keep: bool = True
    tags: tuple[str, ...] = ()
    fields: dict[str, str] = Field(default_factory=dict)
    source: dict[str, str] = Field(default_factory=dict)
    price: str | int | float | None = None
    reuse: Literal["any", "pipeline", "never"] = "any"
    reopen: Returning | None = None

    @model_validator(mode="after")
    def _pipeline_named(self) -> Self:
        if self.reuse == "pipeline" and not self.pipeline:
            raise ValueError("reuse: pipeline needs a pipeline")
        return self

    @model_validator(mode="after")
    def _written_by_one(self) -> Self:
        if both := self.fields.keys() & self.source.keys():
            raise ValueError(f"{', '.join(sorted(both))}: write it in fields or in source, not in both")
        return self


class Intake(Action[IntakeParams]):
    """Values of its result: lead_id, contact_id, created (`yes` or `no`), responsible (a staff key), reason, url; and
    doubles, the ids of the person's other contacts, where the CRM has them more than once."""

    name = "intake"
    params = IntakeParams
    templates = frozenset({"title", "tags", "fields", "source", "price"})
    lead = LeadUse.MAKES
    priority = Priority.NEW_LEAD
    unordered = frozenset({"tags"})

    def plan(self, planning: Planning[IntakeParams]) -> dict[str, Any]:
        responsible = with_counter(planning.rendered["responsible"], f"{planning.rule}: intake")
        reopen = planning.rendered["reopen"]
        if planning.params.reopen is not None:
            ago = planning.params.reopen.lost_within
            since = planning.now - timedelta(days=ago.days, seconds=ago.seconds)
            reopen = {**reopen, "since": since.isoformat()}
        price = sum_of(planning.rendered["price"], "price")
        return {**planning.rendered, "responsible": responsible, "price": price, "reopen": reopen}

    def people(self, params: IntakeParams) -> Iterator[tuple[Place, str]]:
        yield from ((("responsible", *place), person) for place, person in people_of(params.responsible))

    def doubles(self, earlier: IntakeParams, later: IntakeParams) -> bool:
        """Any other intake takes the lead of the earlier one."""
        return later.reuse == "never" and (earlier.title, earlier.pipeline) == (later.title, later.pipeline)

    def needs(self, params: IntakeParams) -> Iterator[tuple[Place, Need]]:
        if params.pipeline:
            yield ("pipeline",), Need("pipeline", params.pipeline)
        if params.stage:
            yield ("stage",), Need("stage", params.stage, within=params.pipeline)
        if params.reopen is not None:
            yield ("reopen", "stage"), Need("stage", params.reopen.stage, within=params.pipeline)
        yield from ((("fields", name), Need("field", name)) for name in params.fields)
        yield from ((("source", name), Need("field", name)) for name in params.source)

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        """Own links first, since the CRM's search may lag behind what we just made; then the search. Of a letter what
        its thread says goes before both."""
        desk = Desk(outside)
        decisions: dict[str, Decision] = dict(_one_per_person(items))
        decisions |= _named(  # what the event itself is about goes before all that the person has
            [item for item in items if item.key not in decisions and item.params["reuse"] != "never"], desk
        )
        left = [item for item in items if item.key not in decisions]
        linked, letters = linked_leads(left, desk), threads_of(left, desk)
        for item in (item for item in left if item.key not in letters):
            if decision := decide_by_link(item, linked[item.key], desk):
                decisions[item.key] = decision
        left = [item for item in left if item.key not in decisions]
        found = search(left, desk)
        creations = []
        for item in left:
            thread = letters.get(item.key)
            decided = decide_by_search(item, found[item.key], linked[item.key], desk, thread)
            if isinstance(decided, Creation):
                creations.append(decided)
            else:
                decisions[item.key] = decided
        came_back = lost_leads(creations, desk)
        for creation in creations:
            thread = letters.get(creation.item.key, Threaded())
            own = (*thread.closed, *(came_back.get(creation.item.key) or linked[creation.item.key]))
            if creation.item.params.get("reopen") and (decision := decide_return(creation, own, desk)):
                decisions[creation.item.key] = decision
        creations = [creation for creation in creations if creation.item.key not in decisions]
        desk.line_up([(c.item, c.item.params["responsible"]) for c in creations if c.takes_turn(desk)])
        for creation in creations:
            try:
                decisions[creation.item.key] = decide_creation(creation, desk)
            except ConnectorError as error:
                decisions[creation.item.key] = error
        return [decisions[item.key] for item in items]

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        """What a card lacks goes first: it may be repeated, so that its failure never leaves a lead half reported."""
        crm = Desk(outside).crm
        added = submit(crm.add_to_contacts, ContactAddition, "addition", ready)
        outcomes: dict[str, Outcome] = {k: o for k, o in added.items() if not isinstance(o, Done | Rejected)}
        left = [d for d in ready if d.item.key not in outcomes]
        outcomes |= submit(crm.create_leads, NewLead, "create", left)
        reopened = submit(crm.reopen_leads, LeadReopening, "reopen", left)
        outcomes |= reopened
        changing = [d for d in left if isinstance(reopened.get(d.item.key, Done()), Done)]
        outcomes |= submit(crm.update_leads, LeadChange, "change", changing)
        for d in left:
            done = told(outcomes.get(d.item.key, Done(d.frozen["told"].get("lead_id", ""))), d.frozen["told"])
            outcomes[d.item.key] = _with_lead(done, added.get(d.item.key))
        return [outcomes[d.item.key] for d in ready]


def _named(items: Sequence[Delivery], desk: Desk) -> dict[str, Decision]:
    """By action key, the lead that the event knows by itself (a questionnaire's, an order's), while it is open."""
    wanted = {item.key: lead.id for item in items if (lead := event_lead(item)) is not None}
    read = desk.crm.leads(tuple(dict.fromkeys(wanted.values()))) if wanted else {}
    leads = {item.key: read[wanted[item.key]] for item in items if wanted.get(item.key) in read}
    return {
        item.key: decide_named(item, leads[item.key], desk)
        for item in items
        if item.key in leads and leads[item.key].state == LeadState.OPEN
    }


def _one_per_person(items: Sequence[Delivery]) -> Iterator[tuple[str, Decision]]:
    """Two of a batch about one person would both find nobody. Lanes keep them apart; if not, the later one waits."""
    seen: set[str] = set()
    for item in items:
        identities = {*item.lane_identities, *item.event.person.identities}
        if seen & identities:
            yield item.key, Retryable("the same person is being taken in by another action of this batch", wait=1)
        seen |= identities


def _with_lead(outcome: Outcome, added: Outcome | None) -> Outcome:
    """Names the lead that was made, and says so where the card refused its new phones and emails."""
    if not isinstance(outcome, Done):
        return outcome
    values = {"lead_id": outcome.remote_id, **outcome.values}
    if isinstance(added, Rejected):
        values["reason"] = f"{values['reason']}; the card refused its new phones and emails: {added.reason}"
    return Done(outcome.remote_id, values, outcome.found)
