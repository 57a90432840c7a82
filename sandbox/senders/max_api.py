"""The Bot API of MAX, as far as a bot needs it: messages, uploads, subscriptions, the long poll."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from datetime import datetime
from threading import Condition
from typing import Any

from flask import Flask, Response, jsonify, request

Json = dict[str, Any]
Answer = Response | tuple[Response, int]
TOKEN = "sandbox"  # noqa: S105  # the sandbox's published token
LONGEST, LONGEST_POLL = 4000, 90.0
XML = "<retval>1</retval>"  # what the upload of a video answers


class Room:
    """All that a bot has sent and what waits for it. `not_ready` counts the messages that still meet an upload that is
    not digested; `stopped` means that the person lets the bot write no more."""

    def __init__(self) -> None:
        self.changed = Condition()
        self.base = ""
        self._numbers = itertools.count(1)
        self.clear()

    def clear(self) -> None:
        self.sent: list[Json] = []
        self.uploads: dict[str, bytes] = {}
        self.files: dict[str, bytes] = {}
        self.updates: list[tuple[int, Json]] = []
        self.subscriptions: list[Json] = []
        self.not_ready = 0
        self.stopped = False
        self.answered: list[str] = []

    def tell(self, update: Json) -> None:
        """For the long poll."""
        with self.changed:
            self.updates.append((self.number(), update))
            self.changed.notify_all()

    def keep(self, name: str, body: bytes) -> str:
        """A file of a person; the address at which it lies."""
        self.files[name] = body
        return f"{self.base}/max/files/{name}"

    def number(self) -> int:
        return next(self._numbers)


class BotApi:
    """The routes below `prefix`."""

    def __init__(self, room: Room, prefix: str, now: Callable[[], datetime]) -> None:
        self._room, self._prefix, self._now = room, prefix, now

    def mount(self, app: Flask) -> None:
        for path, methods, view in (
            ("/me", ["GET"], self._me),
            ("/messages", ["POST"], self._send),
            ("/uploads", ["POST"], self._place),
            ("/subscriptions", ["GET", "POST", "DELETE"], self._subscriptions),
            ("/updates", ["GET"], self._updates),
            ("/videos/<token>", ["GET"], self._video),
            ("/upload/<kind>", ["POST"], self._take),
            ("/files/<name>", ["GET"], self._file),
        ):
            app.add_url_rule(f"{self._prefix}{path}", f"max_{view.__name__}", view, methods=methods)
        app.before_request(self._enter)

    def _enter(self) -> Answer | None:
        self._room.base = request.host_url.rstrip("/")
        path = request.path.removeprefix(self._prefix)
        if not request.path.startswith(f"{self._prefix}/") or path.startswith(("/upload/", "/files/")):
            return None
        if request.headers.get("Authorization") != TOKEN:
            return refusal(401, "verify.token", "Invalid access_token")
        return None

    def _me(self) -> Answer:
        return jsonify({"user_id": 55501, "first_name": "Кровля", "username": "krovlya_bot", "is_bot": True})

    def _send(self) -> Answer:
        body = request.get_json()
        text, attachments = body.get("text") or "", body.get("attachments") or []
        to = {name: request.args[name] for name in ("user_id", "chat_id") if name in request.args}
        if len(to) != 1:
            return refusal(400, "proto.payload", "Exactly one of user_id and chat_id is expected")
        if len(text) > LONGEST or not (text or attachments):
            return refusal(400, "proto.payload", f"text: size must be between 1 and {LONGEST}")
        with self._room.changed:
            if self._room.stopped:
                return refusal(403, "chat.denied", "error.dialog.suspended")
            if attachments and self._room.not_ready > 0:
                self._room.not_ready -= 1
                return refusal(400, "attachment.not.ready", "Key: errors.process.attachment.file.not.processed")
            mid = f"mid.{self._room.number():020x}"
            self._room.sent.append({**to, "text": text, "attachments": attachments, "mid": mid})
        stamp = int(self._now().timestamp() * 1000)
        told = {"mid": mid, "text": text, "attachments": attachments}
        return jsonify({"message": {"timestamp": stamp, "body": told}})

    def _place(self) -> Answer:
        kind = request.args.get("type", "")
        if kind not in ("image", "video", "audio", "file"):
            return refusal(400, "proto.payload", f"type: no such type of upload: {kind}")
        token = {"token": f"{kind}-{self._room.number()}"} if kind in ("video", "audio") else {}
        return jsonify({"url": f"{self._room.base}{self._prefix}/upload/{kind}?sig={self._room.number()}", **token})

    def _take(self, kind: str) -> Answer:
        file = request.files.get("data")
        if file is None or not (body := file.read()):
            return refusal(400, "upload.error", "there is no data")
        token = f"{kind}-{self._room.number()}"
        self._room.uploads[token] = body
        if kind == "image":
            return jsonify({"photos": {f"{self._room.number()}": {"token": token}}})
        if kind == "file":
            return jsonify({"fileId": self._room.number(), "token": token})
        return Response(XML, mimetype="application/xml")

    def _file(self, name: str) -> Answer:
        body = self._room.files.get(name)
        if body is None:
            return refusal(404, "not.found", "no such file")
        return Response(body, mimetype="image/jpeg" if name.endswith(".jpg") else "application/pdf")

    def _video(self, token: str) -> Answer:
        urls = {f"mp4_{height}": self._room.keep(f"{token}-{height}.mp4", b"film") for height in (360, 1080)}
        return jsonify({"token": token, "urls": urls})

    def _subscriptions(self) -> Answer:
        room = self._room
        if request.method == "GET":
            shown = [{key: value for key, value in one.items() if key != "secret"} for one in room.subscriptions]
            return jsonify({"subscriptions": shown})
        url = str(request.args.get("url") or (request.get_json(silent=True) or {}).get("url") or "")
        if request.method == "POST" and not url.startswith(("https://", "http://127.0.0.1")):
            return jsonify({"success": False, "message": "Invalid subscription url: https is expected"})
        room.subscriptions = [one for one in room.subscriptions if one["url"] != url]
        if request.method == "POST":
            room.subscriptions.append(request.get_json())
        return jsonify({"success": True})

    def _updates(self) -> Answer:
        """Without a marker all that is not confirmed; a marker confirms what lies before it."""
        given, room = request.args, self._room
        marker, kinds = int(given.get("marker") or 0), given.get("types", "")
        until = time.monotonic() + min(float(given.get("timeout") or 30), LONGEST_POLL)
        with room.changed:
            room.updates = [one for one in room.updates if one[0] >= marker]
            while not room.updates and (left := until - time.monotonic()) > 0:
                room.changed.wait(left)
            taken = room.updates[: int(given.get("limit") or 100)]
            following = taken[-1][0] + 1 if taken else marker
        wanted = [update for _, update in taken if not kinds or update["update_type"] in kinds.split(",")]
        return jsonify({"updates": wanted, "marker": following or None})


def refusal(status: int, code: str, message: str) -> Answer:
    """An error as MAX words it."""
    return jsonify({"code": code, "message": message}), status
