"""Signing in at a provider of OpenID Connect, over real HTTP: who gets in, who does not, and what is told of it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from requests import Response

from provodka.journal import Journal, audit
from provodka.journal.audit import Deed
from sandbox.openid import CLIENT_ID, SECRET, Key, OpenId
from tests.cli.playing import Clock
from tests.docs.markdown import ROOT
from tests.webhooks.console.desk import HASH, Desk, Visitor
from webhooks.console.settings import ConsoleSettings

OLGA, IVAN, PETR, VERA = "1001", "1002", "1003", "1004"
ROLES = {"view": ["@okna.ru"], "operate": ["support"], "administer": ["ivan@krovlya.ru", "vera@krovlya.ru"]}

NOT_OURS: list[tuple[dict[str, Any], str]] = [
    ({"nonce": "another"}, "относится к другой попытке"),
    ({"nonce": None}, "относится к другой попытке"),
    ({"aud": "another"}, "предназначен другому приложению"),
    ({"aud": [CLIENT_ID, "another"], "azp": "another"}, "предназначен другому приложению"),
    ({"iss": "https://evil.example"}, "не от того сервиса"),
    ({"exp": 1}, "просрочен"),
    ({"exp": None}, "просрочен"),
    ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "не прочитан"),
]


@pytest.fixture
def provider(clock: Clock) -> Iterator[OpenId]:
    with OpenId(now=lambda: clock().timestamp()) as provider:
        yield provider


@pytest.fixture
def desk(journal: Journal, clock: Clock, provider: OpenId) -> Iterator[Desk]:
    desk = Desk(journal, {"now": clock})
    configure(desk, provider)
    yield desk
    desk.close()


def configure(desk: Desk, provider: OpenId, **changed: Any) -> None:
    """Before somebody first opens the console."""
    openid = {
        "issuer": provider.url,
        "client_id": CLIENT_ID,
        "client_secret": SECRET,
        "title": "Войти через Кровлю",
        "roles": ROLES,
        "claim": "groups",
        **changed,
    }
    users = {"boss": {"password": HASH, "role": "administer", "name": "Иван Петров"}}
    settings = ConsoleSettings.model_validate({"users": users, "openid": openid})
    desk.parts = replace(desk.parts, settings=settings, public_url=desk.url.removesuffix("/console"))


def come(desk: Desk, sub: str, then: str = "/") -> Visitor:
    """Somebody opens a page, is led to the provider, and chooses to be this person there."""
    visitor = Visitor(desk.url)
    page = visitor.get(then)
    link = re.search(r'href="/console(/openid[^"]*)"', page.text)
    assert link, page.text
    chosen = visitor.get(link[1].replace("&amp;", "&"))
    visitor.answer = visitor.session.get(chosen.url, params={"sub": sub}, timeout=30)
    return visitor


def told(journal: Journal) -> list[Deed]:
    return journal.read(audit.listed)


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.partition("<main")[2]).split())


def test_somebody_with_a_role_comes_in_and_lands_on_the_page_that_was_wanted(desk: Desk, journal: Journal) -> None:
    visitor = come(desk, OLGA, "/needs?cause=1")
    assert visitor.answer.url == f"{desk.url}/needs?cause=1"
    assert "<span>Ольга</span>" in visitor.answer.text
    assert "Люди" not in visitor.answer.text, "only an administrator sees who did what"
    deed = told(journal)[0]
    assert (deed.what, deed.login) == ("sign_in", "olga@krovlya.ru")
    assert deed.told == {"by": "openid", "name": "Ольга", "role": "operate"}


def test_an_administrator_sees_who_came_by_the_provider(desk: Desk) -> None:
    come(desk, OLGA)
    seen = text_of(come(desk, IVAN).get("/people").text)
    assert "Ольга вход через сервис входа" in seen
    assert "ivan@krovlya.ru Войти через Кровлю смотрит, исправляет и видит, кто что сделал" in seen


def test_what_somebody_of_the_provider_did_is_told_by_their_name(desk: Desk) -> None:
    come(desk, OLGA).post("/sign-out", "/")
    seen = text_of(come(desk, IVAN).get("/people").text)
    assert "Ольга выход" in seen


def test_the_way_back_leads_to_no_page_of_others(desk: Desk) -> None:
    visitor = Visitor(desk.url)
    chosen = visitor.get("/openid", then="//evil.example/")
    answer = visitor.session.get(chosen.url, params={"sub": OLGA}, timeout=30)
    assert answer.url == f"{desk.url}/"


def test_somebody_without_a_role_is_told_whom_to_ask(desk: Desk, journal: Journal) -> None:
    visitor = come(desk, PETR)
    assert visitor.answer.status_code == 403
    assert "petr@krovlya.ru" in visitor.answer.text
    assert "Права даёт: Иван Петров." in visitor.answer.text
    assert "Вход в консоль" in visitor.get("/").text
    deed = told(journal)[0]
    assert (deed.what, deed.login, deed.told["why"]) == ("sign_in_refused", "petr@krovlya.ru", "no_role")


def test_the_config_may_say_whom_to_ask(desk: Desk, provider: OpenId) -> None:
    configure(desk, provider, contact="Марина, доб. 101")
    assert "Права даёт: Марина, доб. 101." in come(desk, PETR).answer.text


def test_an_email_that_the_provider_has_not_verified_gives_no_role(desk: Desk) -> None:
    answer = come(desk, VERA).answer
    assert answer.status_code == 403
    assert "не подтвердил, что эта почта ваша" in answer.text


def test_who_calls_himself_as_another_there_is_not_taken_for_him(
    desk: Desk, provider: OpenId, journal: Journal
) -> None:
    provider.twist.claims = {"sub": "boss", "email": "boss", "email_verified": False, "groups": "support"}
    assert come(desk, PETR).answer.status_code == 200
    assert told(journal)[0].login == "openid:boss"


def test_groups_may_be_one_string_or_lie_deeper(desk: Desk, provider: OpenId) -> None:
    provider.twist.claims = {"groups": "support"}
    assert come(desk, PETR).answer.status_code == 200
    provider.twist.claims = {"groups": ["nobody", 7, "support"]}
    assert come(desk, PETR).answer.status_code == 200


def test_a_claim_may_lie_inside_another(desk: Desk, provider: OpenId) -> None:
    configure(desk, provider, claim="realm_access.roles")
    provider.twist.claims = {"realm_access": {"roles": ["support"]}}
    assert come(desk, PETR).answer.status_code == 200


def test_what_the_id_token_lacks_is_asked_of_userinfo(desk: Desk, provider: OpenId) -> None:
    provider.twist.hidden = ("email", "email_verified", "groups", "name")
    assert "<span>Иван</span>" in come(desk, IVAN).answer.text
    provider.twist.userinfo = {"sub": OLGA}
    assert "ответил о другом человеке" in come(desk, IVAN).answer.text


def test_a_whole_domain_may_have_a_role(desk: Desk, provider: OpenId) -> None:
    provider.twist.claims = {"email": "Anna@OKNA.ru"}
    assert come(desk, PETR).answer.status_code == 200
    provider.twist.claims = {"email": "anna@not-okna.ru"}
    assert come(desk, PETR).answer.status_code == 403


def test_an_id_token_that_is_not_for_this_sign_in_opens_nothing(desk: Desk, provider: OpenId, journal: Journal) -> None:
    for claims, words in NOT_OURS:
        provider.twist.claims = claims
        visitor = come(desk, IVAN)
        assert visitor.answer.status_code == 400, claims
        assert words in visitor.answer.text, claims
        assert "Вход в консоль" in visitor.get("/").text
    assert {deed.what for deed in told(journal)} == {"sign_in_refused"}


def test_clocks_may_differ_by_half_a_minute(desk: Desk, provider: OpenId, clock: Clock) -> None:
    provider.twist.claims = {"exp": int(clock().timestamp()) - 30, "iat": int(clock().timestamp()) + 30}
    assert come(desk, OLGA).answer.status_code == 200


def test_a_key_that_is_not_the_providers_signs_nothing(desk: Desk, provider: OpenId) -> None:
    for kid in ("first", "unknown"):
        provider.twist.signer = Key.made(kid)
        answer = come(desk, IVAN).answer
        assert answer.status_code == 400
        assert "Подпись ответа сервиса входа не подтвердилась" in answer.text


def test_the_secret_of_the_client_signs_nothing(desk: Desk, provider: OpenId) -> None:
    provider.twist.signer = Key("first", SECRET * 8, "HS256")
    assert "Подпись ответа" in come(desk, IVAN).answer.text


def test_a_changed_key_is_asked_for(desk: Desk, provider: OpenId, clock: Clock) -> None:
    for kid in ("first", "second", "first"):
        provider.rotate(kid)
        assert come(desk, OLGA).answer.status_code == 200
        clock.forward(minutes=1)


def test_a_key_that_was_withdrawn_is_trusted_for_no_longer_than_an_hour(
    desk: Desk, provider: OpenId, clock: Clock
) -> None:
    assert come(desk, OLGA).answer.status_code == 200
    stolen = provider.keys[0]
    provider.rotate()
    provider.twist.signer = stolen
    clock.forward(minutes=61)
    assert come(desk, OLGA).answer.status_code == 400


def test_rsa_keys_are_known_too(desk: Desk, provider: OpenId) -> None:
    provider.rotate("rsa", "RS256")
    assert come(desk, OLGA).answer.status_code == 200


def test_a_state_that_was_not_begun_here_opens_nothing(desk: Desk, provider: OpenId, journal: Journal) -> None:
    victim, attacker = Visitor(desk.url), Visitor(desk.url)
    chosen = attacker.get("/openid")
    back = attacker.session.get(chosen.url, params={"sub": IVAN}, timeout=30, allow_redirects=False).headers["Location"]
    answer = victim.session.get(back, timeout=30)
    assert answer.status_code == 400
    assert "открыта в другом браузере" in answer.text
    assert told(journal) == []
    assert attacker.session.get(back, timeout=30).status_code == 200
    assert "устарела" in attacker.session.get(back, timeout=30).text, "once"


def test_a_sign_in_that_was_begun_long_ago_is_over(desk: Desk, clock: Clock) -> None:
    visitor = Visitor(desk.url)
    chosen = visitor.get("/openid")
    clock.forward(minutes=11)
    assert "устарела" in visitor.session.get(chosen.url, params={"sub": OLGA}, timeout=30).text


def test_who_declines_there_is_told_so(desk: Desk) -> None:
    visitor = Visitor(desk.url)
    chosen = visitor.get("/openid")
    assert "Вход отменён" in visitor.session.get(chosen.url, params={"refuse": "1"}, timeout=30).text


def test_a_wrong_secret_is_named(desk: Desk, provider: OpenId) -> None:
    configure(desk, provider, client_secret="wrong")
    assert "проверьте client_id и client_secret" in come(desk, OLGA).answer.text


def test_while_the_provider_is_down_a_password_still_opens(desk: Desk, provider: OpenId, clock: Clock) -> None:
    provider.stop()
    visitor = Visitor(desk.url)
    assert "Войти через Кровлю" in visitor.get("/sign-in").text
    answer = visitor.get("/openid")
    assert answer.status_code == 503
    assert "Сервис входа сейчас недоступен" in answer.text
    assert 'name="password"' in answer.text
    answer = visitor.post("/sign-in", login="boss", password="верный пароль")
    assert "Где моя заявка?" in answer.text


def test_a_provider_that_calls_itself_otherwise_is_not_trusted(desk: Desk, provider: OpenId, clock: Clock) -> None:
    provider.twist.metadata = {"issuer": "https://evil.example"}
    assert Visitor(desk.url).get("/openid").status_code == 503
    provider.twist.metadata = {}
    assert Visitor(desk.url).get("/openid").status_code == 503, "it is not asked each time"
    clock.forward(seconds=16)
    assert "Кто входит?" in Visitor(desk.url).get("/openid").text


def test_what_the_provider_told_an_hour_ago_serves_while_it_cannot_be_asked(
    desk: Desk, provider: OpenId, clock: Clock
) -> None:
    assert come(desk, OLGA).answer.status_code == 200
    clock.forward(minutes=61)
    provider.twist.metadata = {"token_endpoint": "http://evil.example/token"}
    assert "Кто входит?" in Visitor(desk.url).get("/openid").text


def test_another_role_in_the_config_ends_the_session(desk: Desk, provider: OpenId) -> None:
    for roles in ({"view": ["support"]}, {"operate": ["others"]}, {"administer": ["support"]}):
        configure(desk, provider)
        again(desk)
        visitor = come(desk, OLGA)
        configure(desk, provider, roles=roles)
        again(desk)
        assert "Вход в консоль" in visitor.get("/").text, roles


def test_a_role_of_others_in_the_config_ends_no_session(desk: Desk, provider: OpenId) -> None:
    visitor = come(desk, OLGA)
    configure(desk, provider, roles={**ROLES, "view": ["others"]})
    again(desk)
    assert "Где моя заявка?" in visitor.get("/").text
    configure(desk, provider, client_id="another")
    again(desk)
    assert "Вход в консоль" in visitor.get("/").text


@pytest.mark.parametrize(("max_age", "hours"), [({}, 12), ({"max_age": "2h"}, 2)])
def test_a_group_that_was_withdrawn_opens_nothing_after_a_while_however_busy_somebody_is(
    desk: Desk, provider: OpenId, clock: Clock, max_age: dict[str, str], hours: int
) -> None:
    configure(desk, provider, **max_age)
    visitor = come(desk, OLGA)
    provider.twist.claims = provider.twist.userinfo = {"groups": []}
    for _ in range(hours):
        assert "Где моя заявка?" in visitor.get("/").text
        clock.forward(hours=1)
    clock.forward(seconds=1)
    assert "Вход в консоль" in visitor.get("/").text
    assert come(desk, OLGA).answer.status_code == 403


def again(desk: Desk) -> None:
    """The product was started anew, with another config, at the same port."""
    from webhooks.console.mount import Mounted

    mounted = desk.app.wsgi_app
    assert isinstance(mounted, Mounted)
    mounted._made = None


def test_signing_out_ends_the_session_there_too(desk: Desk, provider: OpenId) -> None:
    visitor = come(desk, OLGA)
    answer = visitor.post("/sign-out", "/")
    where = answer.headers["Refresh"].partition("url=")[2]
    assert where.startswith(f"{provider.url}/leave?")
    assert "id_token_hint=ey" in where
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
    assert visitor.session.get(where, timeout=30).url == f"{desk.url}/sign-in"
    assert "Вход в консоль" in visitor.get("/").text


def test_a_provider_that_tells_no_way_out_is_left_alone(desk: Desk, provider: OpenId) -> None:
    provider.twist.metadata = {"end_session_endpoint": None}
    visitor = come(desk, OLGA)
    assert visitor.post("/sign-out", "/").url == f"{desk.url}/sign-in"


def test_a_console_without_a_provider_does_not_load_its_libraries() -> None:
    code = "import sys, webhooks.console.app; print([name for name in ('authlib', 'joserfc') if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_a_wanted_address_that_is_too_long_for_a_cookie_is_left_out(desk: Desk) -> None:
    visitor = Visitor(desk.url)
    chosen = visitor.get("/openid", then="/?q=" + "7" * 5000)
    assert visitor.session.get(chosen.url, params={"sub": OLGA}, timeout=30).url == f"{desk.url}/"


def test_a_page_of_somebody_else_cannot_lock_an_office_out(desk: Desk, journal: Journal) -> None:
    visitor = Visitor(desk.url)
    for _ in range(25):  # as its pictures would ask, by the browser of whoever looks at them
        assert visitor.get("/openid/back", state="made up").status_code == 400
    assert told(journal) == []
    assert come(desk, OLGA).answer.status_code == 200


def denied(visitor: Visitor, error: str = "access_denied") -> Response:
    """Somebody begins to sign in, and declines there, or the provider does."""
    where = visitor.session.get(f"{visitor.url}/openid", allow_redirects=False, timeout=30).headers["Location"]
    (state,) = parse_qs(urlsplit(where).query)["state"]
    return visitor.get("/openid/back", state=state, error=error)


def test_a_browser_that_knocks_too_often_has_to_wait(desk: Desk, journal: Journal, clock: Clock) -> None:
    visitor = Visitor(desk.url)
    for _ in range(20):
        assert denied(visitor).status_code == 400
    answer = denied(visitor)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "60"
    assert len(told(journal)) == 20, "what has to wait is written nowhere"
    clock.forward(minutes=2)
    assert come(desk, OLGA).answer.status_code == 200


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        ("temporarily_unavailable", 503, "Сервис входа сейчас недоступен"),
        ("invalid_scope", 400, "проверьте client_id и client_secret"),
        ("consent_required", 400, "Вход отменён"),
    ],
)
def test_what_the_provider_says_instead_of_a_code_is_told(desk: Desk, error: str, status: int, words: str) -> None:
    answer = denied(Visitor(desk.url), error)
    assert (answer.status_code, words in answer.text) == (status, True)
