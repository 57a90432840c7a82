"""`convert`: a lead that has ripened becomes contact, company and deal; where leads are deals it moves on."""

from __future__ import annotations

from collections.abc import Iterator

from provodka.crm import Crm, LeadConversion, Need, Write
from provodka.payloads import LeadRef
from provodka.settings import Strict
from rules.actions.base import Delivery, Place
from rules.actions.desk import Desk
from rules.actions.lead import LeadAction
from rules.actions.replaced import STAGE, Replaced
from rules.actions.targets import Target


class ConvertParams(Strict):
    """Where the deal begins. `company` names the firm where the lead has none; `lines` takes the products along."""

    pipeline: str = ""
    stage: str = ""
    company: str = ""
    lines: bool = True


class Convert(LeadAction[ConvertParams, LeadConversion]):
    """Converts the lead. A move can be undone, a deal that was made cannot."""

    name = "convert"
    params = ConvertParams
    templates = frozenset({"company"})
    request = LeadConversion
    changes = True

    def needs(self, params: ConvertParams) -> Iterator[tuple[Place, Need]]:
        if params.pipeline:
            yield ("pipeline",), Need("deal_pipeline", params.pipeline)
        if params.stage:
            yield ("stage",), Need("deal_stage", params.stage, within=params.pipeline)

    def build(self, item: Delivery, target: Target, desk: Desk) -> LeadConversion:  # noqa: ARG002 -- the shape of all actions
        params = item.params
        return LeadConversion(
            target.lead_id, params["pipeline"], params["stage"], params["company"], lines=params["lines"]
        )

    def replaces(self, request: LeadConversion, lead: LeadRef) -> list[Replaced]:
        to = request.pipeline or lead.pipeline
        return [Replaced(STAGE, lead.stage, request.stage, was_pipeline=lead.pipeline, now_pipeline=to)]

    def write(self, crm: Crm) -> Write[LeadConversion]:
        return crm.convert_leads
