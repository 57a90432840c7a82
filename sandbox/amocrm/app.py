"""The amoCRM emulator: API v4, OAuth, webhooks, and the board, on one port."""

from __future__ import annotations

import itertools
import json
import re
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Response, request
from werkzeug.exceptions import HTTPException

from sandbox.amocrm.api_files import Drive, download
from sandbox.amocrm.board import add_board_routes
from sandbox.amocrm.call import Call, Switches
from sandbox.amocrm.changes import Changes
from sandbox.amocrm.control import add_control_routes
from sandbox.amocrm.control_people import add_people_routes
from sandbox.amocrm.duplicates import count_doubles
from sandbox.amocrm.hooks import Sender, account_pairs
from sandbox.amocrm.limits import Door, Limit
from sandbox.amocrm.model import Json, User
from sandbox.amocrm.oauth import OAuth
from sandbox.amocrm.oauth import problem as oauth_problem
from sandbox.amocrm.oneshot import OneShots
from sandbox.amocrm.problems import Problem, Raw
from sandbox.amocrm.routes import AMOJO_ROUTES, ENTITY, ROUTES, V2_ROUTES, View, drive_routes
from sandbox.amocrm.seed import Seed
from sandbox.amocrm.stages import stage_shots
from sandbox.amocrm.state import StateFile
from sandbox.amocrm.store import Store
from sandbox.base import Emulator, Environ, Refusal

HAL = "application/hal+json"
PROBLEM = "application/problem+json"
IP_DENIED = 113
AMOJO_PREFIXES = ("/amojo", "")
LIMITED = ("/api/", "/oauth2/", "/v1.0/")
OWN_DOORS = ("/download/", *(f"{prefix}/v2/origin/" for prefix in AMOJO_PREFIXES))
"""Services of the vendor that the account's request limit does not reach."""
NUMBER = re.compile(r"<int:\w+>")
COUNTED = (
    *("leads", "contacts", "companies", "customers", "tasks", "notes", "tags", "events", "hooks", "incoming"),
    *("elements", "transactions", "files", "chats", "talks", "sources", "short_links"),
)


