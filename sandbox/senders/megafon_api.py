"""The API of MegaFon's exchange: calls made, the list of calls, recordings; and the older API in one address."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.senders.recordings import tone

KEY = "sandbox"
USERS = (
    {"login": "ivanov", "name": "Иванов Пётр", "ext": "510", "telnum": "79230000510", "email": "ivanov@example.ru"},
    {"login": "petrova", "name": "Петрова Анна", "ext": "511", "telnum": "79230000511", "email": "petrova@example.ru"},
)
NAMES = {name: one["name"] for one in USERS for name in (one["login"], one["ext"], one["telnum"])}


class MegafonApi:
    """`/crmapi/v1` with the header X-API-KEY, and `/sys/crm_api.wcgp` with the field `token`.

    A recording can be fetched `ready_after` seconds after its call. `on_call` is told (id, user, phone) of every
    ordered call before the order is answered: the exchange's first notices may be that fast.
    """

    def __init__(self, now: Callable[[], datetime], line: str) -> None:
        self.ready_after = 0.0
        self.on_call: Callable[[str, str, str], object] = lambda *_: None
        self._now = now
        self._line = line
        self._lock = Lock()
        self._calls: list[dict[str, Any]] = []
        self._orders: list[dict[str, str]] = []

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()
            self._orders.clear()
        self.ready_after = 0.0
        self.on_call = lambda *_: None

    def stats(self) -> dict[str, Any]:
        with self._lock:
            return {"calls": len(self._calls), "orders": list(self._orders)}

    def ended(
        self,
        call: str,
        phone: str,
        user: str,
        began: datetime,
        talked: int,
        *,
        kind: str = "in",
        status: str = "success",
    ) -> Mapping[str, Any]:
        """A call for the list, as the list has it."""
        host = request.host_url if request else "http://127.0.0.1/"
        entry = {
            "uid": call,
            "type": kind,
            "status": status,
            "client": phone,
            "diversion": self._line,
            "destination": "",
            "user": user,
            "user_name": NAMES.get(user, ""),
            "group_name": "Отдел продаж",
            "account": "",
            "start": began.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "wait": 8,
            "duration": talked,
            "record": f"{host}megafon/records/{call}.mp3" if talked else "",
            "rating": None,
        }
        with self._lock:
            self._calls.append(entry)
        return entry

    def mount(self, app: Flask, prefix: str) -> None:
        rest = f"{prefix}/crmapi/v1"
        app.add_url_rule(f"{rest}/makecall", "megafon_makecall", self._make_call, methods=["POST"])
        app.add_url_rule(f"{rest}/history/json", "megafon_history", self._history)
        app.add_url_rule(f"{rest}/users", "megafon_users", self._users)
        app.add_url_rule(f"{prefix}/sys/crm_api.wcgp", "megafon_old", self._old, methods=["GET", "POST"])
        app.add_url_rule(f"{prefix}/records/<call>.mp3", "megafon_record", self._record)

    def _refused(self, key: str | None) -> tuple[Response, int] | None:
        return None if key == KEY else (jsonify({"message": "Unauthorized"}), 401)

    def _make_call(self) -> AnyResponse | tuple[Response, int]:
        if refusal := self._refused(request.headers.get("X-API-KEY")):
            return refusal
        asked = request.get_json(force=True)
        return self._ordered(str(asked.get("user", "")), str(asked.get("phone", "")), "callid")

    def _ordered(self, user: str, phone: str, name: str) -> AnyResponse | tuple[Response, int]:
        if user not in NAMES:
            return jsonify({"message": f"User {user} not found"}), 404
        if not phone.isdecimal():
            return jsonify({"message": "Invalid phone"}), 400
        call = secrets.token_hex(8)
        with self._lock:
            self._orders.append({"callid": call, "user": user, "phone": phone})
        self.on_call(call, user, phone)
        return jsonify({name: call})

    def _history(self) -> AnyResponse | tuple[Response, int]:
        if refusal := self._refused(request.headers.get("X-API-KEY")):
            return refusal
        return jsonify(self._between())

    def _between(self) -> list[dict[str, Any]]:
        first, last = (_moment(request.values.get(name, "")) for name in ("start", "end"))
        with self._lock:
            calls = list(self._calls)
        return [one for one in calls if first <= datetime.fromisoformat(one["start"]) <= last]

    def _users(self) -> AnyResponse | tuple[Response, int]:
        refusal = self._refused(request.headers.get("X-API-KEY"))
        return refusal or jsonify({"items": USERS, "info": {"total": len(USERS)}})

    def _old(self) -> AnyResponse | tuple[Response, int]:
        if request.values.get("token") != KEY:
            return jsonify({"error": "Invalid token"}), 401
        match request.values.get("cmd", ""):
            case "makeCall":
                return self._ordered(request.values.get("user", ""), request.values.get("phone", ""), "CallID")
            case "history":
                names = ("uid", "type", "client", "user", "diversion", "start", "wait", "duration", "record")
                rows = ({**one, "user": f"{one['user']}@example.megapbx.ru"} for one in self._between())
                lines = (",".join(str(row[name]) for name in names) for row in rows)
                return Response("".join(f"{line}\r\n" for line in lines), mimetype="text/csv")
            case "accounts":
                return jsonify([{"name": one["login"], "realName": one["name"], "ext": one["ext"]} for one in USERS])
        return jsonify({"error": "Invalid parameters: [cmd]"}), 400

    def _record(self, call: str) -> AnyResponse:
        with self._lock:
            known = next((one for one in self._calls if one["uid"] == call and one["record"]), None)
        if known is None:
            return Response("not found", 404)
        ready = datetime.fromisoformat(known["start"]) + timedelta(seconds=known["duration"] + self.ready_after)
        return Response("not found", 404) if self._now() < ready else Response(tone(), mimetype="audio/mpeg")


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
