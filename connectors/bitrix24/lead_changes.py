"""Changing leads: only what is to differ is sent, and what the portal made of it is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from connectors.bitrix24 import fields as custom
from connectors.bitrix24.cards import Leads, tags_of
from connectors.bitrix24.conversion import Conversion, LeadConversion
from connectors.bitrix24.directory import LEADS, first_open, place_in
from connectors.bitrix24.new_leads import LONGEST_TITLE
from connectors.bitrix24.problems import GONE, NOT_FOUND
from connectors.bitrix24.query import Command, Json
from connectors.bitrix24.room import Room, item_of
from connectors.bitrix24.tags import Tags
from connectors.crm.batching import build, with_fresh_names
from connectors.crm.expecting import Aim, Expectations
from connectors.crm.mirror import LEAD, KnownLead, clean_tags, stranger
from connectors.crm.names import plain
from connectors.crm.values import plain_number
from provodka.crm import LeadChange, LeadState, Pipeline
from provodka.errors import Ambiguous, Rejected
from provodka.operation import Done, Outcome, Request

IGNORED: Final = "Битрикс24 не перевёл карточку на этот этап: проверьте права на этап и обязательные поля этапа."
ChangeRequest = Request[LeadChange]


class LeadChanges:
    """`update_leads` of one portal."""

    def __init__(self, room: Room, leads: Leads, conversion: Conversion) -> None:
        self._room = room
        self._leads = leads
        self._conversion = conversion
        self._tags = Tags(room)
        self._expectations = Expectations(room, LEAD, stranger)

    def update(self, requests: Sequence[ChangeRequest]) -> list[Outcome]:
        return with_fresh_names(self._room.directory, requests, self._update)

    def _update(self, requests: Sequence[ChangeRequest]) -> list[Outcome]:
        ids = [request.params.lead_id for request in requests]
        items = self._leads.items(ids)  # a field of tags is written whole, and a stage belongs to a funnel
        bodies, outcomes = build(requests, lambda request: self._body(request.params, items))
        outcomes.update({i: Done(ids[i]) for i, body in bodies.items() if not body})
        won = [i for i, body in bodies.items() if i not in outcomes and self._is_won(body, items[ids[i]])]
        for i, deal in zip(won, self._conversion.convert([items[ids[i]] for i in won]), strict=True):
            if isinstance(deal, Done):
                bodies[i] |= _links(deal)
            else:
                outcomes[i] = deal  # the lead stays where it is, and is converted by the next attempt
        order = [i for i in bodies if i not in outcomes]
        known = self._expectations.known(ids)
        aims = self._expectations.expect([(ids[i], bodies[i]) for i in order], known, self._aim)
        sent = self._room.deliver({i: self._command(ids[i], bodies[i]) for i in order}, self._done)
        for i in order:
            outcomes[i] = _verified(sent[i], bodies[i], items[ids[i]], requests[i].params.stage)
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

    def _body(self, change: LeadChange, items: dict[str, Json]) -> Json:
        item = items.get(change.lead_id)
        if item is None:
            raise Rejected(f"lead {change.lead_id} is not on the portal", hint=GONE, code=NOT_FOUND)
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
        return {**body, **self._tagged(change, item)}

    def _tagged(self, change: LeadChange, item: Json) -> Json:
        """The field of tags as it shall be; nothing where it is so already."""
        added, removed = clean_tags(change.add_tags), {plain(tag) for tag in change.remove_tags}
        if not added and not removed:
            return {}
        field = self._tags.ensure() if added else self._room.directory.tags_field()
        old = tags_of(item, field)
        have = {plain(tag) for tag in old}
        new = [tag for tag in (*old, *(t for t in added if plain(t) not in have)) if plain(tag) not in removed]
        return {str(field.id): self._tags.value(field, new)} if field and new != old else {}

    def _place(self, change: LeadChange, item: Json) -> Json:
        """Funnel and stage together: a stage of another funnel would be overlooked without a word."""
        directory = self._room.directory
        pipeline = directory.pipeline(change.pipeline) if change.pipeline else self._pipeline_of(item)
        stage = directory.stage(pipeline, change.stage) if change.stage else first_open(pipeline)
        place: Json = {"stageId": stage.id}
        return place if self._room.kind is LEADS else {"categoryId": pipeline.id, **place}

    def _pipeline_of(self, item: Json) -> Pipeline:
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
            new = {one: custom.decode(field, body[one]) for one, field in written.items()}
            aim["fields"] = {one: text for one, text in {**lead.fields, **new}.items() if text}
        return aim

    def convert(self, requests: Sequence[Request[LeadConversion]]) -> list[Outcome]:
        """Close these leads as won, which makes deals of them; the outcomes tell the deals."""
        if self._room.kind is not LEADS:
            return [Rejected("the leads of this portal are deals already")] * len(requests)
        (pipeline,) = self._room.directory.pipelines()
        won = next((stage.name for stage in pipeline.stages if stage.state is LeadState.WON), "")
        ids = [request.params.lead_id for request in requests]
        moved = self.update([Request(r.key, LeadChange(r.params.lead_id, stage=won)) for r in requests])
        deals = self._conversion.deals_of(ids)
        silent = Ambiguous("the lead is won, but its deal does not show yet")
        return [(deal or silent) if isinstance(one, Done) else one for one, deal in zip(moved, deals, strict=True)]


def _links(deal: Done) -> Json:
    """What the lead shall refer to, as a lead does that the portal itself has converted."""
    contact, company = deal.values.get("contact_id"), deal.values.get("company_id")
    return ({"contactIds": [contact]} if contact else {}) | ({"companyId": company} if company else {})


def _verified(outcome: Outcome, body: Json, item: Json, stage: str) -> Outcome:
    """A stage that did not change although it was to: the portal says true to that, too."""
    if not isinstance(outcome, Done):
        return outcome
    now = outcome.values.pop("stage_id")
    wanted, before = body.get("stageId"), item.get("stageId")
    if wanted and wanted != before and now == before:
        return Rejected(f"the portal left the stage as it was, instead of «{stage}»", hint=IGNORED)
    return outcome
