"""Requests to any service: which addresses, which answers, and what is told of them."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import urllib3.util.connection
from pydantic import ValidationError

from connectors.base import CallTrace, collect_calls
from connectors.web.sender import WebSender
from connectors.web.settings import WebSettings
from provodka.errors import (
    Ambiguous,
    AuthFailed,
    ConnectorError,
    OutcomeUnknownError,
    RateLimited,
    Rejected,
    Retryable,
)
from provodka.operation import Done, Outcome, Request
from provodka.veil import Veil
from provodka.web import HIDDEN, Download, WebCall
from tests.connectors.memory_store import MemoryStore
from tests.service import Said, Service

NOW = datetime(2026, 3, 2, tzinfo=UTC)
SECRET = 'Zx9-"quoted"-$ecret'
VEIL = Veil({"ERP_TOKEN": SECRET})


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as running:
        yield running


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def web(store: MemoryStore) -> WebSender:
    return WebSender(WebSettings(allow=("127.0.0.1",)), VEIL, store)


def send(web: WebSender, call: WebCall, way: str = "call_again", **more: Any) -> Outcome:
    [outcome] = getattr(web, way)([Request("e1:rule:0", call, **more)])
    return outcome


def traced(web: WebSender, call: WebCall) -> tuple[Outcome, list[CallTrace]]:
    with collect_calls() as calls:
        outcome = send(web, call)
    return outcome, calls


@pytest.mark.parametrize(
    ("body", "kind", "sent"),
    [
        ({"json": {"имя": "Мария", "n": 1}}, "application/json", '{"имя":"Мария","n":1}'),
        ({"form": {"name": "Мария"}}, "application/x-www-form-urlencoded", "name=%D0%9C%D0%B0%D1%80%D0%B8%D1%8F"),
        ({"body": "как есть"}, "text/plain; charset=utf-8", "как есть"),
    ],
)
def test_a_body_is_sent_as_it_was_written(web: WebSender, service: Service, body: Any, kind: str, sent: str) -> None:
    outcome = send(web, WebCall("POST", f"{service.url}/orders?a=1", {"X-From": "Provodka"}, **body))
    assert outcome == Done(values={"status": "200"})
    (asked,) = service.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/orders?a=1", sent)
    assert (asked.headers["content-type"], asked.headers["x-from"]) == (kind, "Provodka")
    assert "idempotency-key" not in asked.headers


def test_a_type_of_ones_own_takes_the_place_of_ours(web: WebSender, service: Service) -> None:
    send(web, WebCall("POST", service.url, {"content-type": "text/xml"}, body="<a/>"))
    assert service.asked[0].headers["content-type"] == "text/xml"


def test_the_key_goes_along_at_every_attempt(web: WebSender, service: Service) -> None:
    call = WebCall("POST", service.url, key_header="Idempotency-Key")
    send(web, call, "call_with_key")
    send(web, call, "call_with_key", unsure_since=NOW)
    assert [asked.headers["idempotency-key"] for asked in service.asked] == ["e1:rule:0", "e1:rule:0"]


def test_what_may_have_been_done_is_asked_of_a_person_where_the_rule_says_so(web: WebSender, service: Service) -> None:
    service.answers["/"] = Said(cut=True)
    call = WebCall("POST", f"{service.url}/")
    assert isinstance(send(web, call, "call_once"), Ambiguous)
    assert isinstance(send(web, call, "call_once", unsure_since=NOW), OutcomeUnknownError)
    assert len(service.asked) == 1
    assert isinstance(send(web, call, "call_again", unsure_since=NOW), Ambiguous)
    assert len(service.asked) == 2


@pytest.mark.parametrize(
    ("said", "expect", "kind"),
    [
        (Said(204, body=b""), (), Done),
        (Said(200, body=b"not json"), (), Done),
        (Said(409), (200, 409), Done),
        (Said(200), (201,), Rejected),
        (Said(302, {"Location": "/other"}), (), Rejected),
        (Said(400), (), Rejected),
        (Said(401), (), AuthFailed),
        (Said(429, {"Retry-After": "7"}), (), RateLimited),
        (Said(500), (), Ambiguous),
        (Said(503), (), Ambiguous),
    ],
)
def test_an_answer_means_what_the_rule_expects(
    web: WebSender, service: Service, said: Said, expect: tuple[int, ...], kind: type
) -> None:
    service.answers["/"] = said
    outcome = send(web, WebCall("POST", f"{service.url}/", expect=expect))
    assert type(outcome) is kind
    if isinstance(outcome, RateLimited):
        assert outcome.wait == 7
    if isinstance(outcome, ConnectorError):
        assert outcome.reason.startswith("127.0.0.1: HTTP ")
    assert len(service.asked) == 1


def test_a_failed_read_was_surely_not_done(web: WebSender, service: Service) -> None:
    service.answers["/"] = Said(500)
    assert isinstance(send(web, WebCall("GET", f"{service.url}/")), Retryable)


def test_a_secret_goes_where_it_is_meant_to_go_and_is_told_nowhere(web: WebSender, service: Service) -> None:
    service.answers["/hook/x"] = Said(400, body=json.dumps({"message": f"no {SECRET} here"}).encode())
    hide = VEIL.hide
    call = WebCall(
        "POST",
        hide(f"{service.url}/hook/x?token=") + "${ERP_TOKEN}",
        {"Authorization": hide(f"Bearer {SECRET}")},
        json=hide({"key": SECRET, "price": "5 $"}),
    )
    outcome, (trace,) = traced(web, call)
    (asked,) = service.asked
    assert asked.headers["authorization"] == f"Bearer {SECRET}"
    assert json.loads(asked.body) == {"key": SECRET, "price": "5 $"}
    assert isinstance(outcome, Rejected)
    told = repr((trace, outcome.reason, outcome.hint))
    assert "Zx9" not in told
    assert "no ${ERP_TOKEN} here" in outcome.reason
    assert "Bearer" not in told


def test_what_an_event_says_is_never_taken_for_a_name_of_a_secret(web: WebSender, service: Service) -> None:
    send(web, WebCall("POST", service.url, body=VEIL.hide("from a form: ${ERP_TOKEN} $${ERP_TOKEN}")))
    assert service.asked[0].body == "from a form: ${ERP_TOKEN} $${ERP_TOKEN}"


def test_a_secret_that_the_config_no_longer_takes_is_told_by_its_name(web: WebSender, service: Service) -> None:
    outcome = send(web, WebCall("POST", service.url, {"X": "${OLD_TOKEN}"}))
    assert isinstance(outcome, Rejected)
    assert "OLD_TOKEN" in outcome.reason
    assert service.asked == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1.2.3", "[::1]", "localhost", "0.0.0.0", "2130706433", "[::ffff:127.0.0.1]", "10.0.0.5",
        "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200", "[fd00:ec2::254]", "[fe80::1]", "224.0.0.1",
        "[ff02::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
    ],
)  # fmt: skip
def test_no_internal_address_is_asked_however_it_is_written(store: MemoryStore, service: Service, host: str) -> None:
    web = WebSender(WebSettings(), VEIL, store)
    outcome = send(web, WebCall("POST", f"https://{host}:{service.port}/"))
    assert isinstance(outcome, Rejected), outcome
    assert outcome.code == HIDDEN
    assert "http: {allow: [" in outcome.hint
    assert service.asked == []


def answering(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """A name that is another address whenever it is asked for; gives the list of what is connected to."""
    answers, reached = list(addresses), []

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        if host == "shop.example":
            host = answers.pop(0)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (host, port))]

    def connect(address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
        reached.append(resolve(address[0].strip("[]"), address[1])[0][4][0])
        raise OSError("nobody there")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(urllib3.util.connection, "create_connection", connect)
    return reached


def test_the_address_that_was_looked_at_is_the_one_connected_to(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is public when it is looked at and internal when it is connected to gains nothing."""
    reached = answering(monkeypatch, "93.184.216.34", "127.0.0.1")
    web = WebSender(WebSettings(), VEIL, store)
    assert isinstance(send(web, WebCall("POST", "https://shop.example/")), Retryable)
    assert reached == ["93.184.216.34"]


