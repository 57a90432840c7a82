"""Notes and calls in the feed of a lead or contact; both are notes of amoCRM, made fifty in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from connectors.amocrm.batch import deliver
from connectors.amocrm.client import Json
from connectors.amocrm.patching import ROBOT
from connectors.amocrm.problems import STALE_IDS
from connectors.amocrm.room import Room
from connectors.amocrm.tasks import answers, place_of
from connectors.crm.account import earliest
from connectors.crm.batching import among, build, same_text, with_fresh_names
from provodka.crm import NewCall, NewNote
from provodka.operation import Done, Outcome, Request
from provodka.payloads import Direction

SOURCE: Final = "Телефония"
TALKED, NO_ANSWER = 4, 6  # amoCRM's call_status
CALLS: Final = ("call_in", "call_out")
NOTES: Final = ("common",)

P = TypeVar("P", NewNote, NewCall)
Mark = str


class Notes:
    """`add_notes` and `log_calls` of one account."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def add(self, requests: Sequence[Request[NewNote]]) -> list[Outcome]:
        return self._make(requests, self._note, NOTES)

    def find_notes(self, requests: Sequence[Request[NewNote]]) -> list[Done | None]:
        """By the text, among the newest notes of these cards."""
        return self._room.settled(requests, self._look(requests, NOTES, earliest(requests)))

    def log(self, requests: Sequence[Request[NewCall]]) -> list[Outcome]:
        return self._make(requests, self._call, CALLS)

    def find_calls(self, requests: Sequence[Request[NewCall]]) -> list[Done | None]:
        """By the call's id, among the newest calls of these cards."""
        return self._room.settled(requests, self._look(requests, CALLS, earliest(requests)))

    def _make(
        self, requests: Sequence[Request[P]], body: Callable[[Request[P]], Json], types: Sequence[str]
    ) -> list[Outcome]:
        began = self._room.now()

        def attempt(part: Sequence[Request[P]]) -> list[Outcome]:
            bodies, outcomes = build(part, body)
            for entity in ("leads", "contacts"):
                order = [i for i in bodies if _place(part[i])[0] == entity]
                made = self._send(entity, [part[i] for i in order], [bodies[i] for i in order], types, began)
                outcomes.update(zip(order, made, strict=True))
            return [outcomes[i] for i in range(len(part))]

        return with_fresh_names(self._room.directory, requests, attempt, STALE_IDS)

    def _send(
        self,
        entity: str,
        requests: Sequence[Request[P]],
        bodies: Sequence[Json],
        types: Sequence[str],
        began: datetime,
    ) -> list[Outcome]:
        client = self._room.client
        return deliver(
            bodies,
            send=lambda items: client.write("POST", f"/{entity}/notes", items, accept=(400,)),
            answers=lambda reply, indices: answers(reply, "notes", indices),
            already=among(lambda part: self._look(part, types, began), requests),
            size=self._room.settings.batch,
        )

    def _look(self, requests: Sequence[Request[P]], types: Sequence[str], since: datetime) -> list[Done | None]:
        found: dict[int, Done] = {}
        for entity in ("leads", "contacts"):
            claims: dict[tuple[int, Mark], list[int]] = {}
            for index, request in enumerate(requests):
                kind, entity_id = _place(request)
                if kind == entity:
                    claims.setdefault((entity_id, _wanted(request.params)), []).append(index)
            if claims:
                found.update(self._match(entity, claims, types, since))
        return [found.get(index) for index in range(len(requests))]

    def _match(
        self, entity: str, claims: dict[tuple[int, Mark], list[int]], types: Sequence[str], since: datetime
    ) -> dict[int, Done]:
        """Filters only spare calls here: where the account ignores them, each note is compared all the same."""
        found: dict[int, Done] = {}
        left = sum(len(waiting) for waiting in claims.values())
        params = [("filter[note_type][]", one) for one in types]
        params += [("filter[entity_id][]", str(one)) for one in dict.fromkeys(entity_id for entity_id, _ in claims)]
        for item in self._room.created_since(f"/{entity}/notes", "notes", since, params):
            waiting = claims.get((int(item.get("entity_id") or 0), _given(item))) if _is(item, types) else None
            if waiting:
                found[waiting.pop(0)] = Done(str(item["id"]), found=True)
                if len(found) == left:
                    break
        return found

    def _note(self, request: Request[NewNote]) -> Json:
        return {
            "entity_id": _place(request)[1],
            "note_type": "common",
            "params": {"text": request.params.text},
            "created_by": ROBOT,
        }

    def _call(self, request: Request[NewCall]) -> Json:
        new, call = request.params, request.params.call
        params: Json = {
            "uniq": call.id,
            "duration": call.talk_seconds,
            "source": new.source or SOURCE,
            "link": call.recording,
            "phone": call.phone,
            "call_status": TALKED if call.talk_seconds else NO_ANSWER,
        }
        body: Json = {
            "entity_id": _place(request)[1],
            "note_type": "call_in" if call.direction is Direction.IN else "call_out",
            "params": params,
            "created_by": ROBOT,
        }
        if new.responsible:
            user_id = int(self._room.directory.user(new.responsible).id)
            params["call_responsible"] = user_id
            body["responsible_user_id"] = user_id
        return body


def _place(request: Request[Any]) -> tuple[str, int]:
    return place_of(request.params.lead_id, request.params.contact_id)


def _wanted(params: NewNote | NewCall) -> Mark:
    return params.call.id if isinstance(params, NewCall) else same_text(params.text)


def _given(item: Json) -> Mark:
    params = item.get("params") or {}
    if item.get("note_type") in CALLS:
        return str(params.get("uniq") or "")
    return same_text(params.get("text"))


def _is(item: Json, types: Sequence[str]) -> bool:
    return item.get("note_type") in types
