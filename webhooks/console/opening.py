"""Personal data shown by a click that is on record: for ten minutes, in this session, of one event or one person."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, request
from flask.typing import ResponseReturnValue

from webhooks.console import sessions
from webhooks.console.access import may_open, parts, record
from webhooks.console.sign_in import inside


def blueprint() -> Blueprint:
    """`/console/open` and `/console/close`, both with `about` and the page to come back to (`then`)."""
    pages = Blueprint("opening", __name__)

    @pages.post("/open")
    def show() -> ResponseReturnValue:
        about = _about()
        if not may_open():
            abort(403)
        record("open", about)
        sessions.open_up(about, parts().now())
        return redirect(inside(request.form.get("then", "")))

    @pages.post("/close")
    def hide() -> ResponseReturnValue:
        about = _about()
        record("close", about)
        sessions.close(about, parts().now())
        return redirect(inside(request.form.get("then", "")))

    return pages


def _about() -> str:
    about = request.form.get("about", "")
    if not sessions.ABOUT.fullmatch(about):
        abort(400)
    return about
