"""Writing by WhatsApp, against the sandbox: the 24 hours, templates, files, and what cannot be sent."""

import hashlib
from datetime import timedelta

import pytest

from connectors.whatsapp.messenger import WhatsappMessenger, WhatsappSubscriber, subscriber
from connectors.whatsapp.settings import WhatsappSettings
from provodka.errors import Ambiguous, Rejected, Retryable
from provodka.event import utc_now
from provodka.messages import ClientMessage, Talker
from provodka.operation import Done, Request
from provodka.payloads import Attachment
from provodka.talks import MediaKind, MessageFile
from sandbox.faults import Fault
from sandbox.senders.graph import PICTURE
from sandbox.senders.station import Station
from sandbox.senders.whatsapp import ACCOUNT_ID, PHONE_ID, USER, WhatsApp
from tests.contract.case import around
from tests.contract.services.whatsapp import GIVEN

MARIA = "79160001122"


@pytest.fixture(scope="module")
def running():
    with Station(WhatsApp()) as station:
        yield station


@pytest.fixture
def service(running):
    running.reset()
    running.faults.clear()
    running.services[0].window = True
    return running.services[0]


@pytest.fixture
def make(running, service, store):
    made = []

    def messenger(**more):
        given = {**GIVEN, "token": "sandbox", "api_url": f"{running.url}/whatsapp", "per_second": 80, **more}
        made.append(WhatsappMessenger("wa", WhatsappSettings.model_validate(given), store))
        return made[-1]

    yield messenger
    for one in made:
        one.close()


def write(messenger, text="Смета готова", to=MARIA, **more):
    [outcome] = messenger.write([Request("key-1", ClientMessage(to, text, **more))])
    return outcome


def wrote(service, who=MARIA, ago=timedelta(0)):
    service.wrote[who] = utc_now() - ago


def kept(store, name, kind, body):
    return Attachment(name, kind, len(body), store.keep_blob(body))


def test_a_text_goes_with_the_key_of_its_action_and_to_the_number_without_its_plus(service, make):
    wrote(service)
    done = write(make(), to=f"+{MARIA}")
    [sent] = service.sent
    assert done == Done(sent["id"], {"messages": sent["id"]})
    assert (sent["to"], sent["text"], sent["biz_opaque_callback_data"]) == (MARIA, {"body": "Смета готова"}, "key-1")


def test_after_24_hours_a_free_text_is_refused_by_name_and_a_template_goes(service, make):
    wrote(service, ago=timedelta(hours=25))
    refused = write(make())
    assert isinstance(refused, Rejected)
    assert refused.code == "131047"
    assert "template" in refused.hint
    assert isinstance(write(make(), template="offer_ready", values=("Мария", "120 000 ₽")), Done)
    [sent] = service.sent
    assert sent["template"] == {
        "name": "offer_ready",
        "language": {"code": "ru"},
        "components": [
            {"type": "body", "parameters": [{"type": "text", "text": "Мария"}, {"type": "text", "text": "120 000 ₽"}]}
        ],
    }


def test_a_template_may_name_its_language_and_one_that_does_not_fit_is_refused(service, make):
    assert isinstance(write(make(), template="hello/en"), Done)
    for name, values in (("hello/de", ()), ("unknown", ()), ("offer_ready", ("один",))):
        refused = write(make(), template=name, values=values)
        assert isinstance(refused, Rejected)
        assert "шаблон" in refused.hint


def test_a_template_carries_one_file_in_its_header(service, make, store):
    offer = kept(store, "Смета.pdf", "application/pdf", b"%PDF-1.4")
    assert isinstance(write(make(), template="hello", files=(offer,)), Done)
    [header] = service.sent[0]["template"]["components"]
    number = header["parameters"][0]["document"]["id"]
    assert service.media[number] == ("application/pdf", b"%PDF-1.4")
    assert isinstance(write(make(), template="hello", files=(offer, offer)), Rejected)


def test_the_text_is_the_caption_of_a_file_that_is_alone(service, make, store):
    wrote(service)
    offer = kept(store, "Смета.pdf", "application/pdf", b"%PDF-1.4")
    picture = kept(store, "Крыша.png", "image/png", PICTURE)
    assert isinstance(write(make(), files=(offer,)), Done)
    [alone] = service.sent
    assert (alone["document"]["caption"], alone["document"]["filename"]) == ("Смета готова", "Смета.pdf")
    write(make(), files=(offer, picture))
    assert [one["type"] for one in service.sent[1:]] == ["text", "document", "image"]


def test_a_sound_takes_no_caption_so_the_text_goes_before_it(service, make, store):
    wrote(service)
    sound = kept(store, "Ответ.mp3", "audio/mpeg", b"ID3")
    write(make(), files=(sound,))
    assert [one["type"] for one in service.sent] == ["text", "audio"]


