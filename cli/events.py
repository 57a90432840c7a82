"""`provodka events ls` and `show`: what arrived, one by one (`events tail` is in `tail.py`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from rich.text import Text
from rich.tree import Tree

from cli.show import Exit, View, events_table, one_line, safe, shown_line, state
from provodka.event import dump_payload
from provodka.journal import ActionState, EventState, Journal, StoredEvent, queries
from provodka.journal.queries import EventLine
from provodka.payloads import EventType
from provodka.wording import did_you_mean
from support.find import MANY, events_of, find_one, identity_of
from support.masking import Mask, ShownPerson

STATES: Final = (*EventState, *ActionState)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events to list; what is empty does not narrow. `state` is one of the event's or of any of its actions."""

    phone: str = ""
    email: str = ""
    type: str = ""
    channel: str = ""
    state: str = ""
    limit: int = 50


def ls(journal: Journal, wanted: Wanted, view: View) -> int:
    """List events, newest first. Ends with 2 where an option cannot be understood."""
    mistake = _mistake(wanted)
    if mistake:
        view.problem(mistake)
        return Exit.USAGE
    lines = _list(journal, wanted)
    mask = view.mask(journal, [line.event.event.person for line in lines])
    shown = [shown_line(line, mask) for line in lines]
    if view.as_json:
        view.json(shown)
    elif shown:
        view.print(events_table(shown, view))
    else:
        view.print("no such events")
    return Exit.FINE


def _mistake(wanted: Wanted) -> str:
    if wanted.phone and not identity_of(wanted.phone).startswith("phone:"):
        return "--phone: this is no telephone number"
    if wanted.email and not identity_of(wanted.email).startswith("email:"):
        return "--email: this is no email address"
    if wanted.phone and wanted.email:
        return "give either --phone or --email: the events of a person are found by any of the two"
    if wanted.type and wanted.type not in tuple(EventType):
        return f"--type: no events of type «{wanted.type}», {did_you_mean(wanted.type, list(EventType))}"
    if wanted.state and wanted.state not in STATES:
        return f"--state: no state «{wanted.state}», known: {', '.join(dict.fromkeys(STATES))}"
    return ""


def _list(journal: Journal, wanted: Wanted) -> list[EventLine]:
    who = identity_of(wanted.phone or wanted.email) if wanted.phone or wanted.email else ""
    if not who:
        kind, channel, standing, limit = wanted.type, wanted.channel, wanted.state, wanted.limit
        return journal.read(lambda c: queries.list_events(c, kind=kind, channel=channel, state=standing, limit=limit))
    return [line for line in events_of(journal, who, MANY) if _fits(line, wanted)][: wanted.limit]


def _fits(line: EventLine, wanted: Wanted) -> bool:
    event = line.event
    return (
        wanted.type in ("", event.event.type)
        and wanted.channel in ("", event.event.channel)
        and (wanted.state in ("", event.state) or wanted.state in line.states)
    )


@dataclass(frozen=True, slots=True)
class ShownBody:
    """An event as it was received. `raw` is None where there is none, or it cannot be shown masked: see `raw_note`."""

    id: str
    type: str
    channel: str
    external_id: str
    state: str
    occurred_at: datetime
    received_at: datetime
    person: ShownPerson
    payload: Mapping[str, Any]
    raw_bytes: int
    raw: str | None
    raw_note: str


def show(journal: Journal, wanted: str, view: View) -> int:
    """Show one event's person, payload and raw body. Ends with 1 where there is no such event, 2 where several are."""
    found = find_one(journal, wanted)
    if found.one is None:
        alike = f"several events are like «{wanted}»: {', '.join(found.alike)}"
        view.problem(alike if found.alike else f"no event has an id like «{wanted}»", "see provodka events ls")
        return Exit.USAGE if found.alike else Exit.PROBLEM
    body = _body(found.one, view.mask(journal, [found.one.event.person]))
    if view.as_json:
        view.json(body)
    else:
        _draw(body, view)
    return Exit.FINE


def _body(stored: StoredEvent, mask: Mask) -> ShownBody:
    event = stored.event
    raw = mask.raw(event.raw) if event.raw else None
    hidden = "it is encoded, so that it cannot be masked: --open shows it" if event.raw and raw is None else ""
    return ShownBody(
        id=event.id,
        type=event.type.value,
        channel=event.channel,
        external_id=mask.text(event.external_id),
        state=stored.state.value,
        occurred_at=event.occurred_at,
        received_at=event.received_at,
        person=mask.person(event.person),
        payload=mask.value(json.loads(dump_payload(event.payload))),
        raw_bytes=len(event.raw),
        raw=raw,
        raw_note=hidden,
    )


def _draw(body: ShownBody, view: View) -> None:
    head = Text.assemble(("event ", "bold"), (body.id, "bold"), f" {body.type} by {body.channel}, ", state(body.state))
    tree = Tree(head)
    tree.add(Text(f"happened {view.at(body.occurred_at)}, received {view.at(body.received_at)} ({view.clocks})"))
    tree.add(Text(f"sender's id: {one_line(body.external_id)}"))
    tree.add(Text(f"person: {one_line(str(body.person)) or 'nobody'}"))
    payload = tree.add(Text("payload"))
    for name, value in body.payload.items():
        _branch(payload, name, value)
    tree.add(Text(f"raw body: {body.raw_bytes} bytes" + (f"; {body.raw_note}" if body.raw_note else "")))
    view.print(tree)
    if body.raw:
        view.out.print(Text(safe(body.raw)), soft_wrap=True)


def _branch(tree: Tree, name: str, value: Any) -> None:  # noqa: ANN401 -- JSON
    """What says nothing is left out."""
    if value in (None, "", [], {}):
        return
    if isinstance(value, dict):
        below = tree.add(Text(one_line(name)))
        for key, item in value.items():
            _branch(below, key, item)
    elif isinstance(value, list):
        below = tree.add(Text(one_line(name)))
        for number, item in enumerate(value, 1):
            _branch(below, str(number), item)
    else:
        tree.add(Text.assemble((f"{one_line(name)}: ", "dim"), safe(str(value))))
