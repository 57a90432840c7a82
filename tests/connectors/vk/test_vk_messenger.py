"""What the community writes, against the sandbox's VK."""

from __future__ import annotations

import pytest

from connectors.vk.messenger import messenger, random_id
from connectors.vk.settings import VkSettings
from provodka.errors import Rejected
from provodka.messages import ChatFacts, ClientMessage, Introducer, Talker
from provodka.operation import Done, Request
from provodka.payloads import Attachment
from provodka.talks import MediaKind, MessageFile
from sandbox.faults import Fault
from sandbox.senders.vk import PERSON
from tests.contract.case import around


@pytest.fixture
def connect(station, store):
    made = []

    def vk(**more):
        given = {"group": 190000001, "token": "sandbox", "api_url": f"{station.url}/vk", "receive": "polling", **more}
        made.append(messenger("vk", VkSettings.model_validate(given), around(store)))
        return made[-1]

    yield vk
    for one in made:
        one.close()


def write(vk, text="Здравствуйте!", key="key", to=str(PERSON), **more):
    [outcome] = vk.write([Request(key, ClientMessage(to, text, **more))])
    return outcome


def test_the_same_action_sends_once_however_often_it_is_tried(vk, connect):
    vk.community.allowed.add(PERSON)
    first, again, other = write(connect()), write(connect()), write(connect(), key="key-2")
    assert first == again == Done("1501")
    assert other == Done("1502")
    assert vk.stats()["sent"] == 2


def test_the_number_that_tells_repeats_is_never_none_and_fits():
    numbers = {random_id(f"action-{n}") for n in range(2000)}
    assert len(numbers) == 2000
    assert all(0 < number < 2**31 for number in numbers)


def test_files_go_along_pictures_as_pictures_and_all_else_as_documents(vk, connect, store, tmp_path):
    vk.community.allowed.add(PERSON)
    picture, plan = store.keep_blob(b"\x89PNG"), store.keep_blob(b"%PDF")
    (tmp_path / "price.txt").write_text("цены", "utf-8")
    files = (Attachment("крыша.png", "image/png", 4, picture), Attachment("план.pdf", "application/pdf", 4, plan))
    outcome = write(connect(files=tmp_path), files=files, attach=("price.txt",))
    assert isinstance(outcome, Done), outcome
    said = vk.community.messages[PERSON][-1]["attachment"].split(",")
    assert said[0].startswith("photo-7_457239017_")
    assert said[1:] == ["doc-7_9", "doc-7_9"]
    assert sorted(vk.community.files.values()) == sorted([b"\x89PNG", b"%PDF", "цены".encode()])


def test_a_file_that_is_not_there_keeps_the_message_back(vk, connect):
    vk.community.allowed.add(PERSON)
    outcome = write(connect(), files=(Attachment("а.png", "image/png", 4, ""),))
    assert isinstance(outcome, Rejected)
    assert "а.png" in outcome.hint
    assert vk.stats()["sent"] == 0


@pytest.mark.parametrize(
    ("who", "text", "cure"),
    [("blocked", "x", "чёрном списке"), ("stranger", "x", "не разрешил"), ("known", "я" * 4097, "сократите")],
)
def test_a_refusal_of_vk_says_what_to_do(vk, connect, who, text, cure):
    vk.community.blocked = {PERSON} if who == "blocked" else set()
    vk.community.allowed = set() if who == "stranger" else {PERSON}
    outcome = write(connect(), text)
    assert isinstance(outcome, Rejected)
    assert cure in outcome.hint


def test_a_receiver_that_is_no_number_is_refused_here(vk, connect):
    outcome = write(connect(), to="masha")
    assert isinstance(outcome, Rejected)
    assert "masha" in outcome.reason


def test_who_writes_is_asked_for_when_somebody_wants_to_show_it(vk, connect):
    vk.community.people[PERSON] = ("Мария", "Петрова")
    talker = connect()
    assert isinstance(talker, Introducer)
    assert isinstance(talker, Talker)
    assert talker.who(str(PERSON)) == ChatFacts("Мария Петрова")
    assert talker.who("404") == talker.who("2000000001") == talker.who("-5") == ChatFacts()


def test_a_file_of_a_message_is_fetched_into_the_journal(vk, connect, station, store):
    file = MessageFile(MediaKind.PICTURE, f"{station.url}/vk/files/z.jpg", "photo7_1.jpg", "image/jpeg")
    kept = connect().fetch_file(file)
    assert (kept.name, kept.content_type) == ("photo7_1.jpg", "image/jpeg")
    assert store.blob(kept.sha256).endswith(b"z.jpg")
    with pytest.raises(Rejected):
        connect(file_limit=5).fetch_file(file)


def test_check_names_a_key_of_another_community_and_a_stale_string(vk, connect):
    callback = {"receive": "webhook", "secret": "sandbox", "confirmation": "0fsandbox"}
    assert connect(**callback).check() == []
    [sentence] = connect(**{**callback, "confirmation": "0fold"}).check()
    assert "confirmation" in sentence
    [sentence] = connect(group=5).check()
    assert "не от сообщества 5" in sentence


def test_a_day_that_is_used_up_holds_the_account(vk, connect, station, store):
    vk.community.allowed.add(PERSON)
    body = '{"error":{"error_code":29,"error_msg":"Rate limit reached"}}'
    station.faults.arm(Fault(path="/vk/method/messages.send", status=200, body=body))
    outcome = write(connect())
    assert outcome.wait == 3600
    assert store.holds[0][0] == "vk:190000001"


def test_without_a_key_there_is_no_messenger(store):
    settings = VkSettings.model_validate({"group": 1, "secret": "s", "confirmation": "c"})
    assert messenger("vk", settings, around(store)) is None
