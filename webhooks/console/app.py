"""The Flask application of the console: its pages, its guard, its words."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from functools import partial
from importlib.resources import files
from typing import Any, Final

import structlog
from flask import Flask, Response, abort, g, render_template, request
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException

from provodka.errors import JournalUnavailableError
from webhooks.console import opening, sign_in, words
from webhooks.console.access import may_open, opened_until
from webhooks.console.mount import PREFIX
from webhooks.console.parts import Parts
from webhooks.console.rooms import ROOMS, nav
from webhooks.console.tasks import Tasks
from webhooks.receive import AGAIN

log = structlog.get_logger("console")

_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def create_console(parts: Parts) -> Flask:
    """The application below `/console`. Its sessions are signed with a key of the journal's: all processes of one
    journal know one another's, and nobody else's."""
    app = Flask("webhooks.console")
    app.config.update(
        PARTS=parts,
        SECRET_KEY=hmac.digest(parts.journal.key, b"sessions of the console", "sha256"),
        SESSION_COOKIE_NAME="provodka",
        SESSION_COOKIE_PATH=PREFIX,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=parts.secure,
        PERMANENT_SESSION_LIFETIME=parts.settings.session,
        MAX_CONTENT_LENGTH=4 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
        WTF_CSRF_TIME_LIMIT=None,  # it holds as long as the session does
    )
    app.extensions["tasks"] = Tasks(parts.now)
    CSRFProtect(app)
    _templates(app, parts)
    app.register_blueprint(sign_in.blueprint())
    app.register_blueprint(opening.blueprint())
    for room in ROOMS:
        app.register_blueprint(room.blueprint())
    if parts.settings.openid is not None:
        from webhooks.console import openid  # where passwords are enough nobody need wait for its libraries

        app.extensions["openid"] = openid.provider(parts, parts.settings.openid)
        app.register_blueprint(openid.blueprint())
    _errors(app)

    @app.before_request
    def storable() -> None:
        if any("\0" in text for text in (request.path, *request.values.values())):
            abort(400)  # PostgreSQL holds no such sign, and refuses to look for one

    @app.after_request
    def strictly(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return app


def _templates(app: Flask, parts: Parts) -> None:
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        words.gettext, words.ngettext, newstyle=True
    )
    zone = parts.zone

    def moment(at: datetime | None) -> str:
        return words.moment(at, zone, parts.now())

    app.jinja_env.filters.update(
        moment=moment,
        span=words.span,
        whole=words.whole,
        theirs=words.theirs,
        ago=lambda at: words.span(parts.now() - at),
    )
    app.jinja_env.globals.update(opened_until=opened_until, may_open=may_open)
    static = partial(_address, app)

    @app.context_processor
    def around() -> dict[str, Any]:
        return {
            "client": parts.client,
            "nav": nav,
            "language": words.language(),
            "languages": words.LANGUAGES,
            "theme": g.get("theme", "system"),
            "static": static,
            "zone": zone.key,
        }


def _address(app: Flask, name: str) -> str:
    """Of a file of ours; with its content the address changes, so that it may be kept for good."""
    known: dict[str, str] = app.extensions.setdefault("static", {})
    if name not in known:
        content = files(__package__).joinpath("static", name).read_bytes()
        known[name] = hashlib.sha256(content).hexdigest()[:8]
    return f"{app.url_for('static', filename=name)}?{known[name]}"


def _errors(app: Flask) -> None:
    def page(status: int, title: str, text: str) -> tuple[str, int]:
        return render_template("notice.html", title=title, text=text), status

    @app.errorhandler(CSRFError)
    def forged(_: CSRFError) -> tuple[str, int]:
        text = words.gettext("Страница устарела или запрос пришёл не с неё. Обновите её и повторите.")
        return page(400, words.gettext("Не выполнено"), text)

    @app.errorhandler(JournalUnavailableError)
    def away(error: JournalUnavailableError) -> tuple[str, int, dict[str, str]]:
        log.error("console.journal_unavailable", error=str(error))
        text = words.gettext(
            "Он занят, на диске кончилось место, нет прав или не отвечает база. Обновите страницу через минуту; "
            "не прошло — освободите место или поднимите базу. Ничего не потеряно: отправители получают отказ 503 "
            "и повторят."
        )
        return *page(503, words.gettext("Журнал недоступен"), text), AGAIN

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> tuple[str, int]:
        by_status = {
            403: words.gettext("Вам это не разрешено. Права даёт администратор: роль в разделе console конфига."),
            404: words.gettext("Такой страницы нет. Возможно, ссылка скопирована не целиком."),
            409: words.gettext("Это уже не так, как было на странице: кто-то успел раньше. Вернитесь и обновите её."),
            413: words.gettext("Файл слишком велик."),
        }
        status = error.code or 500
        return page(status, words.gettext("Не получилось"), by_status.get(status, words.gettext("Запрос не понят.")))

    @app.errorhandler(Exception)
    def broken(error: Exception) -> tuple[str, int]:
        log.exception("console.broken", error=str(error))
        text = words.gettext("Ошибка в самой консоли; журнал и доставка от неё не зависят. Она записана в лог.")
        return page(500, words.gettext("Что-то сломалось"), text)
