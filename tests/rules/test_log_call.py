"""The call in the feed: once, and with its recording whenever that comes."""

from __future__ import annotations

from typing import Any

from provodka.crm import Contact, NewNote
from provodka.errors import Rejected
from provodka.event import Event
from provodka.operation import Done
from provodka.payloads import LeadRef
from tests.rules.world import World, deliver_step, make_event

NEEDED = {"lead_id": "100", "contact_id": "c100", "responsible": "anna"}
LINK = "https://pbx.example/rec/1.mp3"


def call(kind: str = "call.finished", **more: Any) -> Event:
    values = {"id": "abc", "direction": "in", "phone": "+79160001122", "extension": "102", **more}
    return make_event(kind, channel="phone", call=values)


def test_a_call_is_logged_on_the_lead_for_the_one_who_talked() -> None:
    world = World()
    outcome = deliver_step(world, "log_call", call(), needed=NEEDED)
    ((logged,),) = world.crm.calls("log_calls")
    assert (logged.lead_id, logged.contact_id) == ("100", "")
    assert (logged.responsible, logged.source, logged.call.id) == ("ivan@krovlya.ru", "phone", "abc")
    assert isinstance(outcome, Done)
    assert outcome.values["call"] == "phone:abc"


def test_a_call_that_nobody_took_is_logged_for_the_responsible_of_the_lead() -> None:
    world = World()
    deliver_step(world, "log_call", call("call.missed", extension=""), needed=NEEDED)
    assert world.crm.calls("log_calls")[0][0].responsible == "anna@krovlya.ru"


def test_a_call_of_a_known_person_without_a_lead_is_logged_on_the_card() -> None:
    world = World()
    world.crm.know(Contact("4", "Пётр", ("+79160001122",)))
    deliver_step(world, "log_call", call())
    assert (world.crm.calls("log_calls")[0][0].lead_id, world.crm.calls("log_calls")[0][0].contact_id) == ("", "4")


def test_a_recording_that_comes_after_the_call_was_logged_becomes_a_note() -> None:
    world = World()
    world.links.logged["phone:abc"] = ""
    outcome = deliver_step(world, "log_call", call("call.recorded", recording=LINK), needed=NEEDED)
    assert world.crm.calls("log_calls") == []
    assert world.crm.calls("add_notes") == [[NewNote(f"Запись разговора: {LINK}", "100")]]
    assert isinstance(outcome, Done)
    assert outcome.values["recording"] == LINK


def test_a_recording_that_comes_first_is_logged_with_the_call() -> None:
    world = World()
    outcome = deliver_step(world, "log_call", call("call.recorded", recording=LINK), needed=NEEDED)
    assert world.crm.calls("log_calls")[0][0].call.recording == LINK
    assert isinstance(outcome, Done)
    assert outcome.values["recording"] == LINK


def test_a_call_that_is_logged_already_is_not_logged_again() -> None:
    for kind, recording, logged in (
        ("call.finished", "", ""),
        ("call.finished", "", LINK),
        ("call.recorded", LINK, LINK),
    ):
        world = World()
        world.links.logged["phone:abc"] = logged
        outcome = deliver_step(world, "log_call", call(kind, recording=recording), needed=NEEDED)
        assert isinstance(outcome, Done)
        assert outcome.found
        assert world.crm.names == []


def test_an_event_without_a_call_is_refused() -> None:
    world = World()
    world.crm.know(Contact("4", "Пётр"), LeadRef("17"))
    assert isinstance(deliver_step(world, "log_call", make_event()), Rejected)


def test_a_call_of_a_stranger_has_nowhere_to_go_without_an_intake() -> None:
    outcome = deliver_step(World(), "log_call", call())
    assert isinstance(outcome, Rejected)
    assert "intake" in outcome.hint
