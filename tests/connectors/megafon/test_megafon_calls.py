"""What MegaFon's exchange tells, and what it is answered."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.megafon.channel import receiver
from connectors.megafon.settings import MegafonSettings
from provodka.calls import Caller
from provodka.channel import Delivery, Received, RefusedError, UnreadableError
from provodka.payloads import Call, CallEvent, CallOutcome, Direction, EventType, Utm
from tests.connectors.calls.memory_intake import MemoryIntake
from tests.contract.case import around

TOKEN = "mf-example-crm-token"
CLIENT, LINE, CALL = "79160001122", "74950003344", "6034d5e1-7a01"
HEARD = datetime(2025, 12, 1, 8, 2, 40, tzinfo=UTC)
GROUP = "groupRealName=%D0%9E%D1%82%D0%B4%D0%B5%D0%BB+%D0%BF%D1%80%D0%BE%D0%B4%D0%B0%D0%B6"
SUCCESS = (
    f"cmd=history&type=in&user=ivanov&ext=510&{GROUP}&telnum=79230000510&phone={CLIENT}&diversion={LINE}"
    f"&start=20251201T080006Z&duration=123&callid={CALL}"
    f"&link=https%3A%2F%2Fexample.megapbx.ru%2Frecords%2F{CALL}.mp3&status=Success&crm_token={TOKEN}"
)
MISSED = (
    f"cmd=history&type=in&user=&ext=&{GROUP}&telnum=&phone=79160005566&diversion={LINE}&start=20251201T081000Z"
    f"&duration=0&callid=6034d5e1-7a02&link=&status=Missed&crm_token={TOKEN}"
)
RATING = f"cmd=rating&callid={CALL}&rating=4&phone={CLIENT}&user=ivanov&ext=510&crm_token={TOKEN}"
CONTACT = f"cmd=contact&phone={CLIENT}&callid={CALL}&diversion={LINE}&crm_token={TOKEN}"


class Known:
    """Mirror in which one number is known."""

    def __init__(self, name: str, *extensions: str) -> None:
        self.caller = Caller(name, extensions)

    def who_calls(self, phone: str) -> Caller | None:
        return self.caller if phone == f"+{CLIENT}" else None


class Desk:
    """The channel beside a journal."""

    def __init__(self, callers: object = None, **settings: object) -> None:
        self.now = HEARD
        given = {"crm_token": TOKEN, "lines": {LINE: "yandex"}, **settings}
        self.channel = receiver("phone", MegafonSettings.model_validate(given), around(callers=callers))
        self.intake = MemoryIntake(HEARD)

    def post(self, body: str | bytes) -> Received:
        raw = body if isinstance(body, bytes) else body.encode()
        delivery = Delivery("POST", "", {}, {}, raw, self.now)
        received = self.channel.receive(delivery, lambda key: self.intake.parts("phone", key))
        self.intake.accept(received.events, channel="phone", parts=received.parts)
        return received

    def command(self, cmd: str, **fields: object) -> Received:
        return self.post(urlencode({"cmd": cmd, "callid": CALL, "phone": CLIENT, **fields, "crm_token": TOKEN}))

    def event(self, state: str, user: str, **more: object) -> Received:
        return self.command("event", **{"type": state, "user": user, "direction": "in", "diversion": LINE, **more})

    def history(self, **more: object) -> Received:
        told = {"type": "in", "status": "Success", "user": "ivanov", "start": "20251201T080006Z", "duration": 120}
        return self.command("history", **{**told, "diversion": LINE, **more})

    def call(self, key: str = f"call:{CALL}") -> Call:
        return self.intake.calls()[key]


def event_of(received: Received) -> tuple[EventType, Call]:
    [event] = received.events
    assert isinstance(event.payload, CallEvent)
    return event.type, event.payload.call


def test_a_success_of_the_reference_is_a_finished_call() -> None:
    received = Desk().post(SUCCESS)
    kind, call = event_of(received)
    assert kind is EventType.CALL_FINISHED
    assert call == Call(
        id=CALL,
        direction=Direction.IN,
        phone="+79160001122",
        line="+74950003344",
        extension="ivanov",
        started_at=datetime(2025, 12, 1, 8, 0, 6, tzinfo=UTC),
        answered_at=HEARD - timedelta(seconds=123),
        ended_at=HEARD,
        talk_seconds=123,
        wait_seconds=31,
        recording=f"https://example.megapbx.ru/records/{CALL}.mp3",
        outcome=CallOutcome.TALKED,
        line_name="yandex",
        group="Отдел продаж",
    )
    [event] = received.events
    assert isinstance(event.payload, CallEvent)
    assert event.payload.utm == Utm(source="yandex")
    assert event.external_id == f"call:{CALL}"
    assert event.person.phones == ("+79160001122",)
    assert (received.reply.status, received.reply.body) == (200, b"")


def test_a_missed_call_of_the_reference_is_missed_and_rang_nobody() -> None:
    kind, call = event_of(Desk().post(MISSED))
    assert (kind, call.outcome, call.extension) == (EventType.CALL_MISSED, CallOutcome.MENU, "")
    assert (call.reason, call.talk_seconds) == ("не ответили", 0)


def test_the_events_of_the_reference_start_a_call_once_and_end_none() -> None:
    desk = Desk()
    for state, user in (("INCOMING", "ivanov"), ("ACCEPTED", "ivanov"), ("CANCELLED", "petrova")):
        ext = {"ivanov": "510", "petrova": "511"}[user]
        body = (
            f"cmd=event&type={state}&phone={CLIENT}&diversion={LINE}&user={user}&{GROUP}&ext={ext}"
            f"&telnum=79230000{ext}&direction=in&callid={CALL}&crm_token={TOKEN}"
        )
        assert desk.post(body).reply.status == 200
    assert desk.intake.types() == {f"start:{CALL}": "call.started"}


def test_a_colleague_whose_phone_stops_ringing_has_missed_nothing() -> None:
    desk = Desk()
    for state, user in (("INCOMING", "ivanov"), ("INCOMING", "petrova"), ("ACCEPTED", "ivanov")):
        desk.event(state, user)
    desk.event("CANCELLED", "petrova")
    desk.history()
    assert desk.intake.types() == {f"start:{CALL}": "call.started", f"call:{CALL}": "call.finished"}
    assert (desk.call().extension, desk.call().rung) == ("ivanov", ("ivanov", "petrova"))


def test_a_call_that_rang_phones_in_vain_is_missed_by_those_who_were_rung() -> None:
    desk = Desk()
    desk.event("INCOMING", "ivanov")
    desk.event("CANCELLED", "ivanov")
    desk.history(user="", status="Missed", duration=0)
    call = desk.call()
    assert (call.outcome, call.extension, call.rung) == (CallOutcome.MISSED, "ivanov", ("ivanov",))


def test_the_login_of_a_group_is_nobody() -> None:
    desk = Desk()
    desk.history(user="g_1f3@krovlya.megapbx.ru", status="Missed", duration=0)
    assert desk.call().extension == ""


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("Cancel", CallOutcome.NOT_REACHED),
        ("Busy", CallOutcome.NOT_REACHED),
        ("NotAvailable", CallOutcome.NOT_REACHED),
        ("NotAllowed", CallOutcome.FAILED),
        ("NotFound", CallOutcome.FAILED),
        ("Success", CallOutcome.NOT_REACHED),
    ],
)
def test_an_outgoing_call_without_a_talk_tells_why(status: str, outcome: CallOutcome) -> None:
    kind, call = event_of(Desk().history(type="out", status=status, duration=0))
    assert (kind, call.outcome, call.direction) == (EventType.CALL_FINISHED, outcome, Direction.OUT)


def test_a_rating_goes_along_as_a_tag_and_makes_no_event() -> None:
    desk = Desk()
    assert desk.post(RATING).events == ()
    desk.post(SUCCESS)
    assert desk.call().tags == ("оценка 4",)


def test_the_answer_to_a_call_names_whoever_the_crm_knows() -> None:
    reply = Desk(Known("Мария Петрова", "510", "ivanov")).post(CONTACT).reply
    assert json.loads(reply.body) == {"contact_name": "Мария Петрова"}
    routed = Desk(Known("Мария Петрова", "510", "Пётр Иванов", "ivanov"), route=True).post(CONTACT).reply
    assert json.loads(routed.body) == {"contact_name": "Мария Петрова", "responsible": "ivanov"}
    assert routed.content_type.startswith("application/json")


def test_nobody_known_is_an_empty_object_and_no_list() -> None:
    assert Desk(Known("Мария")).post(CONTACT.replace(CLIENT, "79990000000")).reply.body == b"{}"
    assert Desk(Known("", "510"), route=True).post(CONTACT).reply.body == b"{}"
    assert Desk(Known("Мария")).command("contact", phone="anonymous").reply.body == b"{}"


def test_json_is_read_as_a_form_is() -> None:
    fields = {"cmd": "history", "type": "in", "status": "Missed", "user": None, "callid": 42, "phone": int(CLIENT)}
    told = {**fields, "start": "20251201T081000Z", "duration": 0, "crm_token": TOKEN}
    received = Desk().post(json.dumps(told).encode())
    assert event_of(received)[1].phone == "+79160001122"
    assert TOKEN not in received.events[0].raw.decode()


def test_talks_among_employees_make_no_event() -> None:
    desk = Desk()
    desk.event("INCOMING", "ivanov", phone="511")
    desk.history(phone="511")
    assert desk.intake.types() == {}


def transferred() -> list[dict[str, object]]:
    half = {"callid": "half"}
    return [
        {"cmd": "event", "type": "INCOMING", "user": "ivanov", "direction": "in"},
        {"cmd": "event", "type": "ACCEPTED", "user": "ivanov", "direction": "in"},
        {"cmd": "event", "type": "ACCEPTED", "user": "petrova", "direction": "in", **half},
        {"cmd": "event", "type": "TRANSFERRED", "user": "ivanov", "direction": "in", "second_callid": "half"},
        {"cmd": "event", "type": "COMPLETED", "user": "petrova", "direction": "in", **half},
    ]


def test_a_call_that_is_passed_on_stays_one_and_belongs_to_who_talked_last() -> None:
    desk = Desk()
    for fields in transferred():
        desk.now += timedelta(seconds=5)
        desk.command(**fields)  # type: ignore[arg-type]
    desk.history(callid="half", user="petrova", link="https://a.megapbx.ru/half.mp3", duration=60)
    desk.history()
    assert desk.intake.types() == {
        f"start:{CALL}": "call.started",
        "rec:https://a.megapbx.ru/half.mp3": "call.recorded",
        f"call:{CALL}": "call.finished",
    }
    call = desk.call()
    assert (call.extension, call.transferred, call.talk_seconds) == ("petrova", True, 120)


def test_nothing_more_is_waited_for_of_a_second_half() -> None:
    desk = Desk()
    for fields in transferred():
        desk.command(**fields)  # type: ignore[arg-type]
    desk.history()
    assert desk.channel._book.close_lost(desk.intake, HEARD + timedelta(hours=9)) == 0


def orders() -> Sequence[tuple[dict[str, object], ...]]:
    rest = transferred()
    return [(*first, *rest[4:]) for first in itertools.permutations(rest[:4])]


@pytest.mark.parametrize("order", orders())
def test_in_whatever_order_a_transfer_is_told_it_ends_once(order: Sequence[dict[str, object]]) -> None:
    desk = Desk()
    for fields in (*order, *order):
        desk.command(**fields)  # type: ignore[arg-type]
    desk.history()
    desk.history(callid="half", user="petrova", duration=60)
    ends = [key for key, kind in desk.intake.types().items() if kind != "call.started"]
    assert ends == [f"call:{CALL}"]
    assert desk.call().transferred


def test_a_call_that_is_told_late_ends_when_it_did() -> None:
    desk = Desk()
    desk.now = HEARD + timedelta(days=1)
    desk.history()
    assert desk.call().ended_at == datetime(2025, 12, 1, 8, 2, 6, tzinfo=UTC)


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"hello", b"\x1f\x8bnot gzip", b"crm_token[]=" + TOKEN.encode()])
def test_rubbish_without_the_token_is_refused(body: bytes) -> None:
    with pytest.raises(RefusedError):
        Desk().post(body)


@pytest.mark.parametrize("cmd", ["event", "history", "rating"])
def test_a_command_about_no_call_is_unreadable(cmd: str) -> None:
    with pytest.raises(UnreadableError, match="callid"):
        Desk().command(cmd, callid="")


FIELDS = ("type", "status", "user", "ext", "phone", "start", "duration", "link", "diversion", "direction", "rating")
WORDS = (
    st.sampled_from(["", "in", "INCOMING", "Success", "0", "-1", "9" * 30, "20259999T000000Z", "[]", "ы\x00"])
    | st.text()
)


@given(st.sampled_from(["event", "history", "rating", "contact", ""]), st.dictionaries(st.sampled_from(FIELDS), WORDS))
def test_whatever_the_exchange_writes_is_taken(cmd: str, fields: dict[str, str]) -> None:
    received = Desk().command(cmd, **fields)
    assert received.reply.status == 200
    assert len(received.events) <= 1
