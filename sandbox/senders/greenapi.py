"""Green-API: notices by webhook or by a strict queue, and the methods of an instance."""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

from flask import Flask, Response, jsonify, request

from sandbox.senders.graph import PICTURE
from sandbox.senders.http import Signing, post
from sandbox.senders.service import Answers, Client, Service, as_json, utc_now

INSTANCE: Final = "1101000001"
TOKEN: Final = "sandbox"  # noqa: S105  # the sandbox's published key
WID: Final = "74950003344@c.us"
JSON: Final = "application/json"


class GreenApi(Service):
    """Without an address of a receiver the buttons fill the queue. `patience` is how long an empty queue is listened to
    (seconds); `signing` is what the buttons do with the webhook's token."""

    name = "greenapi"
    title = "Green-API"
    group = "Мессенджеры"
    prefix = "/greenapi"
    buttons: ClassVar[Mapping[str, str]] = {
        "text": "Сообщение",
        "picture": "Картинка",
        "in_group": "Сообщение в группе",
        "missed": "Пропущенный звонок",
        "answer": "Ответ с телефона",
        "delivered": "Последнее наше доставлено",
        "read": "Последнее наше прочитано",
        "no_account": "У номера нет WhatsApp",
        "lost": "Телефон вышел из аккаунта",
        "back": "Телефон снова в аккаунте",
    }
    fields: ClassVar[Mapping[str, str]] = {
        "url": "Адрес приёмника (пусто — очередь)",
        "webhook_token": "Токен вебхука",
        "host": "Адрес песочницы",
    }
    defaults: ClassVar[Mapping[str, str]] = {
        "url": "http://127.0.0.1:8080/hooks/greenapi",
        "webhook_token": "sandbox-token",
        "host": "http://127.0.0.1:8907",
    }

    def __init__(self, now: Callable[[], datetime] = utc_now, *, patience: float = 5.0) -> None:
        super().__init__(now)
        self.patience = patience
        self.signing = Signing.GOOD
        self._more = threading.Condition()
        self.reset()

    def reset(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.without_whatsapp: set[str] = set()
        self.state = "authorized"
        self.settings: dict[str, Any] = {"webhookUrl": ""}
        self.queue: deque[tuple[int, Any]] = deque()
        self._receipts = 0

    def stats(self) -> dict[str, Any]:
        return {"messages": len(self.sent), "queue": len(self.queue)}

    # what people do

    def text(self, client: Client, given: Mapping[str, str]) -> Answers:
        said = {"typeMessage": "textMessage", "textMessageData": {"textMessage": client.text}}
        return self._say(given, client, said)

    def picture(self, client: Client, given: Mapping[str, str]) -> Answers:
        file = {"downloadUrl": f"{given['host']}/greenapi/files/picture.png", "caption": client.text}
        file |= {"fileName": "picture.png", "mimeType": "image/png"}
        return self._say(given, client, {"typeMessage": "imageMessage", "fileMessageData": file})

    def in_group(self, client: Client, given: Mapping[str, str]) -> Answers:
        said = {"typeMessage": "textMessage", "textMessageData": {"textMessage": client.text}}
        return self._say(given, client, said, chat="120363043968066561@g.us")

    def missed(self, client: Client, given: Mapping[str, str]) -> Answers:
        call = {"from": f"{client.digits}@c.us", "status": "missed", "idMessage": self._number()}
        return self.tell(given, {"typeWebhook": "incomingCall", **call})

    def answer(self, client: Client, given: Mapping[str, str]) -> Answers:
        said = {"typeMessage": "textMessage", "textMessageData": {"textMessage": "Добрый день, чем помочь?"}}
        chat = f"{client.digits}@c.us"
        sides = {"chatId": chat, "sender": WID, "chatName": client.name, "senderName": "Кровля"}
        body = {"idMessage": self._number(), "senderData": sides, "messageData": said}
        return self.tell(given, {"typeWebhook": "outgoingMessageReceived", **body})

    def delivered(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._status(given, client, "delivered")

    def read(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._status(given, client, "read")

    def no_account(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._status(given, client, "noAccount")

    def lost(self, client: Client, given: Mapping[str, str]) -> Answers:
        del client
        return self._changed(given, "notAuthorized")

    def back(self, client: Client, given: Mapping[str, str]) -> Answers:
        del client
        return self._changed(given, "authorized")

    def tell(self, given: Mapping[str, str], notice: Any) -> Answers:  # noqa: ANN401 -- also what is no notice
        """Send a notice, or put it at the end of the queue."""
        if isinstance(notice, dict):
            about = {"idInstance": int(INSTANCE), "wid": WID, "typeInstance": "whatsapp"}
            notice = {"instanceData": about, "timestamp": int(self.now().timestamp()), **notice}
        if not given.get("url"):
            with self._more:
                self._receipts += 1
                self.queue.append((self._receipts, notice))
                self._more.notify_all()
            return []
        key = f"not {given['webhook_token']}" if self.signing is Signing.WRONG else given["webhook_token"]
        headers = {} if self.signing is Signing.MISSING else {"Authorization": f"Bearer {key}"}
        return [post(given["url"], as_json(notice), JSON, headers)]

    def _say(self, given: Mapping[str, str], client: Client, said: dict[str, Any], chat: str = "") -> Answers:
        own = f"{client.digits}@c.us"
        sides = {"chatId": chat or own, "sender": own, "chatName": client.name, "senderName": client.name}
        body = {"idMessage": self._number(), "senderData": sides, "messageData": said}
        return self.tell(given, {"typeWebhook": "incomingMessageReceived", **body})

    def _status(self, given: Mapping[str, str], client: Client, status: str) -> Answers:
        number = self.sent[-1]["idMessage"] if self.sent else "none"
        body = {"chatId": f"{client.digits}@c.us", "idMessage": number, "status": status, "sendByApi": True}
        return self.tell(given, {"typeWebhook": "outgoingMessageStatus", **body})

    def _changed(self, given: Mapping[str, str], state: str) -> Answers:
        self.state = state
        return self.tell(given, {"typeWebhook": "stateInstanceChanged", "stateInstance": state})

    def _number(self) -> str:
        return f"3EB0{secrets.token_hex(8).upper()}"  # new after each start: a journal outlives the sandbox

    # the methods

    def mount(self, app: Flask) -> None:
        at = "/greenapi/waInstance<instance>"
        methods = ["GET", "POST", "DELETE"]
        app.add_url_rule(f"{at}/<method>/<token>", view_func=self._call, methods=methods, defaults={"number": 0})
        app.add_url_rule(f"{at}/<method>/<token>/<int:number>", view_func=self._call, methods=methods)
        app.add_url_rule("/greenapi/files/<name>", view_func=self._file, endpoint="greenapi_file")

    def _call(self, instance: str, method: str, token: str, number: int) -> Response:
        if (instance, token) != (INSTANCE, TOKEN):
            return Response("", 401)
        known: dict[str, Callable[[], Response]] = {
            "getStateInstance": lambda: jsonify({"stateInstance": self.state}),
            "getSettings": lambda: jsonify(self.settings),
            "setSettings": self._set,
            "receiveNotification": self._receive,
            "deleteNotification": lambda: self._delete(number),
            "checkWhatsapp": self._exists,
            "sendMessage": self._send,
            "sendFileByUpload": self._send_file,
        }
        return known[method]() if method in known else Response("", 404)

    def _set(self) -> Response:
        self.settings |= request.get_json(force=True)
        return jsonify({"saveSettings": True})

    def _receive(self) -> Response:
        with self._more:
            self._more.wait_for(lambda: bool(self.queue), self.patience)
            if not self.queue:
                return jsonify(None)
            number, notice = self.queue[0]
        return jsonify({"receiptId": number, "body": notice})

    def _delete(self, number: int) -> Response:
        with self._more:
            there = bool(self.queue) and self.queue[0][0] == number
            if there:
                self.queue.popleft()
        return jsonify({"result": there, "reason": "" if there else "Message not found"})

    def _exists(self) -> Response:
        number = str(request.get_json(force=True).get("phoneNumber"))
        return jsonify({"existsWhatsapp": number not in self.without_whatsapp})

    def _send(self) -> Response:
        body = request.get_json(force=True)
        if not str(body.get("chatId", "")).endswith(("@c.us", "@g.us")) or not body.get("message"):
            answer = jsonify({"message": "Validation failed. 'chatId' has invalid value"})
            answer.status_code = 400
            return answer
        return self._took(dict(body))

    def _send_file(self) -> Response:
        file = request.files["file"]
        return self._took({**request.form.to_dict(), "bytes": file.read(), "name": file.filename})

    def _took(self, body: dict[str, Any]) -> Response:
        number = self._number()
        self.sent.append({**body, "idMessage": number})
        return jsonify({"idMessage": number})

    def _file(self, name: str) -> Response:
        return Response("gone", 404) if name == "gone.png" else Response(PICTURE, mimetype="image/png")
