"""Channels of the application: connectors of open lines, and SMS providers."""

from __future__ import annotations

import re
import secrets
from functools import partial

from sandbox.bitrix24.api_events import is_address
from sandbox.bitrix24.call import Call
from sandbox.bitrix24.cards import Cards
from sandbox.bitrix24.errors import Json, RestError
from sandbox.bitrix24.identity import normal
from sandbox.bitrix24.multifields import OPEN_LINE, values
from sandbox.bitrix24.params import rows, text, yes
from sandbox.bitrix24.registry import Methods
from sandbox.bitrix24.schema import CONTACT, LEAD, TYPES

methods = Methods("imconnector")
LONGEST_NAME = 25
LINES = {1: "Открытая линия"}
STATUSES = ("queued", "sent", "delivered", "undelivered", "failed")


def need(call: Call, *names: str) -> None:
    for name in names:
        if call.any(name) in (None, ""):
            raise RestError("ERROR_ARGUMENT", f"Argument '{name}' is null or empty")


@methods("imconnector.register", app="both")
def register(call: Call) -> Json:
    """A connector, the same one for the same ID; refusals come with HTTP 200."""
    number = call.text("ID")
    if not number:
        return _refused("CONNECTOR_ID_REQUIRED", "Не указан ID коннектора")
    if not re.fullmatch(r"[a-z0-9_]+", number):
        return _refused("CONNECTOR_ID_INVALID", "ID коннектора содержит недопустимые символы")
    if not call.text("NAME"):
        return _refused("NAME_REQUIRED", "Не указано имя коннектора")
    if not text(call.map("ICON").get("DATA_IMAGE")):
        return _refused("ICON_REQUIRED", "Не указана иконка коннектора")
    if not call.text("PLACEMENT_HANDLER"):
        return _refused("NO_PLACEMENT_HANDLER", "Не удалось получить URL обработчика встраивания")
    held = call.store.get("connectors", number) or {"id": number, "lines": {}}
    held |= {"name": call.text("NAME"), "group": yes(call.any("CHAT_GROUP"))}
    call.store.put("connectors", number, held)
    return {"result": True}


def _refused(code: str, text_: str) -> Json:
    return {"result": False, "error": code, "error_description": text_}


def connector(call: Call) -> Json:
    need(call, "CONNECTOR", "LINE")
    row = call.store.get("connectors", call.text("CONNECTOR"))
    if row is None:
        raise RestError("IMCONNECTOR_NO_CORRECT_PROVIDER", "Connector is not found")
    return row


@methods("imconnector.unregister", app="both")
def unregister(call: Call) -> Json:
    known = call.store.get("connectors", call.text("ID")) is not None
    call.store.drop("connectors", call.text("ID"))
    return {"result": known}


@methods("imconnector.list", app="both")
def listing(call: Call) -> Json:
    return {row["id"]: row["name"] for row in call.store.table("connectors").values()}


def _line(row: Json, call: Call) -> Json:
    fresh = {"active": False, "data": None}
    found: Json = row["lines"].setdefault(str(call.whole("LINE")), fresh)
    return found


@methods("imconnector.activate", app="both")
def activate(call: Call) -> bool:
    need(call, "CONNECTOR", "LINE", "ACTIVE")
    row = connector(call)
    _line(row, call)["active"] = yes(call.any("ACTIVE"))
    call.store.put("connectors", row["id"], row)
    return True


@methods("imconnector.connector.data.set", app="both")
def data_set(call: Call) -> bool:
    need(call, "CONNECTOR", "LINE", "DATA")
    row = connector(call)
    _line(row, call)["data"] = call.map("DATA")
    call.store.put("connectors", row["id"], row)
    return True


@methods("imconnector.status", app="both")
def status(call: Call) -> Json:
    line = _line(connector(call), call)
    shown = {"LINE": call.whole("LINE"), "CONNECTOR": call.text("CONNECTOR"), "ERROR": False}
    return {**shown, "CONFIGURED": line["active"] and line["data"] is not None, "STATUS": line["active"]}


