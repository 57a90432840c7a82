"""The senders are heard by a plain receiver that keeps the raw bytes, and judged by independent arithmetic."""

import hashlib
import hmac
import json
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, parse_qsl, unquote

import pytest
import requests
from cheroot import wsgi

from sandbox.senders import (
    MangoSender,
    Senders,
    Signing,
    form_post,
    tilda_lead,
    tilda_order,
    tilda_probe,
    with_retries,
)

STARTED = datetime(2025, 12, 1, 8, 0, tzinfo=UTC)
CALLER, LINE = "79160001122", "74950003344"


class Receiver:
    """Keeps (path, headers, body) of what was posted; `statuses` are its next answers, then 200."""

    def __init__(self):
        self.posts, self.statuses = [], []
        self.lock = threading.Lock()
        self.server = wsgi.Server(("127.0.0.1", 0), self.hear, numthreads=8)
        self.server.shutdown_timeout = 1
        self.server.prepare()
        self.url = f"http://127.0.0.1:{self.server.bind_addr[1]}"
        self.thread = threading.Thread(target=self.server.serve, daemon=True)
        self.thread.start()

    def hear(self, environ, start_response):
        headers = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key[:5] == "HTTP_"}
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        with self.lock:
            self.posts.append((environ["PATH_INFO"], {**headers, "content-type": environ["CONTENT_TYPE"]}, body))
            status = self.statuses.pop(0) if self.statuses else 200
        start_response(f"{status} so", [("Content-Length", "2")])
        return [b"ok"]

    def fields(self, n=-1):
        return dict(parse_qsl(self.posts[n][2].decode()))

    def notices(self):
        return [(path, json.loads(dict(parse_qsl(body.decode()))["json"])) for path, _, body in self.posts]

    def stop(self):
        self.server.stop()
        self.thread.join()


@pytest.fixture
def receiver():
    running = Receiver()
    yield running
    running.stop()


@pytest.fixture
def mango(receiver):
    return MangoSender(f"{receiver.url}/hooks/phone", "key", "salt")


def summary(receiver):
    (found,) = [body for path, body in receiver.notices() if path.endswith("/events/summary")]
    return found


def signed_well(post, key="key", salt="salt"):
    fields = dict(parse_qsl(post[2].decode(), keep_blank_values=True))
    return fields.get("sign") == hashlib.sha256((key + fields["json"] + salt).encode()).hexdigest()


def test_tilda_probes_an_address_with_test_test(receiver):
    assert tilda_probe(f"{receiver.url}/hooks/site").status_code == 200
    assert receiver.posts[0][2] == b"test=test"


def test_a_tilda_lead_carries_utm_in_its_cookies(receiver):
    utm = {"utm_source": "yandex", "utm_term": "окна пвх"}
    tilda_lead(receiver.url, name="Мария", comments="Нужен замер\nв субботу", tranid="467251:1", utm=utm)
    fields = receiver.fields()
    assert (fields["Name"], fields["Comments"], fields["tranid"]) == ("Мария", "Нужен замер\nв субботу", "467251:1")
    cookies = dict(item.split("=", 1) for item in fields["COOKIES"].split("; "))
    assert unquote(cookies["TILDAUTM"]) == "utm_source=yandex|||utm_term=окна пвх|||"
    assert cookies["_ym_uid"]


def test_without_cookies_a_tilda_lead_has_hidden_utm_fields_and_the_owners_own_names(receiver):
    extra = {"Телефон": "89160001122"}
    tilda_lead(receiver.url, phone="", utm={"utm_source": "vk"}, cookies=False, extra=extra, api_key=("X-Key", "k"))
    fields = receiver.fields()
    assert "COOKIES" not in fields
    assert "Phone" not in fields
    assert (fields["utm_source"], fields["Телефон"]) == ("vk", "89160001122")
    assert receiver.posts[0][1]["x-key"] == "k"


