"""Calls: by the portal's telephony where it lets us, else as an activity of the card."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from connectors.bitrix24.cards import Leads, contacts_of
from connectors.bitrix24.client import PAGE, Batch, id_of, rows_of
from connectors.bitrix24.directory import CONTACT_TYPE, DEALS, LEADS
from connectors.bitrix24.notes import comment
from connectors.bitrix24.problems import WRONG_AUTH
from connectors.bitrix24.query import Command, Json, Ref
from connectors.bitrix24.room import Room, made, place_of, told
from connectors.crm.account import CLOCKS
from connectors.crm.batching import build, with_fresh_names
from connectors.oauth import not_carried_out
from provodka.crm import NewCall
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, Rejected
from provodka.operation import Done, Outcome, Request
from provodka.payloads import Direction

OUTGOING, INCOMING = 1, 2  # TYPE of a registered call
IN, OUT = 1, 2  # DIRECTION of an activity
TALKED, MISSED = "200", "304"
CALL: Final = 2  # TYPE_ID of an activity
LEAST_BATCH: Final = 10  # calls in a request: each takes four commands
TRY_AGAIN: Final = 600.0  # seconds until telephony that was refused is tried again


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where a call belongs: the card, the contact of it, and who spoke."""

    kind: str
    card_id: int
    contact: str
    user_id: str


class Calls:
    """`log_calls` of one portal. Telephony asks for an application on most portals; where it does, activities do."""

    def __init__(self, room: Room, leads: Leads, clock: Callable[[], float] = time.monotonic) -> None:
        self._room = room
        self._leads = leads
        self._clock = clock
        self._refused_until = float("-inf")

    def log(self, requests: Sequence[Request[NewCall]]) -> list[Outcome]:
        return with_fresh_names(self._room.directory, requests, self._log)

    def find(self, requests: Sequence[Request[NewCall]]) -> list[Done | None]:
        """By our stamp among the activities, and by the call's id in the telephony's own statistics."""
        room = self._room
        stamps = [room.classic_stamp(request.params.call.id) for request in requests]
        commands = [Command("crm.activity.list", {"filter": stamp, "select": ["ID"]}) for stamp in stamps]
        found = [next((id_of(row) for row in rows_of(answer)), "") for answer in room.client.ask(commands)]
        by_call = self._registered(requests)
        activities = [one or by_call.get(r.params.call.id, "") for one, r in zip(found, requests, strict=True)]
        return room.settled(requests, [Done(one, found=True) if one else None for one in activities])

    def _log(self, requests: Sequence[Request[NewCall]]) -> list[Outcome]:
        contacts = self._contacts(requests)
        plans, outcomes = build(requests, lambda request: self._plan(request.params, contacts))
        order = list(plans)
        for start in range(0, len(order), LEAST_BATCH):
            part = {i: (requests[i].params, plans[i]) for i in order[start : start + LEAST_BATCH]}
            if self._clock() >= self._refused_until:
                outcomes.update(self._by_telephony(part))
            left = {i: one for i, one in part.items() if i not in outcomes}
            outcomes.update(self._by_activity(left))
        return [outcomes[i] for i in range(len(requests))]

    def _plan(self, new: NewCall, contacts: dict[str, str]) -> _Plan:
        kind, _, one = place_of(new.lead_id, new.contact_id, self._room.kind)
        directory = self._room.directory
        user = directory.user(new.responsible).id if new.responsible else directory.portal().user_id
        return _Plan(kind, one, new.contact_id or contacts.get(new.lead_id, ""), user)

    def _contacts(self, requests: Sequence[Request[NewCall]]) -> dict[str, str]:
        """The main contact of each lead."""
        items = self._leads.items([r.params.lead_id for r in requests if r.params.lead_id])
        return {one: next(iter(contacts_of(item)), "") for one, item in items.items()}

    def _by_telephony(self, part: dict[int, tuple[NewCall, _Plan]]) -> dict[int, Outcome]:
        """Outcomes of what telephony took; none where it takes nothing from us."""
        commands = {key: c for i, (new, plan) in part.items() for key, c in _chain(i, new, plan).items()}
        try:
            answer = self._room.client.batch(commands, write=True)
        except ConnectorError as error:
            return dict.fromkeys(part, error)
        if any(_is_refusal(answer.errors.get(f"r{i}")) for i in part):
            self._refused_until = self._clock() + TRY_AGAIN
            return {i: self._outcome(answer, i) for i in part if f"r{i}" in answer.results}
        outcomes = {i: self._outcome(answer, i) for i in part}
        self._keep_recordings(part, answer)
        return outcomes

    def _outcome(self, answer: Batch, i: int) -> Outcome:
        if f"r{i}" in answer.errors:
            return answer.errors[f"r{i}"]
        return told(answer.results, answer.errors, f"f{i}", _finished)

    def _keep_recordings(self, part: dict[int, tuple[NewCall, _Plan]], answer: Batch) -> None:
        """A recording that the portal could not fetch is linked in a comment, so that it is not lost."""
        lost = {
            i: comment((plan.kind, plan.card_id), f"Запись разговора: {new.call.recording}")
            for i, (new, plan) in part.items()
            if f"a{i}" in answer.errors and f"f{i}" in answer.results
        }
        self._room.deliver(lost, made)

    def _by_activity(self, part: dict[int, tuple[NewCall, _Plan]]) -> dict[int, Outcome]:
        try:
            fields = {i: self._activity(new, plan) for i, (new, plan) in part.items()}
        except ConnectorError as error:  # it must not touch those that telephony has taken
            return dict.fromkeys(part, not_carried_out(error))
        return self._room.deliver({i: Command("crm.activity.add", {"fields": f}) for i, f in fields.items()}, made)

    def _activity(self, new: NewCall, plan: _Plan) -> Json:
        call = new.call
        types = {"lead": LEADS.type_id, "deal": DEALS.type_id, "contact": CONTACT_TYPE}
        incoming = call.direction is Direction.IN
        begin = call.started_at or call.ended_at or self._room.now()
        speaker = (CONTACT_TYPE, plan.contact) if plan.contact else (types[plan.kind], plan.card_id)
        talked = f"Разговор {call.talk_seconds} с" if call.talk_seconds else "Пропущенный звонок"
        lines = [talked, f"Запись: {call.recording}" if call.recording else ""]
        return {
            "OWNER_TYPE_ID": types[plan.kind],
            "OWNER_ID": plan.card_id,
            "TYPE_ID": CALL,
            "DIRECTION": IN if incoming else OUT,
            "SUBJECT": f"{'Входящий' if incoming else 'Исходящий'} звонок {call.phone}".strip(),
            "START_TIME": self._written(begin),
            "END_TIME": self._written(begin + timedelta(seconds=call.talk_seconds)),
            "COMPLETED": "Y",
            "RESPONSIBLE_ID": plan.user_id,
            "DESCRIPTION": "\n".join(filter(None, lines)),
            "DESCRIPTION_TYPE": 1,
            "COMMUNICATIONS": [{"VALUE": call.phone, "ENTITY_TYPE_ID": speaker[0], "ENTITY_ID": speaker[1]}],
            **self._room.classic_stamp(call.id),
        }

    def _registered(self, requests: Sequence[Request[NewCall]]) -> dict[str, str]:
        """Activities of finished calls by our id of the call; none where telephony's statistics are closed to us."""
        if self._clock() < self._refused_until:
            return {}
        times = [r.params.call.started_at for r in requests if r.params.call.started_at is not None]
        begin = min(times, default=self._room.now() - timedelta(days=1)) - timedelta(seconds=CLOCKS)
        asked = {"FILTER": {">CALL_START_DATE": self._room.client.written(begin)}, "SORT": "ID", "ORDER": "ASC"}
        found: dict[str, str] = {}
        start = 0
        while True:
            try:
                rows = rows_of(self._room.client.call("voximplant.statistic.get", {**asked, "start": start}))
            except ConnectorError as error:
                if _is_refusal(error):
                    return {}
                raise
            found.update(
                (str(row.get("EXTERNAL_CALL_ID") or ""), str(row.get("CRM_ACTIVITY_ID") or "")) for row in rows
            )
            if len(rows) < PAGE or all(r.params.call.id in found for r in requests):
                return found
            start += PAGE

    def _written(self, moment: datetime) -> str:
        return moment.astimezone(self._room.directory.portal().zone).isoformat(timespec="seconds")


