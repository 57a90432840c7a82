"""Talks of messengers in the portal's open lines: handed in, answered by the staff, reported back."""

from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
import responses

from connectors.bitrix24.crm import Bitrix24
from connectors.bitrix24.hooks import EVENTS, TALK_EVENT, BitrixHooks
from connectors.bitrix24.settings import BitrixSettings
from connectors.bitrix24.talk_hooks import message_parts, read_replies
from connectors.talks.keys import chat_key
from provodka.channel import Delivery, RefusedError
from provodka.crm import ChatDelivery, ChatMedia, ChatMessage, DeliveryState, MediaKind
from provodka.errors import Ambiguous, OutcomeUnknownError, Rejected
from provodka.operation import Done, Request
from sandbox.bitrix24.api_channels import open_line
from sandbox.bitrix24.multifields import values
from sandbox.bitrix24.schema import CONTACT, LEAD, TYPES

SENT_AT = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
SECRET = "long-secret"
ANNA = "anna@krovlya.ru"


def message(number="1", **more):
    given = {"id": f"tg-msg-{number}", "chat_id": "123456", "person_id": "123456", "person_name": "Иван Петров"}
    return ChatMessage(**{**given, "sent_at": SENT_AT, "text": "Здравствуйте", **more})


@pytest.fixture
def make_app(make_crm, desk):
    offer = desk.control("oauth", method="GET")

    def make(**talks):
        own = {key: offer[key] for key in ("client_id", "client_secret", "refresh_token")}
        oauth = {**own, "server": desk.portal.url}
        return make_crm(url=desk.portal.url, oauth=oauth, talks={"title": "Telegram", **talks}, hook_secret=SECRET)

    return make


@pytest.fixture
def app(make_app):
    app = make_app()
    app.connect_talks()
    return app


def dialogs(desk):
    return list(desk.portal.store.table("dialogs").values())


def delivery(fields, path=SECRET):
    body = urlencode(fields).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return Delivery("POST", path, headers, {}, body, SENT_AT)


def reply_fields(text="[b]Анна Смирнова:[/b] [br]Добрый день!", key="bot-1:123456", **more):
    fields = {
        "event": "ONIMCONNECTORMESSAGEADD",
        "data[CONNECTOR]": "provodka",
        "data[LINE]": "1",
        "data[MESSAGES][0][im][chat_id]": "1807",
        "data[MESSAGES][0][im][message_id]": "86497",
        "data[MESSAGES][0][message][user_id]": "5",
        "data[MESSAGES][0][message][text]": text,
        "data[MESSAGES][0][chat][id]": key,
        "ts": str(int(SENT_AT.timestamp())),
        "auth[application_token]": "app-token",
    }
    return {**fields, **more}


def settings(**more):
    given = {
        "type": "bitrix24",
        "url": "https://demo.bitrix24.ru",
        "oauth": {"client_id": "a", "client_secret": "b", "refresh_token": "c"},
        "talks": {},
        "hook_secret": SECRET,
        "application_token": "app-token",
    }
    return BitrixSettings.model_validate({**given, **more})


def test_a_channel_is_registered_and_switched_on_once(app, desk):
    [row] = desk.portal.store.table("connectors").values()
    assert (row["name"], row["lines"]["1"]["active"], row["group"]) == ("Telegram", True, False)
    before = desk.called("imconnector.activate")
    app.connect_talks()
    assert desk.called("imconnector.activate") == before


def test_a_line_is_chosen_by_its_name_and_a_wrong_one_is_told_the_nearest(make_app):
    make_app(line="Открытая линия").connect_talks()
    with pytest.raises(Rejected) as refused:
        make_app(line="Открытая ления").connect_talks()
    assert "«Открытая линия»" in refused.value.hint


def test_what_the_client_writes_is_shown_in_the_open_line(app, desk, ask):
    picture = ChatMedia(MediaKind.PICTURE, "https://files.example.ru/1.jpg", "крыша.jpg", 10)
    first, second = app.post_messages(
        ask(message(phone="+79160001122"), message("2", text="", media=picture, person_name="@ivan77 😀"))
    )
    [dialog] = dialogs(desk)
    chat = str(dialog["chat"])
    assert first == Done("tg-msg-1", {"crm_chat_id": chat})
    assert second == Done("tg-msg-2", {"crm_chat_id": chat})
    assert [(one["text"], one["out"]) for one in dialog["messages"]] == [("Здравствуйте", False), ("", False)]


