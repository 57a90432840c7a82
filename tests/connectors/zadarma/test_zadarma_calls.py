"""What Zadarma tells, and what it is answered."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.zadarma.channel import receiver
from connectors.zadarma.settings import ZadarmaSettings
from connectors.zadarma.signature import SIGNED, authorization, signature
from provodka.calls import Caller
from provodka.channel import Delivery, Received, RefusedError, UnreadableError
from provodka.payloads import Call, CallOutcome, Direction, EventType
from sandbox.senders.zadarma import COVERED, INCOMING, zadarma_sign
from tests.connectors.calls.memory_intake import MemoryIntake
from tests.contract.case import around

SECRET = "zd-example-secret"
START = datetime(2025, 12, 1, 8, 0, tzinfo=UTC)
HEARD = START + timedelta(seconds=140)
ID = "in_a1b2c3d4"
COMMON = "caller_id=%2B79160001122&called_did=74950003344&call_start=2025-12-01+11%3A00%3A00&pbx_call_id=in_a1b2c3d4"
ZD_START = f"event=NOTIFY_START&{COMMON}"
ZD_END = (
    f"event=NOTIFY_END&{COMMON}&internal=101&duration=123&disposition=answered&status_code=16&is_recorded=1"
    "&call_id_with_rec=1764576000.1234"
)
ZD_RECORD = "event=NOTIFY_RECORD&call_id_with_rec=1764576000.1234&pbx_call_id=in_a1b2c3d4"
ZD_OUT_END = (
    "event=NOTIFY_OUT_END&internal=101&destination=79160001122&call_start=2025-12-01+11%3A20%3A00"
    "&pbx_call_id=out_a1b2c3d5&caller_id=74950003344&duration=0&disposition=busy&status_code=17&is_recorded=0"
)
SIGNATURES = {  # as the exchange made them
    ZD_START: "Zjg4YTY5NjEwZTQ3Mzk1OTA3OGE2ZjE1ZGVhMmE3NjEzZTY2YjViYw==",
    ZD_END: "Zjg4YTY5NjEwZTQ3Mzk1OTA3OGE2ZjE1ZGVhMmE3NjEzZTY2YjViYw==",
    ZD_RECORD: "OGVkZTU3YjJmZThmY2M5OTkyMzM5MTFhMmViNWQwOWRiY2JkMmJlOA==",
    ZD_OUT_END: "MGUzNjgyOTQwMzk5N2RiNDRhOTdlMDJlMzZkZDVkNjVhNGJhMzc5Yg==",
}


class Known:
    """A mirror in which everybody is this one."""

    def __init__(self, name: str, *extensions: str) -> None:
        self.caller = Caller(name, extensions)

    def who_calls(self, phone: str) -> Caller | None:
        return self.caller if phone == "+79160001122" else None


class Desk:
    """The channel beside a journal."""

    def __init__(self, callers: object = None, **settings: object) -> None:
        self.now = HEARD
        self.channel = receiver(
            "phone", ZadarmaSettings.model_validate({"secret": SECRET, **settings}), around(callers=callers)
        )
        self.intake = MemoryIntake(HEARD)

    def post(self, body: str, signed: str) -> Received:
        delivery = Delivery("POST", "", {"signature": signed}, {}, body.encode(), self.now)
        received = self.channel.receive(delivery, lambda key: self.intake.parts("phone", key))
        self.intake.accept(received.events, channel="phone", parts=received.parts)
        return received

    def notice(self, event: str, **fields: str) -> Received:
        told = {"event": event, "pbx_call_id": ID, "caller_id": "+79160001122", "called_did": "74950003344"}
        told |= {"call_start": "2025-12-01 11:00:00", **fields}
        text = "".join(told.get(name, "") for name in COVERED.get(event, INCOMING))
        return self.post(urlencode(told), zadarma_sign(text, SECRET))

    def call(self, key: str = f"call:{ID}") -> Call:
        return self.intake.calls()[key]


@pytest.mark.parametrize("body", SIGNATURES)
def test_the_signatures_of_the_reference_are_right(body: str) -> None:
    assert Desk().post(body, SIGNATURES[body]).reply.status == 200
    for wrong in ("", SIGNATURES[body][:-1], SIGNATURES[body].lower()):
        with pytest.raises(RefusedError, match="Signature"):
            Desk().post(body, wrong)


def test_an_answered_call_of_the_reference_is_finished() -> None:
    desk = Desk(lines={"+74950003344": "yandex"})
    desk.post(ZD_START, SIGNATURES[ZD_START])
    [event] = desk.post(ZD_END, SIGNATURES[ZD_END]).events
    assert (event.type, event.external_id) == (EventType.CALL_FINISHED, f"call:{ID}")
    assert desk.call() == Call(
        id=ID,
        direction=Direction.IN,
        phone="+79160001122",
        line="+74950003344",
        extension="101",
        started_at=START,
        answered_at=HEARD - timedelta(seconds=123),
        ended_at=HEARD,
        talk_seconds=123,
        wait_seconds=17,
        outcome=CallOutcome.TALKED,
        line_name="yandex",
    )
    assert desk.intake.types()[f"start:{ID}"] == "call.started"


def test_a_busy_client_of_the_reference_was_not_reached() -> None:
    desk = Desk()
    desk.post(ZD_OUT_END, SIGNATURES[ZD_OUT_END])
    call = desk.call("call:out_a1b2c3d5")
    assert (call.direction, call.outcome, call.reason) == (Direction.OUT, CallOutcome.NOT_REACHED, "занято")
    assert (call.extension, call.phone, call.line) == ("101", "+79160001122", "+74950003344")
    assert call.started_at == START + timedelta(minutes=20)


def test_a_recording_is_told_of_by_itself() -> None:
    desk = Desk()
    desk.post(ZD_END, SIGNATURES[ZD_END])
    [event] = desk.post(ZD_RECORD, SIGNATURES[ZD_RECORD]).events
    assert (event.type, event.external_id) == (EventType.CALL_RECORDED, "rec:1764576000.1234")
    assert event.person.phones == ("+79160001122",)


def test_times_are_told_in_the_zone_of_the_account() -> None:
    desk = Desk(timezone="Asia/Yekaterinburg")
    desk.post(ZD_END, SIGNATURES[ZD_END])
    assert desk.call().started_at == START - timedelta(hours=2)


def test_a_colleague_whose_phone_stops_ringing_has_missed_nothing() -> None:
    desk = Desk()
    for extension in ("101", "102"):
        desk.notice("NOTIFY_INTERNAL", internal=extension)
    desk.notice("NOTIFY_ANSWER", internal="101", destination="101")
    desk.notice("NOTIFY_END", internal="102", disposition="cancel", duration="0")
    assert f"call:{ID}" not in desk.intake.types()
    desk.notice("NOTIFY_END", internal="101", disposition="answered", duration="60")
    assert desk.intake.types()[f"call:{ID}"] == "call.finished"
    assert (desk.call().extension, desk.call().rung) == ("101", ("101", "102"))


@pytest.mark.parametrize("disposition", ["no answer", "cancel", "busy"])
def test_a_call_that_rang_in_vain_is_missed(disposition: str) -> None:
    desk = Desk()
    desk.notice("NOTIFY_START")
    desk.notice("NOTIFY_INTERNAL", internal="101")
    desk.notice("NOTIFY_END", internal="101", disposition=disposition, duration="20")
    call = desk.call()
    assert desk.intake.types()[f"call:{ID}"] == "call.missed"
    assert (call.outcome, call.talk_seconds, call.extension) == (CallOutcome.MISSED, 0, "101")


def test_a_call_that_reached_no_phone_ended_in_the_menu() -> None:
    desk = Desk()
    desk.notice("NOTIFY_START")
    desk.notice("NOTIFY_IVR", **{"wait_dtmf[name]": "menu", "wait_dtmf[digits]": "2"})
    desk.notice("NOTIFY_END", disposition="cancel", duration="9")
    assert (desk.call().outcome, desk.call().tags) == (CallOutcome.MENU, ("меню: 2",))


@pytest.mark.parametrize("disposition", ["failed", "no money", "line limit", "unallocated number"])
def test_what_the_exchange_refused_has_failed(disposition: str) -> None:
    desk = Desk()
    told = {"internal": "101", "destination": "79160001122", "caller_id": "74950003344"}
    desk.notice("NOTIFY_OUT_END", **told, disposition=disposition, duration="0")
    assert desk.call().outcome == CallOutcome.FAILED
    assert desk.call().reason


def test_talks_among_employees_make_no_event() -> None:
    desk = Desk()
    desk.notice("NOTIFY_OUT_START", internal="101", destination="102", caller_id="101")
    desk.notice("NOTIFY_OUT_END", internal="101", destination="102", disposition="answered", duration="60")
    desk.notice("NOTIFY_INTERNAL", pbx_call_id="in_2", internal="102", caller_id="101")
    assert desk.intake.types() == {}


def test_a_talk_that_would_last_for_ever_is_no_fault_of_ours() -> None:
    desk = Desk()
    desk.notice("NOTIFY_END", internal="101", disposition="answered", duration="9" * 40)
    assert desk.call().talk_seconds == 7 * 24 * 3600


def test_a_hidden_caller_is_a_call_all_the_same() -> None:
    desk = Desk()
    desk.notice("NOTIFY_END", caller_id="anonymous", disposition="no answer", internal="101")
    assert (desk.call().phone, desk.call().direction) == ("", Direction.IN)


def test_the_answer_to_a_start_names_the_caller_and_puts_them_through_where_it_is_wanted() -> None:
    mirror = Known("Мария Петрова", "ivanov", "+79230000510", "101")
    named = Desk(mirror).notice("NOTIFY_START").reply
    assert json.loads(named.body) == {"caller_name": "Мария Петрова"}
    routed = Desk(mirror, route=True, return_timeout=15).notice("NOTIFY_START").reply
    assert json.loads(routed.body) == {"caller_name": "Мария Петрова", "redirect": "101", "return_timeout": 15}
    for reply in (
        Desk(mirror, route=True).notice("NOTIFY_START", caller_id="+79990000000").reply,
        Desk(mirror, route=True).notice("NOTIFY_INTERNAL", internal="101").reply,
        Desk(Known("", "ivanov"), route=True).notice("NOTIFY_START").reply,
    ):
        assert (reply.status, reply.body) == (200, b"")


def test_the_address_is_proved_with_the_bare_value() -> None:
    received = Desk().channel.receive(Delivery("GET", "", {}, {"zd_echo": "k3v9s2"}, b"", HEARD), lambda _: ())
    assert (received.reply.status, received.reply.body, received.events) == (200, b"k3v9s2", ())


def test_kinds_that_are_not_known_are_answered_and_forgotten() -> None:
    received = Desk().notice("NOTIFY_SMS", text="да")
    assert (received.reply.status, received.events, received.parts) == (200, (), ())
    for body in ("", "event=NOTIFY_SMS", "event=OTHER", "{}"):
        with pytest.raises(RefusedError):
            Desk().post(body, "")
    with pytest.raises(RefusedError):
        Desk().post("event=OTHER", "x")


@pytest.mark.parametrize("event", SIGNED)
def test_a_notice_of_no_call_is_unreadable(event: str) -> None:
    with pytest.raises(UnreadableError, match="pbx_call_id"):
        Desk().notice(event, pbx_call_id="")


def test_a_call_of_the_api_is_signed_as_the_reference_says() -> None:
    header = authorization("/v1/sip/", {"to": "79160001122", "from": "101", "text": "a b~ё"}, "key", "secret")
    query = "from=101&text=a+b~%D1%91&to=79160001122"
    digest = hashlib.md5(query.encode()).hexdigest()
    assert header == f"key:{zadarma_sign(f'/v1/sip/{query}{digest}', 'secret')}"
    assert signature(b"in_a1b2c3d41764576000.1234", SECRET) == SIGNATURES[ZD_RECORD]


VALUES = st.sampled_from(["", "101", "anonymous", "9" * 40, "answered", "-1", "2025-12-01 11:00:00", "[]"]) | st.text()


@given(
    st.sampled_from([*SIGNED]),
    st.dictionaries(
        st.sampled_from(["internal", "destination", "caller_id", "call_start", "duration", "disposition", "wait_dtmf"]),
        VALUES.filter(lambda text: "\r" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)),
    ),
)
def test_whatever_the_exchange_writes_is_taken(event: str, fields: dict[str, str]) -> None:
    received = Desk().notice(event, **fields)
    assert received.reply.status == 200
    assert len(received.events) <= 1


def test_the_test_signs_what_the_channel_checks() -> None:
    assert {name: SIGNED[name] for name in COVERED} == COVERED
    assert dict(parse_qsl(ZD_START))["caller_id"] == "+79160001122"
