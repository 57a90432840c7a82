"""What stands before the application: the publication, the password, the sessions, the platform's own failures."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import threading
import time
from collections.abc import Iterable

from flask import Request, Response

from sandbox.base import Environ, StartResponse, WsgiApp
from sandbox.onec.switches import Switches

HTML = "text/html; charset=utf-8"
BOM = "\ufeff"
REALM = 'Basic realm="1C:Enterprise 8.3"'
COOKIE = "ibsession"

PAGE = """<!DOCTYPE HTML>
<html><head><title>{title}</title></head><body>
<h2>{title}</h2>
<p>{text}</p></body></html>"""


def page(status: int, title: str, text: str) -> Response:
    """An HTML page of the web server or of the platform."""
    return Response(PAGE.format(title=title, text=text), status, content_type=HTML)


def crashed(reason: str) -> Response:
    """The platform's last words."""
    title = "1C:Enterprise 8 application error"
    return page(500, title, f"Unrecoverable error<br>\n<b>by reason: </b><br>{reason}")


class Door:
    """Lets a call to the base in, or answers for it. `users` are logins with their passwords."""

    def __init__(self, switches: Switches, users: dict[str, str]) -> None:
        self.switches = switches
        self.users = users
        self._lock = threading.Lock()
        self._busy = 0
        self._sessions: set[str] = set()
        self._last = float("-inf")

    def around(self, inner: WsgiApp) -> WsgiApp:
        """Count the calls at work, the time on the way included, and send away those above the limit."""

        def serve(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            if not environ["PATH_INFO"].startswith("/base/"):
                return inner(environ, start_response)
            with self._lock:
                self._busy += 1
                crowded = 0 < self.switches.sessions < self._busy
            try:
                return _no_session()(environ, start_response) if crowded else inner(environ, start_response)
            finally:
                with self._lock:
                    self._busy -= 1

        return serve

    def answer(self, request: Request) -> Response | None:
        """The reply of somebody before the application, or None to let the call in."""
        if not self.switches.published:
            return page(404, "Not Found", "The requested URL was not found on this server.")
        if not self._known(request):
            denied = page(401, "401 Unauthorized", "Идентификация пользователя не выполнена")
            denied.headers["WWW-Authenticate"] = REALM
            return denied
        if self.switches.maintenance:
            return _maintenance(request)
        if self.take("no_session"):
            return _no_session()
        if self.switches.no_license:
            return crashed("Не обнаружено свободной лицензии!")
        self._warm_up()
        if self.take("crash"):
            return crashed("No space left on device")
        if self.take("html"):
            return self.strange_page()
        return self._session(request)

    def take(self, name: str) -> bool:
        """Whether a counted switch hits this call; it counts down."""
        with self._lock:
            left: int = getattr(self.switches, name)
            if left:
                setattr(self.switches, name, left - 1)
            return left > 0

    def strange_page(self) -> Response:
        """A page with 200 where data was asked for."""
        return page(200, "1С:Предприятие", "Произошла ошибка. Обратитесь к администратору.")

    def leave(self, request: Request, response: Response) -> Response:
        """What the platform adds to, or puts in place of, an answer of the application."""
        if self.take("html_after"):
            return self.strange_page()
        wish = request.headers.get("IBSession", "")
        if wish == "start":
            with self._lock:
                self._sessions.add(session := secrets.token_hex(16))
            response.set_cookie(COOKIE, session, path="/base")
        elif wish == "finish":
            with self._lock:
                self._sessions.discard(request.cookies.get(COOKIE, ""))
            response.delete_cookie(COOKIE, path="/base")
        return response

    def _known(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic" or not self.switches.role:
            return False
        try:
            # Bytes of another encoding than UTF-8 are a wrong login, as they are for 1C behind IIS.
            user, _, password = base64.b64decode(given, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        return user in self.users and secrets.compare_digest(self.users[user].encode(), password.encode())

    def _warm_up(self) -> None:
        now = time.monotonic()
        with self._lock:
            cold = now - self._last > self.switches.idle
            self._last = now
        if cold and self.switches.cold_start:
            time.sleep(self.switches.cold_start)

    def _session(self, request: Request) -> Response | None:
        given = request.cookies.get(COOKIE)
        with self._lock:
            unknown = given is not None and given not in self._sessions
        return page(400, "Bad Request", "Сеанс не найден") if unknown else None


def _no_session() -> Response:
    return page(406, "Not Acceptable", "Превышено количество сеансов, новый сеанс не может быть создан")


def _maintenance(request: Request) -> Response:
    words = "Начало сеанса с информационной базой запрещено.\nВедутся технические работы"
    resource = request.path.removeprefix("/base").rstrip("/")
    descr = f"HTTP: Forbidden\nОшибка при выполнении запроса {request.method} к ресурсу {resource}:"
    told = {
        "#exception": "{http://v8.1c.ru/8.2/virtual-resource-system}Exception",
        "exception": {
            "reason": 403,
            "descr": descr,
            "inner": {"descr": words, "inner": {"descr": "Ведутся технические работы"}},
        },
    }
    body = BOM + json.dumps(told, ensure_ascii=False)
    return Response(body.encode(), 403, content_type="application/json; charset=utf-8")
