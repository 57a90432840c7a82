"""`/_sandbox/...` of the amoCRM emulator: what a test turns, and what it reads back."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import requests
from flask import Response, jsonify, redirect, request
from pydantic import BaseModel, ConfigDict, ValidationError
from werkzeug.exceptions import BadRequest

from sandbox.amocrm.bodies import read_body
from sandbox.amocrm.call import Switches
from sandbox.amocrm.dump import dump_lead
from sandbox.amocrm.hooks import TIMEOUT, HookFaults
from sandbox.amocrm.limits import Limit
from sandbox.amocrm.oauth import LONG_LIVED, disconnect_query

if TYPE_CHECKING:
    from sandbox.amocrm.app import AmoCrm


class _Revoke(BaseModel):
    model_config = ConfigDict(extra="forbid")

    disconnect_hook: str | None = None


class Control:
    """The control routes of one emulator; a body that does not fit is answered 400."""

    def __init__(self, crm: AmoCrm) -> None:
        self.crm = crm

    def limit(self) -> Response:
        """`POST limit {"per_second": 7|null, …}`."""
        self.crm.door.set(read_body(Limit))
        return jsonify(self.crm.door.limit.model_dump())

    def settings(self) -> Response:
        """`POST settings {"api_filter", "search_delay", "duplicate_control"}`; a missing one returns to its default."""
        wanted = read_body(Switches)
        self.crm.switches = wanted
        return jsonify(wanted.model_dump())

    def webhook_faults(self) -> Response:
        """`POST webhook_faults {"drop", "double", "reorder", "delay", "seed"}`."""
        self.crm.sender.set_faults(read_body(HookFaults))
        return jsonify(self.crm.sender.faults.model_dump())

    def webhooks(self) -> Response:
        """`GET webhooks`: the last deliveries, the oldest first."""
        return jsonify([delivery.as_json() for delivery in list(self.crm.sender.log)])

    def oauth(self) -> Response:
        """`GET oauth`: client, an unused code, and a valid pair of tokens; `?user=<e-mail>` for those of a user."""
        with self.crm.store.lock:
            return jsonify(self.crm.oauth.offer(request.host, self._user_id(request.args.get("user"))))

    def consent(self) -> Response:
        """`GET /oauth?client_id=…&state=…`: the vendor's consent page, agreed to at once: back with a code."""
        seed = self.crm.store.seed
        if request.args.get("client_id") != seed.client_id:
            raise BadRequest("client_id is not known")
        with self.crm.store.lock:
            code = self.crm.oauth.code().id
        query = urlencode({"code": code, "referer": request.host, "state": request.args.get("state", "")})
        return redirect(f"{seed.redirect_uri}?{query}")  # type: ignore[return-value]  # werkzeug's own Response

    def _user_id(self, email: str | None) -> int | None:
        if email is None:
            return None
        found = next((user.id for user in self.crm.store.users.values() if user.email == email), None)
        if found is None:
            raise BadRequest(f"there is no user {email}")
        return found

    def expire(self) -> Response:
        """`POST oauth/expire`: every access token is over, refresh tokens live on."""
        with self.crm.store.lock:
            self.crm.oauth.expire()
        return jsonify({"expired": True})

    def revoke(self) -> Response:
        """`POST oauth/revoke`: everything issued is dead; calls `disconnect_hook` signed, if the body names one."""
        hook = read_body(_Revoke).disconnect_hook
        with self.crm.store.lock:
            self.crm.oauth.revoke()
            query = disconnect_query(self.crm.store)
        if hook:
            requests.get(hook, params=query, timeout=TIMEOUT)
        return jsonify({"revoked": True})

    def token(self) -> Response:
        """`POST token {"sandbox": false}`: revoke the long-lived token, or give it back."""
        body = request.get_json(silent=True)
        if not isinstance(body, dict) or not isinstance(body.get(LONG_LIVED), bool):
            raise BadRequest('{"sandbox": true|false} expected')
        self.crm.oauth.long_lived = body[LONG_LIVED]
        return jsonify({LONG_LIVED: self.crm.oauth.long_lived})

    def dump(self) -> Response:
        """`GET dump`: all leads with what hangs on them."""
        with self.crm.store.lock:
            leads = [dump_lead(self.crm.store, lead) for lead in self.crm.store.leads.values() if not lead.is_deleted]
        return jsonify({"leads": leads})


def add_control_routes(crm: AmoCrm) -> None:
    """Register `/_sandbox/...` beyond what every emulator has."""
    control = Control(crm)
    crm.app.register_error_handler(ValidationError, lambda error: (jsonify({"error": str(error)}), 400))
    crm.app.register_error_handler(requests.RequestException, lambda error: (jsonify({"error": str(error)}), 502))
    for method, path, view in (
        ("POST", "limit", control.limit),
        ("POST", "settings", control.settings),
        ("POST", "webhook_faults", control.webhook_faults),
        ("GET", "webhooks", control.webhooks),
        ("GET", "oauth", control.oauth),
        ("POST", "oauth/expire", control.expire),
        ("POST", "oauth/revoke", control.revoke),
        ("POST", "token", control.token),
        ("GET", "dump", control.dump),
    ):
        crm.app.add_url_rule(f"/_sandbox/{path}", f"sandbox_{path}", view, methods=[method])
    crm.app.add_url_rule("/oauth", view_func=control.consent)
