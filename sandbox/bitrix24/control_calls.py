"""What people at the portal do that reaches the application: installing it, answering clients, dialling, texting."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

from flask import Response, jsonify, request
from pydantic import BaseModel, ConfigDict

from sandbox.bitrix24.api_channels import new_sms
from sandbox.bitrix24.api_telephony import OUT, new_call
from sandbox.bitrix24.api_users import full_name
from sandbox.bitrix24.errors import Json
from sandbox.bitrix24.events import Actor, Parcel
from sandbox.bitrix24.params import flatten

if TYPE_CHECKING:
    from sandbox.bitrix24.app import Bitrix24


Model = TypeVar("Model", bound=BaseModel)


def read_body(model: type[Model]) -> Model:
    """The JSON body of a control call; pydantic's ValidationError is answered 400."""
    return model.model_validate(request.get_json(force=True, silent=True) or {})


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Install(Body):
    """`POST install`: the application is installed, its installation address hears of it with tokens."""

    handler: str


class Reply(Body):
    """`POST reply`: an operator answers a client of a connector; `chat` is the connector's own chat id, `files` are the
    addresses of pictures."""

    connector: str
    line: int
    chat: str
    text: str
    user_id: int
    files: list[str] = []


class Dial(Body):
    """`POST dial`: a manager clicks a number in a card; the call is registered, the application has to dial it."""

    user_id: int
    phone: str
    line: str = ""


class Sms(Body):
    """`POST sms`: a manager or a robot sends a text through the application's provider."""

    code: str
    phone: str
    text: str
    bindings: list[dict[str, int]] = []


class Robot(Body):
    """`POST robot`: the robot «Webhook» of a stage calls an address; `document` is `DEAL_101`."""

    url: str
    document: str


def _picture(url: str) -> Json:
    return {"name": url.partition("?")[0].rpartition("/")[2], "link": url, "type": "image", "size": 0}


class PeopleControl:
    """The routes of one portal."""

    def __init__(self, portal: Bitrix24) -> None:
        self.portal = portal
        self.store = portal.store

    def install(self) -> Response:
        wanted = read_body(Install)
        seed = self.portal.seed
        row = {
            "id": 1,
            "handler": wanted.handler,
            "source": "app",
            "user_id": seed.app_user,
            "application_token": seed.application_token,
        }
        data = {"VERSION": 1, "ACTIVE": "Y", "INSTALLED": "Y", "LANGUAGE_ID": "ru"}
        with self.store.lock:
            parcel = self.portal.events.parcel(row, "ONAPPINSTALL", data, Actor(seed.app_user), self.portal.base())
        return self._sent([parcel])

    def reply(self) -> Response:
        wanted = read_body(Reply)
        with self.store.lock:
            user = self.store.get("users", wanted.user_id)
            known = self.store.table("dialogs").values()
            place = f"{wanted.connector}|{wanted.line}|{wanted.chat}|"
            dialog = next((row for row in known if row["id"].startswith(place)), None)
            if dialog is None or user is None:
                return Response("no such dialog or user", 404)
            number = self.store.new_id("messages")
            said = {"id": number, "text": wanted.text, "at": int(self.portal.clock()), "out": True}
            dialog["messages"].append(said)
            self.store.put("dialogs", dialog["id"], dialog)
            message: Json = {
                "im": {"chat_id": dialog["chat"], "message_id": number},
                "message": {"user_id": wanted.user_id, "text": f"[b]{full_name(user)}:[/b] [br]{wanted.text}"},
                "chat": {"id": wanted.chat},
            }
            if wanted.files:
                message["message"]["files"] = [_picture(url) for url in wanted.files]
            data = {"CONNECTOR": wanted.connector, "LINE": wanted.line, "MESSAGES": [message]}
            self._publish("ONIMCONNECTORMESSAGEADD", data, wanted.user_id)
            return self._sent(self.portal.events.take())

    def dial(self) -> Response:
        wanted = read_body(Dial)
        with self.store.lock:
            if self.store.get("users", wanted.user_id) is None:
                return Response("no such user", 404)
            call = self.portal.page_call(wanted.user_id)
            row = new_call(call, {"id": wanted.user_id}, wanted.phone, OUT, wanted.line)
            entity = row["entity"] or ["", 0]
            data: Json = {
                "PHONE_NUMBER": wanted.phone,
                "PHONE_NUMBER_INTERNATIONAL": wanted.phone,
                "EXTENSION": "",
                "USER_ID": wanted.user_id,
                "CALL_LIST_ID": 0,
                "LINE_NUMBER": wanted.line,
                "IS_MOBILE": 0,
                "CALL_ID": row["ID"],
                "CRM_ENTITY_TYPE": entity[0],
                "CRM_ENTITY_ID": entity[1],
            }
            self._publish("ONEXTERNALCALLSTART", data, wanted.user_id)
            return self._sent(self.portal.events.take(), call_id=row["ID"])

    def sms(self) -> Response:
        wanted = read_body(Sms)
        with self.store.lock:
            sender = self.store.get("senders", wanted.code)
            if sender is None:
                return Response("no such sender", 404)
            row = new_sms(wanted.code, wanted.phone, wanted.text)
            self.store.put("sms", row["id"], row)
            body: Json = {
                "module_id": "crm",
                "bindings": wanted.bindings,
                "properties": {"phone_number": wanted.phone, "message_text": wanted.text},
                "type": "SMS",
                "code": wanted.code,
                "message_id": row["id"],
                "message_to": wanted.phone,
                "message_body": wanted.text,
            }
            return self._sent([self._to_app(sender["handler"], "SMS", body)], message_id=row["id"])

    def robot(self) -> Response:
        wanted = read_body(Robot)
        kind = wanted.document.rpartition("_")[0].capitalize()
        pairs = flatten("document_id", ["crm", f"CCrmDocument{kind}", wanted.document])
        place = self.portal.oauth.place(self.portal.base())
        pairs += flatten("auth", {**place, "domain": self.portal.seed.domain})
        return self._sent([Parcel(wanted.url, "ROBOT", urlencode(pairs))])

    def _to_app(self, handler: str, name: str, body: Json) -> Parcel:
        seed = self.portal.seed
        row = {"source": "app", "user_id": seed.app_user, "application_token": seed.application_token}
        auth = self.portal.events.auth(row, name, Actor(seed.app_user), self.portal.base())
        pairs = [pair for key, value in body.items() for pair in flatten(key, value)]
        pairs += [("ts", str(int(self.portal.clock()))), *flatten("auth", auth)]
        return Parcel(handler, name, urlencode(pairs))

    def _publish(self, event: str, data: Json, user_id: int) -> None:
        self.portal.events.publish(event, data, Actor(user_id), self.portal.base())

    def _sent(self, parcels: list[Parcel], **more: str) -> Response:
        self.portal.sender.post(parcels)
        return jsonify({"sent": len(parcels), **more})