def test_what_one_of_the_staff_wrote_outside_is_shown_as_theirs(app, desk, ask):
    app.post_messages(ask(message(), message("2", text="Перезвоню", staff=ANNA)))
    [dialog] = dialogs(desk)
    assert [one["out"] for one in dialog["messages"]] == [False, True]


def test_a_bad_message_costs_the_others_nothing(app, desk, ask):
    empty, nobody, chatless, good = app.post_messages(
        ask(message(text=" "), message("2", staff="nobody@krovlya.ru"), message("3", person_id=""), message("4"))
    )
    assert "ни текста, ни файла" in empty.hint
    assert isinstance(nobody, Rejected)
    assert "не приняла сообщение" in chatless.hint
    assert isinstance(good, Done)


def test_a_message_whose_answer_was_lost_waits_for_a_person(app, desk):
    app.post_messages([Request("before", message("0"))])
    desk.fault("cut_after")
    [lost] = app.post_messages([Request("one", message())])
    assert type(lost) is Ambiguous
    [unsure] = app.post_messages([Request("one", message(), datetime.now(UTC))])
    assert isinstance(unsure, OutcomeUnknownError)
    [dialog] = dialogs(desk)
    assert len(dialog["messages"]) == 2


def test_an_answer_of_the_staff_comes_by_the_portals_event_and_its_fate_goes_back(app, desk, ask):
    app.post_messages(ask(message(source="bot-1")))
    [dialog] = dialogs(desk)
    fields = reply_fields() | {"data[MESSAGES][0][im][chat_id]": str(dialog["chat"])}
    [reply] = read_replies(delivery(fields), settings())
    assert (reply.text, reply.staff_name, reply.chat_id, reply.source) == (
        "Добрый день!",
        "Анна Смирнова",
        "123456",
        "bot-1",
    )
    assert (reply.crm_chat_id, reply.sent_at) == (str(dialog["chat"]), SENT_AT)
    delivered = ChatDelivery(reply.message_id, reply.chat_id, DeliveryState.DELIVERED)
    for _ in range(2):
        assert app.report_deliveries(ask(delivered)) == [Done(reply.message_id)]
    assert [row["word"] for row in desk.portal.store.table("ticks").values()] == ["delivered"]
    app.report_deliveries(ask(ChatDelivery(reply.message_id, reply.chat_id, DeliveryState.READ)))
    assert [row["word"] for row in desk.portal.store.table("ticks").values()] == ["read"]


def test_whoever_wrote_what_did_not_arrive_is_told_once(app, desk, ask):
    [reply] = read_replies(delivery(reply_fields()), settings())
    failed = ChatDelivery(reply.message_id, reply.chat_id, DeliveryState.FAILED, "клиент заблокировал бота")
    for _ in range(2):
        assert app.report_deliveries(ask(failed)) == [Done(reply.message_id)]
    [notice] = [row for row in desk.portal.store.table("notifications").values() if row["user_id"] == 5]
    assert "клиент заблокировал бота" in notice["text"]
    [foreign] = app.report_deliveries(ask(ChatDelivery("amo-1", "1", DeliveryState.READ)))
    assert isinstance(foreign, Rejected)


def test_the_portal_really_posts_what_we_can_read(app, desk, ask):
    """The event as the emulated portal sends it, with the vendor's signature before the words."""
    sent = []
    desk.portal.sender.post, before = sent.extend, desk.portal.sender.post
    try:
        app.post_messages(ask(message()))
        assert app.subscribe("https://mw.example.ru/hooks/crm/long-secret") is True
        desk.control("reply", {"connector": "provodka", "line": 1, "chat": "123456", "text": "Выезжаем", "user_id": 5})
    finally:
        desk.portal.sender.post = before
    [parcel] = [one for one in sent if TALK_EVENT in one.body]
    event = Delivery("POST", SECRET, {}, {}, parcel.body.encode(), SENT_AT)
    [reply] = read_replies(event, settings(application_token=None))
    assert (reply.text, reply.staff_name, reply.chat_id) == ("Выезжаем", "Анна Смирнова", "123456")


