"""Signing in and out, how the console looks to a browser, and the guard before every other page."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Final
from urllib.parse import unquote, urlsplit

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from flask import Blueprint, Response, current_app, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from provodka.journal import audit
from webhooks.console import lockout, sessions
from webhooks.console.access import address, parts, record
from webhooks.console.mount import PREFIX
from webhooks.console.settings import User
from webhooks.console.words import LANGUAGES, counted, gettext

THEMES: Final = ("system", "light", "dark")
_LOOK: Final = "provodka_look"
_HASHER: Final = PasswordHasher()
_ONE_AT_A_TIME: Final = threading.Lock()  # each takes 64 MB while it is computed
_OPEN: Final = ("access.sign_in", "access.look", "openid.start", "openid.back")


def blueprint() -> Blueprint:
    """`/console/sign-in`, `/console/sign-out`, `/console/look`."""
    doors = Blueprint("access", __name__)

    @doors.before_app_request
    def who() -> ResponseReturnValue | None:
        g.language, g.theme = _look()
        if request.endpoint == "static":
            return None
        # a page that refreshes itself does not keep a session awake, nor does a feed that goes on by itself
        touch = "X-Refresh" not in request.headers and request.endpoint != "feed.stream"
        found = sessions.reader_of(parts().settings, parts().journal.key, parts().now(), touch=touch)
        if found is not None:
            g.reader = found
            return None
        if request.endpoint in _OPEN:
            return None
        return _to_sign_in()

    @doors.route("/sign-in", methods=["GET", "POST"])
    def sign_in() -> ResponseReturnValue:
        settings, journal, now = parts().settings, parts().journal, parts().now()
        if request.method == "GET":
            return door()
        login = request.form.get("login", "").strip()
        attempt = lockout.begin(journal, login, address(), now)
        if attempt.wait:
            return too_many(attempt.wait)
        user = settings.users.get(login)
        if not _is_right(user, request.form.get("password", "")) or user is None:
            return door(gettext("Имя или пароль не подошли"), 401)
        journal.write(lambda c: audit.succeed(c, attempt.number))
        sessions.begin(login, user, journal.key, now)
        return redirect(inside(request.args.get("then", "")))

    @doors.post("/sign-out")
    def sign_out() -> ResponseReturnValue:
        return _leave()

    @doors.post("/look")
    def look() -> ResponseReturnValue:
        language, theme = _look()
        language = request.form.get("language", language)
        theme = request.form.get("theme", theme)
        answer = redirect(inside(request.form.get("then", "")))
        if language in LANGUAGES and theme in THEMES:
            year = timedelta(days=365)
            answer.set_cookie(
                _LOOK, f"{language}.{theme}", year, path=PREFIX, secure=parts().secure, httponly=True, samesite="Lax"
            )
        return answer

    return doors


def door(wrong: str = "", status: int = 200) -> Response:
    """The page to sign in at, with what went wrong."""
    settings = parts().settings
    page = render_template("sign_in.html", users=bool(settings.users), openid=settings.openid, wrong=wrong)
    return Response(page, status)


def too_many(wait: int) -> Response:
    """The same for somebody who has to wait so many seconds."""
    minutes = counted("%(num)s минуту", "%(num)s минут", -(-wait // 60))
    page = door(gettext("Слишком много неудачных попыток. Войти можно будет через %s.") % minutes, 429)
    page.headers["Retry-After"] = str(wait)
    return page


def inside(then: str) -> str:
    """The address of a page of ours to go on to: the path and query that are wanted where a page answers to them, else
    the first page. Nothing leads out of the console."""
    path = urlsplit(then).path if then.startswith("/") and not then.startswith("//") else ""
    if not path or "\\" in then or not then.isprintable() or ".." in unquote(path).split("/"):
        return url_for("search.page")
    try:
        endpoint, _ = current_app.url_map.bind("").match(path, "GET")
    except (HTTPException, RequestRedirect):
        return url_for("search.page")
    no_page = endpoint == "static" or endpoint.startswith("openid.")
    return url_for("search.page") if no_page else request.script_root + then.rstrip("?")


def _to_sign_in() -> ResponseReturnValue:
    if "HX-Request" in request.headers:  # a part of a page was asked for: the whole of it has to go
        return Response(status=401, headers={"HX-Refresh": "true"})
    return redirect(url_for("access.sign_in", then=request.full_path if request.method == "GET" else ""))


def _leave() -> ResponseReturnValue:
    hint = sessions.hint()
    session.clear()  # first: it is over even where the journal cannot be written
    record("sign_out")
    if hint is None:
        return redirect(url_for("access.sign_in"))
    from webhooks.console.openid import signed_out  # loaded already: by it they have come in

    return signed_out(hint)


def _look() -> tuple[str, str]:
    language, _, theme = request.cookies.get(_LOOK, "").partition(".")
    return (
        language if language in LANGUAGES else parts().settings.language,
        theme if theme in THEMES else THEMES[0],
    )


def _is_right(user: User | None, password: str) -> bool:
    """For a login that nobody has, as long as for one that somebody has: the password is held against another's hash,
    and whatever comes of it is not looked at."""
    known = user or next(iter(parts().settings.users.values()), None)
    if known is None:
        return False
    try:
        with _ONE_AT_A_TIME:
            right = _HASHER.verify(known.password.get_secret_value(), password)
    except (Argon2Error, InvalidHashError):
        return False
    return right and user is not None
