"""Chats of a channel: whose they are, what is said in them, and the talks and cards that come of it."""

from __future__ import annotations

import uuid

from sandbox.amocrm import incoming
from sandbox.amocrm.call import Call
from sandbox.amocrm.identity import identity
from sandbox.amocrm.model import Incoming, Json
from sandbox.amocrm.records import Chat, Message, Talk

MESSAGE_TYPES = ("text", "picture", "video", "file", "voice", "audio", "sticker", "location", "contact")
UNKNOWN_NAME = "Новый клиент"


def find_chat(call: Call, scope_id: str, payload: Json) -> Chat | None:
    """The chat a payload names: by the service's `conversation_ref_id` or the channel's `conversation_id`."""
    ref_id, client_id = payload.get("conversation_ref_id"), payload.get("conversation_id")
    mine = [chat for chat in call.store.chats.values() if chat.scope_id == scope_id]
    if ref_id is not None:
        return next((chat for chat in mine if chat.id == ref_id), None)
    return next((chat for chat in mine if chat.client_id == client_id), None)


def open_chat(call: Call, scope_id: str, payload: Json, client: Json) -> Chat:
    """A new chat with a client; he gets an id of the service beside the channel's own."""
    source = payload.get("source")
    external_id = source.get("external_id") if isinstance(source, dict) else None
    known = next((one.client for one in call.store.chats.values() if one.client.get("id") == client.get("id")), None)
    ref_id = known["ref_id"] if known else str(uuid.uuid4())
    chat = Chat(
        id=str(uuid.uuid4()),
        scope_id=scope_id,
        client_id=payload.get("conversation_id"),
        client={**client, "ref_id": ref_id},
        source_id=external_id,
        contact_id=None,
        created_at=call.now,
    )
    call.store.add("chats", chat)
    return chat


def add_message(call: Call, chat: Chat, message: Message) -> Message:
    """Say something in a chat; the first word of an unknown client makes an incoming lead."""
    talk = current_talk(call, chat)
    chat.messages.append(message)
    call.store.touch("chats", chat.id)
    talk.updated_at, talk.is_read = call.now, not message.is_incoming
    call.store.touch("talks", talk.id)
    call.changes.message_added(chat, talk, message)
    call.changes.talk_changed(talk, "update")
    return message


def new_message(author: Json, content: Json, *, incoming: bool, sent_at: int, msgid: str | None = None) -> Message:
    """A message with an id of the service. Times are unix seconds."""
    known = {key: value for key, value in content.items() if value is not None}
    return Message(str(uuid.uuid4()), msgid, author, incoming, known, sent_at, sent_at * 1000)


def current_talk(call: Call, chat: Chat) -> Talk:
    """The talk in work, or a new one on the lead that the chat's client has open or that is made for him."""
    for talk in reversed(call.store.talks.values()):
        if talk.chat_id == chat.id and talk.status == "in_work":
            return talk
    contact_id, lead_id = _owner(call, chat)
    source = next((row for row in call.store.sources.values() if row.values["external_id"] == chat.source_id), None)
    talk = Talk(
        id=call.store.new_id("talks"),
        chat_id=chat.id,
        contact_id=contact_id,
        entity_type="lead" if lead_id is not None else None,
        entity_id=lead_id,
        origin=call.store.seed.channel_origin,
        source_id=source.id if source else None,
        created_at=call.now,
        updated_at=call.now,
    )
    call.store.add("talks", talk)
    call.changes.talk_changed(talk, "add")
    return talk


def close_talk(call: Call, talk: Talk) -> None:
    talk.status, talk.updated_at = "closed", call.now
    call.store.touch("talks", talk.id)
    call.changes.talk_changed(talk, "update")


def _owner(call: Call, chat: Chat) -> tuple[int | None, int | None]:
    """The contact and the lead of a chat; where the contact has no open lead, an incoming one is made."""
    contact_id = chat.contact_id if chat.contact_id in call.store.contacts else _known_contact(call, chat.client)
    if contact_id is not None:
        contact = call.store.contacts[contact_id]
        leads = (call.store.leads[one] for one in reversed(contact.leads))
        lead = next((one for one in leads if one.is_open and not one.is_deleted), None)
        if lead is not None:
            chat.contact_id = contact_id
            return contact_id, lead.id
    row = _make_incoming(call, chat, contact_id)
    chat.contact_id = contact_id if contact_id is not None else next(iter(row.contact_ids), None)
    return chat.contact_id, row.lead_id


def _known_contact(call: Call, client: Json) -> int | None:
    profile = client.get("profile") if isinstance(client.get("profile"), dict) else {}
    for code, key in (("PHONE", "phone"), ("EMAIL", "email")):
        one = identity(code, (profile or {}).get(key) or "")
        for kind, card_id in call.store.people.holders(one or ""):
            card = call.store.table(kind)[card_id]
            if kind == "contacts" and not card.is_unsorted and not card.is_deleted:
                return card_id
    return None


def _make_incoming(call: Call, chat: Chat, contact_id: int | None) -> Incoming:
    name = str(chat.client.get("name") or UNKNOWN_NAME)
    profile = chat.client.get("profile") if isinstance(chat.client.get("profile"), dict) else {}
    fields = [
        {"field_code": code, "values": [{"value": str(profile[key])}]}
        for code, key in (("PHONE", "phone"), ("EMAIL", "email"))
        if profile and profile.get(key)
    ]
    contact: Json = (
        {"name": name, "created_by": 0, "custom_fields_values": fields} if contact_id is None else {"id": contact_id}
    )
    source = next((row for row in call.store.sources.values() if row.values["external_id"] == chat.source_id), None)
    origin = call.store.seed.channel_origin
    client = {"id": chat.client["ref_id"], "name": name}
    item: Json = {
        "source_uid": chat.id,
        "source_name": source.values["name"] if source else origin,
        "pipeline_id": source.values["pipeline_id"] if source else call.store.main_pipeline().id,
        "metadata": {"from": name, "origin": origin, "chat_id": chat.id, "client": client, "received_at": call.now},
        "_embedded": {"leads": [{"name": f"Чат: {name}", "created_by": 0}], "contacts": [contact]},
    }
    if any(row.source_uid == chat.id for row in call.store.incoming.values()):
        item["source_uid"] = f"{chat.id}:{len(call.store.talks)}"
    body = incoming.take_incoming(call, "chats", [("0", item)])
    return call.store.incoming[body["_embedded"]["unsorted"][0]["uid"]]
