"""HTTP to the outside: what each fault means, who waits for whom, and what the trace shows."""

import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests
import responses
from flask import Flask, jsonify, request

from connectors.addresses import check_base_url
from connectors.base import mask, summarize
from connectors.http import Http, Limit, Reply, Timeouts, collect_calls
from provodka.errors import Ambiguous, AuthFailed, RateLimited, Rejected, Retryable
from sandbox.base import Emulator
from sandbox.faults import Fault

BASE = "https://api.example.ru"
LIMIT = Limit("account", 1000.0)


class Echo(Emulator):
    """Answers every call with what it got."""

    def __init__(self):
        super().__init__("echo", Flask("echo"))
        self.cookies = []
        self.app.add_url_rule("/echo", view_func=self.echo, methods=["GET", "POST", "PATCH"])

    def echo(self):
        self.cookies.append(dict(request.cookies))
        answer = jsonify(
            {"headers": dict(request.headers), "args": request.args.to_dict(), "body": request.get_json(silent=True)}
        )
        answer.set_cookie("session", "1")
        return answer


@pytest.fixture(scope="module")
def running_echo():
    with Echo() as echo:
        yield echo


@pytest.fixture
def echo(running_echo):
    running_echo.faults.clear()
    return running_echo


@pytest.fixture
def make(store):
    made = []

    def http(base=BASE, **more):
        made.append(Http(base, more.pop("limit", LIMIT), store, sleep=more.pop("sleep", lambda _: None), **more))
        return made[-1]

    yield http
    for one in made:
        one.close()


def fails(work, kind):
    with pytest.raises(kind) as caught:
        work()
    assert type(caught.value) is kind
    return caught.value


def test_a_call_carries_auth_and_agent_and_gives_the_json(make, echo):
    http = make(echo.url, auth=lambda: {"Authorization": "Bearer t"})
    reply = http.call("POST", "/echo", params=[("a[]", "1")], json={"имя": "Мария"})
    assert reply.status == 200
    assert (reply.data["body"], reply.data["args"]) == ({"имя": "Мария"}, {"a[]": "1"})
    headers = reply.data["headers"]
    assert (headers["Authorization"], headers["User-Agent"]) == ("Bearer t", "Provodka/0.1")
    assert headers["Content-Type"] == "application/json"


def test_cookies_of_the_other_side_are_not_kept(make, echo):
    http = make(echo.url)
    echo.cookies.clear()
    http.call("GET", "/echo")
    http.call("GET", "/echo")
    assert echo.cookies == [{}, {}]


@responses.activate
@pytest.mark.parametrize(
    ("method", "status", "kind"),
    [
        ("GET", 400, Rejected),
        ("GET", 401, AuthFailed),
        ("GET", 402, Rejected),
        ("POST", 403, Rejected),
        ("GET", 404, Rejected),
        ("POST", 422, Rejected),
        ("GET", 429, RateLimited),
        ("GET", 500, Retryable),
        ("GET", 503, Retryable),
        ("POST", 500, Ambiguous),
        ("PATCH", 502, Ambiguous),
        ("POST", 504, Ambiguous),
        ("GET", 302, Rejected),
    ],
)
def test_statuses_are_told_apart(make, method, status, kind):
    responses.add(method, f"{BASE}/x", status=status, json={"detail": "их слова"})
    error = fails(lambda: make().call(method, "/x"), kind)
    assert error.status == status
    assert "их слова" in error.reason


@responses.activate
def test_redirects_are_not_followed(make):
    responses.add("GET", f"{BASE}/x", status=302, headers={"Location": "https://evil.example.org/"})
    fails(lambda: make().call("GET", "/x"), Rejected)
    assert len(responses.calls) == 1


@responses.activate
@pytest.mark.parametrize(
    ("body", "headers", "wait"),
    [
        ('{"retry_after": 300}', {"Retry-After": "7"}, 300),
        ("Too Many Requests", {"Retry-After": "7"}, 7),
        ("Too Many Requests", {"Retry-After": "in an hour"}, 3600),
        ("Too Many Requests", {"Retry-After": "soon"}, 1),
        ("Too Many Requests", {}, 1),
    ],
)
def test_too_fast_waits_as_long_as_asked_and_holds_the_account(make, store, body, headers, wait):
    if headers.get("Retry-After") == "in an hour":
        headers = {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(hours=1))}
    responses.add("POST", f"{BASE}/x", status=429, body=body, headers=headers)
    http = make()
    assert fails(lambda: http.call("POST", "/x"), RateLimited).wait == pytest.approx(wait, abs=5)
    assert [(account, pytest.approx(seconds, abs=5)) for account, seconds, _ in store.holds] == [("account", wait)]
    if wait > 5:
        fails(lambda: http.call("POST", "/x"), RateLimited)
        assert len(responses.calls) == 1, "a held account is left in peace"


