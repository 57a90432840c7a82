"""Telegram."""

from __future__ import annotations

import json

from connectors.telegram.channel import TelegramChannel
from connectors.telegram.settings import TelegramSettings
from provodka.channel import Delivery
from tests.contract.case import ASCII, NOW, Case, Probe

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
