"""`assign`: make somebody responsible for the lead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import field_validator

from provodka.crm import Crm, LeadChange, Write
from provodka.settings import Strict
from rules.actions.base import Delivery, Place, Planning
from rules.actions.desk import Desk
from rules.actions.lead import LeadAction
from rules.actions.targets import Target
from rules.assignment import Responsible, people_of, with_counter
from rules.team import KEEP


class AssignParams(Strict):
    responsible: Responsible

    @field_validator("responsible")
    @classmethod
    def _somebody(cls, value: Responsible) -> Responsible:
        if value == KEEP:
            raise ValueError("keep changes nothing here: name a staff key or a strategy")
        return value


class Assign(LeadAction[AssignParams, LeadChange]):
    """Changes the responsible of the lead."""

    name = "assign"
    params = AssignParams
    request = LeadChange
    changes = True

    def plan(self, planning: Planning[AssignParams]) -> dict[str, Any]:
        return {"responsible": with_counter(planning.rendered["responsible"], f"{planning.rule}: assign")}

    def people(self, params: AssignParams) -> Iterator[tuple[Place, str]]:
        yield from ((("responsible", *place), person) for place, person in people_of(params.responsible))

    def build(self, item: Delivery, target: Target, desk: Desk) -> LeadChange:
        person = desk.choose(item, item.params["responsible"], target.responsible).person
        return LeadChange(target.lead_id, responsible=desk.outside.team.login(person))

    def write(self, crm: Crm) -> Write[LeadChange]:
        return crm.update_leads