class AmoCrm(Emulator):
    """An account that starts from `seed`, and from what `state_path` (an sqlite file) kept of an earlier run.

    `clock` gives unix seconds for stored times and token lives; `hook_scale` multiplies the waits between a
    webhook's attempts; `limit` is what `POST /_sandbox/limit` changes.
    """

    api_prefixes = (*LIMITED, *OWN_DOORS)
    room = Path(__file__).parent

    def __init__(
        self,
        state_path: Path | None = None,
        *,
        seed: Seed | None = None,
        clock: Callable[[], float] = time.time,
        hook_scale: float = 1.0,
        limit: Limit | None = None,
    ) -> None:
        super().__init__("amocrm")
        self.clock = clock
        self.store = Store(seed or Seed())
        self.switches = Switches()
        self.changes = Changes(self.store, clock)
        self.sender = Sender(self.store, hook_scale)
        self.oauth = OAuth(self.store, clock)
        self.shots = OneShots()
        self.drive = Drive()
        self._first_limit = limit or Limit()
        self.door = Door(self._first_limit)
        self._state = StateFile(self.store, state_path) if state_path else None
        self._add_api_routes()
        add_control_routes(self)
        add_people_routes(self)
        add_board_routes(self)

    def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.sender.open()
        self.shots.start()
        self.store.close(closed=False)
        if self._state:
            self._state.start()
        super().start(host, port)

    def stop(self) -> None:
        self.store.close()
        super().stop()
        self.sender.stop()
        self.shots.stop()
        if self._state:
            self._state.stop()

    def reset(self) -> None:
        self.store.clear()
        self.sender.forget()
        self.shots.forget()
        self.drive.uploads.clear()
        self.door.set(self._first_limit)
        self.oauth.long_lived = True
        self.switches = Switches()

    def admit(self, environ: Environ) -> Refusal | None:
        path = environ["PATH_INFO"]
        if path.startswith(OWN_DOORS):
            return None
        is_oauth = path.startswith("/oauth2/")
        return self.door.admit("oauth2" if is_oauth else environ.get("HTTP_AUTHORIZATION", ""))

    def route(self) -> str:
        """The address with the entity's word and `<id>` for every number."""
        rule, words = super().route(), request.view_args or {}
        return NUMBER.sub("<id>", rule.replace(ENTITY, words.get("entity", ENTITY)))

    def objects(self) -> dict[str, int]:
        with self.store.lock:
            return {kind: len(self.store.table(kind)) for kind in COUNTED}

    def doubles(self) -> dict[str, Any]:
        with self.store.lock:
            return count_doubles(self.store)

    def details(self) -> dict[str, Any]:
        once = dict(self.shots.counts)
        return {
            "webhooks": dict(self.sender.counts),
            "once": once,
            "revision": self.store.revision,
            "banned": self.door.banned,
        }

    def act(self, user: User, work: Callable[[Call], Any]) -> Any:  # noqa: ANN401  # what the work gives back
        """Run `work` as a user under the store's lock, then send the webhooks of what it changed."""
        with self.store.lock:
            try:
                answer = work(Call(self.store, self.changes, self.switches, user))
            finally:
                changes, entries = self.changes.take(), self.changes.take_entries()
            self.sender.post(changes, self.url)
            for shot in stage_shots(self.store, entries, account_pairs(self.store, self.url)):
                self.shots.post(shot)
        return answer

    def _add_api_routes(self) -> None:
        for prefix, rows in (("/api/v4", ROUTES), ("/api/v2", V2_ROUTES), ("/v1.0", drive_routes(self.drive))):
            for method, path, view in rows:
                name = f"{method} {prefix}{path}"
                self.app.add_url_rule(f"{prefix}{path}", name, self._answering(view), methods=[method])
        for prefix, (method, path, view) in itertools.product(AMOJO_PREFIXES, AMOJO_ROUTES):
            rule = f"{prefix}/v2/origin/custom{path}"
            self.app.add_url_rule(rule, f"{method} {rule}", self._chatting(view), methods=[method])
        self.app.add_url_rule("/download/<file_uuid>/<version_uuid>/<path:name>", view_func=self._download)
        self.app.add_url_rule("/oauth2/access_token", view_func=self._access_token, methods=["POST"])
        self.app.add_url_rule("/oauth2/account/subdomain", view_func=self._subdomain)
        self.app.add_url_rule("/oauth2/account/current/subdomain", view_func=self._subdomain_by_refresh)
        self.app.register_error_handler(Problem, lambda error: _respond(error.body, error.status, PROBLEM))
        self.app.register_error_handler(Raw, lambda error: _respond(error.body, error.status, PROBLEM))
        self.app.register_error_handler(HTTPException, _plain_error)

    def _answering(self, view: View) -> Callable[..., Response]:
        def run(**args: Any) -> Response:  # noqa: ANN401  # ids and words from the address
            return _answer(self.act(self._user(), lambda call: view(call, **args)), HAL)

        return run

    def _chatting(self, view: View) -> Callable[..., Response]:
        """The chat service knows no token: its requests are signed."""

        def run(**args: Any) -> Response:  # noqa: ANN401  # ids from the address
            return _answer(self.act(self.store.token_user(), lambda call: view(call, **args)), "application/json")

        return run

    def _download(self, file_uuid: str, version_uuid: str, name: str) -> Response:
        del name  # for people's eyes only
        found: Response = self.act(self.store.token_user(), lambda call: download(call, file_uuid, version_uuid))
        return found

    def _user(self) -> User:
        with self.store.lock:
            user = self.oauth.user(request.headers.get("Authorization", ""))
            if user is None or not user.is_active:
                raise Problem(401, "Неверный логин или пароль")
            if self.switches.unpaid:
                raise Problem(402, "Payment Required")
            if self.switches.ip_denied:
                raise Raw(403, {**Problem(403, "IP access denied").body, "status": IP_DENIED})
            other = request.headers.get("X-Context-User-ID")
            if other is None or not user.is_admin:
                return user
            found = self.store.users.get(int(other)) if other.isdigit() else None
            if found is None or not found.is_active:
                raise Problem(403, "Forbidden")
            return found

    def _access_token(self) -> Response:
        body = request.get_json(silent=True) if request.is_json else None
        with self.store.lock:
            return _respond(self.oauth.exchange(body, request.host), 200, "application/json")

    def _subdomain(self) -> Response:
        self._user()
        return _respond(self.oauth.account(request.host), 200, "application/json")

    def _subdomain_by_refresh(self) -> Response:
        with self.store.lock:
            account = self.oauth.account_of(request.headers.get("X-Refresh-Token", ""), request.host)
        if account is None:
            raise oauth_problem("Invalid refresh token", 401)
        return _respond(account, 200, "application/json")


def _answer(answer: Any, content_type: str) -> Response:  # noqa: ANN401  # whatever a view gives
    """Nothing is 204, or the status beside it; else JSON with 200, or the status beside it."""
    body, status = answer if isinstance(answer, tuple) else (answer, 204 if answer is None else 200)
    return Response(status=status) if body is None else _respond(body, status, content_type)


def _respond(body: Json | list[Json], status: int, content_type: str) -> Response:
    response = Response(json.dumps(body, ensure_ascii=False), status, content_type=content_type)
    response.headers["X-Request-Id"] = uuid.uuid4().hex
    return response


def _plain_error(error: HTTPException) -> Response:
    status = error.code or 500
    if not request.path.startswith("/api/"):
        return Response(error.description or error.name, status, content_type="text/plain; charset=utf-8")
    return _respond(Problem(status, error.name).body, status, PROBLEM)
