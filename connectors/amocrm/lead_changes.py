"""Changing leads: only what is to differ is sent, so that nobody else's change is written over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from connectors.amocrm import fields as custom
from connectors.amocrm.client import Json
from connectors.amocrm.directory import LOST, WON
from connectors.amocrm.leads import Leads
from connectors.amocrm.new_leads import whole
from connectors.amocrm.patching import head, patch, responsible, tag_changes, values_of
from connectors.amocrm.problems import STALE_IDS
from connectors.amocrm.room import Room
from connectors.crm.batching import build, with_fresh_names
from connectors.crm.expecting import Aim, Expectations
from connectors.crm.mirror import KnownLead
from provodka.crm import LeadChange, Pipeline
from provodka.errors import Rejected
from provodka.operation import Done, Outcome, Request

GONE: Final = "Сделки нет в amoCRM: её удалили или объединили с другой."
CLOSING: Final = {str(WON), str(LOST)}
ChangeRequest = Request[LeadChange]


class LeadChanges:
    """`update_leads` of one account."""

    def __init__(self, room: Room, leads: Leads) -> None:
        self._room = room
        self._leads = leads
        self._expectations = Expectations(room)

    def update(self, requests: Sequence[ChangeRequest]) -> list[Outcome]:
        return with_fresh_names(self._room.directory, requests, self._update, STALE_IDS)

    def _update(self, requests: Sequence[ChangeRequest]) -> list[Outcome]:
        known = self._expectations.known([request.params.lead_id for request in requests])
        pipelines = self._pipelines(requests, known)
        bodies, outcomes = build(requests, lambda request: self._body(request, pipelines))
        outcomes.update({i: Done(requests[i].params.lead_id) for i, body in bodies.items() if len(body) == 2})
        order = [i for i in bodies if i not in outcomes]
        sending = [(requests[i].params.lead_id, bodies[i]) for i in order]
        aims = self._expectations.expect(sending, known, self._aim)
        sent = patch(self._room, "/leads", [bodies[i] for i in order], GONE)
        outcomes.update(zip(order, sent, strict=True))
        self._expectations.settle([(requests[i].params.lead_id, outcomes[i]) for i in order], aims)
        return [outcomes[i] for i in range(len(requests))]

    def _body(self, request: ChangeRequest, pipelines: dict[str, Pipeline]) -> Json:
        change, directory = request.params, self._room.directory
        body = {**head(change.lead_id, change.title), **responsible(directory, change.responsible)}
        if change.price is not None:
            body["price"] = whole(change.price)
        if change.pipeline or change.stage:
            body.update(self._place(change, pipelines))
        if change.fields:
            body["custom_fields_values"] = values_of(directory, "leads", change.fields)
        body.update(tag_changes(change.add_tags, change.remove_tags))
        return body

    def _place(self, change: LeadChange, pipelines: dict[str, Pipeline]) -> Json:
        """Both ids: the closing stages have the same id in every pipeline, and a move needs the pipeline."""
        directory = self._room.directory
        pipeline = directory.pipeline(change.pipeline) if change.pipeline else pipelines.get(change.lead_id)
        if pipeline is None:
            raise Rejected(f"lead {change.lead_id} is not in the account", hint=GONE)
        if change.stage:
            stage = directory.stage(pipeline, change.stage)
        else:
            working = [one for one in pipeline.stages if not one.incoming and one.id not in CLOSING]
            stage = (working or pipeline.stages)[0]
        return {"pipeline_id": int(pipeline.id), "status_id": int(stage.id)}

    def _pipelines(self, requests: Sequence[ChangeRequest], known: dict[str, KnownLead]) -> dict[str, Pipeline]:
        """The pipelines of the leads that are to change their stage within them."""
        ids = [r.params.lead_id for r in requests if r.params.stage and not r.params.pipeline]
        where = {one: known[one].pipeline_id for one in ids if one in known and known[one].pipeline_id}
        asked = self._leads.items([one for one in ids if one not in where])
        where.update((one, item.get("pipeline_id")) for one, item in asked.items())
        by_id = {pipeline.id: pipeline for pipeline in self._room.directory.pipelines()}
        return {one: by_id[str(number)] for one, number in where.items() if str(number) in by_id}

    def _aim(self, lead: KnownLead, body: Json) -> Aim:
        """The members of the lead as they will be when amoCRM has done what `body` says."""
        names = {
            "title": "name",
            "pipeline_id": "pipeline_id",
            "status_id": "status_id",
            "responsible_id": "responsible_user_id",
            "price": "price",
        }
        aim: Aim = {member: body[key] for member, key in names.items() if key in body}
        added, removed = ({tag["name"] for tag in body.get(key, ())} for key in ("tags_to_add", "tags_to_delete"))
        if lead.tags is not None and (added or removed):
            aim["tags"] = tuple(sorted((set(lead.tags) | added) - removed))
        if lead.fields is not None and "custom_fields_values" in body:
            aim["fields"] = self._fields(lead.fields, body["custom_fields_values"])
        return aim

    def _fields(self, old: dict[str, str], items: Sequence[Json]) -> dict[str, str]:
        directory = self._room.directory
        zone = directory.account().zone
        by_id = {field.id: field for field in directory.fields()}
        new = {str(item["field_id"]): custom.shown(by_id[item["field_id"]], item, zone) for item in items}
        return {one: text for one, text in {**old, **new}.items() if text}