@responses.activate
def test_the_vendors_own_code_goes_before_the_status(make):
    def classify(reply: Reply):
        return RateLimited("queue", wait=2.0) if reply.data == {"error": "LIMIT"} else None

    responses.add("POST", f"{BASE}/x", status=503, json={"error": "LIMIT"})
    assert fails(lambda: make(classify=classify).call("POST", "/x", accept=(503,)), RateLimited).wait == 2


@responses.activate
def test_an_accepted_status_is_handed_over_if_it_can_be_read(make):
    responses.add("POST", f"{BASE}/x", status=400, json={"errors": []})
    responses.add("POST", f"{BASE}/y", status=400, body="<html>")
    assert make().call("POST", "/x", accept=(400,)).data == {"errors": []}
    fails(lambda: make().call("POST", "/y", accept=(400,)), Rejected)


@responses.activate
def test_a_body_that_is_no_json_leaves_a_write_open_and_a_read_for_later(make):
    responses.add("POST", f"{BASE}/x", body='{"id": 1')
    responses.add("GET", f"{BASE}/x", body="<html>")
    responses.add("GET", f"{BASE}/empty", status=204)
    fails(lambda: make().call("POST", "/x"), Ambiguous)
    fails(lambda: make().call("GET", "/x"), Retryable)
    fails(lambda: make().call("POST", "/x", write=False), Retryable)
    assert make().call("GET", "/empty").data is None


@pytest.mark.parametrize(("method", "kind"), [("GET", Retryable), ("POST", Ambiguous)])
@pytest.mark.parametrize("fault", ["cut_before", "cut_after", "delay"])
def test_a_lost_answer_leaves_a_write_open_and_a_read_for_later(make, echo, method, kind, fault):
    http = make(echo.url, timeouts=Timeouts(read=0.2))
    echo.faults.arm(Fault(kind=fault, seconds=0.5))
    fails(lambda: http.call(method, "/echo"), kind)
    assert http.call(method, "/echo").status == 200


def test_without_a_connection_nothing_was_sent_so_it_is_tried_again(make):
    slept = []
    http = make("http://127.0.0.1:9", sleep=slept.append)
    error = fails(lambda: http.call("POST", "/x"), Retryable)
    assert len(slept) == 2, "two short pauses between three tries"
    assert "no connection to 127.0.0.1" in error.reason
    assert "DNS" in error.hint


@responses.activate
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (requests.ConnectTimeout(), Retryable),
        (requests.exceptions.ProxyError(), Retryable),
        (requests.ReadTimeout(), Ambiguous),
        (requests.ConnectionError("reset"), Ambiguous),
        (requests.exceptions.ChunkedEncodingError(), Ambiguous),
        (requests.exceptions.SSLError("broke in the middle"), Ambiguous),
        (requests.exceptions.InvalidURL("x"), Rejected),
    ],
)
def test_only_what_surely_was_not_sent_may_be_sent_again(make, fault, kind):
    responses.add("POST", f"{BASE}/x", body=fault)
    fails(lambda: make().call("POST", "/x"), kind)
    assert len(responses.calls) == (3 if kind is Retryable else 1)


def test_a_place_far_back_in_the_row_sends_the_work_back(make, store):
    slept = []
    http = make(limit=Limit("slow", 0.1), sleep=slept.append)
    assert store.reserve("slow", 0.1, 1) == 0
    error = fails(lambda: http.call("GET", "/x"), RateLimited)
    assert error.wait == pytest.approx(10, abs=1)
    assert slept == []


def test_threads_share_one_row_of_places(make, echo, store):
    slept, lock = [], threading.Lock()

    def sleep(seconds):
        with lock:
            slept.append(seconds)

    http = make(echo.url, limit=Limit("row", 5.0), sleep=sleep)
    threads = [threading.Thread(target=lambda: http.call("GET", "/echo")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [round(one, 1) for one in sorted(slept)] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4], abs=0.11)


