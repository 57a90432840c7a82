"""`move`: put the lead on a stage."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from provodka.crm import Crm, LeadChange, Need, Write
from provodka.settings import Strict
from rules.actions.base import Delivery, Place
from rules.actions.desk import Desk
from rules.actions.lead import LeadAction
from rules.actions.targets import Target


class MoveParams(Strict):
    """Without `pipeline` the stage is one of the lead's own pipeline."""

    stage: str = Field(min_length=1)
    pipeline: str = ""


class Move(LeadAction[MoveParams, LeadChange]):
    """Changes the stage of the lead, and its pipeline where one is named."""

    name = "move"
    params = MoveParams
    request = LeadChange
    changes = True

    def needs(self, params: MoveParams) -> Iterator[tuple[Place, Need]]:
        if params.pipeline:
            yield ("pipeline",), Need("pipeline", params.pipeline)
        yield ("stage",), Need("stage", params.stage, within=params.pipeline)

    def build(self, item: Delivery, target: Target, desk: Desk) -> LeadChange:  # noqa: ARG002 -- the shape of all actions
        return LeadChange(target.lead_id, pipeline=item.params["pipeline"], stage=item.params["stage"])

    def write(self, crm: Crm) -> Write[LeadChange]:
        return crm.update_leads
