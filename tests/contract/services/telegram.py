"""Telegram."""

from __future__ import annotations

import json
from datetime import datetime

from connectors.telegram.channel import TelegramChannel
from connectors.telegram.messenger import Telegram
from connectors.telegram.settings import TelegramSettings
from provodka.channel import Delivery
from provodka.errors import ConnectorError, RateLimited, Rejected
from provodka.messages import ClientMessage
from provodka.operation import Outcome, Repeat, Request
from provodka.stores import ConnectorStore
from sandbox.faults import Fault
from sandbox.telegram import Telegram as Bot
from tests.contract.case import ASCII, NOW, Case, Probe, Writer

TOKEN = "55501:AAE-Example-token-of-the-bot"
BOT = TelegramSettings.model_validate({"type": "telegram", "token": TOKEN, "receive": "webhook", "secret": ASCII})
MARIA = {"id": 700100200, "is_bot": False, "first_name": "Мария", "last_name": "Р", "username": "masha_r"}
CHAT = {"id": 700100200, "type": "private", "first_name": "Мария"}


def from_telegram(body: bytes, secret: str | None) -> Delivery:
    headers = {"content-type": "application/json"}
    if secret:
        headers["x-telegram-bot-api-secret-token"] = secret
    return Delivery("POST", "", headers, {}, body, NOW)


def update(**told: object) -> bytes:
    return json.dumps({"update_id": 415000101, **told}).encode()


def wrote(**more: object) -> dict[str, object]:
    return {"message_id": 31, "from": MARIA, "chat": CHAT, "date": 1764576000, **more}


def nothing_of(**told: object) -> Probe:
    return Probe(from_telegram(update(**told), ASCII))


CASES = [
    Case(
        "telegram",
        BOT,
        lambda: TelegramChannel("канал", BOT),
        from_telegram,
        good=update(message=wrote(text="Сколько стоит доставка? 8 916 111-22-33")),
        with_extra_fields=update(
            message={**wrote(text="Сколько стоит? +79161112233"), "new_thing": {"deep": [None]}}, newer=[1]
        ),
        unreadable=b'{"update_id": "',
        signs_body=False,
        secret=ASCII,
        secrets=(ASCII, TOKEN),
        probes=(
            nothing_of(poll_answer={"poll_id": "1"}),
            nothing_of(message=wrote(new_chat_title="Отдел продаж")),
            nothing_of(message={**wrote(text="я бот"), "from": {**MARIA, "is_bot": True}}),
            nothing_of(
                my_chat_member={
                    "chat": CHAT,
                    "from": MARIA,
                    "date": 1764576000,
                    "new_chat_member": {"user": {"id": 55501, "is_bot": True}, "status": "member"},
                }
            ),
        ),
    ),
]


def connect(url: str, key: str, store: ConnectorStore) -> Telegram:
    settings = {"type": "telegram", "token": key, "api_url": url}
    return Telegram(TelegramSettings.model_validate(settings), store, sleep=lambda _: None)


def write(bot: Telegram, since: datetime | None) -> Outcome:
    [outcome] = bot.write([Request("key", ClientMessage("42", "+79160001122, maria@example.ru"), since)])
    return outcome


def refusal(status: int, words: str, kind: type[ConnectorError], **more: object) -> tuple[Fault, type[ConnectorError]]:
    body = {"ok": False, "error_code": status, "description": words, **more}
    return Fault(kind="status", status=status, body=json.dumps(body)), kind


LIMITED = refusal(429, "Too Many Requests: retry after 7", RateLimited, parameters={"retry_after": 7})

WRITERS = [
    Writer(
        "telegram",
        Bot,
        connect,
        write,
        done=lambda bot: len(bot.messages()),
        path="/bot",
        right_key="1:sandbox",
        repeat=Repeat.PERSON,
        check=lambda bot: bot.check(),
        faults=(
            refusal(403, "Forbidden: bot was blocked by the user", Rejected),
            refusal(403, "Forbidden: user is deactivated", Rejected),
            refusal(403, "Forbidden: bot can't initiate conversation with a user", Rejected),
            refusal(403, "Forbidden: bot was kicked from the supergroup chat", Rejected),
            refusal(400, "Bad Request: chat not found", Rejected),
            refusal(400, "Bad Request: some new refusal", Rejected),
            LIMITED,
        ),
        limited=LIMITED[0],
    ),
]