def test_a_thread_woken_too_late_lines_up_again(make, store, echo, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("connectors.http.time.monotonic", lambda: now[0])
    waits = iter([0.1, 0.1, 0.0])
    monkeypatch.setattr(store, "reserve", lambda *_: next(waits))
    late = iter([0.5, 0.11])

    def sleep(_):
        now[0] += next(late)

    make(echo.url, sleep=sleep).call("GET", "/echo")
    assert next(waits) == 0.0, "the second place was met, so no third was asked for"


def test_calls_are_collected_with_status_time_and_both_bodies(make, echo):
    http = make(echo.url)
    with collect_calls() as calls:
        http.call(
            "POST", "/echo", params={"query": "9160001122"}, json={"phone": "+79160001122", "mail": "maria@example.ru"}
        )
        echo.faults.arm(Fault(status=500, body="<html>maria@example.ru</html>"))
        fails(lambda: http.call("GET", "/echo"), Retryable)
    first, second = calls
    assert (first.method, first.path, first.status, first.error_kind) == ("POST", "/echo?query=916•••1122", 200, "")
    assert 0 < first.milliseconds < 5000
    assert first.request_summary == '{"phone":"+7916•••1122","mail":"m•••@example.ru"}'
    assert "Мария" not in first.answer_summary
    assert "9160001122" not in first.answer_summary.replace("•", "")
    assert (second.status, second.error_kind, second.answer_summary) == (
        500,
        "retryable",
        "<html>m•••@example.ru</html>",
    )


def test_calls_of_other_threads_are_not_collected(make, echo):
    with collect_calls() as calls:
        thread = threading.Thread(target=lambda: make(echo.url).call("GET", "/echo"))
        thread.start()
        thread.join()
    assert calls == []


@responses.activate
def test_bodies_of_private_calls_and_tokens_stay_out_of_the_trace(make):
    responses.add("POST", f"{BASE}/token", json={"access_token": "секрет-1"})
    http = make(auth=lambda: {"Authorization": "Bearer секрет"})
    with collect_calls() as calls:
        http.call("POST", "/token", json={"client_secret": "секрет-2"}, headers={}, private=True)
    assert "секрет" not in repr(calls)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("+79160001122", "+7916•••1122"),
        ("8 (916) 000-11-22", "8916•••1122"),
        ('"value":"9160001122"', '"value":"916•••1122"'),
        ("позвоните на 89160001122, Мария", "позвоните на 8916•••1122, Мария"),
        ("+375 29 123-45-67", "+37529•••4567"),
        ("maria.ivanova@mail.example.ru", "m•••@mail.example.ru"),
        ('{"created_at":1767225600,"id":11000001}', '{"created_at":1767225600,"id":11000001}'),
        ("2026-01-05T10:00:00+03:00", "2026-01-05T10:00:00+03:00"),
        ("b1b2c3d4-0000-4000-8000-00000000aaaa", "b1b2c3d4-0000-4000-8000-00000000aaaa"),
        ('"refresh_token": "def502", "x": 1', '"refresh_token": "•••", "x": 1'),
        ("https://mw.example.ru/hooks/crm?token=abc&x=1", "https://mw.example.ru/hooks/crm?token=•••&x=1"),
    ],
)
def test_people_and_secrets_are_masked_and_nothing_else(text, masked):
    assert mask(text) == masked


def test_a_summary_is_short_readable_and_never_ends_within_a_phone():
    body = ("x" * 2040 + "+79160001122").encode()
    assert len(summarize(body)) <= 2048
    assert "79160" not in summarize(body)
    assert summarize(b'{"name":"\\u041c\\u0430\\u0440\\u0438\\u044f \\ud83d\\ude00"}') == '{"name":"Мария 😀"}'
    summarize(b'"\\ud83d"').encode()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8901", "http://localhost:1", "http://[::1]:1", "https://a.amocrm.ru/"]
)
def test_an_address_may_be_https_or_this_machine(url):
    assert check_base_url(url) == url.rstrip("/")


@pytest.mark.parametrize(
    "url", ["http://a.amocrm.ru", "ftp://a.ru", "a.amocrm.ru", "https://u:p@a.ru", "https://a.ru?x=1", ""]
)
def test_an_address_that_would_show_the_token_is_refused(url):
    with pytest.raises(ValueError, match=r"https|address"):
        check_base_url(url)


def test_http_is_for_this_machine_only_by_number_too():
    with pytest.raises(ValueError, match="plain http"):
        check_base_url("http://192.168.0.5")
