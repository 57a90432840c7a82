"""What no notice told is found in the statistics, under the same keys, and what was told is not told again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.calls.net import Net
from connectors.mango.statistics import FIELDS, read_report, watcher
from provodka.event import Event
from sandbox.faults import Fault
from sandbox.senders.mango import MangoSender
from sandbox.senders.service import Client
from tests.connectors.calls.memory_intake import MemoryIntake, MemoryStatus
from tests.connectors.mango.conftest import NOON, Office
from tests.connectors.mango.hearing import Hearing

CLIENT = Client()
SILENCE = {"url": "", "key": "", "salt": "", "extension": "101"}


class Watched:
    """A net that has looked once: nothing of what was before is told."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.net: Net = office.part(watcher)
        self.intake = MemoryIntake(office.clock.now)
        self.status = MemoryStatus()
        self.look()

    def look(self) -> float:
        self.intake.now = self.office.clock.now
        return self.net.round(self.intake, self.status)

    def later(self, minutes: float) -> None:
        self.office.clock.now += timedelta(minutes=minutes)


def test_a_call_that_nobody_told_of_is_told_with_its_recording(office: Office) -> None:
    watched = Watched(office)
    watched.later(60)
    office.mango.press("unheard", CLIENT, SILENCE)
    watched.later(20)
    watched.look()
    assert sorted(watched.intake.types().values()) == ["call.finished", "call.recorded"]
    key = next(key for key in watched.intake.types() if key.startswith("call:"))
    call = watched.intake.calls()[key]
    assert (call.phone, call.line, call.extension) == ("+79160001122", "+74950003344", "101")
    assert (call.talk_seconds, call.wait_seconds, call.outcome) == (120, 8, "talked")
    assert watched.status.told == []
    assert watched.office.mango.stats()["reports"] == 1


def test_what_was_told_by_notices_is_not_told_again(office: Office, heard: Hearing) -> None:
    watched = Watched(office)
    watched.later(60)
    for button in ("call", "missed", "menu", "outgoing", "not_reached", "ring_all"):
        office.clock.now += timedelta(minutes=5)
        office.mango.press(button, CLIENT, heard.given)
    watched.intake.accept(list(heard.events.values()), channel="phone", parts=list(heard.parts.values()))
    before = watched.intake.types()
    watched.later(30)
    watched.look()
    assert watched.intake.types() == before
    assert sum(key.startswith("call:") for key in before) == 6


def test_the_statistics_say_of_each_call_what_the_notices_say(office: Office, heard: Hearing) -> None:
    watched = Watched(office)
    watched.later(60)
    for button in ("call", "missed", "menu", "outgoing", "not_reached", "ring_all"):
        office.clock.now += timedelta(minutes=5)
        office.mango.press(button, CLIENT, heard.given)
    watched.later(30)
    watched.look()
    ends = {key: told(event) for key, event in heard.events.items() if key.startswith("call:")}
    assert len(ends) == 6
    found = {key: told(event) for (_, key), event in watched.intake.events.items() if key.startswith("call:")}
    assert found == ends


def told(event: Event) -> tuple[object, ...]:
    call = event.payload.call  # type: ignore[union-attr]
    return (event.type, call.phone, call.line, call.extension, call.talk_seconds, call.outcome, call.ended_at)


def test_a_call_that_has_just_ended_is_left_to_its_notices_for_two_minutes(office: Office) -> None:
    watched = Watched(office)
    watched.later(60)
    sender = MangoSender(
        "", "", "", log=office.mango.happened, leave_out=frozenset({"/events/call", "/events/summary"})
    )
    sender.missed("79160001122", "74950003344", started=office.clock.now - timedelta(minutes=1))
    watched.look()
    assert watched.intake.types() == {}
    watched.later(3)
    watched.look()
    assert list(watched.intake.types().values()) == ["call.missed"]


def test_nothing_that_was_before_the_first_look_is_ever_told(office: Office) -> None:
    office.mango.press("unheard", CLIENT, SILENCE)
    watched = Watched(office)
    watched.later(30)
    watched.look()
    assert watched.intake.types() == {}


def test_after_a_long_outage_the_calls_of_all_of_it_are_told(office: Office) -> None:
    watched = Watched(office)
    for _ in range(3):
        watched.later(24 * 60)
        office.mango.press("unheard", CLIENT, SILENCE)
    watched.later(60)
    watched.net = office.part(watcher)
    watched.look()
    assert list(watched.intake.types().values()).count("call.finished") == 3


def test_a_report_that_is_being_made_is_asked_for_again(office: Office) -> None:
    office.mango.report_after = 2
    watched = Watched(office)
    watched.later(60)
    office.mango.press("unheard", CLIENT, SILENCE)
    watched.later(20)
    pauses = [watched.look() for _ in range(3)]
    assert pauses[:2] == [6.0, 6.0]
    assert pauses[2] > 60
    assert "call.finished" in watched.intake.types().values()
    assert office.mango.stats()["reports"] == 1


def test_a_report_that_is_gone_is_ordered_anew(office: Office) -> None:
    watched = Watched(office)
    watched.later(60)
    office.mango.press("unheard", CLIENT, SILENCE)
    watched.later(20)
    office.station.faults.arm(Fault(path="/vpbx/stats/result", status=404, body=""))
    watched.look()
    assert watched.intake.types() == {}
    watched.look()
    assert "call.finished" in watched.intake.types().values()


def test_a_wrong_key_is_one_trouble_with_its_cure(office: Office) -> None:
    office.clock.now += timedelta(minutes=1)
    net: Net = office.part(watcher, api_key="чужой")
    intake, status = MemoryIntake(NOON), MemoryStatus()
    net.round(intake, status)
    assert status.troubles == {}
    pause = net.round(intake, status)
    assert "api_key" in status.troubles["phone"][1]
    assert pause > 120
    assert len(net.check()) == 1


def test_statistics_that_are_not_allowed_are_one_trouble_that_says_how_to_do_without(office: Office) -> None:
    watched = Watched(office)
    watched.later(10)
    office.station.faults.arm(Fault(path="/vpbx/stats/request", status=420, body='{"code": 3300}'))
    watched.look()
    assert "statistics: false" in watched.status.troubles["phone"][1]
    watched.look()
    assert watched.status.troubles == {}


def test_without_statistics_only_lost_calls_are_ended(office: Office) -> None:
    net: Net = office.part(watcher, statistics=False)
    net.round(MemoryIntake(NOON), MemoryStatus())
    assert office.mango.stats()["reports"] == 0


@pytest.mark.parametrize("body", [b"", b"\xef\xbb\xbf", b"<html>\n</html>", b"1;2;3", b"[];1;2;;;;;;;;\n"])
def test_what_is_no_line_of_a_report_is_left_out(body: bytes) -> None:
    assert read_report(body) == []


def test_a_line_is_read_in_the_order_of_the_fields() -> None:
    line = (
        "[MTox=,Mjoy=];1764576000;1764576137;1764576014;;79160001122;101;sip:sales1@a.example;1110;74950003344;MzM5=="
    )
    (row,) = read_report(line.encode())
    assert row.records == ("MTox=", "Mjoy=")
    assert (row.entry_id, row.employee, row.direction.value) == ("MzM5==", "101", "in")
    assert len(FIELDS) == len(line.split(";"))
