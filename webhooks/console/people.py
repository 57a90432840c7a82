"""Who did what: the audit, and who may do what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from provodka.journal import audit
from provodka.journal.audit import Deed
from provodka.journal.schema import microseconds
from webhooks.console.access import masks, needs, parts
from webhooks.console.deeds import details, kinds, sentence
from webhooks.console.settings import Role
from webhooks.console.words import gettext

PAGE: Final = 50


def blueprint() -> Blueprint:
    """`/console/people`, with `login`, `what` and `before` (the last of the page before)."""
    pages = Blueprint("people", __name__)

    @pages.get("/people")
    @needs(Role.ADMINISTER)
    def page() -> ResponseReturnValue:
        login, what = request.args.get("login", ""), request.args.get("what", "")
        before = _mark(request.args.get("before", ""))
        found = parts().journal.read(lambda c: audit.listed(c, login=login, what=what, before=before, limit=PAGE + 1))
        shown = found[:PAGE]
        mask = masks().of()
        return render_template(
            "people.html",
            deeds=[
                (one, sentence(one.what, mask.text(one.about)), details(mask.value(dict(one.told)))) for one in shown
            ],
            older=f"{microseconds(shown[-1].at)}-{shown[-1].id}" if len(found) > PAGE else "",
            users=parts().settings.users,
            openid=parts().settings.openid,
            roles={
                Role.VIEW: gettext("смотрит"),
                Role.OPERATE: gettext("смотрит и исправляет"),
                Role.ADMINISTER: gettext("смотрит, исправляет и видит, кто что сделал"),
            },
            kinds=kinds(),
            called=_called,
            login=login,
            what=what,
        )

    return pages


def _called(deed: Deed) -> str:
    user = parts().settings.users.get(deed.login)
    return str(deed.told.get("name") or (user.name if user else "") or deed.login)


def _mark(text: str) -> tuple[datetime, int] | None:
    """The moment and number of a deed, as `older` has written them; anything else is the beginning."""
    moment, _, number = text.partition("-")
    if not (moment.isdecimal() and number.isdecimal() and len(text) < 40):
        return None
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(moment)), min(int(number), 2**63 - 1)
    except OverflowError:
        return None
