"""Which cards that have just appeared in the CRM are of an import's making: nobody is to be alarmed by each of them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, func, or_, select

from provodka.event import Event
from provodka.journal.lanes import lanes_of
from provodka.journal.outbox import MAKERS
from provodka.journal.records import ActionState
from provodka.journal.schema import actions, events, imports
from provodka.journal.sql import among, chunks
from provodka.payloads import CardEvent, EventType, card_of

_CREATED: Final = (
    EventType.LEAD_CREATED, EventType.CONTACT_CREATED, EventType.COMPANY_CREATED, EventType.TASK_CREATED
)  # fmt: skip
_OF_LEAD: Final = dict.fromkeys(MAKERS, "lead_id")
_NAMED: Final[Mapping[str, Mapping[str, str]]] = {
    "lead": _OF_LEAD,
    "contact": {**dict.fromkeys(MAKERS, "contact_id"), "participant": "contact_id"},
    "company": {"company": "remote_id"},
    "task": {"task": "remote_id"},
}
"""By kind of card: the actions that make such, and under which name their results tell its id."""

_OF_IMPORT: Final = 16  # signs of the id of an event: they are the id of its import
_IMPORTS: Final = select(imports.c.id).limit(1)
_ACTIONS: Final = (
    select(actions.c.lane, actions.c.kind, actions.c.state, actions.c.unsure_since, actions.c.result)
    .join(events, events.c.seq == actions.c.event_seq)
    .join(imports, imports.c.id == func.substr(events.c.id, 1, _OF_IMPORT))
    .where(
        among(actions.c.lane, "lanes"),
        or_(actions.c.state.in_((ActionState.RUNNING, ActionState.DONE)), actions.c.unsure_since.is_not(None)),
    )
)


def marked(connection: Connection, found: Sequence[Event]) -> list[Event]:
    """The events; those of cards that an import has made say so in `change.imported`.

    A card may be told of before the action that makes it knows its id: then an action counts that is running in the
    lane of the same person, or whose last attempt broke off before its answer.
    """
    new = [one for one in found if one.type in _CREATED]
    if not new or connection.execute(_IMPORTS).first() is None:
        return list(found)
    lane_of = lanes_of(connection, [identity for one in new for identity in one.identities])
    done: dict[int, list[Any]] = defaultdict(list)
    for part in chunks(sorted(set(lane_of.values()))):
        for row in connection.execute(_ACTIONS, {"lanes": part}):
            done[row.lane].append(row)
    return [_marked(one) if one.type in _CREATED and _is_made(one, lane_of, done) else one for one in found]


def _is_made(event: Event, lane_of: Mapping[str, int], done: Mapping[int, Sequence[Any]]) -> bool:
    card = card_of(event.payload)
    if card is None:
        return False
    kind, id_ = card
    names = _NAMED[kind]
    lanes = {lane_of[one] for one in event.identities if one in lane_of}
    rows = [row for lane in lanes for row in done.get(lane, ()) if row.kind in names]
    return any(_may_have_made_it(row) or _told(row, names[row.kind]) == id_ for row in rows)


def _may_have_made_it(row: Any) -> bool:  # noqa: ANN401 -- a row of the query
    return bool(row.state == ActionState.RUNNING or (row.unsure_since and row.state != ActionState.DONE))


def _told(row: Any, name: str) -> object:  # noqa: ANN401 -- a row of the query
    return json.loads(row.result or "{}").get(name)


def _marked(event: Event) -> Event:
    payload = event.payload
    if not isinstance(payload, CardEvent):
        return event
    return replace(event, payload=replace(payload, change=replace(payload.change, imported=True)))
