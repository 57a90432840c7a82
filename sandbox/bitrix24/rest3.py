"""REST 3.0 under `/rest/api/`: tasks, with keys that make a creation safe to repeat.

The classic API ignores such keys. Errors are objects here, and tasks have other names and types.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Response, request

from sandbox.bitrix24 import moments, tasks
from sandbox.bitrix24.call import Call
from sandbox.bitrix24.errors import Json, RestError
from sandbox.bitrix24.params import from_request, text, whole

if TYPE_CHECKING:
    from sandbox.bitrix24.app import Bitrix24

KEY = "Idempotency-Key"
KEY_FORM = re.compile(r"[\x20-\x7e]{1,255}")
KEPT = 86400
PREFIX = "BITRIX_REST_V3_EXCEPTION_"
PRIORITIES = {0: "low", 1: "average", 2: "high"}
STATUSES = {2: "pending", 3: "in_progress", 4: "supposedly_completed", 5: "completed", 6: "deferred"}
SCOPE = "tasks"


class Failed(Exception):
    """An error of this API; `validation` lists `{message, field}`."""

    def __init__(self, code: str, message: str, status: int = 400, validation: tuple[Json, ...] = ()) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.validation = validation

    @property
    def body(self) -> Json:
        more = {"validation": list(self.validation)} if self.validation else {}
        return {"error": {"code": f"{PREFIX}{self.code}", "message": self.message, **more}}


def _item(call: Call, row: Json) -> Json:
    return {
        "id": row["ID"],
        "title": row["TITLE"],
        "description": row["DESCRIPTION"] or "",
        "deadline": call.shown(row["DEADLINE"]),
        "priority": PRIORITIES.get(row["PRIORITY"], "average"),
        "status": STATUSES[row["STATUS"]],
        "responsibleId": row["RESPONSIBLE_ID"],
        "creatorId": row["CREATED_BY"],
        "chatId": 2600 + row["ID"],
        "changed": call.shown(row["CHANGED_DATE"]),
        "guid": row["GUID"],
        "xmlId": row["XML_ID"],
    }


def _values(call: Call, fields: Json) -> Json:
    """The written fields by classic names; wrong ones are listed together."""
    wrong = []
    values: Json = {}
    for key, name in (("title", "TITLE"), ("description", "DESCRIPTION"), ("xmlId", "XML_ID")):
        if key in fields:
            values[name] = text(fields[key]) or None
    for key, name in (("responsibleId", "RESPONSIBLE_ID"), ("creatorId", "CREATED_BY")):
        if key in fields:
            values[name] = whole(fields[key]) or None
    if fields.get("deadline") is not None:
        values["DEADLINE"] = moments.read(fields["deadline"], call.zone)
        if values["DEADLINE"] is None:
            message = "В поле `deadline` требуется тип данных `DateTime` для такого запроса"
            wrong.append({"message": message, "field": "deadline"})
    if wrong:
        code = "VALIDATION_REQUESTVALIDATIONEXCEPTION"
        raise Failed(code, "Ошибка при валидации объекта запроса", validation=tuple(wrong))
    return values


def _fields(call: Call) -> Json:
    found = call.params.get("fields")
    return found if isinstance(found, dict) else {}


def _task(call: Call) -> Json:
    number = whole(call.params.get("id"))
    row = call.store.get("tasks", number)
    if row is None:
        raise Failed("ENTITYNOTFOUNDEXCEPTION", f"Запись с ID = `{number}` не найдена")
    return row


def add(call: Call) -> Json:
    return {"item": _item(call, tasks.create(call, _values(call, _fields(call))))}


def get(call: Call) -> Json:
    return {"item": _item(call, _task(call))}


def update(call: Call) -> Json:
    row = _task(call)
    values = _values(call, _fields(call))
    tasks.check(call, {**row, **values})
    row |= values
    tasks.save(call, row)
    return {"result": True}


def delete(call: Call) -> Json:
    row = _task(call)
    call.store.drop("tasks", row["ID"])
    return {"result": True}


METHODS: dict[str, Callable[[Call], Json]] = {
    "tasks.task.add": add,
    "tasks.task.get": get,
    "tasks.task.update": update,
    "tasks.task.delete": delete,
}


class Rest3:
    """The addresses of this API at one portal."""

    def __init__(self, portal: Bitrix24) -> None:
        self.portal = portal
        self.store = portal.store

    def by_webhook(self, user: int, secret: str, name: str) -> Response:
        return self._answer(name, lambda _: self.portal.dispatcher.webhook(str(user), secret))

    def by_token(self, name: str) -> Response:
        return self._answer(name, lambda params: self.portal.dispatcher.app(params, ""))

    def _answer(self, name: str, who: Callable[[Json], Any]) -> Response:
        params = from_request(request)
        with self.store.lock:
            try:
                return self._run(name, params, who)
            except Failed as error:
                return _respond(error.body, error.status)
            except RestError as error:
                code = {403: "ACCESSDENIEDEXCEPTION", 404: "METHODNOTFOUNDEXCEPTION"}.get(
                    error.status, "INTERNALEXCEPTION"
                )
                return _respond(Failed(code, error.text).body, error.status)
            finally:
                self.portal.sender.post(self.portal.events.take())

    def _run(self, name: str, params: Json, who: Callable[[Json], Any]) -> Response:
        run = METHODS.get(name.lower())
        if run is None:
            raise Failed("METHODNOTFOUNDEXCEPTION", f"Метод `{name}` не найден", 404)
        auth = who(params)
        if SCOPE not in auth.scopes:
            raise Failed("INSUFFICIENTSCOPEEXCEPTION", "Недостаточно прав", 403)
        key = request.headers.get(KEY)
        place, asked = f"{auth.key}|{auth.user['id']}|{name.lower()}|{key}", _asked(params)
        if key is not None:
            if not KEY_FORM.fullmatch(key):
                raise Failed("INVALIDIDEMPOTENCYKEYEXCEPTION", "Неверный ключ идемпотентности")
            known = self.store.get("answers", place)
            if known is not None and self.portal.clock() - known["at"] < KEPT:
                return _replayed(known, asked)
        self.portal.dispatcher.calls[f"v3 {name.lower()}"] += 1
        body = {"result": run(self.portal.call_of(auth, params))}
        if key is not None:
            self.store.put("answers", place, {"at": self.portal.clock(), "asked": asked, "body": body})
        return _respond(body, 200)


def _asked(params: Json) -> str:
    return json.dumps({key: value for key, value in params.items() if key != "auth"}, sort_keys=True, default=str)


def _replayed(known: Json, asked: str) -> Response:
    if known["asked"] != asked:
        raise Failed("IDEMPOTENCYKEYREUSEDEXCEPTION", "Ключ идемпотентности уже использован с другим запросом", 422)
    response = _respond(known["body"], 200)
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _respond(body: Json, status: int) -> Response:
    return Response(json.dumps(body), status, content_type="application/json; charset=utf-8")


def add_rest3_routes(portal: Bitrix24) -> None:
    """Register both forms of the address."""
    rest = Rest3(portal)
    for path, view in (("/rest/api/<int:user>/<secret>/<name>", rest.by_webhook), ("/rest/api/<name>", rest.by_token)):
        portal.app.add_url_rule(path, f"rest3_{view.__name__}", view, methods=["POST"])
