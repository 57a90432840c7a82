"""Requests that nobody has accepted: the portal's leads that still stand on their first stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from connectors.bitrix24.cards import Leads, contacts_of
from connectors.bitrix24.client import id_of, moment
from connectors.bitrix24.directory import LEADS, first_open
from connectors.bitrix24.lead_changes import LeadChanges
from connectors.bitrix24.patching import responsible
from connectors.bitrix24.problems import NOT_FOUND
from connectors.bitrix24.query import Json
from connectors.bitrix24.room import Room
from connectors.crm.names import plain
from provodka.crm import (
    IncomingRequest,
    LeadState,
    Pipeline,
    RequestAcceptance,
    RequestDecline,
    RequestKind,
    Stage,
    not_offered,
)
from provodka.errors import Rejected
from provodka.operation import Done, Outcome, Request

OF_DEALS: Final = "неразобранных заявок у сделок (заявки там — лиды: поставьте crm.entity: lead)"
REFUSED: Final = "Заявку уже отклонили в Битрикс24: её лид закрыт."
TAKEN: Final = "Заявку уже взяли в работу в Битрикс24: отклонить её нельзя, закройте лид."
NOWHERE: Final = "У лидов в Битрикс24 нет второго рабочего этапа: укажите этап, на который перевести заявку."
KINDS: Final = {
    "WEB": RequestKind.FORM,
    "WEBFORM": RequestKind.FORM,
    "CALLBACK": RequestKind.FORM,
    "CALL": RequestKind.CALL,
    "EMAIL": RequestKind.MAIL,
}


class Incoming:
    """`incoming_requests`, `accept_requests` and `decline_requests` of one portal."""

    def __init__(self, room: Room, leads: Leads, changes: LeadChanges) -> None:
        self._room = room
        self._leads = leads
        self._changes = changes

    def read(self, pipeline: str) -> list[IncomingRequest]:
        funnel = self._funnel()
        if pipeline:
            self._room.directory.pipeline(pipeline)
        (rows,) = self._room.all_items(LEADS, [{"=stageId": first_open(funnel).id}])
        return sorted((self._neutral(row, funnel) for row in rows), key=lambda one: (one.received_at, int(one.id)))

    def accept(self, requests: Sequence[Request[RequestAcceptance]]) -> list[Outcome]:
        """One that has left the first stage was accepted before, and stays where it is."""
        funnel = self._funnel()
        contacts: dict[str, str] = {}

        def body(wanted: RequestAcceptance, item: Json) -> Json:
            contacts[wanted.lead_id] = next(iter(contacts_of(item)), "")
            stage, directory = self._stage_of(item, funnel), self._room.directory
            if stage.state is LeadState.LOST:
                raise Rejected(f"the request {wanted.request_id} was declined", hint=REFUSED)
            target = directory.stage(funnel, wanted.stage) if wanted.stage else _second_open(funnel)
            waits = stage.id == first_open(funnel).id
            return {**responsible(directory, wanted.responsible), "stageId": target.id} if waits else {}

        outcomes = self._changes.carry_out(requests, body)
        return [
            replace(one, values={"contact_id": contacts.get(one.remote_id, "")}) if isinstance(one, Done) else one
            for one in outcomes
        ]

    def decline(self, requests: Sequence[Request[RequestDecline]]) -> list[Outcome]:
        """To the lost stage; one that is lost or gone was declined before."""
        funnel = self._funnel()
        lost = next((stage for stage in funnel.stages if stage.state is LeadState.LOST), None)

        def body(wanted: RequestDecline, item: Json) -> Json:
            stage = self._stage_of(item, funnel)
            if stage.state is LeadState.LOST:
                return {}
            if stage.id != first_open(funnel).id or lost is None:
                raise Rejected(f"the request {wanted.request_id} was accepted", hint=TAKEN)
            return {"stageId": lost.id}

        outcomes = self._changes.carry_out(requests, body)
        return [
            Done(request.params.lead_id, found=True) if _is_gone(outcome) else outcome
            for request, outcome in zip(requests, outcomes, strict=True)
        ]

    def _funnel(self) -> Pipeline:
        if self._room.kind is not LEADS:
            raise not_offered("Битрикс24", OF_DEALS)
        return self._room.directory.pipelines()[0]

    def _stage_of(self, item: Json, funnel: Pipeline) -> Stage:
        one = str(item.get("stageId") or "")
        return next((stage for stage in funnel.stages if stage.id == one), Stage(one, one))

    def _neutral(self, item: Json, funnel: Pipeline) -> IncomingRequest:
        source = str(item.get("sourceId") or "")
        kind = RequestKind.CHAT if "|" in source else KINDS.get(source, RequestKind.OTHER)
        return IncomingRequest(
            id=id_of(item),
            kind=kind,
            source=self._source(source),
            pipeline=funnel.name,
            received_at=moment(item.get("createdTime")),
            lead_id=id_of(item),
            contact_id=next(iter(contacts_of(item)), ""),
        )

    def _source(self, source: str) -> str:
        """The name of a source, as people see it."""
        fields = (field for field in self._room.directory.fields() if plain(str(field.id)) == "sourceid")
        options = next((field.options for field in fields), {})
        return next((name for name, one in options.items() if str(one) == source), source)


def _second_open(funnel: Pipeline) -> Stage:
    working = [stage for stage in funnel.stages if stage.state is LeadState.OPEN]
    if len(working) < 2:
        raise Rejected("leads have no second stage to work in", hint=NOWHERE)
    return working[1]


def _is_gone(outcome: Outcome) -> bool:
    return isinstance(outcome, Rejected) and outcome.code == NOT_FOUND
