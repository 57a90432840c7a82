"""`reopen`: take a closed lead back into work."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from provodka.crm import Crm, LeadReopening, LeadState, Need, Write
from provodka.payloads import LeadRef
from provodka.settings import Strict
from rules.actions.base import Delivery, Place
from rules.actions.desk import Desk
from rules.actions.lead import LeadAction
from rules.actions.replaced import STAGE, Replaced
from rules.actions.targets import Target


class ReopenParams(Strict):
    """`stage` is one of the lead's own pipeline."""

    stage: str = Field(min_length=1)


class Reopen(LeadAction[ReopenParams, LeadReopening]):
    """Puts a closed lead on a stage; one that is in work stays where it is."""

    name = "reopen"
    params = ReopenParams
    request = LeadReopening
    changes = True

    def needs(self, params: ReopenParams) -> Iterator[tuple[Place, Need]]:
        yield ("stage",), Need("stage", params.stage)

    def build(self, item: Delivery, target: Target, desk: Desk) -> LeadReopening:  # noqa: ARG002 -- the shape of all actions
        return LeadReopening(target.lead_id, item.params["stage"])

    def replaces(self, request: LeadReopening, lead: LeadRef) -> list[Replaced]:
        if lead.state == LeadState.OPEN:
            return []
        return [Replaced(STAGE, lead.stage, request.stage, was_pipeline=lead.pipeline, now_pipeline=lead.pipeline)]

    def write(self, crm: Crm) -> Write[LeadReopening]:
        return crm.reopen_leads