def _chain(i: int, new: NewCall, plan: _Plan) -> dict[str, Command]:
    """Register, finish, bind to the deal, attach the recording: each by what the one before it answered."""
    call = new.call
    person = {"CRM_ENTITY_TYPE": "LEAD", "CRM_ENTITY_ID": plan.card_id}
    if plan.kind != "lead":
        person = {"CRM_ENTITY_TYPE": "CONTACT", "CRM_ENTITY_ID": plan.contact} if plan.contact else {}
    registered: Json = {
        "USER_ID": plan.user_id,
        "PHONE_NUMBER": call.phone,
        "TYPE": INCOMING if call.direction is Direction.IN else OUTGOING,
        "CRM_CREATE": 0,
        "SHOW": 0,
        "EXTERNAL_CALL_ID": call.id,
        **person,
    }
    if call.started_at is not None:
        registered["CALL_START_DATE"] = call.started_at.isoformat(timespec="seconds")
    if call.line:
        registered["LINE_NUMBER"] = call.line
    the_call = Ref(f"r{i}", ("CALL_ID",))
    status = TALKED if call.talk_seconds else MISSED
    finish = {"CALL_ID": the_call, "USER_ID": plan.user_id, "DURATION": call.talk_seconds, "STATUS_CODE": status}
    commands = {
        f"r{i}": Command("telephony.externalCall.register", registered),
        f"f{i}": Command("telephony.externalCall.finish", {**finish, "ADD_TO_CHAT": 0}),
    }
    if plan.kind == "deal":
        activity = {"activityId": Ref(f"f{i}", ("CRM_ACTIVITY_ID",)), "entityTypeId": DEALS.type_id}
        commands[f"b{i}"] = Command("crm.activity.binding.add", {**activity, "entityId": plan.card_id})
    if call.recording:
        recording = {"CALL_ID": the_call, "FILENAME": f"{call.id}.mp3", "RECORD_URL": call.recording}
        commands[f"a{i}"] = Command("telephony.externalCall.attachRecord", recording)
    return commands


def _finished(result: object) -> Outcome:
    row = result if isinstance(result, dict) else {}
    activity = row.get("CRM_ACTIVITY_ID") or row.get("ID")
    return Done(str(activity)) if activity else Ambiguous("the answer holds no call")


def _is_refusal(error: ConnectorError | None) -> bool:
    """Whether telephony is not for us, be it for the kind of our entry, for its scope, or for the portal's age."""
    if isinstance(error, AuthFailed):
        return error.code == "INSUFFICIENT_SCOPE"
    return isinstance(error, Rejected) and error.code in {WRONG_AUTH, "ACCESS_DENIED", "ERROR_METHOD_NOT_FOUND"}
