"""MTS Exolve: sends SMS, makes calls and has a history of them. Its key is `sandbox`."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from flask import Flask, Response, jsonify, request

from sandbox.senders.service import Answers, Client, Service, utc_now

LINE = "74950003344"
FIRST_ID = 575976245313935471  # ids are larger than 2^53


class Exolve(Service):
    """The application's numbers are named by whoever calls it; 8-800 numbers are refused, as the real one does."""

    name: ClassVar[str] = "exolve"
    title: ClassVar[str] = "МТС Exolve"
    buttons: ClassVar[Mapping[str, str]] = {"call": "Звонок в историю", "missed": "Пропущенный в историю"}
    fields: ClassVar[Mapping[str, str]] = {}
    prefix: ClassVar[str] = "/exolve"

    def __init__(self, now: Callable[[], datetime] = utc_now, key: str = "sandbox") -> None:
        super().__init__(now)
        self.key = key
        self.reset()

    def reset(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.calls: list[dict[str, Any]] = []
        self.history: list[dict[str, Any]] = []
        self._ids = itertools.count(FIRST_ID)

    def stats(self) -> dict[str, Any]:
        return {"messages": len(self.messages), "calls": len(self.calls), "history": len(self.history)}

    def call(self, client: Client, given: Mapping[str, str]) -> Answers:
        """A talk of a minute and a half, which is over."""
        del given
        self.add(client.digits, 90)
        return []

    def missed(self, client: Client, given: Mapping[str, str]) -> Answers:
        """Nobody answered."""
        del given
        self.add(client.digits, 0)
        return []

    def add(self, phone: str, seconds: int, direction: str = "incoming", ago: float = 100) -> int:
        """Put a call into the history; its id."""
        id_ = next(self._ids)
        began = self.now() - timedelta(seconds=ago)
        ends = (phone, LINE) if direction == "incoming" else (LINE, phone)
        self.history.append(
            {
                "call_id": id_,
                "direction": direction,
                "number_a": ends[0],
                "number_b": ends[1],
                "date_start": began.isoformat(timespec="seconds"),
                "duration": seconds,
                "status": "answered" if seconds else "missed",
            }
        )
        return id_

    def mount(self, app: Flask) -> None:
        for path, view in {
            "/messaging/v1/SendSMS": self._sms,
            "/call/v1/MakeVoiceMessage": self._voice,
            "/call/v1/MakeCallback": self._callback,
            "/statistics/call-history/v1/GetList": self._list,
        }.items():
            app.add_url_rule(f"{self.prefix}{path}", f"exolve{path}", self._behind_the_key(view), methods=["POST"])

    def _behind_the_key(self, view: Callable[[dict[str, Any]], Response]) -> Callable[[], Response]:
        def checked() -> Response:
            if request.headers.get("Authorization") != f"Bearer {self.key}":
                return _refused(401, "Unauthorized")
            body = request.get_json(force=True, silent=True)
            return view(body) if isinstance(body, dict) else _refused(400, "invalid json")

        return checked

    def _sms(self, body: dict[str, Any]) -> Response:
        if not all(body.get(name) for name in ("number", "destination", "text")):
            return _refused(400, "number, destination and text are required")
        if str(body["number"]).startswith("7800"):
            return _refused(400, "number can not send sms")
        self.messages.append(body)
        return jsonify({"message_id": str(next(self._ids))})

    def _voice(self, body: dict[str, Any]) -> Response:
        if not body.get("source") or not body.get("destination") or not (body.get("tts") or {}).get("text"):
            return _refused(400, "source, destination and tts.text are required")
        return self._made(body)

    def _callback(self, body: dict[str, Any]) -> Response:
        lines = [((body.get(f"line_{n}") or {}).get("destinations") or [{}])[0].get("number") for n in (1, 2)]
        if not body.get("callback_resource_id") or not all(lines):
            return _refused(400, "callback_resource_id and both lines are required")
        return self._made(body)

    def _made(self, body: dict[str, Any]) -> Response:
        self.calls.append(body)
        return jsonify({"call_id": next(self._ids)})

    def _list(self, body: dict[str, Any]) -> Response:
        since, until = (datetime.fromisoformat(body[name]) for name in ("date_from", "date_to"))
        found = [one for one in self.history if since <= datetime.fromisoformat(one["date_start"]) <= until]
        offset, limit = int(body.get("offset", 0)), int(body.get("limit", 20))
        return jsonify({"calls": found[offset : offset + limit]})


def _refused(status: int, words: str) -> Response:
    answer = jsonify({"error": {"code": status, "message": words}})
    answer.status_code = status
    return answer
