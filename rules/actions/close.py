"""`close`: end the lead, won or lost with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Self

from pydantic import model_validator

from provodka.crm import Crm, LeadClosing, LeadState, Need, Write
from provodka.payloads import LeadRef
from provodka.settings import Strict
from rules.actions.base import Delivery, Place
from rules.actions.desk import Desk
from rules.actions.lead import LeadAction
from rules.actions.replaced import CLOSED, Replaced
from rules.actions.targets import Target


class CloseParams(Strict):
    """`lost` is the reason as the CRM calls it, or `true` without one."""

    won: Literal[True] | None = None
    lost: str | Literal[True] | None = None

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if (self.won is None) == (self.lost is None):
            raise ValueError("write either won: true or lost: the reason, as the CRM calls it")
        if self.lost == "":
            raise ValueError("lost: names no reason; to give none write lost: true")
        return self


class Close(LeadAction[CloseParams, LeadClosing]):
    """Closes the lead in its own pipeline."""

    name = "close"
    params = CloseParams
    request = LeadClosing
    changes = True

    def needs(self, params: CloseParams) -> Iterator[tuple[Place, Need]]:
        if isinstance(params.lost, str):
            yield ("lost",), Need("loss_reason", params.lost)

    def build(self, item: Delivery, target: Target, desk: Desk) -> LeadClosing:  # noqa: ARG002 -- the shape of all actions
        lost = item.params["lost"]
        return LeadClosing(target.lead_id, won=lost is None, loss_reason=lost if isinstance(lost, str) else "")

    def replaces(self, request: LeadClosing, lead: LeadRef) -> list[Replaced]:
        state = LeadState.WON if request.won else LeadState.LOST
        if lead.state == state:
            return []
        return [Replaced(CLOSED, lead.stage, state.value, lead.state, lead.pipeline, lead.pipeline)]

    def write(self, crm: Crm) -> Write[LeadClosing]:
        return crm.close_leads
