"""Tasks: bound to their card; an earlier attempt is recognised by our key, else by card, title and time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from connectors.bitrix24.client import PAGE, id_of, mapping, moment, rows_of
from connectors.bitrix24.query import Command, Json
from connectors.bitrix24.room import Room, place_of
from connectors.crm.account import CLOCKS, earliest
from connectors.crm.batching import build, same_text, with_fresh_names
from connectors.crm.making import Making
from connectors.crm.mirror import TASK, KnownTask, snapshot
from provodka.crm import NewTask
from provodka.errors import Ambiguous, Rejected
from provodka.operation import Done, Outcome, Request

LONGEST_TITLE: Final = 250
COMPLETED: Final = "5"
SELECT: Final = (
    *("ID", "TITLE", "DESCRIPTION", "STATUS", "DEADLINE", "XML_ID", "UF_CRM_TASK"),
    *("RESPONSIBLE_ID", "TAGS"),
)
TIMES: Final = ("CREATED_DATE", "CHANGED_DATE", "CLOSED_DATE", "CREATED_BY", "CHANGED_BY", "CLOSED_BY")


class Tasks:
    """`create_tasks` of one portal."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._making = Making(room)

    def create(self, requests: Sequence[Request[NewTask]]) -> list[Outcome]:
        return with_fresh_names(self._room.directory, requests, self._create)

    def find(self, requests: Sequence[Request[NewTask]]) -> list[Done | None]:
        """Among the newest tasks of their cards; two requests never claim the same task."""
        room = self._room
        oldest = earliest(requests).timestamp() - CLOCKS
        cards = [self._card(request.params) for request in requests]
        asked = {"select": [*SELECT, *TIMES], "order": {"ID": "desc"}, "start": 0}
        distinct = list(dict.fromkeys(cards))
        commands = [Command("tasks.task.list", {**asked, "filter": {"UF_CRM_TASK": card}}) for card in distinct]
        free = {
            card: [row for row in rows_of(answer) if moment(row.get("createdDate")).timestamp() >= oldest]
            for card, answer in zip(distinct, room.client.ask(commands), strict=True)
        }
        found = room.settled(requests, [_claim(one, free[card]) for one, card in zip(requests, cards, strict=True)])
        self._keep({i: done for i, done in enumerate(found) if done is not None}, requests)
        return found

    def _create(self, requests: Sequence[Request[NewTask]]) -> list[Outcome]:
        bodies, outcomes = build(requests, self._fields)
        commands = {i: Command("tasks.task.add", {"fields": fields}) for i, fields in bodies.items()}
        under_way = {i: _known(requests[i].params) for i in commands}
        self._making.begin(list(under_way.values()))
        outcomes.update(self._room.deliver(commands, _made))
        self._keep({i: one for i in commands if isinstance(one := outcomes[i], Done)}, requests)
        self._making.end(under_way, outcomes)
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

    def _fields(self, request: Request[NewTask]) -> Json:
        task, directory = request.params, self._room.directory
        portal = directory.portal()
        title, description = task_texts(task.text)
        fields: Json = {
            "TITLE": title,
            "DESCRIPTION": description,
            "RESPONSIBLE_ID": directory.user(task.responsible).id if task.responsible else portal.user_id,
            "DEADLINE": task.due.astimezone(portal.zone).isoformat(timespec="seconds"),
            "UF_CRM_TASK": [self._card(task)],
            "XML_ID": request.key,
        }
        return {**fields, "TAGS": [task.type]} if task.type else fields

    def _card(self, task: NewTask) -> str:
        _, letter, one = place_of(task.lead_id, task.contact_id, self._room.kind)
        return f"{letter}_{one}"


def tasks_by_id(room: Room, ids: Sequence[str], select: Sequence[str] = (*SELECT, *TIMES)) -> dict[str, Json]:
    """Tasks by id; those that are gone, or that we may not read, are absent."""
    found: dict[str, Json] = {}
    wanted = [one for one in dict.fromkeys(ids) if one.isdecimal()]
    for start in range(0, len(wanted), PAGE):
        asked = wanted[start : start + PAGE]
        answer = room.client.batch(
            {f"t{one}": Command("tasks.task.get", {"taskId": one, "select": list(select)}) for one in asked}
        )
        for one in asked:
            error = answer.errors.get(f"t{one}")
            if error is not None and not isinstance(error, Rejected):
                raise error
            task = mapping(answer.results.get(f"t{one}")).get("task")
            if isinstance(task, dict) and task:
                found[one] = task
    return found


def results_of(room: Room, ids: Sequence[str]) -> dict[str, list[str]]:
    """The results of these tasks, the newest first; none where the portal tells of none."""
    found: dict[str, list[str]] = {one: [] for one in ids}
    wanted = list(found)
    for start in range(0, len(wanted), PAGE):
        part = wanted[start : start + PAGE]
        answer = room.client.batch({f"r{one}": Command("tasks.task.result.list", {"taskId": one}) for one in part})
        for one in part:
            error = answer.errors.get(f"r{one}")
            if error is not None and not isinstance(error, Rejected):
                raise error
            found[one] = [str(row.get("text") or "") for row in rows_of(answer.results.get(f"r{one}"))]
    return found


def task_text(row: Json) -> str:
    """The text of a task as a rule wrote it."""
    title, description = str(row.get("title") or ""), str(row.get("description") or "")
    return description if task_texts(description)[0] == title else title


def task_texts(text: str) -> tuple[str, str]:
    """A title has one short line; what does not fit stands whole in the description."""
    lines = text.strip().splitlines() or [""]
    if len(lines) == 1 and len(lines[0]) <= LONGEST_TITLE:
        return lines[0], ""
    title = lines[0] if len(lines[0]) <= LONGEST_TITLE else lines[0][: LONGEST_TITLE - 1] + "…"
    return title, text


def _claim(request: Request[NewTask], free: list[Json]) -> Done | None:
    for row in free:
        key = str(row.get("xmlId") or "")
        if key == request.key or (not key and _print(row) == _wanted(request.params)):
            free.remove(row)
            return Done(id_of(row), found=True)
    return None


def _wanted(task: NewTask) -> tuple[str, int]:
    return same_text(task_texts(task.text)[0]), int(task.due.timestamp())


def _print(row: Json) -> tuple[str, int]:
    return same_text(row.get("title")), int(moment(row.get("deadline")).timestamp())


def _made(result: object) -> Outcome:
    task = result.get("task") if isinstance(result, dict) else None
    one = id_of(task) if isinstance(task, dict) else ""
    return Done(one) if one else Ambiguous("the answer holds no task")


def _known(task: NewTask) -> KnownTask:
    contact = "" if task.lead_id else task.contact_id
    due = int(task.due.timestamp())
    return KnownTask("", task.text.strip(), due, lead=task.lead_id, contact=contact, type=task.type)