def test_each_tilda_lead_has_its_own_tranid(receiver):
    tilda_lead(receiver.url)
    tilda_lead(receiver.url)
    assert receiver.fields(0)["tranid"] != receiver.fields(1)["tranid"]


def test_a_tilda_order_comes_bracketed_or_as_one_json_string(receiver):
    tilda_order(receiver.url, payment={"promocode": "SALE"})
    fields = receiver.fields()
    assert fields["payment[products][0][name]"] == "Окно ПВХ 60"
    assert (fields["payment[products][0][amount]"], fields["payment[amount]"]) == ("9000", "9000")
    assert fields["payment[promocode]"] == "SALE"
    tilda_order(receiver.url, as_json=True)
    assert json.loads(receiver.fields()["payment"])["products"][0]["amount"] == 9000


def test_an_unwelcome_lead_is_sent_again_with_the_same_bytes(receiver):
    receiver.statuses = [503, 500]
    answer = with_retries(lambda: tilda_lead(receiver.url, tranid="1:2"), pauses=(0.0, 0.0))
    assert answer.status_code == 200
    assert len({body for _, _, body in receiver.posts}) == 1
    assert len(receiver.posts) == 3


@pytest.mark.parametrize("as_form", [False, True])
def test_a_form_is_signed_over_its_raw_body(receiver, as_form):
    form_post(receiver.url, {"name": "Мария", "id": "f-1"}, secret="тайна", as_form=as_form, header="X-Sign")
    _, headers, body = receiver.posts[0]
    assert headers["x-sign"] == hmac.new("тайна".encode(), body, hashlib.sha256).hexdigest()
    parsed = dict(parse_qsl(body.decode())) if as_form else json.loads(body)
    assert parsed == {"name": "Мария", "id": "f-1"}


def test_a_form_can_be_signed_wrongly_not_at_all_or_changed_after_signing(receiver):
    for signing in (Signing.WRONG, Signing.MISSING, Signing.TAMPERED):
        form_post(receiver.url, {"name": "Мария"}, secret="s", signing=signing)
    signs = [headers.get("x-signature") for _, headers, _ in receiver.posts]
    right = [hmac.new(b"s", body, hashlib.sha256).hexdigest() for _, _, body in receiver.posts]
    assert signs[1] is None
    assert all(sign != good for sign, good in zip(signs, right, strict=True))
    assert receiver.posts[2][2].endswith(b" ")


def test_an_answered_call_is_told_leg_by_leg_then_summed_up_then_its_recording_appears(receiver, mango):
    answers = mango.call(CALLER, LINE, "101", 123, started=STARTED)
    assert [answer.status_code for answer in answers] == [200] * len(receiver.posts)
    told = [
        (
            path.removeprefix("/hooks/phone"),
            body.get("location", ""),
            body.get("call_state") or body.get("recording_state"),
        )
        for path, body in receiver.notices()
    ]
    assert told == [
        ("/events/call", "ivr", "Appeared"),
        ("/events/call", "ivr", "Disconnected"),
        ("/events/call", "abonent", "Appeared"),
        ("/events/call", "abonent", "Connected"),
        ("/events/recording", "", "Started"),
        ("/events/recording", "", "Completed"),
        ("/events/call", "abonent", "Disconnected"),
        ("/events/summary", "", None),
        ("/events/record/added", "", None),
    ]
    assert all(signed_well(post) for post in receiver.posts)
    assert len({body["entry_id"] for _, body in receiver.notices()}) == 1
    sum_up = summary(receiver)
    assert sum_up["end_time"] - sum_up["talk_time"] == 123
    assert sum_up["create_time"] == STARTED.timestamp()
    assert (sum_up["from"], sum_up["to"]["extension"], sum_up["call_direction"]) == ({"number": CALLER}, "101", 1)
    recordings = {body["recording_id"] for _, body in receiver.notices() if "recording_id" in body}
    assert len(recordings) == 1


