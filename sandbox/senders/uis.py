"""UIS / CoMagic: notifications by a template that its client has designed, the Data API and the Call API."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar

import requests
from flask import Flask, Response, jsonify, request

from sandbox.senders.http import Signing, post
from sandbox.senders.recordings import tone
from sandbox.senders.service import Answers, Client, Service, utc_now

MOSCOW = timezone(timedelta(hours=3))
LINE = "74950003344"
STAFF = {501: ("Иванов Пётр", "101"), 502: ("Смирнова Анна", "102")}
DAY_POINTS, MINUTE_POINTS = 1000, 60
LONGEST_TEXT = 400
TEMPLATE = """\
{"mnemonic": {{notification_mnemonic}},
"name": [{{notification_name}}],
"time": [{{notification_time}}],
"direction": [{{direction}}],
"internal": [{{is_internal}}],
"phone": [{{contact_phone_number}}],
"line": [{{virtual_phone_number}}],
"employee": [{{employee_full_name}}],
"employee_id": [{{employee_id}}],
"leg": [{{leg_id}}],
"start": [{{start_time}}],
"talk": [{{talk_time_duration}}],
"reason": [{{finish_reason}}],
"tags": [{{tag_names}}],
"record": [{{file_link}}],
"order": [{{external_id}}],
"utm_source": [{{utm_source}}],
"utm_medium": [{{utm_medium}}],
"utm_campaign": [{{utm_campaign}}],
"utm_content": [{{utm_content}}],
"utm_term": [{{utm_term}}],
"call": {{call_session_id}}}
"""
"""The body that the guide of the channel has pasted into each notification."""

Json = dict[str, Any]
_PLACE = re.compile(r"\{\{(\w+)\}\}")


def filled(template: str, values: Mapping[str, Any]) -> bytes:
    """The template with its places filled: texts come quoted, what is absent leaves nothing at all."""

    def put(found: re.Match[str]) -> str:
        value = values.get(found[1])
        return "" if value is None else json.dumps(value, ensure_ascii=False)

    return _PLACE.sub(put, template).encode()


class Uis(Service):
    """Every call made here is also in the report of the Data API. `refuse` is a mnemonic that every API call gets."""

    name: ClassVar[str] = "uis"
    title: ClassVar[str] = "UIS / CoMagic"
    buttons: ClassVar[Mapping[str, str]] = {
        "call": "Звонок, на который ответили",
        "missed": "Пропущенный звонок",
        "outgoing": "Исходящий звонок",
        "report_only": "Звонок, о котором уведомлений не было",
        "wrong": "Уведомление с чужим секретом",
    }
    fields: ClassVar[Mapping[str, str]] = {"url": "Адрес уведомлений, с секретом", "template": "Тело уведомления"}
    defaults: ClassVar[Mapping[str, str]] = {
        "url": "http://127.0.0.1:8080/hooks/uis/sandbox",
        "template": TEMPLATE,
    }
    prefix: ClassVar[str] = "/uis"

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(now)
        self.key = "sandbox"
        self.reset()

    def reset(self) -> None:
        self.refuse = ""
        self.points = MINUTE_POINTS
        self.calls: list[Json] = []
        self.ordered: list[Json] = []
        self._last = 4_500_000_000

    def stats(self) -> Json:
        return {"calls": len(self.calls), "ordered": len(self.ordered), "points": self.points}

    def call(self, client: Client, given: Mapping[str, str]) -> Answers:
        """Rings both employees; the first of them answers, and the recording follows."""
        call = self._new(client, "in", talk=123)
        (one, (name, _)), (other, (second, _)) = STAFF.items()
        mine = {"employee_full_name": name, "employee_id": one, "leg_id": call["id"] * 10 + 1}
        beside = {"employee_full_name": second, "employee_id": other, "leg_id": call["id"] * 10 + 2}
        visit = {"utm_source": "yandex", "utm_campaign": "brand"}
        end = {**mine, **visit, "talk_time_duration": 123, "tag_names": ["Целевой"]}
        link = f"{given.get('files', 'https://example.com/talk')}/{call['id']}.mp3"
        return [
            self._notify(call, given, "in_call_session", 0),
            self._notify(call, given, "waiting_call", 4, mine),
            self._notify(call, given, "waiting_call", 4, beside),
            self._notify(call, given, "talk_started", 14, mine),
            self._notify(call, given, "talk_finished", 137, {**mine, "talk_time_duration": 123}),
            self._notify(call, given, "finished_call", 137, end),
            self._notify(call, given, "record_call", 140, {**mine, "file_link": link}),
        ]

    def missed(self, client: Client, given: Mapping[str, str]) -> Answers:
        call = self._new(client, "in", talk=0)
        one, (name, _) = next(iter(STAFF.items()))
        leg = {"employee_full_name": name, "employee_id": one, "leg_id": call["id"] * 10 + 1}
        return [
            self._notify(call, given, "in_call_session", 0),
            self._notify(call, given, "waiting_call", 4, leg),
            self._notify(call, given, "lost_call", 34),
            self._notify(call, given, "finished_call", 34, {"talk_time_duration": 0}),
        ]

    def outgoing(self, client: Client, given: Mapping[str, str]) -> Answers:
        """An employee calls; `order` is the `external_id` of a call that was ordered by the Call API."""
        call = self._new(client, "out", talk=45)
        one, (name, _) = next(iter(STAFF.items()))
        who = {"employee_full_name": name, "employee_id": one, "external_id": given.get("order") or None}
        return [
            self._notify(call, given, "out_call_session", 0, who),
            self._notify(call, given, "talk_started", 9, who),
            self._notify(call, given, "finished_call", 54, {**who, "talk_time_duration": 45}),
        ]

    def report_only(self, client: Client, given: Mapping[str, str]) -> Answers:
        del given
        self._new(client, "in", talk=30)
        return []

    def wrong(self, client: Client, given: Mapping[str, str]) -> Answers:
        call = self._new(client, "in", talk=0)
        return [self._notify(call, {**given, "signing": Signing.WRONG}, "in_call_session", 0)]

    def ask(self, client: Client, given: Mapping[str, str]) -> requests.Response:
        """The interactive handling of a call asks whom to ring."""
        asked = {"cdr_id": "123", "start_time": "1200", "input_result": "None", "numa": client.digits, "numb": LINE}
        return requests.get(given["url"], asked, timeout=10, proxies={"http": ""})

    def mount(self, app: Flask) -> None:
        app.add_url_rule("/uis/data", view_func=self._data, methods=["POST"], endpoint="uis-data")
        app.add_url_rule("/uis/call", view_func=self._call, methods=["POST"], endpoint="uis-call")
        sound = Response(tone(), mimetype="audio/wav")
        app.add_url_rule("/uis/talk/<name>", view_func=lambda name: sound, endpoint="uis-talk")  # noqa: ARG005

    def _new(self, client: Client, direction: str, talk: int) -> Json:
        self._last += 1
        call = {"id": self._last, "phone": client.digits, "direction": direction, "talk": talk, "at": self.now()}
        self.calls.append(call)
        return call

    def _notify(
        self, call: Json, given: Mapping[str, str], mnemonic: str, seconds: float, more: Mapping[str, Any] | None = None
    ) -> requests.Response:
        values = {
            "notification_mnemonic": mnemonic,
            "notification_name": mnemonic.replace("_", " "),
            "notification_time": _local(call["at"] + timedelta(seconds=seconds), "milliseconds"),
            "call_session_id": call["id"],
            "contact_phone_number": call["phone"],
            "virtual_phone_number": LINE,
            "direction": call["direction"],
            "start_time": _local(call["at"]),
            **(more or {}),
        }
        url = given["url"]
        if given.get("signing") == Signing.WRONG:
            url = f"{url.rpartition('/')[0]}/another-secret"
        return post(url, filled(given.get("template") or TEMPLATE, values), "application/json")

    def _data(self) -> Response:
        asked = request.get_json(force=True)
        params = asked.get("params", {})
        if (refused := self._refused(params)) is not None:
            return _error(asked, *refused, self._limits())
        self.points -= 1
        match asked.get("method"):
            case "get.calls_report":
                rows = [self._row(call) for call in self.calls if _within(call, params)]
            case "get.employees":
                rows = [
                    {"id": id_, "full_name": name, "extension": {"extension_phone_number": number}}
                    for id_, (name, number) in STAFF.items()
                ]
            case _:
                return _error(asked, "method_not_found", "The method does not exist", self._limits())
        offset, limit = params.get("offset", 0), min(params.get("limit", 1000), 10_000)
        page = [{name: row[name] for name in params.get("fields", row) if name in row} for row in rows]
        told = {"total_items": len(rows), **self._limits()}
        return jsonify(
            {
                "jsonrpc": "2.0",
                "id": asked.get("id"),
                "result": {"data": page[offset : offset + limit], "metadata": told},
            }
        )

    def _call(self) -> Response:
        asked = request.get_json(force=True)
        params = asked.get("params", {})
        refused = self._refused(params) or self._unfit(str(asked.get("method")), params)
        if refused is not None:
            return _error(asked, *refused, self._limits())
        self.points -= 1
        self._last += 1
        self.ordered.append({"method": asked["method"], **params, "access_token": ""})
        result = {"data": {"call_session_id": self._last}, "metadata": self._limits()}
        return jsonify({"jsonrpc": "2.0", "id": asked.get("id"), "result": result})

    def _refused(self, params: Json) -> tuple[str, str] | None:
        if params.get("access_token") != self.key:
            return "access_token_invalid", "Access token is invalid"
        if self.refuse:
            return self.refuse, self.refuse.replace("_", " ")
        if self.points <= 0:
            return "limit_exceeded", f"Limit per minute has been exceeded. Value of current limit is {MINUTE_POINTS}"
        return None

    def _unfit(self, method: str, params: Json) -> tuple[str, str] | None:
        if method not in ("start.employee_call", "start.informer_call"):
            return "method_not_found", "The method does not exist"
        if params.get("virtual_phone_number") != LINE:
            return "virtual_phone_number_not_found", "Virtual phone number not found"
        if not re.fullmatch(r"\d{11}", str(params.get("contact"))):
            return "invalid_parameter_value", "contact is not in E.164"
        if method == "start.employee_call" and params.get("employee", {}).get("id") not in STAFF:
            return "employee_not_found", "Employee not found"
        if method == "start.informer_call" and len(params["contact_message"]["value"]) > LONGEST_TEXT:
            return "tts_text_exceeded", f"The maximum length of Text-to-Speech message is {LONGEST_TEXT}"
        return None

    def _limits(self) -> Json:
        left = {"minute_limit": MINUTE_POINTS, "minute_remaining": self.points, "minute_reset": 42}
        return {"limits": {"day_limit": DAY_POINTS, "day_remaining": DAY_POINTS, "day_reset": 46_663, **left}}

    def _row(self, call: Json) -> Json:
        one, (name, _) = next(iter(STAFF.items()))
        talked = call["talk"] > 0
        who = {"employee_id": one, "employee_full_name": name, "is_answered": talked, "is_talked": talked}
        return {
            "id": call["id"],
            "start_time": _local(call["at"]),
            "finish_time": _local(call["at"] + timedelta(seconds=14 + call["talk"])),
            "contact_phone_number": call["phone"],
            "virtual_phone_number": LINE,
            "direction": call["direction"],
            "is_lost": not talked,
            "talk_duration": call["talk"],
            "employees": [who],
            "tags": [{"tag_id": 1, "tag_name": "Целевой"}] if talked else None,
            "call_records": ["a1b2c3"] if talked else [],
            "utm_source": "yandex",
            "utm_campaign": "brand",
        }


def _within(call: Json, params: Json) -> bool:
    return bool(params["date_from"] <= _local(call["at"]) <= params["date_till"])


def _local(moment: datetime, precision: str = "seconds") -> str:
    return moment.astimezone(MOSCOW).replace(tzinfo=None).isoformat(" ", precision)


def _error(asked: Json, mnemonic: str, message: str, metadata: Json) -> Response:
    """Errors come with status 200."""
    error = {"code": -32001, "message": message, "data": {"mnemonic": mnemonic, "metadata": metadata}}
    return jsonify({"jsonrpc": "2.0", "id": asked.get("id"), "error": error})
