"""Files that rules hang on leads."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from provodka.crm import CardKind, Contact
from provodka.errors import Ambiguous, ConnectorError, Rejected, Retryable
from provodka.event import Event
from provodka.operation import Done, Outcome
from provodka.payloads import Attachment, Call, LeadRef
from rules.actions import REGISTRY
from rules.actions.attach import AttachParams
from rules.check import check
from tests.rules.around_crm import AroundCrm
from tests.rules.talker import PHOTO as PHOTO_IN_TALK
from tests.rules.talker import VOICE, FakeTalker, said
from tests.rules.world import CLIENT, NOW, STAFF, World, delivery, make_event, make_rule, plan_of

PLAN = {"name": "План.PDF", "content_type": "application/pdf", "size": 10, "sha256": "a"}
PHOTO = {"name": "фото.jpg", "content_type": "image/jpeg", "size": 3000, "sha256": "b"}
HUGE = {"name": "видео.mp4", "content_type": "video/mp4", "size": 10**9}


@pytest.fixture
def crm() -> AroundCrm:
    crm = AroundCrm()
    crm.know(Contact("c1", "Пётр", CLIENT.phones), LeadRef("17", "Крыша"))
    return crm


@pytest.fixture
def world(crm: AroundCrm) -> World:
    return World(crm=crm)


def letter(*files: dict[str, Any]) -> Event:
    return make_event("email.received", message={"attachments": list(files)})


def attach(world: World, params: dict[str, Any], event: Event, **more: Any) -> Outcome:
    (action,) = plan_of({"attach": params}, event=event).actions
    (outcome,) = world.deliver_items([delivery(action, event, **more)], "attach")
    return outcome


def test_the_files_of_a_letter_hang_on_the_lead_and_what_is_left_out_is_told(world: World, crm: AroundCrm) -> None:
    outcome = attach(world, {"from": "letter"}, letter(PLAN, PHOTO, HUGE))
    (sent,) = crm.calls("attach_files")
    assert [(new.file.name, new.card.kind, new.card.id) for new in sent] == [
        ("План.PDF", CardKind.LEAD, "17"),
        ("фото.jpg", CardKind.LEAD, "17"),
    ]
    assert isinstance(outcome, Done)
    assert (outcome.values["files"], outcome.values["reason"]) == (
        "План.PDF, фото.jpg",
        "left out: «видео.mp4» is too large",
    )


def test_only_files_of_the_wanted_kinds_and_sizes_are_taken(world: World, crm: AroundCrm) -> None:
    attach(world, {"from": "letter", "types": [".pdf", "jpg"], "most": "2KB"}, letter(PLAN, PHOTO))
    assert [new.file.name for (new,) in crm.calls("attach_files")] == ["План.PDF"]


def test_a_letter_without_files_leaves_the_lead_alone(world: World, crm: AroundCrm) -> None:
    outcome = attach(world, {"from": "letter", "types": "docx"}, letter(PLAN))
    assert isinstance(outcome, Done)
    assert outcome.values["reason"] == "left out: «План.PDF» is of no wanted type"
    assert isinstance(attach(world, {"from": "letter"}, letter()), Done)
    assert crm.calls("attach_files") == []


def test_a_file_of_an_address_is_fetched_once_and_attached(world: World, crm: AroundCrm) -> None:
    event = make_event(form={"fields": {"file": "plan 1"}})
    params = {"url": "https://forms.example/{{ form.fields.file | urlencode }}", "name": "План.pdf", "types": ["pdf"]}
    (action,) = plan_of({"attach": params}, event=event).actions
    world.deliver_items([delivery(action, event)], "attach")
    (wanted,) = world.web.asked
    assert (wanted.url, wanted.name, wanted.types) == ("https://forms.example/plan%201", "План.pdf", ("pdf",))
    again = delivery(action, event, frozen=world.frozen[action.key], unsure_since=NOW)
    (outcome,) = world.deliver_items([again], "attach")
    assert isinstance(outcome, Done)
    assert (len(world.web.asked), len(crm.calls("attach_files"))) == (1, 1)


def test_an_address_that_gives_no_file_fails_in_its_own_words(world: World, crm: AroundCrm) -> None:
    world.web.refusal = Rejected("the file is too large")
    assert attach(world, {"url": "https://forms.example/a.pdf"}, make_event()) is world.web.refusal
    assert crm.calls("attach_files") == []


def test_an_address_that_came_out_empty_is_no_action() -> None:
    params = {"url": "{{ form.page }}", "allow_any_host": True}
    assert plan_of({"attach": params}).actions == ()


def test_when_one_of_two_files_fails_the_other_is_not_attached_twice(world: World, crm: AroundCrm) -> None:
    crm.refuse["attach_files"] = lambda new: Retryable("later") if new.file.name == "фото.jpg" else None
    event = letter(PLAN, PHOTO)
    (action,) = plan_of({"attach": {"from": "letter"}}, event=event).actions
    (outcome,) = world.deliver_items([delivery(action, event)], "attach")
    assert isinstance(outcome, Ambiguous), "else the next attempt would not look for what is there"
    del crm.refuse["attach_files"]
    again = delivery(action, event, frozen=world.frozen[action.key], unsure_since=NOW)
    (outcome,) = world.deliver_items([again], "attach")
    assert isinstance(outcome, Done)
    assert [new.file.name for new in crm.calls("attach_files")[-1]] == ["фото.jpg"]


def test_without_a_lead_files_hang_on_the_contact(world: World, crm: AroundCrm) -> None:
    crm.lead_cards.clear()
    attach(world, {"from": "letter"}, letter(PLAN))
    assert crm.calls("attach_files")[0][0].card.kind is CardKind.CONTACT


def test_attach_needs_one_source_and_a_host_of_the_configs_own() -> None:
    for wrong in ({}, {"from": "letter", "url": "https://a.example/"}):
        with pytest.raises(ValidationError, match="write either from"):
            AttachParams.model_validate(wrong)
    with pytest.raises(ValidationError, match="write out the host"):
        AttachParams.model_validate({"url": "{{ form.page }}"})


def test_check_tells_that_an_event_brings_no_letter_and_of_an_internal_address() -> None:
    problems = check(
        [make_rule({"attach": {"from": "letter"}}, {"attach": {"url": "https://10.0.0.5/a"}})], REGISTRY, STAFF, {}
    )
    assert [problem.text for problem in problems] == [
        "form.submitted has no message.attachments for attach",
        "10.0.0.5 is an internal address",
    ]


class Tapes:
    """Recordings of one exchange."""

    def __init__(self, error: ConnectorError | None = None) -> None:
        self.error = error

    def fetch_recording(self, call: Call) -> Attachment:
        if self.error is not None:
            raise self.error
        return Attachment(f"{call.recording}.mp3", "audio/mpeg", 5, "sound")


def hung(crm: AroundCrm) -> list[str]:
    return [new.file.name for sent in crm.calls("attach_files") for new in sent]


def test_the_files_of_a_message_are_fetched_and_hung_up(world: World, crm: AroundCrm) -> None:
    bot = FakeTalker()
    world.correspondents = {"bot": bot}  # type: ignore[dict-item]
    event = make_event("message.received", channel="bot", message=said("Смотрите", PHOTO_IN_TALK, VOICE))
    outcome = attach(world, {"from": "message", "types": "jpg"}, event)
    assert hung(crm) == ["крыша.jpg"]
    assert isinstance(outcome, Done)
    assert outcome.values["reason"] == "left out: «голос.ogg» is of no wanted type"
    bot.refuse = Rejected("gone")
    nothing = attach(world, {"from": "message"}, event)
    assert isinstance(nothing, Done)
    assert nothing.values["reason"] == "left out: «крыша.jpg»: gone, «голос.ogg»: gone"
    bot.refuse = Retryable("no answer")
    assert isinstance(attach(world, {"from": "message"}, event), Retryable)


def test_a_recording_is_hung_up_once_the_exchange_has_it(world: World, crm: AroundCrm) -> None:
    event = make_event("call.recorded", channel="phone", call={"id": "1", "direction": "in", "recording": "r1"})
    refused = attach(world, {"from": "recording"}, event)
    assert isinstance(refused, Rejected)
    assert "не отдаёт записи" in refused.hint
    world.recordings["phone"] = Tapes(Retryable("not ready"))
    assert isinstance(attach(world, {"from": "recording"}, event), Retryable)
    world.recordings["phone"] = Tapes(Rejected("too large"))
    assert isinstance(attach(world, {"from": "recording"}, event), Rejected)
    world.recordings["phone"] = Tapes()
    assert isinstance(attach(world, {"from": "recording"}, event), Done)
    assert hung(crm) == ["r1.mp3"]
    silent = make_event("call.finished", channel="phone", call={"id": "1", "direction": "in"})
    outcome = attach(world, {"from": "recording"}, silent)
    assert isinstance(outcome, Done)
    assert outcome.values["reason"] == "there is no file to attach"


def test_check_wants_the_event_to_bring_what_is_hung_up() -> None:
    rules = [
        make_rule({"attach": {"from": source}}, on=on, name=f"{on} {source}")
        for on, source in (
            ("email.received", "message"),
            ("message.received", "letter"),
            ("form.submitted", "recording"),
        )
    ]
    assert [problem.text for problem in check(rules, REGISTRY, STAFF, {})] == [
        "email.received has no message.files for attach",
        "message.received has no message.attachments for attach",
        "form.submitted has no call.recording for attach",
    ]
