"""Changing leads: only what is to differ is sent, so that nobody else's change is written over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

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
from connectors.crm.mirror import LEAD, KnownLead, stranger
from provodka.crm import LeadChange, LeadClosing, LeadReopening, Pipeline, Stage
from provodka.errors import Rejected
from provodka.operation import Done, Outcome, Request

GONE: Final = "Сделки нет в amoCRM: её удалили или объединили с другой."
CLOSED_STAGE: Final = "«{stage}» — закрывающий этап: чтобы вернуть сделку в работу, укажите рабочий."
CLOSING: Final = {str(WON), str(LOST)}
ChangeRequest = Request[LeadChange]
Places = dict[str, Pipeline]
C = TypeVar("C", LeadChange, LeadClosing, LeadReopening)


class LeadChanges:
    """`update_leads`, `close_leads` and `reopen_leads` of one account."""

    def __init__(self, room: Room, leads: Leads) -> None:
        self._room = room
        self._leads = leads
        self._expectations = Expectations(room, LEAD, stranger)

    def update(self, requests: Sequence[ChangeRequest]) -> list[Outcome]:
        def attempt(part: Sequence[ChangeRequest]) -> list[Outcome]:
            places = self._places([r.params.lead_id for r in part if r.params.stage and not r.params.pipeline])
            return self._carry_out(part, lambda request: self._body(request, places))

        return with_fresh_names(self._room.directory, requests, attempt, STALE_IDS)

    def close(self, requests: Sequence[Request[LeadClosing]]) -> list[Outcome]:
        """Where the leads stand is read afresh: closing must not carry one back into the pipeline that we knew."""

        def attempt(part: Sequence[Request[LeadClosing]]) -> list[Outcome]:
            items = self._leads.items([request.params.lead_id for request in part])
            places = self._pipelines({one: item.get("pipeline_id") for one, item in items.items()})
            return self._carry_out(part, lambda request: self._closing(request, places))

        return with_fresh_names(self._room.directory, requests, attempt, STALE_IDS)

    def reopen(self, requests: Sequence[Request[LeadReopening]]) -> list[Outcome]:
        """Where the leads stand is read afresh: one that is in work already stays where it is."""

        def attempt(part: Sequence[Request[LeadReopening]]) -> list[Outcome]:
            items = self._leads.items([request.params.lead_id for request in part])
            places = self._pipelines({one: item.get("pipeline_id") for one, item in items.items()})
            stands = {one: str(item.get("status_id")) for one, item in items.items()}
            return self._carry_out(part, lambda request: self._reopening(request, places, stands))

        return with_fresh_names(self._room.directory, requests, attempt, STALE_IDS)

    def discard(self, requests: Sequence[ChangeRequest]) -> list[Outcome]:
        """Lost where they stand, with the tags that the changes add."""

        def attempt(part: Sequence[ChangeRequest]) -> list[Outcome]:
            items = self._leads.items([request.params.lead_id for request in part])
            places = self._pipelines({one: item.get("pipeline_id") for one, item in items.items()})
            return self._carry_out(part, lambda request: _discarded(request.params, places))

        return with_fresh_names(self._room.directory, requests, attempt, STALE_IDS)

    def _carry_out(self, requests: Sequence[Request[C]], make: Callable[[Request[C]], Json]) -> list[Outcome]:
        """Make the bodies, expect what they will do, send them."""
        known = self._expectations.known([request.params.lead_id for request in requests])
        bodies, outcomes = build(requests, make)
        outcomes.update({i: Done(requests[i].params.lead_id) for i, body in bodies.items() if len(body) == 2})
        order = [i for i in bodies if i not in outcomes]
        sending = [(requests[i].params.lead_id, bodies[i]) for i in order]
        aims = self._expectations.expect(sending, known, self._aim)
        sent = patch(self._room, "/leads", [bodies[i] for i in order], GONE)
        outcomes.update(zip(order, sent, strict=True))
        self._expectations.settle([(requests[i].params.lead_id, outcomes[i]) for i in order], aims)
        return [outcomes[i] for i in range(len(requests))]

    def _body(self, request: ChangeRequest, places: Places) -> Json:
        change, directory = request.params, self._room.directory
        body = {**head(change.lead_id, change.title), **responsible(directory, change.responsible)}
        if change.price is not None:
            body["price"] = whole(change.price)
        if change.pipeline or change.stage:
            body.update(self._place(change, places))
        if change.fields:
            body["custom_fields_values"] = values_of(directory, "leads", change.fields)
        body.update(tag_changes(change.add_tags, change.remove_tags))
        return body

    def _closing(self, request: Request[LeadClosing], places: Places) -> Json:
        closing = request.params
        pipeline = _place_of(closing.lead_id, places)
        body = {**head(closing.lead_id, ""), "pipeline_id": int(pipeline.id), "status_id": WON if closing.won else LOST}
        if closing.won or not closing.loss_reason:
            return body
        return {**body, "loss_reason_id": self._room.directory.loss_reason(closing.loss_reason)}

    def _reopening(self, request: Request[LeadReopening], places: Places, stands: dict[str, str]) -> Json:
        reopening = request.params
        pipeline = _place_of(reopening.lead_id, places)
        stage = self._room.directory.stage(pipeline, reopening.stage) if reopening.stage else first_stage(pipeline)
        if stage.id in CLOSING:
            raise Rejected(f"«{stage.name}» is no stage to work in", hint=CLOSED_STAGE.format(stage=stage.name))
        body = head(reopening.lead_id, "")
        if stands[reopening.lead_id] not in CLOSING:
            return body
        return {**body, "pipeline_id": int(pipeline.id), "status_id": int(stage.id)}

    def _place(self, change: LeadChange, places: Places) -> Json:
        """Both ids: the closing stages have the same id in every pipeline, and a move needs the pipeline."""
        directory = self._room.directory
        pipeline = directory.pipeline(change.pipeline) if change.pipeline else _place_of(change.lead_id, places)
        stage = directory.stage(pipeline, change.stage) if change.stage else first_stage(pipeline)
        return {"pipeline_id": int(pipeline.id), "status_id": int(stage.id)}

    def _places(self, ids: Sequence[str]) -> Places:
        """The pipelines of these leads, by the mirror where it knows them; unknown leads are absent."""
        known = self._expectations.known(ids)
        where = {one: lead.pipeline_id for one, lead in known.items() if lead.pipeline_id}
        asked = self._leads.items([one for one in ids if one not in where])
        return self._pipelines({**where, **{one: item.get("pipeline_id") for one, item in asked.items()}})

    def _pipelines(self, where: Mapping[str, object]) -> Places:
        by_id = {pipeline.id: pipeline for pipeline in self._room.directory.pipelines()}
        return {one: by_id[str(found)] for one, found in where.items() if str(found) in by_id}

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
            aim["fields"] = self._fields(body["custom_fields_values"])
        return aim

    def _fields(self, items: Sequence[Json]) -> dict[str, str]:
        directory = self._room.directory
        zone = directory.account().zone
        by_id = {field.id: field for field in directory.fields()}
        return {str(item["field_id"]): custom.shown(by_id[item["field_id"]], item, zone) for item in items}


def _place_of(lead_id: str, places: Places) -> Pipeline:
    pipeline = places.get(lead_id)
    if pipeline is None:
        raise Rejected(f"lead {lead_id} is not in the account", hint=GONE)
    return pipeline


def _discarded(change: LeadChange, places: Places) -> Json:
    pipeline = _place_of(change.lead_id, places)
    place = {"pipeline_id": int(pipeline.id), "status_id": LOST}
    return {**head(change.lead_id, ""), **place, **tag_changes(change.add_tags, ())}


def first_stage(pipeline: Pipeline) -> Stage:
    """The first stage that people work in."""
    working = [one for one in pipeline.stages if not one.incoming and one.id not in CLOSING]
    return (working or pipeline.stages)[0]
