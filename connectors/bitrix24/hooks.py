"""The portal's events: hints that something changed. Unsigned, delivered once or never, and with nothing but an id."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from connectors.bitrix24.client import rows_of
from connectors.bitrix24.posted import TALK_EVENT, authentic_fields
from connectors.bitrix24.room import Room
from connectors.bitrix24.settings import BitrixSettings
from connectors.bitrix24.talk_hooks import replies_in
from connectors.crm.mirror import COMPANY, CONTACT, TASK
from connectors.talks.replies import written_all
from provodka.channel import Delivery, PartsReader, Received
from provodka.event import Event, new_event_id
from provodka.payloads import CrmHint, EventType, Person
from provodka.stores import TokenPair, Tokens

INSTALLED: Final = "ONAPPINSTALL"
_NAME: Final = re.compile(r"ON(?:CRM)?(LEAD|DEAL|CONTACT|COMPANY|TASK)(?:ADD|UPDATE|DELETE|MOVETOCATEGORY)")
_KINDS: Final = {"LEAD": "lead", "DEAL": "deal", "CONTACT": CONTACT, "COMPANY": COMPANY, "TASK": TASK}
EVENTS: Final = (
    *(f"ONCRM{kind}{what}" for kind in ("LEAD", "DEAL", "CONTACT", "COMPANY") for what in ("ADD", "UPDATE", "DELETE")),
    "ONCRMDEALMOVETOCATEGORY",  # instead of an update, where a deal changes its funnel
    "ONTASKADD",
    "ONTASKUPDATE",
    "ONTASKDELETE",
)
BY_HAND: Final = tuple(one for one in EVENTS if one != "ONCRMDEALMOVETOCATEGORY")  # outbound webhooks do not offer it
TEST: Final = "ONAPPTEST"  # the portal sends it to whoever asked for it by `event.test`
PROBE: Final = "probe"  # kind of a hint that names nothing: `probe:<mark>`
_MARK: Final = re.compile(r"[0-9a-f]{1,40}")


class BitrixHooks:
    """Receiver of one portal's events, from an outbound webhook or an application.

    What it does not know it answers with 200 all the same: nothing is ever delivered again.
    """

    def __init__(self, name: str, settings: BitrixSettings, tokens: Tokens) -> None:
        self.name = name
        self._settings = settings
        self._tokens = tokens

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """At most one `crm.hint` event, or the answers of the staff."""
        del parts
        fields = authentic_fields(delivery, self._settings)
        auth = _mapping(fields.get("auth"))
        name = str(fields.get("event", "")).upper()
        if name == INSTALLED:
            self._keep_tokens(auth, delivery)
            return Received()
        if name == TALK_EVENT:
            return Received(events=written_all(self.name, replies_in(fields, self._settings, delivery), delivery))
        entity = _entity(name, fields.get("data"))
        if not entity:
            return Received()
        told = {"event": name, "id": entity.partition(":")[2], "ts": str(fields.get("ts", ""))}
        event = Event(
            id=new_event_id(delivery.received_at),
            type=EventType.CRM_HINT,
            channel=self.name,
            # two changes of one second look alike, and the second may come after we have read: so each is its own
            external_id=f"{name}:{entity}:{fields.get('ts', '')}:{delivery.received_at.timestamp():.6f}",
            occurred_at=delivery.received_at,
            received_at=delivery.received_at,
            person=Person(),
            payload=CrmHint((entity,)),
            raw=urlencode(told).encode(),  # without its tokens
        )
        return Received(events=(event,))

    def _keep_tokens(self, auth: Mapping[str, Any], delivery: Delivery) -> None:
        """A local application gets its first pair with the event of its installation."""
        access, refresh = str(auth.get("access_token") or ""), str(auth.get("refresh_token") or "")
        if self._settings.oauth is None or not access or not refresh:
            return
        life = str(auth.get("expires_in") or "3600")
        expires_at = delivery.received_at + timedelta(seconds=int(life) if life.isdigit() else 3600)
        self._tokens.save_tokens(self._settings.account, TokenPair(access, refresh, expires_at))


def receiver(name: str, settings: BitrixSettings, store: Tokens) -> BitrixHooks | None:
    """The receiver that the settings ask for."""
    return BitrixHooks(name, settings, store) if settings.hook_secret is not None else None


def subscribe(room: Room, destination: str) -> bool:
    """Have events sent to this address (with the secret in it); whether anything had to be bound. Applications only."""
    have = {event for event, handler in bound(room) if handler == destination}
    wanted = (*EVENTS, TALK_EVENT) if room.settings.talks is not None else EVENTS
    missing = [event for event in wanted if event not in have]
    for event in missing:
        room.client.call("event.bind", {"event": event, "handler": destination}, write=True)
    return bool(missing)


def bound(room: Room) -> list[tuple[str, str]]:
    """The events that the application is sent, with their addresses."""
    return [
        (str(row.get("event", "")).upper(), str(row.get("handler", "")))
        for row in rows_of(room.client.call("event.get"))
        if str(row.get("offline") or 0) == "0"
    ]


def _entity(name: str, data: object) -> str:
    """What the hint of an event names; empty for what is none."""
    if name == TEST:
        mark = str(_mapping(_mapping(data).get("QUERY")).get(PROBE, ""))
        return f"{PROBE}:{mark}" if _MARK.fullmatch(mark) else ""
    found = _NAME.fullmatch(name)
    one = _id(data) if found else ""
    return f"{_KINDS[found[1]]}:{one}" if found and one else ""


def _id(data: object) -> str:
    """The id where the several families put it; an update of a task tells it twice."""
    node = _mapping(data)
    for key in ("FIELDS", "FIELDS_AFTER", "FIELDS_BEFORE"):
        one = str(_mapping(node.get(key)).get("ID", ""))
        if one.isdigit() and one != "0":
            return one
    one = str(node.get("ID", ""))
    return one if one.isdigit() else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
