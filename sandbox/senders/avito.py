"""Avito: talks about adverts, their notices, and the API by which they are read and answered."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from threading import Lock
from typing import Any, ClassVar

import requests
from flask import Flask, Response, jsonify, request

from sandbox.senders.http import Signing, post
from sandbox.senders.service import Answers, Client, Service, as_json, utc_now

Json = dict[str, Any]
ACCOUNT, PERSON, ITEM = 90000001, 120000002, 3000000001
CHAT = "u2i-1~AbCdEfGh"
LONGEST = 1000
FILE = b"\xff\xd8\xff\xe0file"
HEADER = {"x-avito-messenger-signature": "0" * 64}


class Avito(Service):
    """One account with an advert, and who writes about it. `deliver` off: nobody is told, as after an outage."""

    name: ClassVar[str] = "avito"
    title: ClassVar[str] = "Авито"
    group: ClassVar[str] = "Мессенджеры"
    buttons: ClassVar[Mapping[str, str]] = {
        "message": "Написать об объявлении",
        "picture": "Прислать фото",
        "voice": "Прислать голосовое",
        "system": "Системный текст",
        "answer": "Ответить в самом Авито",
    }
    fields: ClassVar[Mapping[str, str]] = {"url": "Адрес приёмника (с секретом)"}
    defaults: ClassVar[Mapping[str, str]] = {"url": "http://127.0.0.1:8080/hooks/avito/sandbox"}
    prefix: ClassVar[str] = "/avito"

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(now)
        self._lock = Lock()
        self.base = ""
        self.reset()

    def reset(self) -> None:
        self.signing = Signing.GOOD
        self.client_id, self.client_secret, self.refresh = "sandbox", "sandbox", ""
        self.deliver = True
        self.person_name = "Мария"
        self.messages: dict[str, list[Json]] = {CHAT: []}
        self.tokens: set[str] = set()
        self.subscriptions: list[str] = []
        self.images: dict[str, bytes] = {}
        self.read: list[str] = []
        self._numbers = itertools.count(1)

    def stats(self) -> dict[str, Any]:
        ours = [one for said in self.messages.values() for one in said if one.get("by_api")]
        return {"sent": len(ours), "read": len(self.read), "tokens": len(self.tokens)}

    def message(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._write(client, given, "text", {"text": client.text})

    def picture(self, client: Client, given: Mapping[str, str]) -> Answers:
        sizes = {size: f"{self.base}/avito/files/{size}.jpg" for size in ("140x105", "1280x960", "32x32")}
        return self._write(client, given, "image", {"image": {"sizes": sizes}})

    def voice(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._write(client, given, "voice", {"voice": {"voice_id": "voice-1"}})

    def system(self, client: Client, given: Mapping[str, str]) -> Answers:
        del client
        return self._tell(self.say("system", {"text": "[Системное сообщение]"}, 0), given)

    def answer(self, client: Client, given: Mapping[str, str]) -> Answers:
        """Somebody of the account writes by hand."""
        del client
        return self._tell(self.say("text", {"text": "Здравствуйте! Чем помочь?"}, ACCOUNT), given)

    def say(self, kind: str, content: Json, author: int, chat: str = CHAT) -> Json:
        """A message in a talk."""
        with self._lock:
            number = f"m{next(self._numbers):011d}"
            direction = "out" if author == ACCOUNT else "in"
            body = {"id": number, "author_id": author, "created": int(self.now().timestamp()), "type": kind}
            body |= {"content": content, "direction": direction, "is_read": False}
            self.messages.setdefault(chat, []).append(body)
            return body

    def _write(self, client: Client, given: Mapping[str, str], kind: str, content: Json) -> Answers:
        self.person_name = client.name
        return self._tell(self.say(kind, content, PERSON), given)

    def _tell(self, body: Json, given: Mapping[str, str], chat: str = CHAT) -> Answers:
        if not self.deliver:
            return []
        value = {name: body[name] for name in ("id", "author_id", "created", "type", "content")}
        value |= {"chat_id": chat, "user_id": ACCOUNT, "chat_type": "u2i", "item_id": ITEM}
        payload = {"type": "message", "value": value}
        told = {"id": secrets.token_hex(16), "version": "v3.0.0", "timestamp": body["created"], "payload": payload}
        url = given["url"]
        if self.signing is Signing.MISSING:
            url = url.rpartition("/")[0]
        elif self.signing is not Signing.GOOD:
            url += "-wrong"
        return [post(url, as_json(told), "application/json", HEADER)]

    def mount(self, app: Flask) -> None:
        prefix, account = self.prefix, f"{self.prefix}/messenger/<version>/accounts/{ACCOUNT}"
        routes: tuple[tuple[str, str, Callable[..., Any], str], ...] = (
            ("token", f"{prefix}/token", self._token, "POST"),
            ("self", f"{prefix}/core/v1/accounts/self", lambda: {"id": ACCOUNT, "name": "Ромашка"}, "GET"),
            ("chats", f"{account}/chats", self._chats, "GET"),
            ("chat", f"{account}/chats/<chat>", self._one_chat, "GET"),
            ("history", f"{account}/chats/<chat>/messages/", self._history, "GET"),
            ("send", f"{account}/chats/<chat>/messages", self._send, "POST"),
            ("image", f"{account}/chats/<chat>/messages/image", self._send_image, "POST"),
            ("read", f"{account}/chats/<chat>/read", self._read, "POST"),
            ("upload", f"{account}/uploadImages", self._upload, "POST"),
            ("voices", f"{account}/getVoiceFiles", self._voices, "GET"),
            ("webhook", f"{prefix}/messenger/v3/webhook", self._subscribe, "POST"),
            ("subscriptions", f"{prefix}/messenger/v1/subscriptions", self._subscriptions, "POST"),
            ("unsubscribe", f"{prefix}/messenger/v1/webhook/unsubscribe", self._unsubscribe, "POST"),
        )
        for name, path, view, method in routes:
            open_to_all = name == "token"
            app.add_url_rule(path, f"avito_{name}", view if open_to_all else self._behind_token(view), methods=[method])
        app.add_url_rule(f"{prefix}/files/<name>", "avito_file", _file)
        app.before_request(self._note_base)

    def _note_base(self) -> None:
        self.base = request.host_url.rstrip("/")

    def _behind_token(self, view: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(version: str = "", **more: str) -> object:
            del version
            if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
                return {"result": {"message": "invalid access token", "status": False}}, 403
            return view(**more)

        return guarded

    def _token(self) -> object:
        """Wrong keys are answered with 200, as is said of it."""
        given = request.form
        if (given.get("client_id"), given.get("client_secret")) != (self.client_id, self.client_secret):
            return {"error": "invalid_client", "error_description": "Invalid client credentials"}
        more = {}
        if given.get("grant_type") == "refresh_token":
            if not self.refresh or given.get("refresh_token") != self.refresh:
                return {"error": "invalid_grant", "error_description": "Refresh token is not valid"}
            self.refresh = f"refresh-{next(self._numbers)}"  # each is good for one use
            more = {"refresh_token": self.refresh}
        elif given.get("grant_type") != "client_credentials":
            return {"error": "unsupported_grant_type"}, 400
        token = f"access-{next(self._numbers)}"
        self.tokens.add(token)
        return {"access_token": token, "expires_in": 86400, "token_type": "Bearer", **more}

    def _about(self, chat: str) -> Json:
        said = self.messages[chat]
        item = {"id": ITEM, "title": "Окно ПВХ", "price_string": "5 000 ₽", "url": f"https://avito.ru/{ITEM}"}
        users = [{"id": ACCOUNT, "name": "Ромашка"}, {"id": PERSON, "name": self.person_name}]
        last = said[-1] if said else {}
        return {"id": chat, "users": users, "context": {"type": "item", "value": item}, "last_message": last,
                "updated": last.get("created", 0)}  # fmt: skip

    def _chats(self) -> object:
        chats = sorted((self._about(chat) for chat in self.messages), key=lambda chat: -chat["updated"])
        return {"chats": _paged(chats)}

    def _one_chat(self, chat: str) -> object:
        return self._about(chat) if chat in self.messages else _error(404, "chat not found")

    def _history(self, chat: str) -> object:
        return {"messages": _paged(self.messages.get(chat, [])[::-1])}

    def _send(self, chat: str) -> object:
        text = (request.get_json(force=True).get("message") or {}).get("text") or ""
        if chat not in self.messages:
            return _error(404, "chat not found")
        if not 0 < len(text) <= LONGEST:
            return _error(400, "message text is too long")
        return self._by_api(chat, "text", {"text": text})

    def _send_image(self, chat: str) -> object:
        number = request.get_json(force=True).get("image_id")
        if number not in self.images:
            return _error(400, "image not found")
        return self._by_api(chat, "image", {"image": {"sizes": {"1280x960": f"{self.base}/avito/files/{number}"}}})

    def _by_api(self, chat: str, kind: str, content: Json) -> Json:
        """What was sent is told as anybody's, to whoever listens."""
        body = self.say(kind, content, ACCOUNT, chat)
        body["by_api"] = True
        for url in self.subscriptions:
            with suppress(requests.RequestException):
                self._tell(body, {"url": url}, chat)
        return {name: body[name] for name in ("id", "created", "type", "direction", "content")}

    def _read(self, chat: str) -> Json:
        self.read.append(chat)
        return {"ok": True}

    def _upload(self) -> object:
        file = request.files.get("uploadfile[]")
        if file is None:
            return _error(400, "no file")
        number = f"{next(self._numbers)}.img"
        self.images[number] = file.read()
        return {number: {"1280x960": f"{self.base}/avito/files/{number}"}}

    def _voices(self) -> Json:
        wanted = request.args.getlist("voice_ids")
        return {
            "voices_urls": {one: f"{self.base}/avito/files/{one}.mp4" for one in wanted if one.startswith("voice-")}
        }

    def _subscribe(self) -> Json:
        self.subscriptions.append(request.get_json(force=True)["url"])
        return {"ok": True}

    def _subscriptions(self) -> Json:
        return {"subscriptions": [{"url": url, "version": "3"} for url in self.subscriptions]}

    def _unsubscribe(self) -> Json:
        self.subscriptions.remove(request.get_json(force=True)["url"])
        return {"ok": True}


def _paged(items: list[Json]) -> list[Json]:
    start = int(request.args.get("offset", "0"))
    return items[start : start + int(request.args.get("limit", "50"))]


def _error(code: int, words: str) -> tuple[Response, int]:
    return jsonify({"error": {"code": code, "message": words}}), code


def _file(name: str) -> Response:
    return Response(FILE + name.encode(), mimetype="video/mp4" if name.endswith("mp4") else "image/jpeg")
