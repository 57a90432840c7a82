"""WhatsApp Business Cloud API: what people write, what becomes of our messages, and the API by which we write."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

import requests
from flask import Flask, Response, jsonify, request

from sandbox.senders import graph
from sandbox.senders.graph import PICTURE, TOKEN, check_address, envelope, expired, has_token, post_signed, refuse
from sandbox.senders.http import Signing
from sandbox.senders.service import Answers, Client, Service, utc_now

PHONE_ID: Final = "106540000000001"
ACCOUNT_ID: Final = "102290000000001"
LINE: Final = "74950003344"
WINDOW: Final = timedelta(hours=24)
TEMPLATES: Final = {("offer_ready", "ru"): 2, ("hello", "ru"): 0, ("hello", "en"): 0}
"""Approved templates: name and language, and how many values each takes."""


def user_of(client: Client) -> str:
    """By which a person is known who hides the number."""
    return f"RU.13{client.digits}"


USER: Final = user_of(Client())


class WhatsApp(Service):
    """`window`: whether a free text goes only to those who have written within 24 hours, as it really is. `signing` is
    what the buttons do with their signature."""

    name = "whatsapp"
    title = "WhatsApp Business"
    group = "Мессенджеры"
    prefix = "/whatsapp"
    buttons: ClassVar[Mapping[str, str]] = {
        "check": "Проверка адреса",
        "text": "Сообщение",
        "picture": "Картинка",
        "voice": "Голосовое",
        "advert": "Сообщение с рекламы",
        "hidden": "Сообщение без номера",
        "batch": "Три сообщения, одно сломано",
        "new_number": "Клиент сменил номер",
        "delivered": "Последнее наше доставлено",
        "read": "Последнее наше прочитано",
        "failed": "Последнее наше не доставлено",
    }
    fields: ClassVar[Mapping[str, str]] = {
        "url": "Адрес приёмника",
        "secret": "Секрет приложения",
        "verify_token": "Слово для проверки адреса",
    }
    defaults: ClassVar[Mapping[str, str]] = {
        "url": "http://127.0.0.1:8080/hooks/whatsapp",
        "secret": "sandbox",
        "verify_token": "sandbox",
    }

    def __init__(self, now: Callable[[], datetime] = utc_now, *, window: bool = True) -> None:
        super().__init__(now)
        self.window = window
        self.signing = Signing.GOOD
        self.reset()

    def reset(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.media: dict[str, tuple[str, bytes]] = {"1013000000000001": ("image/png", PICTURE)}
        self.gone: set[str] = set()
        self.callbacks: list[str] = []
        self.wrote: dict[str, datetime] = {}

    def stats(self) -> dict[str, Any]:
        keys = [one.get("biz_opaque_callback_data") for one in self.sent]
        return {"messages": len(self.sent), "media": len(self.media) - 1, "doubles": len(keys) - len(set(keys))}

    # what people do

    def check(self, client: Client, given: Mapping[str, str]) -> Answers:
        del client
        return [check_address(given["url"], given["verify_token"])]

    def text(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._says(client, given, {"type": "text", "text": {"body": client.text}})

    def picture(self, client: Client, given: Mapping[str, str]) -> Answers:
        image = {"id": "1013000000000001", "mime_type": "image/png", "sha256": "x", "caption": client.text}
        return self._says(client, given, {"type": "image", "image": image})

    def voice(self, client: Client, given: Mapping[str, str]) -> Answers:
        audio = {"id": "1013000000000001", "mime_type": "audio/ogg; codecs=opus", "sha256": "x", "voice": True}
        return self._says(client, given, {"type": "audio", "audio": audio})

    def advert(self, client: Client, given: Mapping[str, str]) -> Answers:
        advert = {"source_url": "https://fb.me/x", "source_type": "ad", "source_id": "120200000000001"}
        advert |= {"headline": "Окна со скидкой", "body": "Расчёт за 5 минут", "ctwa_clid": "ARexample"}
        return self._says(client, given, {"type": "text", "text": {"body": client.text}, "referral": advert})

    def hidden(self, client: Client, given: Mapping[str, str]) -> Answers:
        """From somebody with a user name: neither number nor wa_id."""
        user = user_of(client)
        self.wrote[user] = self.now()
        contact = {"profile": {"name": client.name, "username": "masha_r"}, "user_id": user}
        said = {"from_user_id": user, **self._stamp(), "type": "text", "text": {"body": client.text}}
        return [self._post(given, {"contacts": [contact], "messages": [said]})]

    def batch(self, client: Client, given: Mapping[str, str]) -> Answers:
        said = [self._message(client, {"type": "text", "text": {"body": f"{client.text} {n}"}}) for n in (1, 2)]
        return [self._post(given, {"contacts": [self._contact(client)], "messages": [said[0], {"type": 5}, said[1]]})]

    def new_number(self, client: Client, given: Mapping[str, str]) -> Answers:
        number = f"7999{client.digits[-7:]}"
        news = {"type": "user_changed_number", "wa_id": number, "body": f"{client.name} changed to {number}"}
        return self._says(client, given, {"type": "system", "system": news})

    def delivered(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._status(client, given, "delivered")

    def read(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._status(client, given, "read")

    def failed(self, client: Client, given: Mapping[str, str]) -> Answers:
        details = "Message failed to send because more than 24 hours have passed since the customer last replied"
        error = {"code": 131047, "title": "Re-engagement message", "error_data": {"details": details}}
        return self._status(client, given, "failed", errors=[error])

    def _says(self, client: Client, given: Mapping[str, str], body: dict[str, Any]) -> Answers:
        message = self._message(client, body)
        return [self._post(given, {"contacts": [self._contact(client)], "messages": [message]})]

    def _status(self, client: Client, given: Mapping[str, str], status: str, **more: Any) -> Answers:  # noqa: ANN401
        last = self.sent[-1] if self.sent else {"id": "wamid.none"}
        piece = {
            "id": last["id"],
            "status": status,
            "timestamp": self._seconds(),
            "recipient_id": client.digits,
            **more,
        }
        if key := last.get("biz_opaque_callback_data"):
            piece["biz_opaque_callback_data"] = key
        return [self._post(given, {"statuses": [piece]})]

    def _message(self, client: Client, body: dict[str, Any]) -> dict[str, Any]:
        self.wrote[client.digits] = self.now()
        return {"from": client.digits, **self._stamp(), **body}

    def _stamp(self) -> dict[str, str]:
        return {"id": self._number(), "timestamp": self._seconds()}

    def _contact(self, client: Client) -> dict[str, Any]:
        return {"profile": {"name": client.name}, "wa_id": client.digits, "user_id": user_of(client)}

    def _post(self, given: Mapping[str, str], value: dict[str, Any]) -> requests.Response:
        about = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": LINE, "phone_number_id": PHONE_ID},
        }
        body = envelope("whatsapp_business_account", ACCOUNT_ID, "messages", {**about, **value})
        return post_signed(given["url"], body, given["secret"], self.signing)

    def _seconds(self) -> str:
        return str(int(self.now().timestamp()))

    def _number(self) -> str:
        return f"wamid.{secrets.token_hex(12)}"  # new after each start: a journal outlives the sandbox

    # the API

    def mount(self, app: Flask) -> None:
        app.add_url_rule("/whatsapp/<v>/<phone>/messages", view_func=self._send, methods=["POST"])
        app.add_url_rule("/whatsapp/<v>/<phone>/media", view_func=self._upload, methods=["POST"])
        app.add_url_rule("/whatsapp/<v>/<account>/subscribed_apps", view_func=self._apps, methods=["GET", "POST"])
        app.add_url_rule("/whatsapp/<v>/<number>", view_func=self._about, endpoint="whatsapp_about")
        app.add_url_rule("/whatsapp/files/<v>/<number>", view_func=self._file, endpoint="whatsapp_file")

    def _send(self, v: str, phone: str) -> Response:
        del v
        body = request.get_json(force=True)
        if not has_token(TOKEN):
            return expired()
        if phone != PHONE_ID or body.get("messaging_product") != "whatsapp":
            return refuse(400, 100, "Invalid parameter")
        to = body.get("to") or body.get("recipient")
        if not isinstance(to, str) or not to:
            return refuse(400, 100, "The parameter to is required.")
        if to in self.gone:
            return refuse(400, 131026, "Message undeliverable")
        if (fault := self._fault(to, body)) is not None:
            return fault
        number = self._number()
        self.sent.append({**body, "id": number})
        contact = {"input": to, "wa_id": to} if "to" in body else {"input": to, "user_id": to}
        return jsonify({"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": number}]})

    def _fault(self, to: str, body: dict[str, Any]) -> Response | None:
        kind = body.get("type")
        if kind == "template":
            return _template_fault(body["template"])
        if kind == "text" and not body["text"].get("body"):
            return refuse(400, 100, "The parameter text['body'] is required.")
        if kind in ("image", "document", "video", "audio") and body[kind].get("id") not in self.media:
            return refuse(400, 131053, "Media upload error")
        if self.window and self.now() - self.wrote.get(to, self.now() - 2 * WINDOW) > WINDOW:
            return refuse(400, 131047, "Re-engagement message")
        return None

    def _upload(self, v: str, phone: str) -> Response:
        del v, phone
        if not has_token(TOKEN):
            return expired()
        file = request.files.get("file")
        if file is None or request.form.get("messaging_product") != "whatsapp":
            return refuse(400, 100, "Invalid parameter")
        number = str(2013000000000000 + len(self.media))
        self.media[number] = (request.form.get("type", ""), file.read())
        return jsonify({"id": number})

    def _about(self, v: str, number: str) -> Response:
        if not has_token(TOKEN):
            return expired()
        if number == PHONE_ID:
            return jsonify({"id": PHONE_ID, "display_phone_number": f"+{LINE}", "verified_name": "Кровля"})
        if number not in self.media:
            return refuse(400, 100, "Unsupported get request. Object does not exist", 33)
        kind, body = self.media[number]
        address = f"{request.host_url.rstrip('/')}/whatsapp/files/{v}/{number}"
        return jsonify({"id": number, "url": address, "mime_type": kind, "file_size": len(body), "sha256": "x"})

    def _file(self, v: str, number: str) -> Response:
        del v
        if not has_token(TOKEN):
            return Response("unauthorized", 401)
        kind, body = self.media[number]
        return Response(body, mimetype=kind)

    def _apps(self, v: str, account: str) -> Response:
        del v
        if not has_token(TOKEN):
            return expired()
        if account != ACCOUNT_ID:
            return refuse(400, 100, "Unsupported request. Object does not exist", 33)
        if request.method == "POST":
            told = request.get_json(force=True)
            answer = graph.check_address(told["override_callback_uri"], told["verify_token"])
            if (answer.status_code, answer.text) != (200, "1158201444"):
                return refuse(400, 2200, "Callback verification failed")
            self.callbacks = [told["override_callback_uri"]]
            return jsonify({"success": True})
        apps = [{"whatsapp_business_api_data": {"id": "1"}, "override_callback_uri": one} for one in self.callbacks]
        return jsonify({"data": apps})


def _template_fault(template: dict[str, Any]) -> Response | None:
    wanted = TEMPLATES.get((template["name"], template["language"]["code"]))
    if wanted is None:
        return refuse(404, 132001, "Template name does not exist in the translation")
    bodies = [one for one in template.get("components", []) if one["type"] == "body"]
    given = len(bodies[0]["parameters"]) if bodies else 0
    return None if given == wanted else refuse(400, 132000, "Number of parameters does not match")
