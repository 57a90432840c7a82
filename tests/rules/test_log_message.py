"""A message of a messenger in the card: as a chat or a note, with its files, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from provodka.crm import CardKind, ChatMedia, ChatMessage, MediaKind
from provodka.errors import Ambiguous, Rejected, Retryable
from provodka.event import Event
from provodka.operation import Done, Outcome
from provodka.payloads import Person
from rules.actions import REGISTRY
from rules.beside import Beside
from rules.check import check
from rules.warnings import warnings
from tests.rules.around_crm import AroundCrm
from tests.rules.talker import PHOTO, VOICE, Addresses, FakeTalker, said
from tests.rules.world import NOW, STAFF, World, deliver_step, make_event, make_rule

MARIA = Person("Мария", ("+79160001122",), messengers=("telegram:77",))
NEEDED = {"lead_id": "100", "contact_id": "c100", "responsible": "anna"}
TALKS = Beside(crm="amoCRM", talks=True, public=True)


@pytest.fixture
def crm() -> AroundCrm:
    crm = AroundCrm()
    crm.talking = True
    return crm


@pytest.fixture
def bot() -> FakeTalker:
    return FakeTalker()


@pytest.fixture
def world(crm: AroundCrm, bot: FakeTalker) -> World:
    return World(crm=crm, correspondents={"bot": bot}, files=Addresses())  # type: ignore[dict-item]


def message(text: str = "Здравствуйте", *files: dict[str, Any], kind: str = "message.received", **more: Any) -> Event:
    return make_event(kind, MARIA, channel="bot", message=said(text, *files), **more)


def log(world: World, event: Event, step: Any = "log_message", **more: Any) -> Outcome:
    return deliver_step(world, step, event, **{"needed": NEEDED, **more})


def lines(crm: AroundCrm) -> list[ChatMessage]:
    return [line for sent in crm.calls("post_messages") for line in sent]


def notes(crm: AroundCrm) -> list[str]:
    return [note.text for sent in crm.calls("add_notes") for note in sent]


def test_a_message_is_a_line_of_the_chat_that_an_answer_can_find_its_way_back_by(world: World, crm: AroundCrm) -> None:
    outcome = log(world, message())
    assert lines(crm) == [
        ChatMessage(
            id="bot:5",
            chat_id="77",
            person_id="telegram:77",
            person_name="Мария",
            sent_at=NOW,
            text="Здравствуйте",
            phone="+79160001122",
            source="bot",
            lead_id="100",
            contact_id="c100",
        )
    ]
    assert isinstance(outcome, Done)
    assert (outcome.values["as"], outcome.values["logged"]) == ("chat", "e1")


def test_a_crm_without_a_channel_of_talks_gets_a_note_and_so_does_who_asks_for_one(
    world: World, crm: AroundCrm
) -> None:
    log(world, message(), {"log_message": {"as": "note"}})
    crm.talking = False
    log(world, message())
    assert notes(crm) == ["Telegram, Мария: Здравствуйте"] * 2
    refused = log(world, message(), {"log_message": {"as": "chat"}})
    assert isinstance(refused, Rejected)
    assert "crm.chats" in refused.hint
    assert lines(crm) == []


def test_the_words_go_with_the_first_file_and_each_other_file_is_a_line_of_its_own(
    world: World, crm: AroundCrm
) -> None:
    log(world, message("Смотрите", PHOTO, VOICE))
    assert [(line.id, line.text, line.media) for line in lines(crm)] == [
        ("bot:5", "Смотрите", ChatMedia(MediaKind.PICTURE, "https://we/files/hash-of-a/крыша.jpg", "крыша.jpg", 9)),
        ("bot:5:1", "", ChatMedia(MediaKind.VOICE, "https://we/files/hash-of-b/голос.ogg", "голос.ogg", 7)),
    ]


def test_where_the_crm_cannot_reach_us_the_file_hangs_on_the_card_and_the_chat_says_so(
    world: World, crm: AroundCrm
) -> None:
    world.files = None
    log(world, message("Смотрите", PHOTO))
    assert [(line.text, line.media) for line in lines(crm)] == [
        ("Смотрите\n[файл крыша.jpg: приложен к карточке]", None)
    ]
    ((hung,),) = crm.calls("attach_files")
    assert (hung.file.name, hung.card.kind, hung.card.id) == ("крыша.jpg", CardKind.LEAD, "100")
    assert crm.names.index("attach_files") < crm.names.index("post_messages"), "a file can be looked for again"


def test_a_file_that_the_card_cannot_take_now_holds_the_words_back_and_doubles_nothing(
    world: World, crm: AroundCrm
) -> None:
    world.files = None
    crm.refuse["attach_files"] = Retryable("down")
    assert isinstance(log(world, message("Смотрите", PHOTO)), Retryable)
    assert lines(crm) == []
    del crm.refuse["attach_files"]
    crm.refuse["post_messages"] = Retryable("down")
    assert isinstance(log(world, message("Смотрите", PHOTO)), Ambiguous), "the file is there and must be found again"


def test_a_file_that_the_card_refuses_costs_the_words_nothing(world: World, crm: AroundCrm) -> None:
    crm.refuse["attach_files"] = Rejected("too large")
    outcome = log(world, message("Смотрите", PHOTO), {"log_message": {"as": "note"}})
    assert isinstance(outcome, Done)
    assert outcome.values["reason"] == "the card refused the file: too large"


def test_a_message_waits_a_while_for_its_file_and_is_then_shown_without(
    world: World, crm: AroundCrm, bot: FakeTalker
) -> None:
    bot.refuse = Retryable("no answer")
    event = message("Смотрите", PHOTO)
    assert isinstance(log(world, event), Retryable)
    assert lines(crm) == []
    world.now = NOW + timedelta(minutes=11)
    outcome = log(world, event)
    assert [line.text for line in lines(crm)] == ["Смотрите\n[файл крыша.jpg: мессенджер так и не отдал файл]"]
    assert isinstance(outcome, Done)
    assert outcome.values["reason"] == "file «крыша.jpg»: no answer"


def test_a_file_that_nobody_can_have_is_named_with_the_reason(world: World, crm: AroundCrm, bot: FakeTalker) -> None:
    bot.refuse = Rejected("too big", hint="файл больше 20 МБ")
    log(world, message("", PHOTO))
    assert [line.text for line in lines(crm)] == ["[файл крыша.jpg: файл больше 20 МБ]"]
    world.correspondents = {}
    log(world, message("", PHOTO))
    assert lines(crm)[-1].text == "[файл крыша.jpg: канал не отдаёт файлы]"


def test_a_talk_of_several_people_is_noted_and_as_a_chat_it_is_no_single_card_s(world: World, crm: AroundCrm) -> None:
    group = make_event("message.received", MARIA, channel="bot", message=said("Всем привет", group=True))
    log(world, group)
    assert notes(crm) == ["Telegram, Мария: Всем привет"]
    log(world, group, {"log_message": {"as": "chat"}})
    assert [(line.chat_id, line.lead_id, line.contact_id) for line in lines(crm)] == [("77", "", "")]


def test_what_says_nothing_is_shown_all_the_same(world: World, crm: AroundCrm) -> None:
    log(world, message(""))
    log(world, make_event("message.received", MARIA, channel="bot", message=said("", button="price")))
    assert [line.text for line in lines(crm)] == ["[сообщение без текста]", "[кнопка: price]"]


def test_an_edited_message_is_a_line_of_its_own_that_says_so(world: World, crm: AroundCrm) -> None:
    log(world, message("Приезжайте в 10", kind="message.edited"))
    assert [(line.id, line.text) for line in lines(crm)] == [("bot:5:e1", "Исправлено: Приезжайте в 10")]


def test_what_one_of_ours_wrote_outside_is_shown_as_of_the_responsible(world: World, crm: AroundCrm) -> None:
    log(world, message("Выезжаем", kind="message.sent", staff="Иван"))
    assert [(line.staff, line.text, line.person_id) for line in lines(crm)] == [
        ("anna@krovlya.ru", "Иван: Выезжаем", "telegram:77")
    ]
    nobody = {**NEEDED, "responsible": ""}
    log(world, message("Выезжаем", kind="message.sent", staff="Иван"), needed=nobody)
    assert notes(crm) == ["Telegram, Иван: Выезжаем"]


def test_a_message_that_is_shown_already_is_not_shown_again(world: World, crm: AroundCrm) -> None:
    world.links.shown.add("e1")
    outcome = log(world, message())
    assert isinstance(outcome, Done)
    assert (outcome.found, lines(crm)) == (True, [])


def test_an_event_without_a_message_of_a_messenger_is_refused(world: World) -> None:
    event = make_event("email.received", MARIA, message={"subject": "Тема"})
    assert isinstance(log(world, event), Rejected)


def test_check_wants_a_channel_for_a_chat_and_warns_where_files_would_not_show() -> None:
    rule = make_rule({"log_message": {"as": "chat"}}, on="message.received")
    problems = check([rule], REGISTRY, STAFF, {}, replace(TALKS, talks=False))
    assert [problem.text for problem in problems] == ["the CRM has no channel for talks"]
    assert check([rule], REGISTRY, STAFF, {}, TALKS) == []
    assert warnings([rule], REGISTRY, TALKS) == []
    (warning,) = warnings([rule], REGISTRY, replace(TALKS, public=False))
    assert "server.public_url" in warning.hint
    as_note = make_rule({"log_message": {"as": "note"}}, on="message.received")
    assert warnings([as_note], REGISTRY, replace(TALKS, public=False)) == []


def test_check_refuses_the_action_where_the_event_has_no_message() -> None:
    rule = make_rule("log_message", on="call.finished")
    assert [problem.text for problem in check([rule], REGISTRY, STAFF, {}, TALKS)] == [
        "call.finished has no message for log_message"
    ]