def test_events_of_talks_are_bound_only_where_there_is_a_channel(app, crm, desk, make_crm):
    app.subscribe("https://mw.example.ru/hooks/crm/long-secret")
    bound = {row["event"].upper() for row in app._room.client.call("event.get")}
    assert TALK_EVENT in bound
    assert set(EVENTS) <= bound


def test_marks_of_the_portal_are_no_part_of_the_words():
    links = "[url=https://a.ru/x]прайс[/url] и [url]https://a.ru[/url]"
    text = f"[b]Анна:[/b] [br]Смотрите {links}[br][i]жду[/i] [1] &quot;да&quot;"
    [reply] = read_replies(delivery(reply_fields(text)), settings())
    assert reply.text == 'Смотрите прайс (https://a.ru/x) и https://a.ru\nжду [1] "да"'
    [unsigned] = read_replies(delivery(reply_fields("просто текст")), settings())
    assert (unsigned.text, unsigned.staff_name) == ("просто текст", "")


def test_a_message_with_two_files_is_two_replies():
    files = {
        "data[MESSAGES][0][message][files][0][link]": "https://demo.bitrix24.ru/1",
        "data[MESSAGES][0][message][files][0][name]": "фото.jpg",
        "data[MESSAGES][0][message][files][0][type]": "image",
        "data[MESSAGES][0][message][files][0][size]": "100",
        "data[MESSAGES][0][message][files][1][link]": "https://demo.bitrix24.ru/2",
        "data[MESSAGES][0][message][files][1][name]": "смета.pdf",
    }
    first, second = read_replies(delivery(reply_fields(**files)), settings())
    assert first.media == ChatMedia(MediaKind.PICTURE, "https://demo.bitrix24.ru/1", "фото.jpg", 100)
    assert (first.text, second.text) == ("Добрый день!", "")
    assert second.media.kind is MediaKind.FILE


@pytest.mark.parametrize(
    "fields",
    [
        {"event": "ONIMCONNECTORMESSAGEDELETE"},
        {"data[CONNECTOR]": "somebody_else"},
        {"event": "ONCRMLEADADD", "data[FIELDS][ID]": "5"},
    ],
)
def test_other_events_and_other_connectors_bring_no_reply(fields):
    assert read_replies(delivery(reply_fields(**fields)), settings()) == []


def test_a_reply_that_is_not_the_portals_is_refused():
    with pytest.raises(RefusedError):
        read_replies(delivery(reply_fields(), "wrong"), settings())
    with pytest.raises(RefusedError):
        read_replies(delivery(reply_fields(**{"auth[application_token]": "other"})), settings())


@pytest.mark.parametrize(("source", "chat"), [("", "12"), ("", "a:b"), ("бот:1", "12"), ("bot/2", "7:8")])
def test_a_chat_is_known_again_by_line_and_id(source, chat):
    fields = reply_fields(key=chat_key(source, chat))
    [reply] = read_replies(delivery(fields), settings())
    assert (reply.source, reply.chat_id) == (source, chat)
    assert message_parts(reply.message_id) == ("1807", "86497", "5", chat_key(source, chat))


def test_without_a_channel_or_an_application_nothing_is_offered(crm, ask):
    with pytest.raises(Rejected) as refused:
        crm.connect_talks()
    [outcome] = crm.post_messages(ask(message()))
    assert "crm.talks" in refused.value.hint
    assert outcome.hint == refused.value.hint
    with pytest.raises(ValueError, match="local application only"):
        BitrixSettings.model_validate({"type": "bitrix24", "url": "https://demo.bitrix24.ru/rest/1/abc/", "talks": {}})