@methods("imconnector.send.messages", app="both")
def send_messages(call: Call) -> Json:
    """Clients' messages into the open line; each has its own outcome."""
    row = connector(call)
    need(call, "MESSAGES")
    if not _line(row, call)["active"]:
        raise RestError("NOT_ACTIVE_LINE", "Line is not active or does not exist")
    found = [_taken(call, row, one) for one in rows(call.any("MESSAGES")) if isinstance(one, dict)]
    return {"SUCCESS": True, "DATA": {"RESULT": found}}


def _taken(call: Call, row: Json, one: Json) -> Json:
    parts = {key: one[key] if isinstance(one.get(key), dict) else {} for key in ("user", "message", "chat")}
    person, message, chat = parts["user"], parts["message"], parts["chat"]
    shown: Json = {"message": {**message, "date": {}, "files": message.get("files") or []}, "chat": chat}
    for name in ("name", "last_name"):
        value = text(person.get(name))
        if len(value) > LONGEST_NAME or any(char.isdigit() for char in value):
            return {**shown, "user": "", "SUCCESS": False, "ERRORS": [f"Wrong {name} of the user"]}
    if not text(person.get("id")) or not text(chat.get("id")):
        return {**shown, "user": "", "SUCCESS": False, "ERRORS": ["user.id and chat.id are required"]}
    if not text(message.get("text")) and not rows(message.get("files")):
        return {**shown, "user": "", "SUCCESS": False, "ERRORS": ["text or files are required"]}
    key = f"{row['id']}|{call.whole('LINE')}|{text(chat['id'])}|{text(person['id'])}"
    held = call.store.get("dialogs", key)
    if held is None:
        number = call.store.new_id("dialogs")
        held = {"id": key, "session": 322 + number, "chat": 1806 + number, "user": 584 + number, "messages": []}
    by_staff = bool(text(message.get("user_id")))
    files = [text(file.get("url")) for file in rows(message.get("files")) if isinstance(file, dict)]
    held["messages"].append({"text": text(message.get("text")), "at": call.now, "out": by_staff, "files": files})
    if not yes(message.get("disable_crm")) and not row.get("group") and not held.get("crm"):
        held["crm"] = _tracked(call, open_line(held), person)
    call.store.put("dialogs", key, held)
    session = {"ID": str(held["session"]), "CHAT_ID": str(held["chat"])}
    skip = {"extra": {"skip_phone_validate": "Y"}} if yes(person.get("skip_phone_validate")) else {}
    return {**shown, "user": str(held["user"]), **skip, "SUCCESS": True, "session": session}


def open_line(dialog: Json) -> str:
    """How a card names a dialog among its messengers: connector, line, chat, and the portal's number of the person."""
    return f"{OPEN_LINE}{dialog['id'].rpartition('|')[0]}|{dialog['user']}"


def _tracked(call: Call, line: str, person: Json) -> Json:
    """The card of whoever writes: known by this open line, a phone or an e-mail; for a stranger a lead is made."""
    for kind in (CONTACT, LEAD):
        for card in call.store.table(TYPES[kind].table).values():
            if line in values(card, "IM"):
                return {"type": TYPES[kind].word, "id": card["ID"]}
    wanted = [(code, normal(code, text(person.get(code.lower())))) for code in ("PHONE", "EMAIL")]
    for kind in (CONTACT, LEAD):
        for code, value in wanted:
            for card in call.store.of(TYPES[kind].table, (code, value)) if value else ():
                return {"type": TYPES[kind].word, "id": card["ID"]}
    name = text(person.get("name"))
    fields = {"TITLE": f"{name} - {LINES[1]}", "NAME": name, "IM": [{"VALUE": line}]}
    fields |= {code: [{"VALUE": text(person.get(code.lower()))}] for code, value in wanted if value}
    return {"type": TYPES[LEAD].word, "id": Cards(call, TYPES[LEAD]).create(fields)["ID"]}


