"""Requests that nobody has accepted yet («Неразобранное»)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from connectors.amocrm.client import Json, embedded
from connectors.amocrm.lead_changes import CLOSING, first_stage
from connectors.amocrm.leads import Leads
from connectors.amocrm.patching import responsible
from connectors.amocrm.problems import STALE_IDS, refusal
from connectors.amocrm.room import Room
from connectors.crm.batching import with_fresh_names
from connectors.crm.expecting import Expectations
from connectors.crm.mirror import LEAD, moment, stranger
from provodka.crm import IncomingRequest, LeadState, Pipeline, RequestAcceptance, RequestDecline, RequestKind
from provodka.errors import ConnectorError, Rejected
from provodka.operation import Done, Outcome, Request

PATH: Final = "/leads/unsorted"
KINDS: Final = {
    "forms": RequestKind.FORM,
    "sip": RequestKind.CALL,
    "chats": RequestKind.CHAT,
    "mail": RequestKind.MAIL,
}
GONE: Final = "Заявки уже нет в «Неразобранном» amoCRM, и её сделки тоже: её отклонили или удалили."
TAKEN: Final = "Заявку уже приняли в amoCRM: отклонить её нельзя, закройте сделку."
REFUSED: Final = "Заявку уже отклонили в amoCRM."
P = TypeVar("P", RequestAcceptance, RequestDecline)


class Incoming:
    """`incoming_requests`, `accept_requests` and `decline_requests` of one account."""

    def __init__(self, room: Room, leads: Leads) -> None:
        self._room = room
        self._leads = leads
        self._expectations = Expectations(room, LEAD, stranger)

    def read(self, pipeline: str) -> list[IncomingRequest]:
        params = [("order[created_at]", "asc")]
        wanted = self._room.directory.pipeline(pipeline) if pipeline else None
        if wanted is not None:
            params.append(("filter[pipeline_id]", wanted.id))
        pages = self._room.client.pages(PATH, "unsorted", params)
        found = [item for _, items in pages for item in items]
        kept = [item for item in found if wanted is None or str(item.get("pipeline_id")) == wanted.id]
        return sorted((self._neutral(item) for item in kept), key=lambda one: one.received_at or moment(0))

    def accept(self, requests: Sequence[Request[RequestAcceptance]]) -> list[Outcome]:
        return self._one_by_one(requests, self._accept)

    def decline(self, requests: Sequence[Request[RequestDecline]]) -> list[Outcome]:
        return self._one_by_one(requests, self._decline)

    def _one_by_one(self, requests: Sequence[Request[P]], settle: Callable[[P], Outcome]) -> list[Outcome]:
        def attempt(part: Sequence[Request[P]]) -> list[Outcome]:
            outcomes: list[Outcome] = []
            for request in part:
                try:
                    outcomes.append(settle(request.params))
                except ConnectorError as error:  # it is this request's own, and costs the others nothing
                    outcomes.append(error)
            return outcomes

        return with_fresh_names(self._room.directory, requests, attempt, STALE_IDS)

    def _accept(self, wanted: RequestAcceptance) -> Outcome:
        """The stage is always named, so that the echo of it is no news.

        Whether the lead can be read before it is accepted is not documented; where it cannot, the request tells.
        """
        directory, lead_id = self._room.directory, wanted.lead_id
        lead = self._lead(lead_id)
        pipeline = self._pipeline(lead or self._room.client.find(f"{PATH}/{wanted.request_id}"))
        if pipeline is None:
            raise Rejected(f"the request {wanted.request_id} is gone with its lead", hint=GONE)
        stage = directory.stage(pipeline, wanted.stage) if wanted.stage else first_stage(pipeline)
        user = responsible(directory, wanted.responsible)
        body: Json = {"status_id": int(stage.id)}
        if user:
            body["user_id"] = user["responsible_user_id"]
        change = {"pipeline_id": int(pipeline.id), "status_id": int(stage.id)}
        aim = {**change, **({"responsible_id": body["user_id"]} if user else {})}
        known = self._expectations.known([lead_id])
        aims = self._expectations.expect([(lead_id, aim)], known, lambda _, wished: wished)
        outcome = self._send("POST", wanted, "accept", body)
        self._expectations.settle([(lead_id, outcome)], aims)
        if not _is_missing(outcome):
            return outcome
        state = directory.place_of(pipeline.id, (lead or {}).get("status_id"))[2]
        if state is LeadState.LOST:
            raise Rejected(f"the request {wanted.request_id} was declined", hint=REFUSED)
        if lead is None or self._waits(lead, pipeline):
            raise Rejected(f"the request {wanted.request_id} is gone", hint=GONE)
        return Done(lead_id, {"contact_id": _contact(lead)}, found=True)

    def _decline(self, wanted: RequestDecline) -> Outcome:
        outcome = self._send("DELETE", wanted, "decline", {})
        if not _is_missing(outcome):
            return outcome
        lead = self._lead(wanted.lead_id)
        pipeline = self._pipeline(lead)
        if lead is not None and pipeline is not None:
            is_open = self._room.directory.place_of(pipeline.id, lead.get("status_id"))[2] is LeadState.OPEN
            if is_open and not self._waits(lead, pipeline):
                raise Rejected(f"the request {wanted.request_id} was accepted", hint=TAKEN)
        return Done(wanted.lead_id, found=True)

    def _send(self, method: str, wanted: RequestAcceptance | RequestDecline, what: str, body: Json) -> Outcome:
        try:
            reply = self._room.client.write(method, f"{PATH}/{wanted.request_id}/{what}", body, accept=(400, 404))
        except ConnectorError as error:
            return error
        if reply.status >= 400:
            return refusal(reply)
        data = reply.data if isinstance(reply.data, dict) else {}
        lead = next((str(row["id"]) for row in embedded(data, "leads")), wanted.lead_id)
        return Done(lead, {"contact_id": _contact(data)})

    def _lead(self, lead_id: str) -> Json | None:
        return self._leads.items([lead_id]).get(lead_id)

    def _pipeline(self, lead: Json | None) -> Pipeline | None:
        wanted = str((lead or {}).get("pipeline_id"))
        return next((one for one in self._room.directory.pipelines() if one.id == wanted), None)

    def _waits(self, lead: Json, pipeline: Pipeline) -> bool:
        """Whether the lead is still where those that nobody has accepted are."""
        stage = str(lead.get("status_id"))
        known = next((one for one in pipeline.stages if one.id == stage), None)
        return stage not in CLOSING and (known is None or known.incoming)

    def _neutral(self, item: Json) -> IncomingRequest:
        return IncomingRequest(
            id=str(item["uid"]),
            kind=KINDS.get(str(item.get("category")), RequestKind.OTHER),
            source=str(item.get("source_name") or ""),
            pipeline=self._room.directory.place_of(item.get("pipeline_id"), None)[0],
            received_at=moment(item.get("created_at")),
            lead_id=next((str(row["id"]) for row in embedded(item, "leads")), ""),
            contact_id=_contact(item),
        )


def _contact(item: Json) -> str:
    return next((str(row["id"]) for row in embedded(item, "contacts")), "")


def _is_missing(outcome: Outcome) -> bool:
    return isinstance(outcome, Rejected) and outcome.status == 404
