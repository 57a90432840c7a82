"""`/_sandbox/...` of the Bitrix24 emulator: what a test turns, and what it reads back."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Literal

import requests
from flask import Response, jsonify, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sandbox.bitrix24.control_calls import PeopleControl, read_body
from sandbox.bitrix24.delivery import HookFaults
from sandbox.bitrix24.dump import dump_card
from sandbox.bitrix24.events import NAMES, Actor
from sandbox.bitrix24.limits import Limit
from sandbox.bitrix24.params import whole
from sandbox.bitrix24.schema import DEAL, LEAD, TYPES
from sandbox.bitrix24.seed import SCOPES
from sandbox.bitrix24.settings import Settings

if TYPE_CHECKING:
    from sandbox.bitrix24.app import Bitrix24


class _Outbound(BaseModel):
    """An outbound webhook made by hand in the portal."""

    model_config = ConfigDict(extra="forbid")

    handler: str
    events: list[str] = Field(min_length=1)
    application_token: str = ""


class _Inbound(BaseModel):
    """An inbound webhook of a user."""

    model_config = ConfigDict(extra="forbid")

    user_id: int
    secret: str = Field(min_length=1, pattern=r"^[A-Za-z0-9]+$")
    scopes: list[str] = list(SCOPES)


class _User(BaseModel):
    """What may be changed in a user: `access` is what CRM cards of others he sees, `absent_until` unix seconds."""

    model_config = ConfigDict(extra="forbid")

    user_id: int
    admin: bool | None = None
    active: bool | None = None
    access: Literal["all", "own"] | None = None
    at_work: bool | None = None
    absent_until: int | None = None


class _Clock(BaseModel):
    model_config = ConfigDict(extra="forbid")

    advance: float = Field(ge=0)


class _Event(BaseModel):
    """Any event, with any data, as if the portal had raised it; `user_id` null is automation."""

    model_config = ConfigDict(extra="forbid")

    event: str
    data: dict[str, object] = {}
    user_id: int | None = None


class Control:
    """The control routes of one emulator; a body that does not fit is answered 400."""

    def __init__(self, portal: Bitrix24) -> None:
        self.portal = portal
        self.store = portal.store

    def limit(self) -> Response:
        """`POST limit {"per_second": 2|null, "bucket": 50, "operating": 480|null, "cost": {…}}`."""
        self.portal.set_limit(read_body(Limit))
        return jsonify(self.portal.dispatcher.limit.model_dump())

    def settings(self) -> Response:
        """`POST settings {…}`; a missing member returns to its default."""
        self.portal.dispatcher.settings = read_body(Settings)
        return jsonify(self.portal.dispatcher.settings.model_dump())

    def webhook_faults(self) -> Response:
        """`POST webhook_faults {"drop", "double", "reorder", "delay", "seed"}`."""
        self.portal.sender.set_faults(read_body(HookFaults))
        return jsonify(self.portal.sender.faults.model_dump())

    def webhooks(self) -> Response:
        """`GET webhooks`: the last deliveries, the oldest first."""
        return jsonify([delivery.as_json() for delivery in list(self.portal.sender.log)])

    def outbound(self) -> Response:
        """`POST outbound {"handler", "events"}`: an outbound webhook; gives its application token."""
        wanted = read_body(_Outbound)
        token = wanted.application_token or secrets.token_hex(16)
        with self.store.lock:
            for event in wanted.events:
                number = self.store.new_id("bindings")
                row = {
                    "id": number,
                    "event": event.upper(),
                    "handler": wanted.handler,
                    "offline": False,
                    "user_id": 0,
                    "connector": "",
                    "source": "webhook",
                    "application_token": token,
                    "min_timeout": 0,
                }
                self.store.put("bindings", number, row)
        return jsonify({"application_token": token})

    def inbound(self) -> Response:
        """`POST inbound {"user_id", "secret", "scopes"}`: an inbound webhook of any user."""
        wanted = read_body(_Inbound)
        with self.store.lock:
            self.store.put("webhooks", f"{wanted.user_id}/{wanted.secret}", wanted.model_dump())
        return jsonify({"url": f"{self.portal.url}/rest/{wanted.user_id}/{wanted.secret}/"})

    def users(self) -> Response:
        """`POST users {"user_id", "admin", "active", "access"}`: dismiss somebody, or cut his rights."""
        wanted = read_body(_User)
        with self.store.lock:
            row = self.store.get("users", wanted.user_id)
            if row is None:
                return Response("no such user", 404)
            row |= wanted.model_dump(exclude_none=True, exclude={"user_id"})
            self.store.put("users", wanted.user_id, row)
            return jsonify(row)

    def clock(self) -> Response:
        """`POST clock {"advance": seconds}`: the portal's clock goes forward."""
        self.portal.clock.ahead += read_body(_Clock).advance
        return jsonify({"now": self.portal.clock()})

    def oauth(self) -> Response:
        """`GET oauth`: client, an unused code, and a valid pair of tokens; `?user_id=5` for somebody's own."""
        user_id = whole(request.args.get("user_id")) or self.portal.seed.app_user
        with self.store.lock:
            if self.store.get("users", user_id) is None:
                return Response("no such user", 404)
            return jsonify(self.portal.oauth.offer(self.portal.base(), user_id))

    def expire(self) -> Response:
        """`POST oauth/expire`: every access token is over, refresh tokens live on."""
        with self.store.lock:
            self.portal.oauth.expire()
        return jsonify({"expired": True})

    def revoke(self) -> Response:
        """`POST oauth/revoke`: the application is uninstalled; it hears of it, then nothing of it works any more."""
        with self.store.lock:
            data = {"LANGUAGE_ID": "ru", "CLEAN": 1}
            self.portal.events.publish("ONAPPUNINSTALL", data, Actor(None), self.portal.base())
            parcels = self.portal.events.take()
            self.portal.oauth.revoke()
            for key in [key for key, row in self.store.table("bindings").items() if row["source"] == "app"]:
                self.store.drop("bindings", key)
        self.portal.sender.post(parcels)
        return jsonify({"revoked": True})

    def event(self) -> Response:
        """`POST event {"event", "data", "user_id"}`: raise an event by hand."""
        wanted = read_body(_Event)
        if wanted.event.upper() not in NAMES:
            return Response("no such event", 404)
        with self.store.lock:
            self.portal.events.publish(wanted.event.upper(), wanted.data, Actor(wanted.user_id), self.portal.base())
            parcels = self.portal.events.take()
        self.portal.sender.post(parcels)
        return jsonify({"sent": len(parcels)})

    def dump(self) -> Response:
        """`GET dump`: all leads and deals with what hangs on them."""
        with self.store.lock:
            found = {
                TYPES[kind].word + "s": [
                    dump_card(self.store, TYPES[kind], row) for row in self.store.table(TYPES[kind].table).values()
                ]
                for kind in (LEAD, DEAL)
            }
        return jsonify(found)


