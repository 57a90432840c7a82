"""Tasks: fifty in one call; an earlier attempt is recognised by what the task hangs on, its text and its time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from connectors.amocrm.batch import deliver
from connectors.amocrm.client import Json, embedded
from connectors.amocrm.patching import ROBOT, number, responsible
from connectors.amocrm.problems import STALE_IDS
from connectors.amocrm.room import Room
from connectors.crm.account import earliest
from connectors.crm.batching import among, build, same_text, with_fresh_names
from connectors.crm.making import Making
from connectors.crm.mirror import TASK, KnownTask, snapshot
from connectors.http import Reply
from provodka.crm import NewTask
from provodka.errors import Rejected
from provodka.operation import Done, Outcome, Request

NOWHERE: Final = "Не указано, к какой сделке или контакту относится запись."
Print = tuple[str, int, str, int]


class Tasks:
    """`create_tasks` of one account."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._making = Making(room)

    def create(self, requests: Sequence[Request[NewTask]]) -> list[Outcome]:
        began = self._room.now()
        return with_fresh_names(self._room.directory, requests, lambda part: self._create(part, began), STALE_IDS)

    def find(self, requests: Sequence[Request[NewTask]]) -> list[Done | None]:
        """Among the newest tasks; two requests never claim the same task."""
        found = self._room.settled(requests, self._look(requests, earliest(requests)))
        self._keep({i: done for i, done in enumerate(found) if done is not None}, requests)
        return found

    def _create(self, requests: Sequence[Request[NewTask]], began: datetime) -> list[Outcome]:
        bodies, outcomes = build(requests, self._body)
        order = list(bodies)
        client = self._room.client
        self._making.begin([_known(requests[i].params) for i in order])
        made = deliver(
            [bodies[index] for index in order],
            send=lambda items: client.write("POST", "/tasks", items, accept=(400,)),
            answers=lambda reply, indices: answers(reply, "tasks", indices),
            already=among(lambda part: self._look(part, began), [requests[i] for i in order]),
            size=self._room.settings.batch,
        )
        outcomes.update(zip(order, made, strict=True))
        self._keep({i: one for i in order if isinstance(one := outcomes[i], Done)}, requests)
        self._making.end({i: _known(requests[i].params) for i in order}, outcomes)
        return [outcomes[i] for i in range(len(requests))]

    def _keep(self, done: Mapping[int, Done], requests: Sequence[Request[NewTask]]) -> None:
        """Into the mirror, so that the echo of our own write is no news, and what becomes overdue is."""
        now, whose = self._room.now(), self._room.directory.id_of
        given = {i: requests[i].params for i in done}
        cards = [
            replace(_known(task), id=done[i].remote_id, responsible_id=whose(task.responsible))
            for i, task in given.items()
        ]
        self._room.put(TASK, [snapshot(replace(card, alarm=card.due), now) for card in cards])

    def _look(self, requests: Sequence[Request[NewTask]], since: datetime) -> list[Done | None]:
        claims: dict[Print, list[int]] = {}
        for index, request in enumerate(requests):
            claims.setdefault(_wanted(request.params), []).append(index)
        found: dict[int, Done] = {}
        for item in self._room.created_since("/tasks", "tasks", since):
            waiting = claims.get(_given(item))
            if waiting:
                found[waiting.pop(0)] = Done(str(item["id"]), found=True)
                if len(found) == len(requests):
                    break
        return [found.get(index) for index in range(len(requests))]

    def _body(self, request: Request[NewTask]) -> Json:
        task, directory = request.params, self._room.directory
        entity, entity_id = place_of(task.lead_id, task.contact_id)
        body: Json = {
            "task_type_id": directory.task_type(task.type),
            "text": task.text,
            "complete_till": int(task.due.timestamp()),
            "entity_id": entity_id,
            "entity_type": entity,
            "created_by": ROBOT,
        }
        return {**body, **responsible(directory, task.responsible)}


def place_of(lead_id: str, contact_id: str) -> tuple[str, int]:
    """The kind and id of the card that a task, note or call hangs on."""
    if lead_id:
        return "leads", number(lead_id)
    if contact_id:
        return "contacts", number(contact_id)
    raise Rejected("neither a lead nor a contact is named", hint=NOWHERE)


def answers(reply: Reply, collection: str, indices: list[int]) -> dict[int, Outcome]:
    """The ids of what was made, by the `request_id` that amoCRM echoes."""
    told: dict[int, Outcome] = {}
    for row in embedded(reply.data, collection):
        place = str(row.get("request_id", ""))
        if place.isdigit() and int(place) < len(indices):
            told[indices[int(place)]] = Done(str(row["id"]))
    return told


def _wanted(task: NewTask) -> Print:
    entity, entity_id = place_of(task.lead_id, task.contact_id)
    return entity, entity_id, same_text(task.text), int(task.due.timestamp())


def _given(item: Json) -> Print:
    due = int(item.get("complete_till") or 0)
    return str(item.get("entity_type")), int(item.get("entity_id") or 0), same_text(item.get("text")), due


def _known(task: NewTask) -> KnownTask:
    return KnownTask(
        "",
        task.text,
        int(task.due.timestamp()),
        lead=task.lead_id,
        contact="" if task.lead_id else task.contact_id,
        type=task.type,
    )
