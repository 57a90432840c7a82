"""The API of Zadarma: signed calls, its two limits, callback, SMS, statistics, links to recordings."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import requests
from flask import Flask, Response, jsonify, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.senders.http import PATIENCE
from sandbox.senders.recordings import tone

KEY = SECRET = "sandbox"  # noqa: S105  # the sandbox's published keys
EXTENSIONS = ("100", "101", "102")
LINE = "74950003344"
A_MINUTE, STATISTICS_A_MINUTE = 100, 3
MINUTE = timedelta(minutes=1)
NOTICES = ("start", "internal", "answer", "end", "out_start", "out_end", "record")

Answer = AnyResponse | tuple[Response, int]


class ZadarmaApi:
    """A file can be fetched `ready_after` seconds after the end of its call. `money` False refuses what costs.

    An address for the notices must answer to `zd_echo`, unless `tries_addresses` is off.
    """

    def __init__(self, now: Callable[[], datetime], zone: str = "Europe/Moscow") -> None:
        self._now = now
        self._zone = ZoneInfo(zone)
        self._lock = Lock()
        self.clear()

    def clear(self) -> None:
        self.ready_after, self.money, self.tries_addresses = 0.0, True, True
        self._stats: list[dict[str, Any]] = []
        self._callbacks: list[dict[str, str]] = []
        self._messages: list[dict[str, str]] = []
        self._calls: list[tuple[bool, datetime]] = []
        self._tickets: dict[str, str] = {}
        self._url = ""
        self._notifications = dict.fromkeys((f"notify_{one}" for one in NOTICES), "false")

    def stats(self) -> dict[str, Any]:
        with self._lock:
            return {"callbacks": list(self._callbacks), "messages": list(self._messages), "url": self._url}

    def ended(self, call: str, phone: str, extension: str, began: datetime, disposition: str, seconds: int) -> None:
        """A connection for the statistics."""
        row = {
            "call_id": f"{int(began.timestamp())}.{call[-4:]}",
            "sip": extension if call.startswith("out_") else LINE,
            "callstart": began.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S"),
            "clid": LINE if call.startswith("out_") else phone,
            "destination": phone if call.startswith("out_") else extension,
            "disposition": disposition,
            "seconds": seconds,
            "is_recorded": "true" if seconds else "false",
            "pbx_call_id": call,
        }
        with self._lock:
            self._stats.append(row)

    def mount(self, app: Flask, prefix: str) -> None:
        routes: dict[str, Callable[[], Answer]] = {
            "info/timezone": self._timezone,
            "request/callback": self._callback,
            "sms/send": self._sms,
            "statistics/pbx": self._statistics,
            "pbx/record/request": self._record,
            "pbx/callinfo": self._callinfo,
            "pbx/callinfo/url": self._set_url,
            "pbx/callinfo/notifications": self._set_notifications,
        }

        def entered(path: str) -> Answer:
            return self._enter(prefix, path, routes.get(path.strip("/")))

        rule = f"{prefix}/v1/<path:path>"
        app.add_url_rule(rule, "zadarma", entered, methods=["GET", "POST"])
        app.add_url_rule(f"{prefix}/v1/pbx/record/download/<ticket>/<name>", "zadarma_file", self._file)

    def _enter(self, prefix: str, path: str, work: Callable[[], Answer] | None) -> Answer:
        if work is None:
            return _error("Method not found", 404)
        if not self._is_authentic(request.path.removeprefix(prefix)):
            return _error("Not authorized", 401)
        if (wait := self._wait(path)) > 0:
            refusal = jsonify({"status": "error", "message": "You have exceeded the limit of requests"})
            refusal.headers["X-RateLimit-Reset"] = str(int(wait) + 1)
            return refusal, 429
        return work()

    def _is_authentic(self, method: str) -> bool:
        key, _, signed = request.headers.get("Authorization", "").partition(":")
        text = urlencode(sorted(request.values.items()))
        whole = f"{method}{text}{hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}"
        right = b64encode(hmac.new(SECRET.encode(), whole.encode(), hashlib.sha1).hexdigest().encode()).decode()
        return key == KEY and hmac.compare_digest(signed, right)

    def _wait(self, path: str) -> float:
        slow, now = path.startswith("statistics"), self._now()
        with self._lock:
            self._calls = [one for one in self._calls if one[1] > now - MINUTE]
            alike = [at for was_slow, at in self._calls if was_slow or not slow]
            if len(alike) >= (STATISTICS_A_MINUTE if slow else A_MINUTE):
                return (alike[0] + MINUTE - now).total_seconds()
            self._calls.append((slow, now))
        return 0.0

    def _timezone(self) -> Answer:
        local = self._now().astimezone(self._zone)
        told = {"unixtime": int(local.timestamp()), "datetime": local.strftime("%Y-%m-%d %H:%M:%S")}
        return jsonify({"status": "success", **told, "timezone": local.strftime("UTC%z")})

    def _callback(self) -> Answer:
        asked = {name: request.args.get(name, "") for name in ("from", "to")}
        if asked["from"] not in EXTENSIONS or not asked["to"].isdecimal():
            return _error("Wrong numbers", 400)
        if not self.money:
            return _error("Insufficient funds", 400)
        with self._lock:
            self._callbacks.append(asked)
        return jsonify({"status": "success", **asked, "time": int(self._now().timestamp())})

    def _sms(self) -> Answer:
        number, text = request.form.get("number", ""), request.form.get("message", "")
        if not number.isdecimal() or not text:
            return _error("Wrong parameters", 400)
        if not self.money:
            return _error("Insufficient funds", 200)
        if number.endswith("0000000"):
            denied = [{"number": number, "message": "Number is not allowed"}]
            return jsonify({"status": "success", "messages": 0, "cost": 0, "denied_numbers": denied})
        with self._lock:
            self._messages.append({"number": number, "message": text, "from": request.form.get("caller_id", "")})
        return jsonify({"status": "success", "messages": 1, "cost": 0.24, "currency": "USD"})

    def _statistics(self) -> Answer:
        first, last = request.args.get("start", ""), request.args.get("end", "")
        skip, limit = int(request.args.get("skip", 0)), int(request.args.get("limit", 1000))
        with self._lock:
            rows = [one for one in self._stats if first <= one["callstart"] <= last]
        told = {"start": first, "end": last, "version": 2, "stats": rows[skip : skip + limit]}
        return jsonify({"status": "success", **told})

    def _record(self) -> Answer:
        call = request.args.get("pbx_call_id", "")
        with self._lock:
            rows = [one for one in self._stats if one["pbx_call_id"] == call and one["seconds"]]
        began = [datetime.strptime(one["callstart"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=self._zone) for one in rows]
        ready = [at + timedelta(seconds=one["seconds"] + self.ready_after) for at, one in zip(began, rows, strict=True)]
        if not rows or self._now() < max(ready):
            return _error("No records found", 404)
        links = []
        for one in rows:
            ticket = secrets.token_hex(8)
            self._tickets[ticket] = call
            host = request.host_url.rstrip("/") + request.path.partition("/v1/")[0]
            links.append(f"{host}/v1/pbx/record/download/{ticket}/{one['call_id']}.mp3")
        return jsonify({"status": "success", "links": links, "lifetime_till": "2030-01-01 00:00:00"})

    def _file(self, ticket: str, name: str) -> AnyResponse:
        del name
        return Response(tone(), mimetype="audio/x-wav") if ticket in self._tickets else Response("gone", 404)

    def _callinfo(self) -> Answer:
        return jsonify({"status": "success", "url": self._url, "notifications": self._notifications})

    def _set_url(self) -> Answer:
        url = request.form.get("url", "")
        if self.tries_addresses and not _echoes(url):
            return _error("Wrong url", 400)
        self._url = url
        return jsonify({"status": "success", "url": self._url})

    def _set_notifications(self) -> Answer:
        self._notifications |= {name: text for name, text in request.form.items() if name in self._notifications}
        return jsonify({"status": "success", "notifications": self._notifications})


def _echoes(url: str) -> bool:
    mark = secrets.token_hex(3)
    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.get(url, params={"zd_echo": mark}, timeout=PATIENCE).text == mark
        except requests.RequestException:
            return False


def _error(message: str, status: int) -> tuple[Response, int]:
    return jsonify({"status": "error", "message": message}), status
