"""A refused person who comes back: their lost lead goes to work again instead of a new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Self

from pydantic import Field, model_validator

from provodka.crm import CardKind, CardRef, LeadChange, LeadReopening, LeadState
from provodka.payloads import LeadRef
from provodka.settings import Strict
from rules.actions.desk import Desk, pack
from rules.actions.intake_decision import Creation, first_source, lacking, unfit
from rules.actions.kept import keeping
from rules.actions.replaced import STAGE, Replaced, replaced
from rules.durations import DurationText
from rules.team import KEEP
from rules.text import fold, same


class Returning(Strict):
    """A lead that was lost so long ago at most is put on `stage` of its own pipeline."""

    lost_within: DurationText
    stage: str = Field(min_length=1)

    @model_validator(mode="after")
    def _plain(self) -> Self:
        if self.lost_within.working or self.lost_within.clock:
            raise ValueError("lost_within: write days or hours, for example 90d")
        return self


def lost_leads(creations: Sequence[Creation], desk: Desk) -> dict[str, list[LeadRef]]:
    """By action key, all leads of the known cards whose rule takes back lost ones; one call."""
    wanted = {c.item.key: c.card.id for c in creations if c.card and c.item.params.get("reopen")}
    found = desk.crm.leads_of(tuple(dict.fromkeys(wanted.values()))) if wanted else {}
    return {key: found.get(card, []) for key, card in wanted.items()}


def decide_return(creation: Creation, leads: Sequence[LeadRef], desk: Desk) -> dict[str, Any] | None:
    """Take the newest of these leads back to work, if it was lost not too long ago and stands where the rule says."""
    item, card = creation.item, creation.card
    wanted = item.params["reopen"]
    lead = next((lead for lead in leads if _came_back(lead, wanted, item.params["pipeline"])), None)
    if lead is None:
        return None
    has = {fold(tag) for tag in lead.tags}
    owner, reason = _owner(creation, lead, desk)
    source, why = first_source(item, lead)
    change = LeadChange(
        lead.id,
        fields=source,
        responsible="" if owner == desk.outside.team.key(lead.responsible) else desk.outside.team.login(owner),
        add_tags=tuple(tag for tag in item.params["tags"] if fold(tag) not in has),
    )
    addition = lacking(item.event.person, card) if card else None
    contact = card.id if card and card.id in lead.contacts else next(iter(lead.contacts), "")
    decision = {
        "create": None,
        "change": None if change == LeadChange(lead.id) else pack(change),
        "reopen": pack(LeadReopening(lead.id, wanted["stage"])),
        "addition": pack(addition) if addition else None,
        "told": {
            "lead_id": lead.id,
            "contact_id": contact,
            "created": "no",
            "reopened": "yes",
            "responsible": desk.outside.team.key(owner),
            "reason": "; ".join(filter(None, (f"lost lead {lead.id} of this person goes back to work{why}", reason))),
            "url": lead.url,
        },
    }
    place = Replaced(STAGE, lead.stage, wanted["stage"], was_pipeline=lead.pipeline, now_pipeline=lead.pipeline)
    return keeping(decision, CardRef(CardKind.LEAD, lead.id), [place, *replaced(change, lead)])


def _came_back(lead: LeadRef, wanted: Mapping[str, Any], pipeline: str) -> bool:
    recent = lead.closed_at is not None and lead.closed_at >= datetime.fromisoformat(wanted["since"])
    return lead.state == LeadState.LOST and recent and (not pipeline or same(lead.pipeline, pipeline))


def _owner(creation: Creation, lead: LeadRef, desk: Desk) -> tuple[str, str]:
    """Who has it from now on, and why: its own responsible, unless they cannot be."""
    own = desk.outside.team.key(lead.responsible)
    if creation.item.params["responsible"] == KEEP:
        return own, ""
    why = unfit(own, creation.item, desk) if own else "nobody"
    if not why:
        return own, f"stays with {own}"
    choice = desk.choose(creation.item, creation.item.params["responsible"])
    return choice.person, f"{own} {why}; {choice.reason}"
