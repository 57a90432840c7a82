"""Changing leads: only what is to differ is sent, and what the portal made of it is looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from connectors.bitrix24 import fields as custom
from connectors.bitrix24.cards import Leads
from connectors.bitrix24.conversion import Conversion
from connectors.bitrix24.directory import LEADS, first_open, place_in
from connectors.bitrix24.new_leads import LONGEST_TITLE
from connectors.bitrix24.query import Command, Json
from connectors.bitrix24.room import Room, gone, item_of
from connectors.bitrix24.tags import Tags, tags_of
from connectors.crm.batching import build, with_fresh_names
from connectors.crm.expecting import Aim, Expectations
from connectors.crm.mirror import LEAD, KnownLead, stranger
from connectors.crm.values import plain_number
from provodka.crm import (
    LeadChange,
    LeadClosing,
    LeadConversion,
    LeadReopening,
    LeadState,
    Pipeline,
    RequestAcceptance,
    RequestDecline,
    Stage,
)
from provodka.errors import Ambiguous, Rejected
from provodka.operation import Done, Outcome, Request

IGNORED: Final = "Битрикс24 не перевёл карточку на этот этап: проверьте права на этап и обязательные поля этапа."
STAGE_IGNORED: Final = "stage_ignored"
STALE: Final = frozenset({STAGE_IGNORED, "CRM_FIELD_ERROR_VALUE_NOT_VALID"})  # a stage or an option may be gone
ChangeRequest = Request[LeadChange]
C = TypeVar("C", LeadChange, LeadClosing, LeadConversion, LeadReopening, RequestAcceptance, RequestDecline)


class LeadChanges:
    """`update_leads` of one portal, and how any change of leads is carried out."""

    def __init__(self, room: Room, leads: Leads, conversion: Conversion) -> None:
        self._room = room
        self._leads = leads
        self._conversion = conversion
        self._tags = Tags(room)
        self._expectations = Expectations(room, LEAD, stranger)

    def update(self, requests: Sequence[ChangeRequest]) -> list[Outcome]:
        return self.carry_out(requests, self._body)

    def carry_out(self, requests: Sequence[Request[C]], make: Callable[[C, Json], Json]) -> list[Outcome]:
        """Change leads: `make` gives the body from what is wanted and the card as it is; an empty one changes nothing.

        A lead of the portal that is moved to its success becomes contact, company and deal first.
        """

        def attempt(part: Sequence[Request[C]]) -> list[Outcome]:
            return self._carry_out(part, make)

        return with_fresh_names(self._room.directory, requests, attempt, STALE)

    def _carry_out(self, requests: Sequence[Request[C]], make: Callable[[C, Json], Json]) -> list[Outcome]:
        ids = [request.params.lead_id for request in requests]
        items = self._leads.items(ids)  # a field of tags is written whole, and a stage belongs to a funnel
        bodies, outcomes = build(requests, lambda request: make(request.params, _there(request.params.lead_id, items)))
        outcomes.update({i: Done(ids[i]) for i, body in bodies.items() if not body})
        won = [i for i, body in bodies.items() if i not in outcomes and self._is_won(body, items[ids[i]])]
        ripe = [(items[ids[i]], _conversion(requests[i].params)) for i in won]
        for i, deal in zip(won, self._conversion.convert(ripe), strict=True):
            if isinstance(deal, Done):
                bodies[i] |= _links(deal)
            else:
                outcomes[i] = deal  # the lead stays where it is, and is converted by the next attempt
        order = [i for i in bodies if i not in outcomes]
        known = self._expectations.known(ids)
        aims = self._expectations.expect([(ids[i], bodies[i]) for i in order], known, self._aim)
        sent = self._room.deliver({i: self._command(ids[i], bodies[i]) for i in order}, self._done)
        for i in order:
            outcomes[i] = self._verified(sent[i], bodies[i], items[ids[i]])
        self._expectations.settle([(ids[i], outcomes[i]) for i in order], aims)
        return [outcomes[i] for i in range(len(requests))]

    def _command(self, lead_id: str, body: Json) -> Command:
        params = {"entityTypeId": self._room.kind.type_id, "id": lead_id, "fields": body}
        return Command("crm.item.update", params)

    def _done(self, result: object) -> Outcome:
        item = item_of(result)
        if not item:
            return Ambiguous("the answer holds no card")
        return Done(str(item.get("id")), {"stage_id": str(item.get("stageId") or "")})

    def _body(self, change: LeadChange, item: Json) -> Json:
        directory = self._room.directory
        zone = directory.portal().zone
        body: Json = {}
        if title := change.title.strip():
            body["title"] = title[:LONGEST_TITLE]
        if change.price is not None:
            body.update({"opportunity": str(change.price), "isManualOpportunity": "Y"})
        if change.responsible:
            body["assignedById"] = directory.user(change.responsible).id
        if change.pipeline or change.stage:
            body.update(self._place(change, item))
        for name, text in change.fields.items():
            field = directory.field(name)
            body[str(field.id)] = custom.encode(field, text, zone)
        return {**body, **self._tags.changed(item, change.add_tags, change.remove_tags)}

    def _place(self, change: LeadChange, item: Json) -> Json:
        """Funnel and stage together: a stage of another funnel would be overlooked without a word."""
        directory = self._room.directory
        pipeline = directory.pipeline(change.pipeline) if change.pipeline else self.pipeline_of(item)
        return self.place(pipeline, directory.stage(pipeline, change.stage) if change.stage else first_open(pipeline))

    def place(self, pipeline: Pipeline, stage: Stage) -> Json:
        """What moves a card to this stage."""
        place: Json = {"stageId": stage.id}
        return place if self._room.kind is LEADS else {"categoryId": pipeline.id, **place}

    def pipeline_of(self, item: Json) -> Pipeline:
        """The pipeline that a card is in."""
        own = str(int(item.get("categoryId") or 0))
        directory = self._room.directory
        return next((one for one in directory.pipelines() if one.id == own), None) or directory.pipeline("")

    def _is_won(self, body: Json, item: Json) -> bool:
        """Whether this moves a lead of the portal to its success, which REST lets be only a word."""
        if self._room.kind is not LEADS or "stageId" not in body or body["stageId"] == item.get("stageId"):
            return False
        stage = place_in(self._room.directory.pipelines(), body["stageId"])
        return stage is not None and stage.state is LeadState.WON

    def _aim(self, lead: KnownLead, body: Json) -> Aim:
        """The members of the lead as they will be when the portal has done what `body` says."""
        names = {"title": "title", "status_id": "stageId", "responsible_id": "assignedById"}
        aim: Aim = {member: body[key] for member, key in names.items() if key in body}
        if "categoryId" in body:
            aim["pipeline_id"] = int(body["categoryId"])
        if "opportunity" in body:
            aim["price"] = plain_number(body["opportunity"])
        if "contactIds" in body:
            aim["contacts"] = tuple(body["contactIds"])
        tags = self._room.directory.tags_field()
        if tags and str(tags.id) in body:
            aim["tags"] = tuple(sorted(tags_of(body, tags)))
        written = {str(f.id): f for f in self._room.directory.fields() if str(f.id) in body and f != tags}
        if lead.fields is not None and written:
            aim["fields"] = {one: custom.decode(field, body[one]) for one, field in written.items()}
        return aim

    def _verified(self, outcome: Outcome, body: Json, item: Json) -> Outcome:
        """A stage that did not change although it was to: the portal says true to that, too."""
        if not isinstance(outcome, Done):
            return outcome
        now = outcome.values.pop("stage_id")
        wanted, before = body.get("stageId"), item.get("stageId")
        if wanted and wanted != before and now == before:
            stage = place_in(self._room.directory.pipelines(), wanted)
            name = stage.name if stage else wanted
            return Rejected(
                f"the portal left the stage as it was, instead of «{name}»", hint=IGNORED, code=STAGE_IGNORED
            )
        return outcome

    def convert(self, requests: Sequence[Request[LeadConversion]]) -> list[Outcome]:
        """Close these leads of the portal as won, which makes deals of them; the outcomes tell the deals."""
        pipeline = self._room.directory.lead_pipeline()
        won = next(stage for stage in pipeline.stages if stage.state is LeadState.WON)
        moved = self.carry_out(requests, lambda *_: self.place(pipeline, won))
        deals = self._conversion.deals_of([request.params.lead_id for request in requests])
        silent = Ambiguous("the lead is won, but its deal does not show yet")
        return [(deal or silent) if isinstance(one, Done) else one for one, deal in zip(moved, deals, strict=True)]


def _conversion(change: object) -> LeadConversion:
    """What is wanted of a lead that is moved to its success, by whichever change."""
    return change if isinstance(change, LeadConversion) else LeadConversion("")


def _links(deal: Done) -> Json:
    """What the lead shall refer to, as a lead does that the portal itself has converted."""
    contact, company = deal.values.get("contact_id"), deal.values.get("company_id")
    return ({"contactIds": [contact]} if contact else {}) | ({"companyId": company} if company else {})


def _there(lead_id: str, items: dict[str, Json]) -> Json:
    if lead_id not in items:
        raise gone("lead", lead_id)
    return items[lead_id]
