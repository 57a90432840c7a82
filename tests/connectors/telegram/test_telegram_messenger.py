"""Notices to the staff against the running sandbox bot."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import collect_calls
from connectors.talks.parcel import Room, split
from connectors.telegram.messenger import Telegram
from connectors.telegram.parcel import LONGEST_TEXT, shorten, units
from connectors.telegram.settings import TelegramSettings
from provodka.crm import StaffMessage
from provodka.errors import Ambiguous, AuthFailed, OutcomeUnknownError, RateLimited, Rejected, Retryable
from provodka.event import utc_now
from provodka.messages import ClientMessage, Talker
from provodka.operation import Done, Repeat, Request
from provodka.payloads import Attachment
from provodka.talks import MediaKind, MessageFile
from sandbox.faults import Fault
from sandbox.telegram import Door
from sandbox.telegram import Telegram as Bot


@pytest.fixture(scope="module")
def running_bot():
    with Bot() as bot:
        yield bot


@pytest.fixture
def bot(running_bot):
    running_bot.reset()
    running_bot.faults.clear()
    return running_bot


@pytest.fixture
def make(bot, store):
    made = []

    def telegram(**more):
        settings = {"type": "telegram", "token": "1:sandbox", "api_url": bot.url, **more}
        made.append(Telegram(TelegramSettings.model_validate(settings), store, sleep=lambda _: None))
        return made[-1]

    yield telegram
    for one in made:
        one.close()


def notify(telegram, text="Лид ждёт", to="42"):
    [outcome] = telegram.notify([Request("key", StaffMessage(to, text))])
    return outcome


def texts(bot, chat=42):
    return [message["text"] for message in bot.messages() if message["chat"]["id"] == chat]


def test_a_message_arrives_and_its_id_is_told(bot, make):
    done = notify(make(), "Лид «Сайт: Мария» ждёт")
    [message] = bot.messages()
    assert (message["text"], message["chat"]["id"]) == ("Лид «Сайт: Мария» ждёт", 42)
    assert done == Done(str(message["message_id"]))


def test_a_long_text_is_cut_as_telegram_counts(bot, make):
    assert isinstance(notify(make(), "ы" * 5000), Done)
    assert texts(bot) == ["ы" * 4095 + "…"]
    assert shorten("😀" * 3000) == "😀" * 2047 + "…"
    assert shorten("😀" * 2048) == "😀" * 2048


def test_a_person_who_blocked_the_bot_is_a_refusal_with_its_cure(bot, make):
    bot.door(42, Door.BLOCKED)
    outcome = notify(make())
    assert isinstance(outcome, Rejected)
    assert "заблокировал" in outcome.hint


def test_an_unknown_chat_is_a_refusal_with_its_cure(bot, make):
    bot.door(42, Door.MISSING)
    outcome = notify(make())
    assert isinstance(outcome, Rejected)
    assert "staff" in outcome.hint


def test_too_fast_holds_this_chat_and_no_other(bot, make, store):
    body = '{"ok": false, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 30}}'
    bot.faults.arm(Fault(kind="status", status=429, body=body, headers={"Content-Type": "application/json"}))
    telegram = make()
    outcome = notify(telegram)
    assert isinstance(outcome, RateLimited)
    assert outcome.wait == 30
    held = notify(telegram)
    assert isinstance(held, RateLimited)
    assert held.wait == pytest.approx(30, abs=1)
    assert isinstance(notify(telegram, to="43"), Done)


def test_a_wrong_token_asks_for_a_new_one(bot, make):
    outcome = notify(make(token="2:wrong"))
    assert isinstance(outcome, AuthFailed)
    assert "@BotFather" in outcome.hint


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(kind="status", status=502), Ambiguous),
        (Fault(kind="status", status=200, body="<html>"), Ambiguous),
        (Fault(kind="cut_before"), Ambiguous),
        (Fault(kind="cut_after"), Ambiguous),
        (Fault(kind="delay", seconds=0.6), Ambiguous),
        (
            Fault(kind="status", status=400, body='{"ok": false, "description": "Bad Request: message text is empty"}'),
            Rejected,
        ),
    ],
)
def test_faults_are_told_apart(bot, make, fault, kind):
    telegram = make(read_timeout=0.3)
    bot.faults.arm(fault)
    assert type(notify(telegram)) is kind


def test_without_a_connection_nothing_was_sent(make):
    assert isinstance(notify(make(api_url="http://127.0.0.1:9")), Retryable)


def test_an_unclear_outcome_is_repeated_since_a_double_is_better_than_silence(bot, make):
    telegram = make()
    assert telegram.notify.info.repeat is Repeat.SAFE
    bot.faults.arm(Fault(kind="cut_after"))
    notify(telegram, "дважды", to="44")
    assert isinstance(notify(telegram, "дважды", to="44"), Done)
    assert texts(bot, 44) == ["дважды", "дважды"]


def test_messages_to_one_person_go_one_a_second(bot, store):
    slept = []
    settings = TelegramSettings.model_validate({"type": "telegram", "token": "1:sandbox", "api_url": bot.url})
    telegram = Telegram(settings, store, sleep=slept.append)
    try:
        telegram.check()  # loads the library, which takes its time
        outcomes = [notify(telegram, f"{n}") for n in range(4)]
    finally:
        telegram.close()
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert [round(one) for one in slept] == [1, 2, 3]


def test_calls_are_traced_in_the_calling_thread_without_the_token(make, caplog):
    caplog.set_level("DEBUG")
    with collect_calls() as calls:
        notify(make(), "Позвоните +79160001122")
    [call] = calls
    assert (call.method, call.path, call.status, call.error_kind) == ("POST", "/sendMessage", 200, "")
    assert "+7916•••1122" in call.request_summary
    assert "+79160001122" not in call.request_summary + call.answer_summary
    assert "1:sandbox" not in caplog.text


def test_check_tells_what_is_wrong(make):
    assert make().check() == []
    [sentence] = make(token="2:wrong").check()
    assert "@BotFather" in sentence
    assert "2:wrong" not in sentence


def test_closing_ends_the_thread_and_a_later_message_starts_another(bot, make):
    telegram = make()
    notify(telegram)
    names = {thread.name for thread in threading.enumerate()}
    assert "telegram-loop" in names
    telegram.close()
    telegram.close()
    assert "telegram-loop" not in {thread.name for thread in threading.enumerate()}
    assert isinstance(notify(telegram), Done)


def test_many_threads_share_one_loop(bot, make):
    telegram, outcomes = make(), []
    threads = [
        threading.Thread(target=lambda n=n: outcomes.append(notify(telegram, f"{n}", to=str(100 + n))))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert sorted(m["text"] for m in bot.messages() if m["chat"]["id"] >= 100) == [f"{n}" for n in range(8)]


def write(telegram, text="Здравствуйте!", to="42", **more):
    [outcome] = telegram.write([Request("key", ClientMessage(to, text, **more))])
    return outcome


def kept(store, name, content, content_type=""):
    return Attachment(name, content_type, len(content), store.keep_blob(content))


def test_a_client_gets_a_long_text_whole_in_pieces_cut_between_lines(bot, make):
    lines = [f"{n}. " + "ы" * 300 for n in range(40)]
    done = write(make(), "\n".join(lines))
    assert isinstance(done, Done)
    assert "\n".join(texts(bot)) == "\n".join(lines)
    assert len(texts(bot)) == 4
    assert done.values["messages"].split()[0] == done.remote_id == f"42:{bot.messages()[0]['message_id']}"


@given(st.text(max_size=9000))
def test_pieces_lose_nothing_but_the_white_between_them(text):
    pieces = list(split(text, LONGEST_TEXT, units))
    assert all(0 < units(piece) <= LONGEST_TEXT for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_a_text_of_more_than_ten_messages_is_refused_before_any_is_sent(bot, make):
    outcome = write(make(), "ы" * 50_000)
    assert isinstance(outcome, Rejected)
    assert "файлом" in outcome.hint
    assert not bot.messages()


def test_a_picture_goes_as_a_picture_with_the_text_below_it(bot, make, store):
    assert isinstance(write(make(), "Вот смета", files=(kept(store, "смета.jpg", b"jpeg", "image/jpeg"),)), Done)
    [message] = bot.messages()
    assert message["caption"] == "Вот смета"
    assert message["photo"][-1]["file_size"] == 4


def test_what_telegram_does_not_take_for_a_picture_goes_as_a_file(bot, make, store):
    body = '{"ok": false, "error_code": 400, "description": "Bad Request: PHOTO_INVALID_DIMENSIONS"}'
    bot.faults.arm(Fault(kind="status", status=400, body=body, path="/bot1:sandbox/sendPhoto"))
    assert isinstance(write(make(), "Чек", files=(kept(store, "чек.jpg", b"jpeg", "image/jpeg"),)), Done)
    [message] = bot.messages()
    assert (message["document"]["file_name"], message["caption"]) == ("чек.jpg", "Чек")


def test_other_files_go_as_documents_after_a_text_too_long_for_a_caption(bot, make, store):
    files = (kept(store, "Смета.pdf", b"%PDF", "application/pdf"),)
    assert isinstance(write(make(), "ы" * 1025, files=files), Done)
    [text, document] = bot.messages()
    assert text["text"] == "ы" * 1025
    assert (document["document"]["file_name"], "caption" in document) == ("Смета.pdf", False)


def test_a_file_of_the_folder_goes_along(bot, make, tmp_path):
    (tmp_path / "прайс.pdf").write_bytes(b"%PDF")
    assert isinstance(write(make(files=tmp_path), "Прайс", attach=("прайс.pdf",)), Done)
    assert bot.messages()[0]["document"]["file_name"] == "прайс.pdf"


def test_a_file_above_the_limit_is_refused_by_name(bot, make, store, monkeypatch):
    monkeypatch.setattr("connectors.telegram.messenger.ROOM", Room(text=4096, caption=1024, file=3))
    outcome = write(make(), files=(kept(store, "видео.mp4", b"much", "video/mp4"),))
    assert isinstance(outcome, Rejected)
    assert outcome.code == "file_too_big"
    assert "видео.mp4" in outcome.reason
    assert not bot.messages()


def test_what_broke_off_half_way_is_for_a_person_to_judge(bot, make, store):
    telegram = make()
    bot.faults.arm(Fault(kind="status", status=502, path="/bot1:sandbox/sendDocument"))
    outcome = write(telegram, "ы" * 1025, files=(kept(store, "a.pdf", b"%PDF", "application/pdf"),))
    assert isinstance(outcome, Ambiguous)
    assert "1 of 2" in outcome.reason


@pytest.mark.parametrize(("door", "code"), [(Door.BLOCKED, "blocked"), (Door.MISSING, "never_wrote")])
def test_a_client_who_cannot_be_reached_is_a_named_refusal(bot, make, door, code):
    bot.door(42, door)
    outcome = write(make())
    assert isinstance(outcome, Rejected)
    assert outcome.code == code
    assert "другим каналом" in outcome.hint


def test_a_group_that_became_a_supergroup_is_followed_there_with_clients_and_named_with_staff(bot, make):
    bot.migrate(-42, -1001234567890)
    done = write(make(), to="-42")
    assert isinstance(done, Done)
    assert done.remote_id.startswith("-1001234567890:")
    outcome = notify(make(), to="-42")
    assert isinstance(outcome, Rejected)
    assert "-1001234567890" in outcome.hint


def test_a_message_whose_answer_was_lost_is_not_repeated_to_a_client(bot, make):
    telegram = make()
    bot.faults.arm(Fault(kind="cut_after"))
    assert isinstance(write(telegram), Ambiguous)
    [outcome] = telegram.write([Request("key", ClientMessage("42", "Здравствуйте!"), unsure_since=utc_now())])
    assert isinstance(outcome, OutcomeUnknownError)
    assert texts(bot) == ["Здравствуйте!"]


def file_of(bot, size=0, name=""):
    [document] = [m["document"] for m in bot.messages(of_people=True) if "document" in m]
    return MessageFile(MediaKind.FILE, document["file_id"], name, document["mime_type"], size)


def test_a_file_of_a_message_is_fetched_into_the_blobs_and_its_link_shows_nowhere(bot, make, store, caplog):
    caplog.set_level("DEBUG")
    bot.send_document(42, "план.pdf", b"%PDF plan")
    with collect_calls() as calls:
        got = make().fetch_file(file_of(bot))
    assert (got.name, got.content_type, got.size) == ("план.pdf", "application/pdf", 9)
    assert store.blobs[got.sha256] == b"%PDF plan"
    assert [call.path for call in calls] == ["/getFile"]
    assert "1:sandbox" not in f"{calls} {caplog.text}"
    assert "%PDF plan" not in f"{calls}"


def test_a_file_that_telegram_does_not_give_to_bots_is_refused_by_name(bot, make):
    telegram = make()
    with pytest.raises(Rejected) as known:
        telegram.fetch_file(MessageFile(MediaKind.VIDEO, "f", size=21 * 1024 * 1024))
    bot.send_document(42, "фильм.mp4", b"0" * (20 * 1024 * 1024 + 1))
    with pytest.raises(Rejected) as told:
        telegram.fetch_file(file_of(bot))
    assert {known.value.code, told.value.code} == {"file_too_big"}
    assert "20 МБ" in known.value.hint
    assert "20 МБ" in told.value.hint


def test_a_file_that_cannot_be_had_now_is_tried_again(bot, make):
    telegram = make()
    with pytest.raises(Retryable):
        telegram.fetch_file(MessageFile(MediaKind.FILE, "unknown"))
    bot.send_document(42, "план.pdf", b"%PDF")
    bot.faults.arm(Fault(kind="status", status=404, path="/file/bot"))
    with pytest.raises(Retryable):
        telegram.fetch_file(file_of(bot))


def test_an_answer_in_a_business_account_goes_through_its_connection(bot, make, store):
    bot.say(42, "Есть в наличии?", connection="bc1")
    for more in ({}, {"files": (kept(store, "a.pdf", b"%PDF", "application/pdf"),)}):
        assert isinstance(write(make(), to="bc1/42", **more), Done)
    assert [message["business_connection_id"] for message in bot.messages()] == ["bc1", "bc1"]


def test_a_business_account_that_has_put_the_bot_out_is_a_named_refusal(bot, make):
    outcome = write(make(), to="bc2/42")
    assert isinstance(outcome, Rejected)
    assert (outcome.code, "бизнес-аккаунта" in outcome.hint) == ("no_business", True)


def test_people_can_talk_with_it(make):
    assert isinstance(make(), Talker)
