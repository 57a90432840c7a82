"""Signing in at a provider of OpenID Connect. Loaded only where the config names one: its libraries cost time."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import structlog
from flask import Blueprint, Response, abort, current_app, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from connectors.openid.identity import Identity
from connectors.openid.provider import Asked, Provider
from connectors.openid.why import Why
from provodka.errors import ConnectorError, Rejected, Retryable
from provodka.journal import audit
from provodka.journal.audit import REFUSED, SIGNED_IN, Deed
from webhooks.console import lockout, sessions
from webhooks.console.access import address, parts
from webhooks.console.mount import BACK
from webhooks.console.openid_words import sentence
from webhooks.console.parts import Parts
from webhooks.console.sessions import OPENID, Admitted
from webhooks.console.settings import OpenId, Role
from webhooks.console.sign_in import door, inside, too_many
from webhooks.console.words import gettext

log = structlog.get_logger("console")

_BEGUN: Final = "begun"
_MOST: Final = 3  # sign-ins begun in one browser, in several tabs
_LONGEST: Final = timedelta(minutes=10)
_LONGEST_WANTED: Final = 300  # signs of an address: the cookie has 4 KB for all of it
_LONGEST_NAME: Final = 80
_AWAY: Final = ("server_error", "temporarily_unavailable")  # RFC 6749, 4.1.2.1
_OF_US: Final = ("unauthorized_client", "invalid_request", "invalid_scope", "unsupported_response_type")


def provider(house: Parts, openid: OpenId) -> Provider:
    """The one that the config names; nothing is asked of it yet."""
    return Provider(openid.client(), house.now)


def blueprint() -> Blueprint:
    """`/console/openid` leads to the provider, `/console/openid/back` is where it sends the browser back to."""
    doors = Blueprint("openid", __name__)

    @doors.get("/openid")
    def start() -> ResponseReturnValue:
        asked = Asked.anew()
        try:
            where = _provider().authorization_url(asked, _back(), again=request.args.get("again") == "1")
        except ConnectorError as error:
            return _unavailable(error)
        then = request.args.get("then", "")
        wanted = then if len(then) <= _LONGEST_WANTED else ""
        session[_BEGUN] = [*_begun(), [asked.state, asked.nonce, asked.verifier, wanted, _seconds()]][-_MOST:]
        return redirect(where)

    @doors.get("/openid/back")
    def back() -> ResponseReturnValue:
        if wait := lockout.held(parts().journal, address(), parts().now()):
            return too_many(wait)
        asked, then = _taken(request.args.get("state", ""))
        if asked is None:  # on no record: any page can make a browser ask so, and would lock its address out
            log.warning("console.openid_refused", reason="no sign-in of this state was begun in this browser")
            return door(sentence(Why.STATE), 400)
        if said := request.args.get("error"):
            return _declined(said[:_LONGEST_NAME])
        if request.args.get("iss", _settings().issuer).rstrip("/") != _settings().issuer.rstrip("/"):  # RFC 9207
            return _refused(Why.ISSUER)
        try:
            found = _provider().identity(request.args.get("code", ""), asked, _back())
        except Rejected as error:
            log.warning("console.openid_refused", reason=error.reason)
            return _refused(error.code or Why.TOKEN)
        except ConnectorError as error:
            return _unavailable(error)
        return _let_in(found, then)

    return doors


def signed_out(hint: str) -> ResponseReturnValue:
    """The page after a sign-out, that goes on to end the session at the provider too where that tells how. It is a page
    and no redirect: a form of ours may lead to nobody else's address."""
    try:
        where = _provider().leaving_url(hint, f"{parts().public_url}{url_for('access.sign_in')}")
    except ConnectorError as error:
        log.warning("console.openid_unavailable", reason=error.reason)
        where = ""
    if not where:
        return redirect(url_for("access.sign_in"))
    g.pop("reader", None)
    page = Response(render_template("signed_out.html", where=where))
    page.headers["Refresh"] = f"0; url={where}"
    return page


def _let_in(found: Identity, then: str) -> ResponseReturnValue:
    openid, now = _settings(), parts().now()
    # by its own word, so that whoever chooses it there does not become one of the config's users
    login = found.email if found.verified and found.email else f"{OPENID}:{found.subject}"
    name = (found.name or found.email or found.subject)[:_LONGEST_NAME]
    names = openid.named(found.email if found.verified else "", found.groups)
    role = openid.role_of(names)
    if role is None:
        _record(REFUSED, login, name=name, why=Why.NO_ROLE.value)
        would = openid.role_of(openid.named(found.email, ())) is not None
        page = render_template(
            "no_role.html", who=found.email or name, unverified=would and not found.verified, ask=_ask(openid)
        )
        return page, 403
    _record(SIGNED_IN, login, name=name, role=role.value)
    sessions.admit(Admitted(login, name, tuple(names), found.id_token), openid, parts().journal.key, now)
    return redirect(inside(then))


def _ask(openid: OpenId) -> str:
    """Who gives roles, as the config tells."""
    known = [user.name or login for login, user in parts().settings.users.items() if user.role is Role.ADMINISTER]
    return openid.contact or ", ".join(known)


def _declined(error: str) -> ResponseReturnValue:
    """By the provider, before there was a code."""
    if error in _AWAY:
        return _unavailable(Retryable(f"the provider answers {error}"))
    log.warning("console.openid_refused", reason=f"the provider answers {error}")
    return _refused(Why.CLIENT if error in _OF_US else Why.DENIED)


def _refused(why: str) -> ResponseReturnValue:
    _record(REFUSED, "", why=str(why))
    return door(sentence(why), 400)


def _unavailable(error: ConnectorError) -> ResponseReturnValue:
    log.warning("console.openid_unavailable", reason=error.reason, cure=error.hint)
    wrong = gettext("Сервис входа сейчас недоступен. Попробуйте через минуту.")
    if parts().settings.users:
        wrong += " " + gettext("По паролю войти можно.")
    return door(wrong, 503)


def _record(what: str, login: str, **told: str) -> None:
    deed = Deed(parts().now(), login, what, "", {"by": OPENID, **told}, address())
    parts().journal.write(lambda c: audit.put(c, deed))


def _begun() -> list[list[object]]:
    """Sign-ins that were begun in this browser a short while ago."""
    since = _seconds() - _LONGEST.total_seconds()
    return [one for one in session.get(_BEGUN, ()) if one[-1] >= since]


def _taken(state: str) -> tuple[Asked | None, str]:
    """The sign-in of this state, which is over with that, and the page that was wanted."""
    begun = _begun()
    mine = next((one for one in begun if one[0] == state), None)
    session[_BEGUN] = [one for one in begun if one is not mine]
    if mine is None:
        return None, ""
    return Asked(str(mine[0]), str(mine[1]), str(mine[2])), str(mine[3])


def _settings() -> OpenId:
    return parts().settings.openid or abort(404)


def _provider() -> Provider:
    found: Provider = current_app.extensions["openid"]
    return found


def _back() -> str:
    return f"{parts().public_url}{BACK}"


def _seconds() -> float:
    return parts().now().timestamp()
