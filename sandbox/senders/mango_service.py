"""MANGO OFFICE as a whole: it tells of calls, makes those that are ordered, sends SMS, counts, and keeps recordings."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from flask import Flask, Response, jsonify
from werkzeug.wrappers import Response as AnyResponse

from sandbox.senders.http import Signing
from sandbox.senders.mango import MangoSender
from sandbox.senders.mango_door import BAD_PARAMETERS, NOT_FOUND, Door
from sandbox.senders.mango_report import Row, report, rows_of
from sandbox.senders.mango_script import Notice
from sandbox.senders.recordings import Recordings
from sandbox.senders.service import Answers, Client, Service, utc_now

LINE = "74950003344"
DONE, UNDELIVERED, TOO_LONG = 1000, 4302, 4301
LATIN, CYRILLIC = 612, 268
MONTH = timedelta(days=31)
COMMANDS, REPORTS = (4, 1.0), (1, 2.0)

Json = dict[str, Any]


class Mango(Service):
    """The buttons tell of calls; the API below `/vpbx` takes commands and gives reports and recordings.

    `extensions` are the employees that it knows. A report is ready after so many askings as `report_after` says, and
    holds every call of the buttons, also those that the receiver was not told of. `limited` switches its limits on.
    What was ordered by commands happens when its button is pressed.
    """

    name = "mango"
    title = "MANGO OFFICE"
    prefix = "/vpbx"
    buttons: ClassVar[Mapping[str, str]] = {
        "call": "Входящий звонок",
        "ring_all": "Звонок на группу",
        "missed": "Пропущенный звонок",
        "menu": "Положил трубку в меню",
        "outgoing": "Исходящий звонок",
        "not_reached": "Не дозвонились",
        "unheard": "Звонок, о котором знает только статистика",
        "badly_signed": "Звонок с чужой подписью",
        "ordered": "Состоялись заказанные звонки",
        "refused": "Заказанные звонки не удались",
        "delivered": "SMS доставлены",
        "undelivered": "SMS не доставлены",
    }
    fields: ClassVar[Mapping[str, str]] = {
        "url": "Адрес приёмника",
        "key": "Уникальный код АТС",
        "salt": "Ключ подписи",
        "extension": "Внутренний номер",
    }
    defaults: ClassVar[Mapping[str, str]] = {"key": "sandbox", "salt": "sandbox", "extension": "101"}

    def __init__(self, now: Callable[[], datetime] = utc_now, api_key: str = "sandbox", salt: str = "sandbox") -> None:
        super().__init__(now)
        self.door = Door(now, api_key, salt)
        self.recordings = Recordings(now, door=self.door)
        self.extensions: tuple[str, ...] = ("101", "102", "103")
        self.report_after = 1
        self.reset()

    def reset(self) -> None:
        self.recordings.clear()
        self.orders: list[Json] = []
        self.messages: list[Json] = []
        self.rows: list[Row] = []
        self._reports: dict[str, tuple[str, int]] = {}
        self._done = {"calls": 0, "sms": 0, "reports": 0}

    def stats(self) -> dict[str, Any]:
        return {**self._done, "rows": len(self.rows)}

    # the buttons

    def call(self, client: Client, given: Mapping[str, str], **more: Any) -> Answers:  # noqa: ANN401 -- MangoSender's
        return self._sender(given).call(
            client.digits, LINE, given.get("extension") or "101", started=self._ago(3), **more
        )

    def ring_all(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self.call(client, given, ring_group=self.extensions)

    def missed(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._sender(given).missed(client.digits, LINE, self.extensions[:2], started=self._ago(1))

    def menu(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._sender(given).missed(client.digits, LINE, started=self._ago(1))

    def outgoing(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._outgoing(client.digits, given, given.get("extension") or "101")

    def not_reached(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._outgoing(client.digits, given, given.get("extension") or "101", talk_seconds=0)

    def unheard(self, client: Client, given: Mapping[str, str]) -> Answers:
        sender = MangoSender("", "", "", log=self.happened, leave_out=_EVERYTHING)
        return sender.call(client.digits, LINE, given.get("extension") or "101", started=self._ago(30))

    def badly_signed(self, client: Client, given: Mapping[str, str]) -> Answers:
        return self._sender(given, Signing.WRONG).missed(client.digits, LINE, started=self._ago(1))

    def ordered(self, client: Client, given: Mapping[str, str]) -> Answers:
        """All calls that were ordered and not made yet."""
        del client
        orders, self.orders = self.orders, []
        made = [
            self._outgoing(
                order["to_number"],
                given,
                order["from"]["extension"],
                command_id=order["command_id"],
                entry_id=_new_id(),
            )
            for order in orders
        ]
        return [one for answers in made for one in answers]

    def refused(self, client: Client, given: Mapping[str, str]) -> Answers:
        del client
        orders, self.orders = self.orders, []
        told = [Notice("/result/callback", {"command_id": one["command_id"], "result": 4102}) for one in orders]
        return self._sender(given).send(told)

    def delivered(self, client: Client, given: Mapping[str, str]) -> Answers:
        del client
        return self._fates(given, DONE)

    def undelivered(self, client: Client, given: Mapping[str, str]) -> Answers:
        del client
        return self._fates(given, UNDELIVERED)

    def happened(self, notices: Sequence[Notice]) -> None:
        """The statistics get to know of a call, and its recordings begin to exist."""
        self.rows += rows_of(notices)
        for notice in notices:
            if notice.path == "/events/record/added":
                self.recordings.hear(notice.body["recording_id"])

    def _outgoing(self, number: str, given: Mapping[str, str], extension: str, **more: Any) -> Answers:  # noqa: ANN401
        return self._sender(given).outgoing(extension, number, LINE, started=self._ago(3), **more)

    def _fates(self, given: Mapping[str, str], code: int) -> Answers:
        messages, self.messages = self.messages, []
        told = []
        for one in messages:
            told.append(Notice("/result/sms", {"command_id": one["command_id"], "result": DONE}))
            news = {"command_id": one["command_id"], "timestamp": int(self.now().timestamp()), "reason": code}
            told.append(Notice("/events/sms", news))
        return self._sender(given).send(told)

    def _sender(self, given: Mapping[str, str], signing: Signing = Signing.GOOD) -> MangoSender:
        return MangoSender(given["url"], given["key"], given["salt"], signing, log=self.happened)

    def _ago(self, minutes: int) -> datetime:
        return self.now() - timedelta(minutes=minutes)

    # the API

    def mount(self, app: Flask) -> None:
        self.recordings.mount(app)
        for path, work, limit in (
            ("/commands/callback", self._callback, COMMANDS),
            ("/commands/sms", self._sms, COMMANDS),
            ("/stats/request", self._order_report, REPORTS),
            ("/stats/result", self._give_report, None),
            ("/config/users/request", self._users, REPORTS),
        ):
            view = partial(self._served, path, work, limit)
            app.add_url_rule(f"/vpbx{path}", f"mango{path}", view, methods=["POST"])

    def _served(self, path: str, work: Callable[[Json], AnyResponse], limit: tuple[int, float] | None) -> AnyResponse:
        body = self.door.body(path, limit)
        return body if isinstance(body, Response) else work(body)

    def _callback(self, body: Json) -> AnyResponse:
        sides = body.get("from")
        extension = sides.get("extension") if isinstance(sides, dict) else None
        if not (body.get("command_id") and extension and str(body.get("to_number", "")).isdigit()):
            return self.door.refuse(BAD_PARAMETERS)
        if extension not in self.extensions:
            return self.door.refuse(NOT_FOUND)
        self.orders.append(body)
        self._done["calls"] += 1
        return jsonify({"result": DONE})

    def _sms(self, body: Json) -> AnyResponse:
        text = str(body.get("text", ""))
        if not (body.get("command_id") and text and str(body.get("to_number", "")).isdigit()):
            return self.door.refuse(BAD_PARAMETERS)
        if body.get("from_extension") not in self.extensions:
            return self.door.refuse(NOT_FOUND)
        if len(text) > (LATIN if text.isascii() else CYRILLIC):
            return self.door.refuse(TOO_LONG)
        self.messages.append(body)
        self._done["sms"] += 1
        return jsonify({"result": DONE})

    def _order_report(self, body: Json) -> AnyResponse:
        begin, end = str(body.get("date_from", "")), str(body.get("date_to", ""))
        fields = str(body.get("fields", "")).split(",")
        if not (begin.isdigit() and end.isdigit()) or int(end) - int(begin) > MONTH.total_seconds():
            return self.door.refuse(BAD_PARAMETERS)
        rows = [row for row in self.rows if int(begin) <= int(row["start"]) <= int(end)]
        key = secrets.token_hex(16)
        self._reports[key] = (report(rows, fields), self.report_after)
        self._done["reports"] += 1
        return jsonify({"key": key})

    def _give_report(self, body: Json) -> AnyResponse:
        key = str(body.get("key", ""))
        if key not in self._reports:
            return Response("", 404)
        text, left = self._reports[key]
        self._reports[key] = (text, left - 1)
        return Response("", 204) if left > 0 else Response(text, mimetype="text/csv")

    def _users(self, body: Json) -> AnyResponse:
        del body
        users = [
            {"general": {"user_id": 400 + n}, "telephony": {"extension": one}} for n, one in enumerate(self.extensions)
        ]
        return jsonify({"users": users})


_EVERYTHING = frozenset(
    {"/events/call", "/events/summary", "/events/recording", "/events/record/added", "/result/callback"}
)


def _new_id() -> str:
    return secrets.token_urlsafe(12)