def add_control_routes(portal: Bitrix24) -> None:
    """Register `/_sandbox/...` beyond what every emulator has."""
    control, people = Control(portal), PeopleControl(portal)
    portal.app.register_error_handler(ValidationError, lambda error: (jsonify({"error": str(error)}), 400))
    portal.app.register_error_handler(requests.RequestException, lambda error: (jsonify({"error": str(error)}), 502))
    for method, path, view in (
        ("POST", "limit", control.limit),
        ("POST", "settings", control.settings),
        ("POST", "webhook_faults", control.webhook_faults),
        ("GET", "webhooks", control.webhooks),
        ("POST", "outbound", control.outbound),
        ("POST", "inbound", control.inbound),
        ("POST", "users", control.users),
        ("POST", "clock", control.clock),
        ("GET", "oauth", control.oauth),
        ("POST", "oauth/expire", control.expire),
        ("POST", "oauth/revoke", control.revoke),
        ("POST", "event", control.event),
        ("GET", "dump", control.dump),
        ("POST", "install", people.install),
        ("POST", "reply", people.reply),
        ("POST", "dial", people.dial),
        ("POST", "sms", people.sms),
        ("POST", "robot", people.robot),
    ):
        portal.app.add_url_rule(f"/_sandbox/{path}", f"sandbox_{path}", view, methods=[method])
