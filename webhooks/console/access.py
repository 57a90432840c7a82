"""Who is reading, and what they may."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from flask import Blueprint, abort, current_app, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from support.masking import Masks
from webhooks.console.parts import Parts
from webhooks.console.settings import Role, User
from webhooks.console.words import gettext

P = ParamSpec("P")
R = TypeVar("R")
_HASHER: Final = PasswordHasher()
_OPEN: Final = ("static", "access.sign_in", "access.words")


@dataclass(frozen=True, slots=True)
class Reader:
    """Whoever is signed in: the name they sign in with, what they are called, what they may."""

    login: str
    name: str
    role: Role


def reader() -> Reader:
    """Of this request; every page but the sign-in has one."""
    found: Reader = g.reader
    return found


def parts() -> Parts:
    """What the console was given."""
    found: Parts = current_app.config["PARTS"]
    return found


def masks() -> Masks:
    """What this request may show of people: masked, unless it was opened by a click that is on record."""
    return Masks(parts().journal.key, bool(g.get("opened", False)))


def needs(role: Role) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A view for those who may that much; others get a page that says so (403)."""

    def wrap(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if not reader().role.may(role):
                abort(403)
            return view(*args, **kwargs)

        return guarded

    return wrap


def record(what: str, about: str = "", **told: object) -> None:
    """Write down what the reader does, for the page of who did what. Raises JournalUnavailableError: what cannot be
    recorded is not to be done."""


def access() -> Blueprint:
    """Signing in and out, and the guard before every other page."""
    blueprint = Blueprint("access", __name__)

    @blueprint.before_app_request
    def who() -> ResponseReturnValue | None:
        g.language = session.get("language", parts().settings.language)
        user = parts().settings.users.get(session.get("login", ""))
        if user is not None and hmac.compare_digest(session.get("stamp", ""), _stamp(user)):
            g.reader = Reader(session["login"], user.name or session["login"], user.role)
            return None
        if request.endpoint in _OPEN:
            return None
        return redirect(url_for("access.sign_in", then=request.full_path if request.method == "GET" else ""))

    @blueprint.route("/sign-in", methods=["GET", "POST"])
    def sign_in() -> ResponseReturnValue:
        if request.method == "GET":
            return render_template("sign_in.html", users=bool(parts().settings.users))
        login = request.form.get("login", "").strip()
        user = parts().settings.users.get(login)
        if user is None or not _is_right(user, request.form.get("password", "")):
            return render_template("sign_in.html", users=True, wrong=gettext("Имя или пароль не подошли")), 401
        session.clear()
        session.update(login=login, stamp=_stamp(user))
        session.permanent = True
        then = request.args.get("then", "")
        return redirect(url_for("search.page").rstrip("/") + then if then.startswith("/?") else url_for("search.page"))

    @blueprint.post("/sign-out")
    def sign_out() -> ResponseReturnValue:
        session.clear()
        return redirect(url_for("access.sign_in"))

    return blueprint


def _is_right(user: User, password: str) -> bool:
    try:
        return _HASHER.verify(user.password.get_secret_value(), password)
    except (Argon2Error, InvalidHashError):
        return False


def _stamp(user: User) -> str:
    """Of the present password: with another one the sessions of before are over."""
    return user.password.get_secret_value()[-16:]
