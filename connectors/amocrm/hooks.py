"""amoCRM's webhooks: hints that something changed. Unsigned, repeated, merged and sometimes missing, so only hints."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pydantic import SecretStr

from connectors.amocrm.chat_hooks import read_reply
from connectors.amocrm.client import embedded
from connectors.amocrm.room import Room
from connectors.amocrm.settings import AmocrmSettings
from connectors.bodies import form_pairs, plain_body
from connectors.crm.mirror import COMPANY
from connectors.secrecy import secret_in_url
from connectors.talks.replies import written
from provodka.channel import Delivery, PartsReader, Received, RefusedError
from provodka.event import Event, new_event_id
from provodka.payloads import CrmHint, EventType, Person
from provodka.stores import ConnectorStore

SETTINGS: Final = (
    *(f"{what}_{kind}" for kind in ("lead", "contact", "company", "task") for what in ("add", "update", "delete")),
    *(f"restore_{kind}" for kind in ("lead", "contact", "company")),
    *(f"responsible_{kind}" for kind in ("lead", "contact", "company")),
    "status_lead",
)
_KEY: Final = re.compile(
    r"(leads|contacts|companies|task)\[(add|update|status|responsible|restore|delete)\]\[(\d+)\]"
    r"\[(id|updated_at|last_modified|status_id|responsible_user_id|type|status)\]"
)


@dataclass(frozen=True, slots=True)
class _Mention:
    """One entity of one action in a delivery, with what tells a repeat from another change."""

    entity: str
    mark: str


class AmocrmHooks:
    """Receiver of the account's webhooks.

    What the chat service posts (it signs, and has no secret in its address) may come to any address of this channel.
    amoCRM switches a webhook off after 100 bad answers in two hours, so everything that carries the secret is answered
    with 200, whatever it holds.
    """

    def __init__(self, name: str, secret: SecretStr | None, chat_secret: SecretStr | None = None) -> None:
        self.name = name
        self._secret = secret
        self._chat_secret = chat_secret

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """At most one event: a `crm.hint` with everything that the delivery mentions, or a `reply.written`."""
        del parts
        if self._chat_secret is not None and "x-signature" in delivery.headers:
            reply = read_reply(delivery, self._chat_secret.get_secret_value())
            return Received(events=(written(self.name, reply, delivery),) if reply is not None else ())
        if self._secret is None or not secret_in_url(delivery, self._secret.get_secret_value()):
            raise RefusedError("the address does not hold the secret")
        body = plain_body(delivery)
        mentions = _mentions(
            (key.decode("utf-8", "replace"), value.decode("utf-8", "replace")) for key, value in form_pairs(body)
        )
        if not mentions:
            return Received()
        marks = "\n".join(sorted({mention.mark for mention in mentions}))
        event = Event(
            id=new_event_id(delivery.received_at),
            type=EventType.CRM_HINT,
            channel=self.name,
            external_id=hashlib.sha256(marks.encode()).hexdigest()[:32],
            occurred_at=delivery.received_at,
            received_at=delivery.received_at,
            person=Person(),
            payload=CrmHint(tuple(dict.fromkeys(mention.entity for mention in mentions))),
            raw=body,
        )
        return Received(events=(event,))


def receiver(name: str, settings: AmocrmSettings, store: ConnectorStore) -> AmocrmHooks | None:
    """The receiver that the settings ask for."""
    del store
    chats = settings.chats.secret if settings.chats is not None else None
    return AmocrmHooks(name, settings.hook_secret, chats) if settings.hook_secret or chats else None


def subscribe(room: Room, destination: str) -> bool:
    """Have hints sent to this address (with the secret in it); whether anything had to be changed.

    The same destination again updates the subscription, and switches on what amoCRM has switched off.
    """
    found = embedded(room.client.get("/webhooks", [("filter[destination]", destination)]), "webhooks")
    for hook in found:
        same = hook.get("destination") == destination and set(SETTINGS) <= set(hook.get("settings") or ())
        if same and not hook.get("disabled"):
            return False
    room.client.write("POST", "/webhooks", {"destination": destination, "settings": list(SETTINGS)})
    return True


def _mentions(pairs: Iterable[tuple[str, str]]) -> list[_Mention]:
    """Read flat keys, since a scalar and a nested value may share a path there and indices may be ids."""
    rows: dict[tuple[str, str, str], dict[str, str]] = {}
    for key, value in pairs:
        if found := _KEY.fullmatch(key):
            entity, action, index, member = found.groups()
            rows.setdefault((entity, action, index), {})[member] = value
    mentions = []
    for (entity, action, _), row in rows.items():
        one, kind = row.get("id", ""), _kind(entity, row)
        if one.isdigit():
            at = row.get("updated_at") or row.get("last_modified") or ""
            state = (row.get(member, "") for member in ("status_id", "responsible_user_id", "status"))
            mark = ":".join((kind, action, one, at, *state))
            mentions.append(_Mention(f"{kind}:{one}", mark))
    return mentions


def _kind(entity: str, row: dict[str, str]) -> str:
    """Companies come among the contacts."""
    if entity == "companies" or (entity == "contacts" and row.get("type") == "company"):
        return COMPANY
    return entity.removesuffix("s")
