"""What a lead's page shows beside the lead: products, the client's purchases, files, and the chat."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from sandbox.amocrm.dump import coded_values, user_name
from sandbox.amocrm.model import Element, Json, Lead
from sandbox.amocrm.records import Chat, Message, Talk
from sandbox.amocrm.store import Store, field_owner
from sandbox.pages import gettext

Moment = Callable[[int], str]
DELIVERY = {0: "", 1: "доставлено", 2: "прочитано", -1: "не доставлено"}
KINDS = {
    "picture": "Картинка",
    "video": "Видео",
    "file": "Файл",
    "voice": "Голосовое сообщение",
    "audio": "Звук",
    "sticker": "Стикер",
    "location": "Место на карте",
    "contact": "Контакт",
}
SIZES = ((1024 * 1024, "МБ"), (1024, "КБ"))


def products(store: Store, lead: Lead, money: Callable[[int], str]) -> list[Json]:
    """List elements of a lead: name, quantity, and their price where they have one."""
    rows = []
    for element_id, metadata in lead.elements.items():
        element = store.elements[element_id]
        price = _price(store, element)
        rows.append(
            {
                "kind": store.catalogs[element.catalog_id].values["name"],
                "name": element.name,
                "quantity": f"{metadata['quantity']:g}".replace(".", ","),
                "sum": money(round(price * metadata["quantity"])) if price else "",
            }
        )
    return rows


def customers(store: Store, lead: Lead, money: Callable[[int], str], day: Callable[[object], str]) -> list[Json]:
    """The customers that a lead's contacts and company are."""
    ids = {one: True for contact_id in lead.contacts for one in store.contacts[contact_id].customers}
    if lead.company_id is not None:
        ids |= store.companies[lead.company_id].customers
    return [
        {
            "name": one.name,
            "bought": money(one.ltv) if one.ltv else "",
            "times": one.purchases_count,
            "next": day(one.next_date) if one.next_date else "",
        }
        for one in (store.customers[customer_id] for customer_id in ids)
        if not one.is_deleted
    ]


def files(store: Store, lead: Lead) -> list[Json]:
    """The files that hang on a lead, with the addresses of their newest versions."""
    found = [store.files[one] for one in lead.files if one in store.files]
    return [
        {
            "name": one.name,
            "size": size(one.newest.size),
            "link": f"/download/{one.id}/{one.newest.uuid}/{quote(one.newest.name)}",
        }
        for one in found
        if one.deleted_at is None
    ]


def talks(store: Store, lead: Lead, moment: Moment) -> list[Json]:
    """The talks of a lead with what was said in their chats, the newest talk first; an open one can be answered."""
    mine = [talk for talk in store.talks.values() if (talk.entity_type, talk.entity_id) == ("lead", lead.id)]
    return [_talk(store, talk, store.chats[talk.chat_id], moment) for talk in reversed(mine)]


def size(count: int) -> str:
    """«1,4 МБ»."""
    for unit, word in SIZES:
        if count >= unit:
            return f"{count / unit:.1f} {gettext(word)}".replace(".", ",")
    return gettext("%s Б") % count


def _talk(store: Store, talk: Talk, chat: Chat, moment: Moment) -> Json:
    source = next((row for row in store.sources.values() if row.id == talk.source_id), None)
    return {
        "id": talk.id,
        "title": source.values["name"] if source else talk.origin,
        "client": str(chat.client.get("name") or gettext("Клиент")),
        "open": talk.status == "in_work",
        "messages": [_message(store, chat, one, moment) for one in chat.messages],
    }


def _message(store: Store, chat: Chat, one: Message, moment: Moment) -> Json:
    content = one.content
    text = str(content.get("text") or content.get("file_name") or gettext(KINDS.get(str(content.get("type")), "")))
    author = (
        chat.client.get("name") or gettext("Клиент")
        if one.is_incoming
        else user_name(store, one.author.get("user_id", 0))
    )
    return {
        "mine": not one.is_incoming,
        "author": author,
        "text": text,
        "file": _address(content),
        "when": moment(one.sent_at),
        "delivery": "" if one.is_incoming else gettext(DELIVERY[one.delivery]),
        "reactions": "".join(str(mark["emoji"]) for mark in one.reactions),
    }


def _address(content: Json) -> Json | None:
    """Where the file of a message lies, and what it is; only what a browser may be sent to."""
    url = str(content.get("media") or "")
    if not url.startswith(("https://", "http://")):
        return None
    return {"url": url, "name": str(content.get("file_name") or gettext("файл"))}


def _price(store: Store, element: Element) -> float:
    for code in ("PRICE", "BILL_PRICE"):
        for text in coded_values(store, field_owner(element), element, code):
            try:
                return float(text)
            except ValueError:
                return 0.0
    return 0.0
