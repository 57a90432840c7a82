"""The way of a call: method, who calls, scope, time worked, handler, envelope."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.bitrix24 import moments
from sandbox.bitrix24.call import AsData, Auth, Call, Page
from sandbox.bitrix24.errors import Json, RestError, method_not_found, no_auth
from sandbox.bitrix24.events import Publisher
from sandbox.bitrix24.limits import Limit, Operating
from sandbox.bitrix24.oauth import OAuth
from sandbox.bitrix24.registry import Method
from sandbox.bitrix24.settings import Settings
from sandbox.bitrix24.store import Store

CONTEXT = "Access denied! Application context required"
WRONG_TYPE = "Current authorization type is denied for this method"
TOKENS = ("auth", "access_token", "AUTH_ID")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a method gave, with its `time` block."""

    value: Any
    time: Json


@dataclass(slots=True)
class Dispatcher:
    """Runs methods. Callers hold the store's lock."""

    methods: Mapping[str, Method]
    store: Store
    events: Publisher
    oauth: OAuth
    operating: Operating
    clock: Callable[[], float]
    settings: Settings = field(default_factory=Settings)
    limit: Limit = field(default_factory=Limit)
    calls: Counter[str] = field(default_factory=Counter)

    def find(self, name: str) -> Method:
        """The method, looked up before anything else."""
        found = self.methods.get(name.lower().removesuffix(".json"))
        if found is None:
            raise method_not_found()
        return found

    def webhook(self, user_id: str, secret: str) -> Auth:
        """Who calls by an inbound webhook."""
        row = self.store.get("webhooks", f"{user_id}/{secret}")
        if row is None:
            raise RestError("INVALID_CREDENTIALS", "Invalid request credentials", self.settings.scope_status)
        return Auth("webhook", f"webhook:{secret}", self._user(row["user_id"]), frozenset(row["scopes"]))

    def app(self, params: Json, bearer: str) -> Auth:
        """Who calls by a token of the application."""
        token = next((params[name] for name in TOKENS if params.get(name)), bearer)
        if not isinstance(token, str) or not token:
            raise no_auth()
        grant = self.oauth.access(token)
        user = self._user(grant["user_id"])
        return Auth("app", "app", user, frozenset(self._app_scopes()), grant["hops"])

    def run(self, method: Method, auth: Auth, params: Json, base: str) -> Outcome:
        """Check rights and limits, call the handler, and note what it cost."""
        self._check(method, auth)
        key = auth.key
        self.operating.check(key, method.name, self.limit)
        started, wall = time.perf_counter(), self.clock()
        self.calls[method.name] += 1
        call = Call(
            params,
            auth,
            store=self.store,
            events=self.events,
            settings=self.settings,
            now=wall,
            base=base,
        )
        try:
            value = method.run(call)
        finally:
            spent = time.perf_counter() - started
            cost = self.limit.cost.get(method.name, self.limit.default_cost)
            self.operating.add(key, method.name, spent + cost)
        return Outcome(value, self.time(key, method.name, wall, spent))

    def time(self, key: str, method: str, wall: float, spent: float) -> Json:
        """The `time` block of an answer."""
        zone = self.events.zone
        worked = {
            "operating_reset_at": self.operating.reset_at(key, method),
            "operating": round(self.operating.sum(key, method), 6),
        }
        return {
            "start": round(wall, 6),
            "finish": round(wall + spent, 6),
            "duration": round(spent, 6),
            "processing": round(spent * 0.7, 6),
            "date_start": moments.shown(wall, zone),
            "date_finish": moments.shown(wall + spent, zone),
            **(worked if self.settings.operating_keys else {}),
        }

    def _check(self, method: Method, auth: Auth) -> None:
        if auth.kind == "webhook":
            telephony = method.name.startswith("telephony.externalCall.") and self.settings.telephony_by_webhook
            if method.app == "context":
                raise RestError("ACCESS_DENIED", CONTEXT, 403)
            if method.app and not telephony:
                text = WRONG_TYPE if method.app == "type" else f"{WRONG_TYPE} Application context required"
                raise RestError("WRONG_AUTH_TYPE", text, 403)
        if not method.is_open_to(auth.scopes):
            text = "The request requires higher privileges than provided by the webhook token"
            raise RestError("insufficient_scope", text, self.settings.scope_status)

    def _user(self, user_id: int) -> Json:
        user = self.store.get("users", user_id)
        if user is None or not user["active"]:
            raise RestError("authorization_error", "Unable to authorize user", 401)
        return user

    def _app_scopes(self) -> list[str]:
        return list(self.events.seed.app_scopes)


def envelope(outcome: Outcome) -> Json:
    """The answer of one method."""
    value = outcome.value
    if isinstance(value, AsData):
        return value.body
    if not isinstance(value, Page):
        return {"result": value, "time": outcome.time}
    head: Json = {"result": value.result}
    if value.next is not None:
        head["next"] = value.next
    if value.total is not None:
        head["total"] = value.total
    return {**head, "time": outcome.time}
