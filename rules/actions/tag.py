"""`tag`: put tags on the lead and take others off."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from provodka.crm import Crm, LeadChange, Write
from provodka.settings import Strict
from rules.actions.base import Delivery
from rules.actions.desk import Desk
from rules.actions.lead import LeadAction
from rules.actions.targets import Target


class TagParams(Strict):
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.add and not self.remove:
            raise ValueError("names no tag: write add: [...] or remove: [...]")
        return self


class Tag(LeadAction[TagParams, LeadChange]):
    """Changes the tags of the lead; other tags stay."""

    name = "tag"
    params = TagParams
    templates = frozenset({"add", "remove"})
    unordered = templates
    request = LeadChange
    changes = True

    def build(self, item: Delivery, target: Target, desk: Desk) -> LeadChange:  # noqa: ARG002 -- the shape of all actions
        return LeadChange(target.lead_id, add_tags=tuple(item.params["add"]), remove_tags=tuple(item.params["remove"]))

    def write(self, crm: Crm) -> Write[LeadChange]:
        return crm.update_leads
