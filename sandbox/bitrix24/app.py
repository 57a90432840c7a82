"""The Bitrix24 emulator: REST by webhook and by application token, OAuth, events, and the board, on one port."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Response, redirect, request
from werkzeug.exceptions import HTTPException

from sandbox.base import Emulator, Environ, Refusal
from sandbox.bitrix24.batch import BATCH, run_batch
from sandbox.bitrix24.board import add_board_routes
from sandbox.bitrix24.call import Auth, Call
from sandbox.bitrix24.clock import Clock
from sandbox.bitrix24.control import add_control_routes
from sandbox.bitrix24.delivery import Sender
from sandbox.bitrix24.dispatch import Dispatcher, Outcome, envelope
from sandbox.bitrix24.doubles import count_doubles
from sandbox.bitrix24.errors import Json, RestError
from sandbox.bitrix24.events import Publisher
from sandbox.bitrix24.limits import Door, Limit, Operating
from sandbox.bitrix24.oauth import OAuth
from sandbox.bitrix24.params import from_request
from sandbox.bitrix24.rest3 import add_rest3_routes
from sandbox.bitrix24.routes import METHODS
from sandbox.bitrix24.schema import COMPANY, CONTACT, DEAL, INVOICE, LEAD, TYPES
from sandbox.bitrix24.seed import Seed
from sandbox.bitrix24.settings import Settings, crm_mode
from sandbox.bitrix24.state import StateFile
from sandbox.bitrix24.store import Store
from sandbox.bitrix24.uploads import add_upload_routes

JSON_TYPE = "application/json; charset=utf-8"
COUNTED = ("activities", "comments", "tasks", "bindings", "offline", "calls", "notifications", "rows", "requisites")
CARDS = {LEAD: "leads", DEAL: "deals", CONTACT: "contacts", COMPANY: "companies", INVOICE: "invoices"}
VERBS = ("GET", "POST")


class Bitrix24(Emulator):
    """A portal that starts from `seed`, and from what `state_path` (an sqlite file) kept of an earlier run.

    `clock` gives unix seconds for stored times, token lives and the operating budget; `limit` is what
    `POST /_sandbox/limit` changes.
    """

    api_prefixes = ("/rest/", "/oauth/")
    room = Path(__file__).parent

    def __init__(
        self,
        state_path: Path | None = None,
        *,
        seed: Seed | None = None,
        clock: Callable[[], float] = time.time,
        limit: Limit | None = None,
    ) -> None:
        super().__init__("bitrix24")
        self.app.url_map.strict_slashes = False
        self.seed = seed or Seed()
        self.clock = Clock(clock)
        self.store = Store(self.seed.fill)
        self.sender = Sender()
        self.oauth = OAuth(self.store, self.seed, self.clock)
        self.events = Publisher(self.store, self.seed, self.oauth, self.clock, lambda: self.dispatcher.settings)
        self.events.methods = METHODS
        self._first_limit = limit or Limit()
        self.door = Door(self._first_limit)
        operating = Operating(self.clock)
        self.dispatcher = Dispatcher(METHODS, self.store, self.events, self.oauth, operating, self.clock)
        self.set_limit(self._first_limit)
        self._state = StateFile(self.store, state_path) if state_path else None
        self._add_api_routes()
        add_rest3_routes(self)
        add_upload_routes(self)
        add_control_routes(self)
        add_board_routes(self)

    def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.sender.start()
        self.store.close(closed=False)
        if self._state:
            self._state.start()
        super().start(host, port)

    def stop(self) -> None:
        self.store.close()
        super().stop()
        self.sender.stop()
        if self._state:
            self._state.stop()

    def reset(self) -> None:
        self.store.clear()
        self.sender.forget()
        self.set_limit(self._first_limit)
        self.dispatcher.settings = Settings()
        self.dispatcher.calls.clear()
        self.clock.ahead = 0.0

    def set_limit(self, limit: Limit) -> None:
        """New limits, with nothing counted yet."""
        self.door.set(limit)
        self.dispatcher.limit = limit
        self.dispatcher.operating.clear()

    def admit(self, environ: Environ) -> Refusal | None:
        return self.door.admit(environ["REMOTE_ADDR"]) if environ["PATH_INFO"].startswith("/rest/") else None

    def route(self) -> str:
        """The method's own name, or the path of anything else."""
        name = (request.view_args or {}).get("name")
        return self._known(name) if name else super().route()

    def objects(self) -> dict[str, int]:
        with self.store.lock:
            cards = {name: len(self.store.table(TYPES[kind].table)) for kind, name in CARDS.items()}
            return cards | {name: len(self.store.table(name)) for name in COUNTED}

    def doubles(self) -> dict[str, Any]:
        with self.store.lock:
            return count_doubles(self.store)

    def details(self) -> dict[str, Any]:
        return {
            "methods": dict(self.dispatcher.calls),
            "webhooks": dict(self.sender.counts),
            "revision": self.store.revision,
        }

    def mode(self) -> int:
        """1 where the portal has leads, 2 where they become deals at once."""
        return crm_mode(self.store, self.dispatcher.settings)

    def base(self) -> str:
        """The portal's origin as the caller names it."""
        return request.host_url.rstrip("/")

    def act(self, user_id: int, method: str, params: Json) -> Outcome:
        """Run a method as a person at the portal's pages, and send the events of what it changed."""
        with self.store.lock:
            auth = self._at_a_page(user_id)
            try:
                return self.dispatcher.run(self.dispatcher.find(method), auth, params, self.base())
            finally:
                self.sender.post(self.events.take())

    def page_call(self, user_id: int) -> Call:
        """A call as a person at the portal's pages; made under the store's lock."""
        return self.call_of(self._at_a_page(user_id), {})

    def call_of(self, auth: Auth, params: Json) -> Call:
        """A call by somebody who was let in."""
        return Call(
            params,
            auth,
            store=self.store,
            events=self.events,
            settings=self.dispatcher.settings,
            now=self.clock(),
            base=self.base(),
        )

    def _at_a_page(self, user_id: int) -> Auth:
        return Auth("page", "page", self.store.table("users")[user_id], frozenset(self.seed.app_scopes))

    def _add_api_routes(self) -> None:
        for path, view in (
            ("/rest/<int:user>/<secret>/<name>", self._by_webhook),
            ("/rest/<name>", self._by_token),
            ("/oauth/token/", self._token),
            ("/oauth/authorize/", self._authorize),
        ):
            self.app.add_url_rule(path, view_func=view, methods=VERBS)
        self.app.register_error_handler(RestError, lambda error: _respond(error.body, error.status))
        self.app.register_error_handler(HTTPException, _plain_error)

    def _by_webhook(self, user: int, secret: str, name: str) -> Response:
        return self._answer(name, lambda _: self.dispatcher.webhook(str(user), secret))

    def _by_token(self, name: str) -> Response:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return self._answer(name, lambda params: self.dispatcher.app(params, bearer))

    def _answer(self, name: str, who: Callable[[Json], Auth]) -> Response:
        params = from_request(request)
        with self.store.lock:
            try:
                if name.lower().removesuffix(".json") == BATCH:
                    return _respond(self._batch(who(params), params), 200)
                method = self.dispatcher.find(name)
                outcome = self.dispatcher.run(method, who(params), params, self.base())
            finally:
                self.sender.post(self.events.take())
        return _respond(envelope(outcome), 200)

    def _batch(self, auth: Auth, params: Json) -> Json:
        started, wall = time.perf_counter(), self.clock()
        self.dispatcher.calls[BATCH] += 1
        result = run_batch(self.dispatcher, auth, params, self.base())
        spent = time.perf_counter() - started
        return {"result": result, "time": self.dispatcher.time(auth.key, BATCH, wall, spent)}

    def _token(self) -> Response:
        with self.store.lock:
            return _respond(self.oauth.exchange(from_request(request), self.base()), 200)

    def _authorize(self) -> Response:
        """What a person's consent in the browser leads to: back to the application with a code."""
        if request.args.get("client_id") != self.seed.client_id:
            raise RestError("invalid_client", "Application not found")
        with self.store.lock:
            code = self.oauth.code(self.seed.app_user)
        place = self.oauth.place(self.base())
        query = {
            "code": code,
            "state": request.args.get("state", ""),
            "domain": request.host,
            "member_id": place["member_id"],
            "scope": ",".join(self.seed.app_scopes),
            "server_domain": request.host,
        }
        return redirect(f"{self.seed.redirect_uri}?{urlencode(query)}")  # type: ignore[return-value]  # werkzeug's own

    def _known(self, name: str) -> str:
        found = METHODS.get(name.lower().removesuffix(".json"))
        return found.name if found else (BATCH if name.lower().startswith(BATCH) else "unknown")


def _respond(body: Json, status: int) -> Response:
    return Response(json.dumps(body), status, content_type=JSON_TYPE)


def _plain_error(error: HTTPException) -> Response:
    status = error.code or 500
    if request.path.startswith("/rest/") and status == 404:
        return _respond({"error": "ERROR_METHOD_NOT_FOUND", "error_description": "Method not found!"}, 404)
    return Response(error.description or error.name, status, content_type="text/plain; charset=utf-8")