def test_seq_grows_within_each_leg(receiver, mango):
    mango.call(CALLER, LINE, "101", started=STARTED, ring_group=("101", "102", "103"))
    legs = {}
    for _, body in receiver.notices():
        if "call_state" in body:
            legs.setdefault(body["call_id"], []).append((body["seq"], body["call_state"], body["timestamp"]))
    assert len(legs) == 4
    assert all(leg == sorted(leg) and leg[-1][1] == "Disconnected" for leg in legs.values())
    assert sum(state == "Connected" for leg in legs.values() for _, state, _ in leg) == 1


def test_a_missed_call_has_no_talk_time_and_names_the_first_who_missed_it(receiver, mango):
    mango.missed(CALLER, LINE, ("101", "102"), started=STARTED)
    assert (summary(receiver)["talk_time"], summary(receiver)["to"]["extension"]) == (0, "101")
    assert not [path for path, _ in receiver.notices() if "record" in path]


def test_a_call_that_ended_in_the_menu_goes_to_nobody_and_yet_is_called_a_success(receiver, mango):
    mango.missed(CALLER, LINE, started=STARTED)
    sum_up = summary(receiver)
    assert (sum_up["to"], sum_up["talk_time"], sum_up["forward_time"], sum_up["entry_result"]) == ({}, 0, 0, 1)


def test_an_outgoing_call_is_from_the_employee_to_the_client(receiver, mango):
    mango.outgoing("101", CALLER, LINE, 60, started=STARTED, command_id="prv-1")
    assert receiver.notices()[0] == ("/hooks/phone/result/callback", {"command_id": "prv-1", "result": 1000})
    legs = [body for _, body in receiver.notices() if "call_state" in body]
    assert {leg["command_id"] for leg in legs} == {"prv-1"}
    sum_up = summary(receiver)
    assert (sum_up["call_direction"], sum_up["from"]["extension"], sum_up["to"]) == (2, "101", {"number": CALLER})


def test_an_outgoing_call_may_reach_nobody(receiver, mango):
    mango.outgoing("101", CALLER, LINE, 0, started=STARTED)
    assert summary(receiver)["talk_time"] == 0
    assert not [path for path, _ in receiver.notices() if "record" in path]


def test_the_same_call_sent_again_is_the_same_bytes_and_another_call_has_another_id(receiver, mango):
    mango.missed(CALLER, LINE, started=STARTED)
    once = [body for _, _, body in receiver.posts]
    mango.missed(CALLER, LINE, started=STARTED)
    assert [body for _, _, body in receiver.posts[len(once) :]] == once
    mango.missed(CALLER, LINE, started=STARTED + timedelta(seconds=1))
    assert len({body["entry_id"] for _, body in receiver.notices()}) == 2


def test_a_doubled_call_sends_each_notice_twice(receiver, mango):
    mango.missed(CALLER, LINE, ("101",), started=STARTED, double=True)
    counted = Counter(body for _, _, body in receiver.posts)
    assert set(counted.values()) == {2}


def test_a_shuffled_call_has_the_same_notices_in_another_order(receiver, mango):
    mango.call(CALLER, LINE, "101", started=STARTED)
    ordered = receiver.notices()
    receiver.posts.clear()
    mango.call(CALLER, LINE, "101", started=STARTED, shuffle_seed=7)
    shuffled = receiver.notices()
    assert shuffled != ordered
    assert sorted(map(str, shuffled)) == sorted(map(str, ordered))


def test_notices_can_be_left_out_and_numbers_sent_as_strings(receiver):
    sparing = MangoSender(receiver.url, "key", "salt", as_strings=True, leave_out=frozenset({"/events/call"}))
    sparing.call(CALLER, LINE, "101", started=STARTED)
    assert "/events/call" not in [path for path, _ in receiver.notices()]
    assert summary(receiver)["create_time"] == str(int(STARTED.timestamp()))
    assert all(signed_well(post) for post in receiver.posts)