@responses.activate
def test_the_wire_of_a_registration_and_of_its_refusal(store):
    api = "https://demo.bitrix24.ru/rest"
    token = {"access_token": "acc", "refresh_token": "ref", "expires_in": 3600}
    responses.get("https://oauth.bitrix24.tech/oauth/token/", json=token)
    told = {"result": False, "error": "ICON_REQUIRED", "error_description": "Не указана иконка коннектора"}
    registering = responses.post(f"{api}/imconnector.register", json={"result": told})
    crm = Bitrix24(settings(), store)
    with pytest.raises(Rejected, match="иконка") as refused:
        crm.connect_talks()
    crm.close()
    assert "imopenlines" in refused.value.hint
    body = registering.calls[0].request.body.decode()
    assert '"CHAT_GROUP":false' in body
    assert '"DATA_IMAGE":"data:image/svg+xml,%3Csvg' in body


def test_a_talk_of_our_contact_makes_no_second_card_and_is_found_by_its_open_line(app, desk, ask):
    contact = int(desk.contact("Иван"))
    before = desk.called("crm.item.update")
    messages = [message(str(n), contact_id=str(contact), source="bot-1") for n in range(3)]
    assert all(isinstance(one, Done) for one in app.post_messages(ask(*messages)))
    app.post_messages(ask(message("9", contact_id=str(contact), source="bot-1")))
    card = desk.portal.store.table(TYPES[CONTACT].table)[contact]
    [dialog] = dialogs(desk)
    assert values(card, "IM") == [open_line(dialog)]
    assert desk.called("crm.item.update") == before + 1, "the next messages need no call more"
    assert dialog["crm"] == {"type": TYPES[CONTACT].word, "id": contact}, "the portal's own search finds it by then"
    assert list(desk.portal.store.table(TYPES[LEAD].table)) == []


def test_a_talk_of_nobody_we_know_is_left_to_the_portals_own_search(app, desk, ask):
    app.post_messages(ask(message()))
    [dialog] = dialogs(desk)
    assert dialog["crm"]["type"] == TYPES[LEAD].word


def test_a_card_that_cannot_be_told_of_its_talk_now_is_told_with_the_next_message(app, desk, ask):
    contact = int(desk.contact("Иван"))
    app.post_messages(ask(message("0", contact_id="999999")))
    given = ask(message("1", contact_id=str(contact)), message("2", contact_id=str(contact)))
    assert all(isinstance(one, Done) for one in app.post_messages(given))
    assert len(values(desk.portal.store.table(TYPES[CONTACT].table)[contact], "IM")) == 1


def test_a_card_that_could_not_be_told_of_its_talk_is_told_with_the_next_message_of_anybody(app, desk, ask):
    maria, pavel = int(desk.contact("Мария")), int(desk.contact("Павел"))
    app.post_messages(ask(message("0", contact_id=str(pavel), chat_id="2")))  # so that the channel is connected
    desk.fault(path="/rest/batch", status=500)
    app.post_messages(ask(message("1", contact_id=str(maria), chat_id="3")))
    cards = desk.portal.store.table(TYPES[CONTACT].table)
    assert values(cards[maria], "IM") == []
    app.post_messages(ask(message("2", contact_id=str(pavel), chat_id="2")))
    assert len(values(cards[maria], "IM")) == 1


def test_answers_of_the_staff_are_events_in_the_talk_of_their_client_each_file_one_of_its_own():
    fields = reply_fields() | {f"data[MESSAGES][0][message][files][{n}][link]": f"https://p.ru/{n}.png" for n in (0, 1)}
    second = {key.replace("[MESSAGES][0]", "[MESSAGES][1]"): value for key, value in reply_fields("Ещё").items()}
    fields |= second | {"data[MESSAGES][1][im][message_id]": "86498"}
    events = BitrixHooks("crm", settings(), None).receive(delivery(fields), lambda _: []).events
    assert [event.type.value for event in events] == ["reply.written"] * 3
    assert [event.external_id.rpartition(":")[2] for event in events] == ["0", "1", "0"]
    assert {event.identities for event in events} == {("talk:bot-1/123456",)}
    assert [event.payload.reply.text for event in events] == ["Добрый день!", "", "Ещё"]
    assert BitrixHooks("crm", settings(talks=None), None).receive(delivery(fields), lambda _: []).events == ()