def test_a_file_out_of_the_folder_goes_and_one_that_is_not_there_stops_the_message(service, make, tmp_path):
    wrote(service)
    (tmp_path / "price.pdf").write_bytes(b"%PDF-1.4 price")
    messenger = make(files=str(tmp_path))
    assert isinstance(write(messenger, attach=("price.pdf",)), Done)
    refused = write(messenger, attach=("../secret",))
    assert isinstance(refused, Rejected)
    assert len(service.sent) == 1


def test_half_a_message_is_for_a_person_to_judge(running, service, make, store):
    wrote(service)
    sound = kept(store, "Ответ.mp3", "audio/mpeg", b"ID3")
    messenger = make()
    original = messenger._send
    answers = []

    def failing(line, body):
        if answers:
            running.faults.arm(Fault(path="/whatsapp", status=400, body='{"error": {"code": 131053, "message": "x"}}'))
        answers.append(body)
        return original(line, body)

    messenger._send = failing
    outcome = write(messenger, files=(sound,))
    assert isinstance(outcome, Ambiguous)
    assert outcome.reason.startswith("1 of 2")
    assert len(service.sent) == 1


def test_somebody_without_a_number_is_written_to_by_the_id(service, make):
    wrote(service, USER)
    assert isinstance(write(make(), to=USER), Done)
    assert service.sent[0]["recipient"] == USER
    assert "to" not in service.sent[0]


def test_an_answer_leaves_by_the_number_that_was_written_to(service, make):
    wrote(service)
    messenger = make(phone_id="5")
    assert isinstance(write(messenger, to=MARIA), Rejected)  # the sandbox has no such number
    assert isinstance(write(messenger, to=f"{PHONE_ID}/{MARIA}"), Done)
    assert service.sent[0]["to"] == MARIA


def test_too_long_a_text_and_nobody_to_write_to_are_refused_before_any_call(service, make):
    for outcome in (write(make(), "я" * 50_000), write(make(), to=" "), write(make(), " ")):
        assert isinstance(outcome, Rejected)
        assert outcome.hint
    assert service.sent == []


def test_a_long_text_goes_in_pieces(service, make):
    wrote(service)
    assert isinstance(write(make(), "слово " * 1000), Done)
    assert len(service.sent) == 2


def test_a_number_without_whatsapp_is_refused_by_name(service, make):
    service.gone.add(MARIA)
    refused = write(make())
    assert isinstance(refused, Rejected)
    assert "нет WhatsApp" in refused.hint


def test_the_file_of_a_message_is_fetched_with_our_key(service, make, store):
    messenger = make()
    assert isinstance(messenger, Talker)
    got = messenger.fetch_file(MessageFile(MediaKind.PICTURE, "1013000000000001", "", "image/png"))
    assert (got.name, got.content_type, got.size) == ("picture.png", "image/png", len(PICTURE))
    assert store.blob(hashlib.sha256(PICTURE).hexdigest()) == PICTURE


def test_a_file_that_is_gone_or_too_large_or_cannot_be_had_now_is_each_told(running, service, make):
    with pytest.raises(Rejected, match="100") as gone:
        make().fetch_file(MessageFile(MediaKind.PICTURE, "404"))
    assert "попросите клиента" in gone.value.hint
    about = f'{{"url": "{running.url}/whatsapp/files/v23.0/1013000000000001", "file_size": 200000000}}'
    running.faults.arm(Fault(path="/whatsapp/v23.0/1013", status=200, body=about))
    with pytest.raises(Rejected) as large:
        make().fetch_file(MessageFile(MediaKind.VIDEO, "1013000000000001"))
    assert "50 МБ" in large.value.hint
    running.faults.arm(Fault(path="/whatsapp/files", status=503))
    with pytest.raises(Retryable):
        make().fetch_file(MessageFile(MediaKind.PICTURE, "1013000000000001"))
    running.faults.arm(Fault(path="/whatsapp/files", status=200, body="<html>"))
    with pytest.raises(Rejected) as page:
        make().fetch_file(MessageFile(MediaKind.PICTURE, "1013000000000001", content_type="image/png"))
    assert "страница" in page.value.hint


def test_check_sees_whether_we_hear_of_the_accounts_messages(service, make):
    messenger = make(account_id=ACCOUNT_ID)
    [said] = messenger.check()
    assert "не подписано" in said
    service.callbacks.append("https://hooks.example.ru/hooks/wa")
    assert messenger.check() == []
    [wrong] = make(phone_id="1").check()
    assert wrong.startswith("WhatsApp: 100")


def test_where_no_account_is_named_nothing_can_be_subscribed(store):
    assert subscriber("wa", WhatsappSettings.model_validate(GIVEN), around(store)) is None
    named = WhatsappSettings.model_validate({**GIVEN, "account_id": ACCOUNT_ID})
    assert isinstance(subscriber("wa", named, around(store)), WhatsappSubscriber)