@methods("imopenlines.dialog.get", scope="imopenlines")
def dialog(call: Call) -> Json:
    """A dialog by the number of its chat, with the card that it belongs to."""
    wanted = call.text("CHAT_ID")
    held = next((row for row in call.store.table("dialogs").values() if str(row["chat"]) == wanted), None)
    if held is None:
        raise RestError("DIALOG_NOT_EXISTS", "Dialog doesn't exist")
    card = held.get("crm") or {}
    kinds = ("LEAD", "COMPANY", "CONTACT", "DEAL")
    data = "|".join(f"{kind}|{card['id'] if card.get('type', '').upper() == kind else 0}" for kind in kinds)
    return {
        "id": held["chat"],
        "entity_type": "LINES",
        "entity_id": open_line(held).removeprefix(OPEN_LINE),
        "entity_data_2": data,
    }


def mark(call: Call, word: str) -> Json:
    """A tick beside the operator's message."""
    connector(call)
    need(call, "MESSAGES")
    for one in rows(call.any("MESSAGES")):
        im = one.get("im") if isinstance(one, dict) else None
        number = text(im.get("message_id")) if isinstance(im, dict) else ""
        if number:
            call.store.put("ticks", number, {"id": number, "word": word})
    return {"SUCCESS": True, "DATA": []}


methods.add("imconnector.send.status.delivery", partial(mark, word="delivered"), app="both")
methods.add("imconnector.send.status.reading", partial(mark, word="read"), app="both")


@methods("imconnector.update.messages", "imconnector.delete.messages", "imconnector.chat.name.set", app="both")
def tell(call: Call) -> Json:
    """Edits and names: taken note of by the answer."""
    connector(call)
    return {"SUCCESS": True, "DATA": []}


@methods("imopenlines.config.list.get", scope="imopenlines")
def lines(call: Call) -> list[Json]:
    del call
    return [{"ID": str(number), "LINE_NAME": name, "ACTIVE": "Y"} for number, name in LINES.items()]


@methods("messageservice.sender.add", app="context", scope="messageservice")
def sender_add(call: Call) -> bool:
    if not call.is_admin:
        raise RestError("ACCESS_DENIED", "Access denied!", 403)
    code, kind = call.text("CODE"), call.text("TYPE")
    for wrong, words in (
        (not code, "Empty sender code!"),
        (not re.fullmatch(r"[A-Za-z0-9.\-_]+", code or "-"), "Wrong sender code!"),
        (kind.upper() != "SMS", "Unknown sender message type!"),
        (not is_address(call.text("HANDLER")), "Empty sender handler!"),
        (not call.any("NAME"), "Empty sender name!"),
    ):
        if wrong:
            raise RestError("ERROR_SENDER_VALIDATION_FAILURE", words)
    if call.store.get("senders", code) is not None:
        raise RestError("ERROR_SENDER_ALREADY_INSTALLED", "Sender already installed!")
    call.store.put("senders", code, {"code": code, "handler": call.text("HANDLER")})
    return True


@methods("messageservice.sender.delete", app="context", scope="messageservice")
def sender_delete(call: Call) -> bool:
    if call.store.get("senders", call.text("CODE")) is None:
        raise RestError("ERROR_SENDER_NOT_FOUND", "Sender not found!")
    call.store.drop("senders", call.text("CODE"))
    return True


@methods("messageservice.sender.list", app="context", scope="messageservice")
def sender_list(call: Call) -> list[str]:
    return list(call.store.table("senders"))


@methods("messageservice.message.status.update", app="context", scope="messageservice")
def sms_status(call: Call) -> bool:
    """How a message fared, by the provider."""
    wanted = call.text("STATUS")
    if wanted not in STATUSES:
        raise RestError("ERROR_MESSAGE_STATUS_INCORRECT", "Message status incorrect!")
    row = call.store.get("sms", call.text("MESSAGE_ID"))
    if row is None or row["code"] != call.text("CODE"):
        raise RestError("ERROR_MESSAGE_NOT_FOUND", "Message not found!")
    row["status"] = wanted
    call.store.put("sms", row["id"], row)
    return True


def new_sms(code: str, phone: str, body: str) -> Json:
    """An SMS that the portal hands to a provider."""
    return {"id": secrets.token_hex(16), "code": code, "phone": phone, "body": body, "status": "queued"}
