"""Changing leads: only what is to differ is sent, so that nobody else's change is written over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from connectors.amocrm import fields as custom
from connectors.amocrm.batch import deliver
from connectors.amocrm.client import Json, embedded
from connectors.amocrm.directory import LOST, WON
from connectors.amocrm.known import LEAD, KnownLead, lead_snapshot, load_lead, settle
from connectors.amocrm.leads import Leads
from connectors.amocrm.new_leads import LONGEST_NAME, ROBOT, clean_tags, whole
from connectors.amocrm.problems import STALE_IDS
from connectors.amocrm.room import Room
from connectors.crm.batching import build, with_fresh_names
from connectors.http import Reply
from provodka.crm import LeadChange, Pipeline
from provodka.errors import Ambiguous, Rejected
from provodka.operation import Done, Outcome, Request
from provodka.stores import Snapshot

GONE: Final = "Сделки нет в amoCRM: её удалили."
CLOSING: Final = {str(WON), str(LOST)}
ChangeRequest = Request[LeadChange]
Aim = dict[str, Any]


class LeadChanges:
    """`update_leads` of one account."""

    def __init__(self, room: Room, leads: Leads) -> None:
        self._room = room
        self._leads = leads

    def update(self, requests: Sequence[ChangeRequest]) -> list[Outcome]:
        return with_fresh_names(self._room.directory, requests, self._update, STALE_IDS)

    def _update(self, requests: Sequence[ChangeRequest]) -> list[Outcome]:
        known = self._known([request.params.lead_id for request in requests])
        pipelines = self._pipelines(requests, known)
        bodies, outcomes = build(requests, lambda request: self._body(request, pipelines))
        outcomes.update({i: Done(requests[i].params.lead_id) for i, body in bodies.items() if len(body) == 2})
        order = [i for i in bodies if i not in outcomes]
        aims = self._expect([(requests[i].params, bodies[i]) for i in order], known)
        client = self._room.client
        sent = deliver(
            [bodies[i] for i in order],
            send=lambda items: client.write("PATCH", "/leads", items, accept=(400,)),
            answers=lambda reply, indices: _answers(reply, [bodies[order[i]]["id"] for i in indices], indices),
            size=self._room.settings.batch,
        )
        outcomes.update(zip(order, sent, strict=True))
        self._settle([(requests[i].params.lead_id, outcomes[i]) for i in order], aims)
        return [outcomes[i] for i in range(len(requests))]

    def _body(self, request: ChangeRequest, pipelines: dict[str, Pipeline]) -> Json:
        change, directory = request.params, self._room.directory
        zone = directory.account().zone
        body: Json = {"id": int(change.lead_id), "updated_by": ROBOT}
        if title := change.title.strip():
            body["name"] = title[:LONGEST_NAME]
        if change.price is not None:
            body["price"] = whole(change.price)
        if change.responsible:
            body["responsible_user_id"] = int(directory.user(change.responsible).id)
        if change.pipeline or change.stage:
            body.update(self._place(change, pipelines))
        if change.fields:
            body["custom_fields_values"] = [
                custom.encode(directory.field(name), text, zone) for name, text in change.fields.items()
            ]
        for key, tags in (("tags_to_add", change.add_tags), ("tags_to_delete", change.remove_tags)):
            if clean := clean_tags(tags):
                body[key] = [{"name": tag} for tag in clean]
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

    def _known(self, ids: Sequence[str]) -> dict[str, KnownLead]:
        found = self._room.store.snapshots(self._room.name, LEAD, ids)
        return {one: load_lead(snapshot) for one, snapshot in found.items()}

    def _expect(self, changes: Sequence[tuple[LeadChange, Json]], known: dict[str, KnownLead]) -> dict[str, Aim]:
        """Tell the mirror beforehand what is coming, since the echo may be here before the answer."""
        leads = {change.lead_id: known.get(change.lead_id) or _stranger(change.lead_id) for change, _ in changes}
        aims: dict[str, Aim] = {one: {} for one in leads}
        for change, body in changes:
            aim = aims[change.lead_id]
            aim.update(self._aim(settle(leads[change.lead_id], **aim), body))
        self._amend(aims, lambda one, lead: replace(lead or _stranger(one), expected=aims[one]))
        return aims

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

    def _settle(self, outcomes: Sequence[tuple[str, Outcome]], aims: dict[str, Aim]) -> None:
        """What was expected is so, or will not come; where the outcome is unknown it stays expected."""
        sure = {one: outcome for one, outcome in outcomes if not isinstance(outcome, Ambiguous)}
        done = {one for one, outcome in sure.items() if isinstance(outcome, Done)}
        self._amend(sure, lambda one, lead: lead and settle(lead, **(aims[one] if one in done else {})))

    def _amend(self, ids: Iterable[str], change: Callable[[str, KnownLead | None], KnownLead | None]) -> None:
        """Change what the mirror holds of these leads at this very moment: others write to it too."""
        wanted, now = list(ids), self._room.now()

        def amend(found: Mapping[str, Snapshot]) -> list[Snapshot]:
            changed = (change(one, load_lead(found[one]) if one in found else None) for one in wanted)
            return [lead_snapshot(lead, now) for lead in changed if lead is not None]

        if wanted:
            self._room.store.amend_snapshots(self._room.name, LEAD, wanted, amend)


def _stranger(lead_id: str) -> KnownLead:
    """A lead that the mirror does not hold yet."""
    return KnownLead(lead_id, announced=False)


def _answers(reply: Reply, ids: list[int], indices: list[int]) -> dict[int, Outcome]:
    """By lead id; a lead that is not mentioned is not there."""
    changed = {int(row["id"]) for row in embedded(reply.data, "leads")}
    gone = Rejected("amoCRM's answer does not mention this lead", hint=GONE, status=reply.status)
    return {index: Done(str(one)) if one in changed else gone for index, one in zip(indices, ids, strict=True)}
