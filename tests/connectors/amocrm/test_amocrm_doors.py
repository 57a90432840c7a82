"""The way in and the pace: tokens that rotate, a limit that eight threads keep, a block that is obeyed."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from connectors.amocrm.settings import AmocrmSettings
from connectors.http import collect_calls
from provodka.crm import NewContact, NewLead
from provodka.errors import AuthFailed, RateLimited, Rejected, Retryable
from provodka.operation import Done
from provodka.stores import TokenPair

TOKEN_ROUTE = "POST /oauth2/access_token"


@pytest.fixture
def account(desk):
    return f"amocrm:{desk.account.url}"


@pytest.fixture
def oauth(desk):
    offer = desk.control("oauth", method="GET")
    return {name: offer[name] for name in ("client_id", "client_secret", "redirect_uri", "code")}


@pytest.fixture
def entered(make_crm, oauth):
    crm = make_crm(oauth=oauth)
    assert crm.users()
    return crm


def test_a_code_opens_the_account_and_the_pair_is_kept(entered, desk, store, account, make_crm, oauth):
    pair = store.load_tokens(account)
    assert timedelta(hours=23) < pair.expires_at - datetime.now(UTC) <= timedelta(hours=24)
    assert make_crm(oauth=oauth).users(), "a second process uses the stored pair: the code is spent"
    assert desk.calls(TOKEN_ROUTE) == 1


def test_a_first_refresh_token_opens_the_account_too(make_crm, desk, oauth):
    offer = desk.control("oauth", method="GET")
    crm = make_crm(oauth={**{k: v for k, v in oauth.items() if k != "code"}, "refresh_token": offer["refresh_token"]})
    assert crm.users()


def test_an_expired_token_is_refreshed_once_for_all_threads(entered, desk, store, account):
    before = store.load_tokens(account)
    desk.control("oauth/expire")
    failures = []

    def work():
        try:
            entered.leads(["1"])
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert desk.calls(TOKEN_ROUTE) == 2
    assert store.load_tokens(account).refresh != before.refresh


def test_another_process_that_rotated_first_is_followed(entered, desk, make_crm, oauth, store, account):
    other = make_crm(oauth=oauth)
    desk.control("oauth/expire")
    assert other.users()
    assert entered.leads(["1"]) == {}
    assert desk.calls(TOKEN_ROUTE) == 2
    assert f"oauth:{account}" in store.locked


def test_a_token_is_refreshed_ten_minutes_ahead_of_its_end(make_crm, desk, oauth, store, account, entered):
    pair = store.load_tokens(account)
    soon = datetime.now(UTC) + timedelta(minutes=9)
    store.save_tokens(account, TokenPair(pair.access, pair.refresh, soon))
    crm = make_crm(oauth=oauth)
    crm.keep_alive()
    assert store.load_tokens(account).refresh != pair.refresh


def test_while_the_token_lives_a_failing_refresh_stops_nothing(make_crm, desk, oauth, store, account, entered):
    pair = store.load_tokens(account)
    store.save_tokens(account, TokenPair(pair.access, pair.refresh, datetime.now(UTC) + timedelta(minutes=9)))
    desk.control("faults", {"path": "/oauth2", "status": 503, "next": 50})
    assert make_crm(oauth=oauth).leads(["1"]) == {}


def test_the_new_pair_is_saved_before_it_is_used(entered, desk, store, account, monkeypatch):
    entered.leads(["1"])
    desk.control("oauth/expire")
    order, save = [], store.save_tokens
    monkeypatch.setattr(store, "save_tokens", lambda *pair: (order.append(len(calls)), save(*pair)))
    with collect_calls() as calls:
        entered.leads(["1"])
    paths = [call.path.partition("?")[0] for call in calls]
    assert paths == ["/api/v4/leads", "/oauth2/access_token", "/api/v4/leads"]
    assert order == [2], "after the exchange, before the second try"


def test_a_refresh_whose_answer_was_cut_before_the_work_is_tried_again_at_once(entered, desk):
    desk.control("oauth/expire")
    desk.control("faults", {"path": "/oauth2", "kind": "cut_before"})
    assert entered.leads(["1"]) == {}


def test_a_refresh_whose_answer_is_lost_asks_for_a_new_code(entered, desk):
    desk.control("oauth/expire")
    desk.control("faults", {"path": "/oauth2", "kind": "cut_after"})
    with pytest.raises(AuthFailed) as caught:
        entered.leads(["1"])
    assert "код" in caught.value.hint
    assert "revoked" in caught.value.reason


def test_a_new_code_in_the_config_opens_an_account_whose_pair_is_dead(entered, desk, make_crm, store, account):
    desk.control("oauth/revoke")
    with pytest.raises(AuthFailed):
        entered.leads(["1"])
    offer = desk.control("oauth", method="GET")
    fresh = {name: offer[name] for name in ("client_id", "client_secret", "redirect_uri", "code")}
    assert make_crm(oauth=fresh).users()


def test_a_token_endpoint_that_is_down_is_no_refusal_and_no_unknown_outcome(make_crm, desk, oauth, ask):
    desk.control("faults", {"path": "/oauth2", "status": 502, "next": 50})
    [outcome] = make_crm(oauth=oauth).create_leads(ask(NewLead("Сайт")))
    assert isinstance(outcome, Retryable)


def test_a_revoked_long_lived_token_says_how_to_make_a_new_one(crm, desk, ask):
    desk.control("token", {"sandbox": False})
    [outcome] = crm.create_leads(ask(NewLead("Сайт")))
    assert isinstance(outcome, AuthFailed)
    assert "Ключи и доступы" in outcome.hint


def test_no_token_is_ever_in_a_trace(entered, desk, store, account):
    desk.control("oauth/expire")
    old = store.load_tokens(account)
    with collect_calls() as calls:
        entered.leads(["1"])
    new = store.load_tokens(account)
    assert len(calls) >= 3
    assert not any(secret in repr(calls) for secret in (old.access, old.refresh, new.access, new.refresh))


def test_eight_threads_never_call_too_fast(make_crm, desk, ask):
    crm = make_crm(per_second=6.5)
    crm.check([], create=True)
    time.sleep(1.1)  # the windows of the calls so far, which had another pace
    desk.control("limit", {})
    outcomes, lock = [], threading.Lock()

    def work(number):
        for step in range(3):
            wanted = NewLead(f"{number}-{step}", "Кровля", contact=NewContact("", (f"+791600{number}{step:04}",)))
            found = crm.create_leads(ask(wanted, prefix=f"{number}-{step}"))
            with lock:
                outcomes.extend(found)

    began = time.monotonic()
    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outcome for outcome in outcomes if not isinstance(outcome, Done)] == []
    assert desk.stats()["refused"] == {}
    assert len(desk.leads()) == 24
    assert time.monotonic() - began > 3, "24 calls at 6.5 a second"


def test_too_fast_all_the_same_holds_the_account_as_long_as_told(crm, desk, ask, store):
    crm.check([], create=True)
    desk.fault("/leads/complex", status=429, body='{"retry_after": 300}')
    [first] = crm.create_leads(ask(NewLead("Сайт")))
    assert isinstance(first, RateLimited)
    assert first.wait == 300
    before = desk.stats()["calls"]
    [second] = crm.create_leads(ask(NewLead("Сайт")))
    assert isinstance(second, RateLimited)
    assert desk.stats()["calls"] == before


def test_a_block_holds_the_account_for_a_quarter_of_an_hour(crm, desk, store):
    desk.fault("/users", status=403, body="<html>nginx</html>", method="GET")
    with pytest.raises(RateLimited) as caught:
        crm.users()
    assert (caught.value.reason, caught.value.code, caught.value.wait) == ("blocked", "blocked", 900)
    assert "поддержку" in caught.value.hint
    assert [(seconds, reason) for _, seconds, reason in store.holds] == [(900, "blocked")]


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (402, "{}", AuthFailed, "не оплачен"),
        (400, '{"detail": "Payment Required"}', AuthFailed, "не оплачен"),
        (400, '{"detail": "Код ошибки 244. В случае повторного"}', AuthFailed, "244"),
        (403, '{"status": 113, "detail": "IP access denied"}', AuthFailed, "IP"),
        (403, '{"status": 403, "detail": "Forbidden"}', Rejected, "прав"),
        (301, "", AuthFailed, "переехал"),
    ],
)
def test_answers_about_the_whole_account_say_what_to_do(crm, desk, status, body, kind, words):
    desk.fault("/leads", status=status, body=body, method="GET", headers={"Content-Type": "application/json"})
    with pytest.raises(kind) as caught:
        crm.leads(["1"])
    assert words in caught.value.hint


def test_exactly_one_way_in_is_given():
    base = {"type": "amocrm", "url": "https://krovlya.amocrm.ru/"}
    settings = AmocrmSettings.model_validate({**base, "token": "тайна"})
    assert settings.url == "https://krovlya.amocrm.ru"
    assert "тайна" not in repr(settings)
    oauth = {"client_id": "a", "client_secret": "b", "redirect_uri": "c"}
    for wrong in ({}, {"token": "t", "oauth": oauth}, {"tokn": "t"}):
        with pytest.raises(ValidationError):
            AmocrmSettings.model_validate({**base, **wrong})
    with pytest.raises(ValidationError, match="https"):
        AmocrmSettings.model_validate({"type": "amocrm", "url": "http://krovlya.amocrm.ru", "token": "t"})