def test_a_name_that_leads_inside_is_refused(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    reached = answering(monkeypatch, "192.168.0.7")
    outcome = send(WebSender(WebSettings(), VEIL, store), WebCall("POST", "https://shop.example/"))
    assert isinstance(outcome, Rejected)
    assert (outcome.code, reached) == (HIDDEN, [])


def test_a_name_that_nobody_knows_was_surely_not_asked(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    web = WebSender(WebSettings(), VEIL, store)
    calls = [Request(f"k{n}", WebCall("POST", f"https://shop.example/{n}")) for n in range(3)]
    outcomes = web.call_once(calls)
    assert [type(outcome) for outcome in outcomes] == [Retryable] * 3
    assert isinstance(outcomes[2], Retryable)
    assert outcomes[2].reason.startswith("not tried: "), "one silence is enough for a batch"


@pytest.mark.parametrize(
    "url", ["http://shop.example/", "ftp://shop.example/", "https://user:pw@shop.example/", "shop", "https://[::1"]
)
def test_what_would_show_the_data_or_is_no_address_is_refused(web: WebSender, url: str) -> None:
    outcome = send(web, WebCall("POST", url))
    assert isinstance(outcome, Rejected)
    assert outcome.hint


def test_a_redirect_is_followed_by_reads_through_the_same_guard(web: WebSender, service: Service) -> None:
    service.answers["/a"] = Said(302, {"Location": "/b"})
    service.answers["/out"] = Said(302, {"Location": f"https://localhost:{service.port}/b"})
    service.answers["/ring"] = Said(302, {"Location": "/ring"})
    headers = {"X-Key": "${ERP_TOKEN}"}
    assert isinstance(send(web, WebCall("GET", f"{service.url}/a", headers)), Done)
    assert [(asked.path, asked.headers["x-key"]) for asked in service.asked] == [("/a", SECRET), ("/b", SECRET)]
    outside = send(web, WebCall("GET", f"{service.url}/out", headers))
    assert isinstance(outside, Rejected)
    assert outside.code == HIDDEN
    ring = send(web, WebCall("GET", f"{service.url}/ring"))
    assert isinstance(ring, Rejected)
    assert len(service.asked) < 10


def test_headers_do_not_travel_to_another_place(store: MemoryStore, service: Service) -> None:
    web = WebSender(WebSettings(allow=("127.0.0.1", "localhost")), VEIL, store)
    service.answers["/a"] = Said(307, {"Location": f"http://localhost:{service.port}/b"})
    assert isinstance(send(web, WebCall("GET", f"{service.url}/a", {"X-Key": "${ERP_TOKEN}"})), Done)
    assert ["x-key" in asked.headers for asked in service.asked] == [True, False]


def test_an_answer_is_waited_for_no_longer_than_the_rule_says(web: WebSender, service: Service) -> None:
    service.answers["/"] = Said(body=b"x" * 100, drip=0.05)
    outcome = send(web, WebCall("POST", f"{service.url}/", timeout=0.3))
    assert isinstance(outcome, Ambiguous)


def test_of_a_long_answer_only_the_beginning_is_read(web: WebSender, service: Service) -> None:
    service.answers["/"] = Said(body=b"x" * 500_000)
    outcome, (trace,) = traced(web, WebCall("POST", f"{service.url}/", most=1000))
    assert isinstance(outcome, Done)
    assert len(trace.answer_summary) <= 2048


def test_a_file_is_fetched_and_kept(web: WebSender, service: Service, store: MemoryStore) -> None:
    service.answers["/f"] = Said(headers={"Content-Type": "application/pdf"}, body=b"%PDF")
    file = web.download(Download(f"{service.url}/f", "Смета 5"))
    assert (file.name, file.content_type, file.size) == ("Смета 5.pdf", "application/pdf", 4)
    assert store.blobs[file.sha256] == b"%PDF"
    service.answers["/dir/a.pdf"] = Said(
        headers={
            "Content-Type": "application/pdf",
            "Content-Disposition": "attachment; filename*=UTF-8''..%2F%D0%90.pdf",
        },
        body=b"%PDF",
    )
    assert web.download(Download(f"{service.url}/dir/a.pdf", types=("PDF",))).name == "А.pdf"


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (Said(headers={"Content-Type": "application/pdf"}, body=b"x" * 101), {"most": 100}),
        (Said(headers={"Content-Type": "text/html"}, body=b"<p>log in"), {"types": ("pdf",)}),
        (Said(headers={"Content-Type": "application/pdf"}, body=b"x"), {"types": ("docx",)}),
        (Said(body=b""), {}),
        (Said(404), {}),
    ],
)
def test_a_file_that_is_not_what_was_meant_is_refused(
    web: WebSender, service: Service, said: Said, wanted: Any
) -> None:
    service.answers["/a.pdf"] = said
    with pytest.raises(Rejected):
        web.download(Download(f"{service.url}/a.pdf", **wanted))


def test_a_file_of_an_internal_address_is_not_fetched(store: MemoryStore, service: Service) -> None:
    with pytest.raises(ConnectorError) as refused:
        WebSender(WebSettings(), VEIL, store).download(Download(f"https://127.0.0.1:{service.port}/a.pdf"))
    assert refused.value.code == HIDDEN


@pytest.mark.parametrize("host", ["https://erp.local", "erp.local/path", "erp local", ""])
def test_what_is_allowed_is_a_host_and_no_address(host: str) -> None:
    with pytest.raises(ValidationError, match="is no host"):
        WebSettings(allow=(host,))
    assert WebSettings(allow=("ERP.local", "10.0.0.5", "[::1]")).allow == ("erp.local", "10.0.0.5", "::1")
