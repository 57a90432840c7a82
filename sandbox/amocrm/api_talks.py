"""`/api/v4/talks`, `/contacts/chats`; and a manager's word, which goes out to the channel's hook."""

from __future__ import annotations

import hashlib
import hmac
import json

from sandbox.amocrm import chats, filters
from sandbox.amocrm.api_amojo import CHANNEL, scope_of
from sandbox.amocrm.api_users import amojo_id
from sandbox.amocrm.call import Call
from sandbox.amocrm.model import Json, User
from sandbox.amocrm.oneshot import Shot
from sandbox.amocrm.problems import Checks, missing
from sandbox.amocrm.records import Chat, Message, Talk
from sandbox.amocrm.rights import forbidden

FILTERS: dict[str, filters.Maker] = {
    "talk_id": filters.one_of("id"),
    "contact_id": filters.one_of("contact_id"),
    "entity_id": filters.one_of("entity_id"),
    "entity_type": filters.one_of("entity_type"),
    "status": filters.one_of("status"),
}


def list_talks(call: Call) -> Json | None:
    """`GET /talks`, with `filter[talk_id|contact_id|entity_id|entity_type|status|only_in_work]`."""
    wanted = call.filters()
    rows = [row for row in call.store.talks.values() if _sees(call, row)]
    if str(wanted.get("only_in_work", "")) in ("1", "true"):
        rows = [row for row in rows if row.status == "in_work"]
    found = filters.apply(rows, wanted, FILTERS)
    return call.listing("talks", found, lambda row: _show(call, row))


def get_talk(call: Call, talk_id: int) -> Json:
    talk = known_talk(call, talk_id)
    if not _sees(call, talk):
        raise forbidden()
    return _show(call, talk)


def close_talk(call: Call, talk_id: int) -> tuple[None, int]:
    """`POST /talks/{id}/close`: 202; there is no rating bot here, so it closes at once."""
    chats.close_talk(call, known_talk(call, talk_id))
    return None, 202


def list_contact_chats(call: Call) -> Json | None:
    """`GET /contacts/chats?contact_id=…` or `?chat_id=…`."""
    wanted = {key: str(call.params[key]) for key in ("contact_id", "chat_id") if key in call.params}
    rows = [
        {"chat_id": chat.id, "contact_id": chat.contact_id}
        for chat in call.store.chats.values()
        if chat.contact_id is not None
    ]
    rows = [row for row in rows if all(str(row[key]) in value.split(",") for key, value in wanted.items())]
    return {"_embedded": {"chats": rows}} if rows else None


def link_contact_chats(call: Call) -> Json:
    """`POST /contacts/chats`: a chat belongs to one contact only, the new one takes it over."""
    checks, items = Checks(), call.items()
    for request_id, item in items:
        checks.item(request_id)
        checks.choice(item, "contact_id", call.store.contacts, required=True)
        checks.choice(item, "chat_id", call.store.chats, required=True)
    checks.finish()
    rows = []
    for request_id, item in items:
        call.store.chats[item["chat_id"]].contact_id = item["contact_id"]
        call.store.touch("chats", item["chat_id"])
        rows.append({"chat_id": item["chat_id"], "contact_id": item["contact_id"], "request_id": request_id})
    return {"_embedded": {"chats": rows}}


def known_talk(call: Call, talk_id: int) -> Talk:
    talk = call.store.talks.get(talk_id)
    if talk is None:
        raise missing("Talk not found")
    return talk


def _sees(call: Call, talk: Talk) -> bool:
    """Who sees the lead sees its talk, else who sees the contact."""
    lead = call.store.leads.get(talk.entity_id or 0) if talk.entity_type == "lead" else None
    card = lead or call.store.contacts.get(talk.contact_id or 0)
    return call.user.is_admin or card is None or call.rights.sees(card)


def say(call: Call, chat: Chat, user: User, text: str, picture: str = "") -> tuple[Message, Shot | None]:
    """A manager writes to the client: kept, announced, and given as the post to the channel's hook, if it has one."""
    author = {"user_id": user.id, "name": user.name}
    content: Json = {"type": "text", "text": text}
    if picture:
        name = picture.partition("?")[0].rpartition("/")[2]
        content = {"type": "picture", "text": text, "media": picture, "file_name": name, "file_size": 0}
    message = chats.new_message(author, content, incoming=False, sent_at=call.now)
    chats.add_message(call, chat, message)
    channel = call.store.setting(CHANNEL)
    url = channel.get("hook_url")
    if not url or not channel.get("is_connected"):
        return message, None
    body = json.dumps(_hook_body(call, chat, user, message), ensure_ascii=False).encode()
    mark = hmac.new(call.store.seed.channel_secret.encode(), body, hashlib.sha1).hexdigest()
    headers = {"Content-Type": "application/json", "X-Signature": mark}
    return message, Shot(str(url).replace(":scope_id", scope_of(call)), body, headers, "chat")


def _hook_body(call: Call, chat: Chat, user: User, message: Message) -> Json:
    profile = chat.client.get("profile") or {}
    blank = {"markup": None, "tag": "", "media": "", "thumbnail": "", "file_name": "", "file_size": 0}
    conversation = {"id": chat.id, **({"client_id": chat.client_id} if chat.client_id else {})}
    return {
        "account_id": call.store.seed.amojo_id,
        "time": call.now,
        "message": {
            "receiver": {
                "id": chat.client["ref_id"],
                "phone": profile.get("phone", ""),
                "email": profile.get("email", ""),
                "client_id": chat.client.get("id"),
            },
            "sender": {"id": amojo_id(user), "name": user.name},
            "conversation": conversation,
            "source": {"external_id": chat.source_id},
            "timestamp": message.sent_at,
            "msec_timestamp": message.msec,
            "message": {"id": message.id, **blank, **message.content},
        },
    }


def _show(call: Call, row: Talk) -> Json:
    return {
        "talk_id": row.id,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "rate": row.rate,
        "contact_id": row.contact_id,
        "chat_id": row.chat_id,
        "entity_id": row.entity_id,
        "entity_type": row.entity_type,
        "status": row.status,
        "is_in_work": row.status == "in_work",
        "is_read": row.is_read,
        "origin": row.origin,
        "source_id": row.source_id,
        "missed_at": row.missed_at,
        "account_id": call.store.seed.account_id,
        "_links": call.links(f"talks/{row.id}"),
    }
