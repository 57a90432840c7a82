"""Answers that the staff write in the card: brought to the client, and their fate told back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provodka.crm import ChatDelivery, DeliveryState
from provodka.errors import Rejected, Retryable
from provodka.event import Event
from provodka.operation import Done, Outcome
from provodka.payloads import Person
from provodka.talks import StaffReply
from rules.actions.base import Delivery, Fate
from rules.actions.reply import answer_mark
from rules.actions.report import reply_key
from tests.rules.around_crm import AroundCrm
from tests.rules.talker import Addresses, FakeTalker
from tests.rules.world import NOW, FakeMessenger, World, make_event

MEDIA = {"kind": "picture", "url": "https://crm/$a/p.jpg", "name": "p.jpg", "size": 9}
DELIVERED, READ, FAILED = DeliveryState.DELIVERED, DeliveryState.READ, DeliveryState.FAILED


def answer(text: str = "Добрый день", **more: Any) -> Event:
    reply = {
        "message_id": "crm-1",
        "crm_chat_id": "e0",
        "sent_at": NOW.isoformat(),
        "chat_id": "77",
        "text": text,
        "source": "bot",
        **more,
    }
    return make_event("reply.written", Person(), channel="crm", reply=reply)


def news(state: str = "read", error: str = "") -> Event:
    return make_event("message.state", Person(), channel="bot", sent={"id": "m1", "state": state, "error": error})


def carried(world: World, event: Event, kind: str = "reply", **more: Any) -> Outcome:
    item = Delivery(f"{event.id}:{kind}", {}, event.identities, event, **more)
    (outcome,) = world.deliver_items([item], kind)
    return outcome


@pytest.fixture
def bot() -> FakeTalker:
    return FakeTalker()


@pytest.fixture
def world(bot: FakeTalker) -> World:
    return World(crm=AroundCrm(), correspondents={"other": FakeTalker("other"), "bot": bot})  # type: ignore[dict-item]


def test_an_answer_goes_by_the_channel_of_its_talk_and_is_known_by_what_that_called_it(
    world: World, bot: FakeTalker
) -> None:
    outcome = carried(world, answer())
    assert [(sent.to, sent.text) for sent in bot.sent] == [("77", "Добрый день")]
    assert isinstance(outcome, Done)
    assert (outcome.values["by"], outcome.values["answer"]) == ("bot", answer_mark("bot", "m1"))


def test_an_answer_whose_channel_is_gone_is_refused_by_name(world: World) -> None:
    for source in ("gone", ""):
        refused = carried(world, answer(source=source))
        assert isinstance(refused, Rejected)
        assert "Канал этой переписки" in refused.hint


def test_a_talk_without_a_line_goes_by_the_only_messenger_that_there_is(world: World, bot: FakeTalker) -> None:
    world.correspondents = {"bot": bot}  # type: ignore[dict-item]
    assert isinstance(carried(world, answer(source="")), Done)
    assert bot.sent[0].to == "77"


def test_a_talk_that_was_begun_in_the_crm_goes_to_the_phone(world: World) -> None:
    whatsapp = FakeTalker("wa", ("whatsapp",))
    world.correspondents["wa"] = whatsapp  # type: ignore[assignment]
    outcome = carried(world, answer(chat_id="", source="", phone="+79160001122"))
    assert isinstance(outcome, Done)
    assert whatsapp.sent[0].to == "79160001122"
    sms = FakeMessenger("sms")
    sms.reaches = ("phone",)
    world.correspondents = {"sms": sms, **world.correspondents}
    carried(world, answer(chat_id="", source="", phone="+79160001122"))
    assert len(whatsapp.sent) == 2, "a chat is not begun to be sent as an SMS, wherever that channel stands"
    del world.correspondents["wa"], world.correspondents["sms"]
    refused = carried(world, answer(chat_id="", source="", phone="+79160001122"))
    assert isinstance(refused, Rejected)
    assert "первым по номеру" in refused.hint


def test_a_file_of_the_crm_is_fetched_and_goes_along(world: World, bot: FakeTalker) -> None:
    carried(world, answer("", media=MEDIA))
    assert [file.sha256 for file in bot.sent[0].files] == ["abc"]
    assert [wanted.url for wanted in world.web.asked] == ["https://crm/$$a/p.jpg"], "nothing of it is a name of ours"


def test_a_file_for_a_channel_without_files_goes_as_an_address_of_ours(world: World, bot: FakeTalker) -> None:
    bot.carries_files = False
    assert isinstance(carried(world, answer(media=MEDIA)), Rejected), "we have no address to give"
    world.files = Addresses()
    carried(world, answer(media=MEDIA))
    assert bot.sent[0].text == "Добрый день\nhttps://we/files/abc/p.jpg"


def test_an_empty_answer_is_refused(world: World) -> None:
    refused = carried(world, answer(""))
    assert isinstance(refused, Rejected)
    assert refused.hint == "В ответе нет ни текста, ни файла."


@pytest.mark.parametrize(
    ("fate", "told"),
    [
        (Fate("done"), (DELIVERED, "")),
        (Fate("dead", "Клиент заблокировал бота"), (FAILED, "Клиент заблокировал бота")),
        (Fate("dead", "x", unknown=True), (FAILED, "неизвестно, дошло ли сообщение: посмотрите в мессенджере")),
    ],
)
def test_the_card_hears_how_an_answer_ended(world: World, fate: Fate, told: tuple[DeliveryState, str]) -> None:
    world.links.fates[reply_key("e1")] = fate
    assert isinstance(carried(world, answer(), "report"), Done)
    assert world.crm is not None
    ((sent,),) = world.crm.calls("report_deliveries")
    assert (sent.message_id, sent.state, sent.error) == ("crm-1", *told)


def test_the_news_wait_for_an_answer_that_has_not_gone_yet(world: World) -> None:
    assert isinstance(carried(world, answer(), "report"), Retryable)


def test_news_of_what_is_no_answer_from_the_card_are_nobodys(world: World) -> None:
    outcome = carried(world, news(), "report")
    assert isinstance(outcome, Done)
    assert world.crm is not None
    assert world.crm.calls("report_deliveries") == []


@pytest.mark.parametrize(("state", "kind"), [("read", Done), ("failed", Rejected)])
def test_a_tick_that_the_card_refuses_is_nobodys_work_but_a_failure_is(world: World, state: str, kind: type) -> None:
    assert world.crm is not None
    world.links.answers[("bot", "m1")] = StaffReply("crm-1", "e0", NOW, "77")
    world.crm.refuse["report_deliveries"] = Rejected("message not found")
    assert isinstance(carried(world, news(state), "report"), kind)


@given(st.lists(st.sampled_from([DELIVERED, READ, FAILED]), max_size=8))
def test_what_was_read_is_never_told_to_be_anything_else_and_nothing_is_told_twice(states: list[DeliveryState]) -> None:
    world = World(crm=AroundCrm())
    reply = StaffReply("crm-1", "e0", NOW, "77")
    world.links.answers[("bot", "m1")] = reply
    told: list[DeliveryState] = []
    for state in states:
        outcome = carried(world, news(state.value), "report")
        assert isinstance(outcome, Done)
        if mark := outcome.values.get("reported"):
            world.links.told.add(mark)
            told.append(state)
    assert world.crm is not None
    assert [sent for batch in world.crm.calls("report_deliveries") for sent in batch] == [
        ChatDelivery("crm-1", "77", state) for state in told
    ]
    assert len(set(told)) == len(told)
    assert READ not in told[:-1]
    assert (READ in told) == (READ in states)
