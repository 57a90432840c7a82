"""Sipuni: events of calls by GET or POST, and its API, which signs with a hash and answers with tables."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar
from urllib.parse import urlencode

import requests
from flask import Flask, Response, jsonify, request

from sandbox.senders.http import FORM, Signing, post
from sandbox.senders.recordings import tone
from sandbox.senders.service import Answers, Client, Service, utc_now

MOSCOW = timezone(timedelta(hours=3))
LINE, USER = "74950003344", "015856"
STAFF = ("101", "102")
HEAD = (
    "Тип;Статус;Время;Схема;Откуда;Куда;Кто ответил;Длительность звонка, сек;Длительность разговора, сек;"
    "Время ответа, сек;Оценка;ID записи;Метка;Теги;ID заказа звонка;Запись существует;Новый клиент"
)

Json = dict[str, Any]


def sipuni_hash(params: Mapping[str, str], key: str) -> str:
    """MD5 of the values in the order of their names and of the key, joined by `+`."""
    return hashlib.md5("+".join([*(params[name] for name in sorted(params)), key]).encode()).hexdigest()  # noqa: S324


class Sipuni(Service):
    """`get` has events come by GET. Every call made here is also in the statistics."""

    name: ClassVar[str] = "sipuni"
    title: ClassVar[str] = "Sipuni"
    buttons: ClassVar[Mapping[str, str]] = {
        "call": "Звонок, на который ответили",
        "missed": "Пропущенный звонок",
        "outgoing": "Исходящий звонок",
        "untold": "Звонок, о котором событий не было",
        "wrong": "Событие с чужим секретом",
    }
    fields: ClassVar[Mapping[str, str]] = {"url": "Адрес событий, с секретом", "method": "POST или GET"}
    defaults: ClassVar[Mapping[str, str]] = {"url": "http://127.0.0.1:8080/hooks/sipuni/sandbox", "method": "POST"}
    prefix: ClassVar[str] = "/sipuni"

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(now)
        self.key = "sandbox"
        self.reset()

    def reset(self) -> None:
        self.head = HEAD
        self.calls: list[Json] = []
        self.ordered: list[Json] = []
        self.suspended = 0

    def stats(self) -> Json:
        """`suspended` counts the answers for which Sipuni may stop sending: they are no JSON with `success`."""
        return {"calls": len(self.calls), "ordered": len(self.ordered), "suspended": self.suspended}

    def call(self, client: Client, given: Mapping[str, str]) -> Answers:
        """Rings both employees; the first of them answers, the other's telephone stops."""
        call = self._new(client, "Входящий", talk=123)
        first, second = STAFF
        return [
            self._tell(call, given, "1", first, 0),
            self._tell(call, given, "1", second, 0),
            self._tell(call, given, "3", first, 14, answered=14),
            self._tell(call, given, "4", second, 14, status="CANCEL"),
            self._tell(call, given, "2", first, 137, answered=14, status="ANSWER"),
        ]

    def missed(self, client: Client, given: Mapping[str, str]) -> Answers:
        call = self._new(client, "Входящий", talk=0)
        return [
            self._tell(call, given, "1", STAFF[0], 0),
            self._tell(call, given, "2", STAFF[0], 30, status="NOANSWER"),
        ]

    def outgoing(self, client: Client, given: Mapping[str, str]) -> Answers:
        call = self._new(client, "Исходящий", talk=45)
        return [
            self._tell(call, given, "1", STAFF[0], 0),
            self._tell(call, given, "3", STAFF[0], 9, answered=9),
            self._tell(call, given, "2", STAFF[0], 54, answered=9, status="ANSWER"),
        ]

    def untold(self, client: Client, given: Mapping[str, str]) -> Answers:
        del given
        self._new(client, "Входящий", talk=30)
        return []

    def wrong(self, client: Client, given: Mapping[str, str]) -> Answers:
        call = self._new(client, "Входящий", talk=0)
        return [self._tell(call, {**given, "signing": Signing.WRONG}, "1", STAFF[0], 0)]

    def mount(self, app: Flask) -> None:
        routes: dict[str, Callable[[], Response]] = {
            "callback/call_number": self._order,
            "callback/call_tree": self._order,
            "statistic/export": self._export,
            "statistic/record": self._record,
            "statistic/operators": lambda: _table("Имя;Номер\nИванов Пётр;101"),
        }
        for path, view in routes.items():
            app.add_url_rule(
                f"/sipuni/{path}", view_func=self._signed(view), methods=["POST"], endpoint=f"sipuni-{path}"
            )

    def _new(self, client: Client, kind: str, talk: int) -> Json:
        at = self.now()
        call_id = f"{int(at.timestamp())}.{55_701 + len(self.calls)}"
        call = {"id": call_id, "phone": client.digits, "kind": kind, "talk": talk, "at": at}
        self.calls.append(call)
        return call

    def _tell(
        self,
        call: Json,
        given: Mapping[str, str],
        event: str,
        employee: str,
        seconds: int,
        *,
        answered: int = 0,
        status: str = "",
    ) -> requests.Response:
        start = int(call["at"].timestamp())
        staff = {"num": f"{USER}{employee}", "type": "2", "short": employee}
        client = {"num": call["phone"], "type": "1", "short": ""}
        src, dst = (staff, client) if call["kind"] == "Исходящий" else (client, staff)
        fields = {
            "event": event,
            "call_id": call["id"],
            "src_num": src["num"],
            "src_type": src["type"],
            "short_src_num": src["short"],
            "dst_num": dst["num"],
            "dst_type": dst["type"],
            "short_dst_num": dst["short"],
            "timestamp": str(start + seconds),
            "call_start_timestamp": str(start),
            "is_inner_call": "0",
            "user_id": USER,
            "treeName": "Основная",
            "treeNumber": "000-101",
            "pbxdstnum": LINE,
        }
        if event in ("2", "4"):
            link = f"https://example.com/record/{call['id']}.mp3" if answered else ""
            more = {"status": status, "call_answer_timestamp": str(start + answered if answered else 0)}
            fields |= {**more, "call_record_link": link}
        return self._send(fields, given)

    def _send(self, fields: Mapping[str, str], given: Mapping[str, str]) -> requests.Response:
        url = given["url"]
        if given.get("signing") == Signing.WRONG:
            url = f"{url.rpartition('/')[0]}/another-secret"
        if given.get("method") == "GET":
            with requests.Session() as session:
                session.trust_env = False
                answer = session.get(url, params=fields, timeout=10)
        else:
            answer = post(url, urlencode(fields).encode(), FORM)
        if answer.text.replace(" ", "") != '{"success":true}':
            self.suspended += 1
        return answer

    def _signed(self, view: Callable[[], Response]) -> Callable[[], Response]:
        def answer() -> Response:
            given = request.form.to_dict()
            said = given.pop("hash", "")
            if given.get("user") != USER:
                return jsonify({"success": False, "message": "user not found"})
            if said != sipuni_hash(given, self.key):
                return jsonify({"success": False, "message": "invalid hash"})
            return view()

        return answer

    def _order(self) -> Response:
        given = request.form.to_dict()
        if given.get("sipnumber") not in STAFF:
            return jsonify({"success": False, "message": f"sipnumber {given.get('sipnumber')} not found"})
        self.ordered.append({"path": request.path, **given})
        return jsonify({"success": True, "callbackId": f"cb-{len(self.ordered)}"})

    def _export(self) -> Response:
        first, last = (datetime.strptime(request.form[name], "%d.%m.%Y").date() for name in ("from", "to"))  # noqa: DTZ007
        rows = [call for call in self.calls if first <= call["at"].astimezone(MOSCOW).date() <= last]
        return _table("\n".join([self.head, *(_row(call) for call in rows)]))

    def _record(self) -> Response:
        known = [call for call in self.calls if call["id"] == request.form.get("id") and call["talk"]]
        return Response(tone(), mimetype="audio/mpeg") if known else Response("not found", 404)


def _row(call: Json) -> str:
    talked = call["talk"]
    local = call["at"].astimezone(MOSCOW).strftime("%d.%m.%Y %H:%M:%S")
    sides = (STAFF[0], call["phone"]) if call["kind"] == "Исходящий" else (call["phone"], LINE)
    cells = (
        call["kind"],
        "Отвечен" if talked else "Не отвечен",
        local,
        "Основная",
        *sides,
        STAFF[0] if talked else "",
        str(14 + talked),
        str(talked),
        "14",
        "",
        call["id"],
        "",
        "Целевой, VIP",
        "",
        str(int(talked > 0)),
        "1",
    )
    return ";".join(f'"{cell}"' if ";" in cell or "," in cell else cell for cell in cells)


def _table(text: str) -> Response:
    return Response(text, content_type="text/csv; charset=utf-8")