@pytest.mark.parametrize("signing", [Signing.WRONG, Signing.MISSING, Signing.TAMPERED])
def test_a_call_can_be_signed_badly(receiver, signing):
    MangoSender(receiver.url, "key", "salt", signing).missed(CALLER, LINE, started=STARTED)
    assert receiver.posts
    assert not any(signed_well(post) for post in receiver.posts)


@pytest.fixture
def senders():
    with Senders() as running:
        yield running


def test_the_page_is_russian_and_its_buttons_send(senders, receiver):
    assert "Отправители песочницы" in requests.get(senders.url, timeout=30).text
    shown = requests.get(f"{senders.url}/_sandbox/services", timeout=30).json()["services"]
    labels = {button["label"] for one in shown for button in one["buttons"]}
    assert {"Заявка Tilda", "Форма сайта", "Входящий звонок", "Пропущенный звонок", "Письмо"} <= labels
    paths = {}
    for button in ("tilda/probe", "tilda/lead", "form/submit", "mango/call", "mango/missed"):
        given = {"given": {"url": f"{receiver.url}/{button}"}}
        told = requests.post(f"{senders.url}/_sandbox/send/{button}", json=given, timeout=20).json()
        assert {answer["status"] for answer in told["answers"]} == {200}
        paths[button] = {path for path, _, _ in receiver.posts}
        receiver.posts.clear()
    assert paths["tilda/lead"] == {"/tilda/lead"}
    assert "/mango/missed/events/summary" in paths["mango/missed"]


def test_the_bills_of_a_payment_service_are_listed_and_paid_on_its_page(senders, receiver):
    service = senders.services["yookassa"]
    service.point({"url": receiver.url})
    bill = service.new_bill("", Decimal("12500.50"), "Оплата <по сделке>")
    shown = {one["name"]: one["page"] for one in requests.get(f"{senders.url}/_sandbox/services").json()["services"]}
    assert shown["tilda"] == ""
    listed = requests.get(f"{senders.url}{shown['yookassa']}").text
    assert "12\N{NO-BREAK SPACE}500,50 ₽" in listed
    assert "Оплата &lt;по сделке&gt;" in listed
    paid = requests.post(f"{service.page_of(bill)}/pay").text
    assert "оплачен" in paid
    assert "Вернуть всё" in paid
    assert "Отказать" not in paid


def test_the_pages_of_the_played_services_fit_a_phone(senders):
    for service in senders.services.values():
        if service.own_page:
            assert 'name="viewport"' in requests.get(f"{senders.url}{service.own_page}").text


def test_a_button_tells_when_nobody_listens_or_it_does_not_exist(senders):

    def press(button, **body):
        return requests.post(f"{senders.url}/_sandbox/send/{button}", json=body, timeout=20).status_code

    assert press("tilda/lead", given={"url": "http://127.0.0.1:9/"}) == 502
    assert press("mail/write") == 502
    assert press("fax/send") == 404
    assert press("tilda/call") == 404
    assert press("tilda/lead", fax=1) == 400
    assert press("tilda/lead", given={"fax": "1"}) == 400
    assert press("tilda/lead", client={"fax": "1"}) == 400


def test_the_examples_of_the_vendor_have_the_same_fields_as_ours(receiver, mango):
    """The names below are those of MANGO's published examples of an answered incoming call."""
    mango.call(CALLER, LINE, "101", started=STARTED)
    first = parse_qs(receiver.posts[0][2].decode())
    assert list(first) == ["vpbx_api_key", "sign", "json"]
    assert {"entry_id", "call_id", "timestamp", "seq", "call_state", "location", "from", "to"} <= set(
        receiver.notices()[0][1]
    )
    assert set(summary(receiver)) == {
        "entry_id",
        "call_direction",
        "from",
        "to",
        "line_number",
        "create_time",
        "forward_time",
        "talk_time",
        "end_time",
        "entry_result",
        "disconnect_reason",
    }
