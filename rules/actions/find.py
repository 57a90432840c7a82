"""`find`: the lead that the later steps of the rule are about, by its id or by the value of a field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, Self

from pydantic import Field, model_validator

from provodka.crm import LeadQuery, LeadState, Need
from provodka.errors import GONE, Rejected
from provodka.operation import Done, Outcome
from provodka.payloads import LeadRef
from provodka.settings import Strict
from rules.actions.base import SKIPPED, Action, Decided, Decision, Delivery, LeadUse, Outside, Place
from rules.actions.desk import Desk
from rules.plan import Priority
from rules.text import same

_ID: Final = re.compile(r"(?:.*/)?(\d+)/?")


class FindParams(Strict):
    """By `lead`, an id or the address of the card, or by the value of one `field`; only in `pipeline`, if named.

    `missing`: what becomes of the later steps when there is none: `reject` leaves them to a person, `skip` leaves them
    out.
    """

    lead: str = ""
    field: dict[str, str] = Field(default_factory=dict)
    pipeline: str = ""
    missing: Literal["reject", "skip"] = "reject"

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.lead) == bool(self.field) or len(self.field) > 1:
            raise ValueError("write either lead: its id, or field: {its name: the value}")
        return self


class Find(Action[FindParams]):
    """Values of its result are those of `intake`. Of several leads the newest open one is taken, else the newest."""

    name = "find"
    params = FindParams
    templates = frozenset({"lead", "field"})
    lead = LeadUse.MAKES
    priority = Priority.NEW_LEAD

    def needs(self, params: FindParams) -> Iterator[tuple[Place, Need]]:
        if params.pipeline:
            yield ("pipeline",), Need("pipeline", params.pipeline)
        yield from ((("field", name), Need("field", name)) for name in params.field)

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:
        """Reads only, so that every item is settled here."""
        desk = Desk(outside)
        ids = {item.key: match[1] for item in items if (match := _ID.fullmatch(item.params["lead"].strip()))}
        by_id = desk.crm.leads(tuple(dict.fromkeys(ids.values()))) if ids else {}
        queries = {item.key: query for item in items if (query := _query(item.params)) is not None}
        answers = desk.crm.find_leads(list(queries.values())) if queries else []
        found = {key: [by_id[one]] for key, one in ids.items() if one in by_id}
        found |= dict(zip(queries, answers, strict=True))
        return [_outcome(item, found.get(item.key, []), desk) for item in items]

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:  # noqa: ARG002 -- never called
        raise AssertionError("a search has nothing to send")


def _query(params: Mapping[str, Any]) -> LeadQuery | None:
    """None where the value that is looked for came out empty: that would find whoever has none."""
    for name, value in params["field"].items():
        if value.strip():
            return LeadQuery(name, value, params["pipeline"])
    return None


def _outcome(item: Delivery, leads: Sequence[LeadRef], desk: Desk) -> Outcome:
    params = item.params
    fitting = [lead for lead in leads if not params["pipeline"] or same(lead.pipeline, params["pipeline"])]
    if not fitting:
        what = "this id" if params["lead"] else "this value of the field"
        reason = f"there is no lead of {what}"
        if params["missing"] == "skip":
            return Done(values={SKIPPED: "yes", "reason": reason}, found=True)
        hint = "Сделка не найдена: проверьте номер в событии или поставьте missing: skip"
        return Rejected(reason, hint=hint, code=GONE if params["lead"] else "")
    lead = next((lead for lead in fitting if lead.state == LeadState.OPEN), fitting[0])
    others = f"; of {len(fitting)} the newest{' open' if lead.state == LeadState.OPEN else ''} one" * (len(fitting) > 1)
    values = {
        "lead_id": lead.id,
        "contact_id": lead.contacts[0] if lead.contacts else "",
        "created": "no",
        "responsible": desk.outside.team.key(lead.responsible),
        "reason": f"found by its {'id' if params['lead'] else 'field'}{others}",
        "url": lead.url,
    }
    return Done(lead.id, values, found=True)
