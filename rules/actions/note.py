"""`note`: write a note into the feed of the lead."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from provodka.crm import Crm, NewNote, Write
from provodka.settings import Strict
from rules.actions.base import Delivery
from rules.actions.desk import Desk
from rules.actions.lead import LeadAction
from rules.actions.targets import Target


class NoteParams(Strict):
    text: str = Field(min_length=1)


class Note(LeadAction[NoteParams, NewNote]):
    """Adds a note; to the contact where there is no open lead."""

    name = "note"
    params = NoteParams
    templates = frozenset({"text"})
    request = NewNote
    contact_will_do = True

    def parts(self, params: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """A note that came out empty (a letter without text) is not written, and stops nothing else of its rule."""
        return {"": params} if params["text"].strip() else {}

    def doubles(self, earlier: NoteParams, later: NoteParams) -> bool:
        return earlier == later

    def build(self, item: Delivery, target: Target, desk: Desk) -> NewNote:  # noqa: ARG002 -- the shape of all actions
        return NewNote(item.params["text"], target.lead_id, "" if target.lead_id else target.contact_id)

    def write(self, crm: Crm) -> Write[NewNote]:
        return crm.add_notes
