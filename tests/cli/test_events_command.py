"""What arrived: in a list, one by one, and as it comes."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from cli.events import Wanted, ls, show
from cli.tail import tail
from provodka.journal import DeadReason, Journal
from provodka.payloads import EmailReceived, EventType, Mail, Person
from tests.cli.playing import NAME, PHONE, Clock, House, Seen


@pytest.fixture
def three(house: House, clock: Clock) -> list[str]:
    """A form that is done, a letter that is dead, a form still in the inbox: their ids."""
    form = house.planned("1")
    house.done(lead_id="17")
    house.done()
    clock.forward(minutes=1)
    payload = EmailReceived(Mail(subject="Вопрос"))
    person = Person(emails=("petr@example.test",))
    letter = house.planned("2", channel="mail", type=EventType.EMAIL_RECEIVED, payload=payload, person=person)
    house.dead(DeadReason.REJECTED)
    clock.forward(minutes=1)
    return [form.id, letter.id, house.event("3").id]


def test_events_are_listed_newest_first_with_their_actions_counted_and_people_masked(
    journal: Journal, three: list[str], seen: Seen
) -> None:
    assert ls(journal, Wanted(), seen.view()) == 0
    seen.has("received (Europe/Moscow)", three[2], "received", three[1], "1 dead, 1 waiting", three[0], "2 done")
    seen.is_masked()


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(phone="8 916 000-11-22"), [2, 0]),
        (Wanted(phone="8 916 000-11-22", state="planned"), [0]),
        (Wanted(email="Petr@Example.test"), [1]),
        (Wanted(type="email.received"), [1]),
        (Wanted(channel="site"), [2, 0]),
        (Wanted(state="dead"), [1]),
        (Wanted(state="received"), [2]),
        (Wanted(limit=1), [2]),
    ],
)
def test_a_list_is_narrowed_by_every_option(
    journal: Journal, three: list[str], seen: Seen, wanted: Wanted, expected: list[int]
) -> None:
    assert ls(journal, wanted, seen.view(as_json=True)) == 0
    assert [line["id"] for line in seen.json] == [three[i] for i in expected]
    seen.is_masked()


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Wanted(phone="позже"), "--phone: this is no telephone number"),
        (Wanted(email="Иван"), "--email: this is no email address"),
        (Wanted(phone=PHONE, email="a@b.ru"), "either --phone or --email"),
        (Wanted(type="form.submited"), 'did you mean "form.submitted"?'),
        (Wanted(state="deed"), "--state: no state «deed», known: received, planning, planned, failed, ready"),
    ],
)
def test_an_option_that_cannot_be_understood_ends_with_2(
    journal: Journal, seen: Seen, wanted: Wanted, words: str
) -> None:
    assert ls(journal, wanted, seen.view()) == 2
    assert words in seen.error


def test_an_empty_list_says_so(journal: Journal, seen: Seen) -> None:
    assert ls(journal, Wanted(), seen.view()) == 0
    seen.has("no such events")


def test_an_event_shows_payload_and_raw_body_masked_and_without_secrets(
    journal: Journal, house: House, seen: Seen
) -> None:
    event = house.event()
    assert show(journal, event.id, seen.view()) == 0
    seen.has("form.submitted by site", "sender's id: tilda:1", "name: Замер", "comment: Перезвоните: +7916•••1122")
    seen.has("raw body: ", "Name=***&Phone=+7916•••1122", "token=***")
    seen.is_masked()


def test_an_opened_event_shows_the_person_but_no_secret(journal: Journal, house: House, seen: Seen) -> None:
    event = house.event()
    assert show(journal, event.id[-6:], seen.view(opened=True)) == 0
    seen.has(f"person: {NAME}, {PHONE}", f"Name={NAME}&Phone=8 (916) 000-11-22")
    assert "tilda-token-1" not in seen.text


def test_a_letters_raw_body_is_kept_back_since_its_encoding_cannot_be_masked(
    journal: Journal, house: House, seen: Seen
) -> None:
    raw = b"Subject: x\r\nContent-Transfer-Encoding: base64\r\n\r\nKzc5MTYwMDAxMTIy\r\n"
    letter = EmailReceived(Mail(subject="Вопрос"))
    event = house.event(type=EventType.EMAIL_RECEIVED, payload=letter, raw=raw)
    assert show(journal, event.id, seen.view(as_json=True)) == 0
    assert seen.json["raw"] is None
    assert "--open shows it" in seen.json["raw_note"]
    opened = Seen()
    assert show(journal, event.id, opened.view(as_json=True, opened=True)) == 0
    assert "Kzc5MTYwMDAxMTIy" in opened.json["raw"]


def test_an_unknown_event_ends_with_1_and_an_ambiguous_one_with_2(journal: Journal, house: House, seen: Seen) -> None:
    assert show(journal, "0123456789", seen.view()) == 1
    first = house.event("1")
    house.event("2")
    assert show(journal, first.id[:8], seen.view()) == 2
    assert first.id in seen.error


def steps(*works: Callable[[], object]) -> Callable[[float], None]:
    """What happens while `tail` pauses, one after the other; then Ctrl-C."""
    left = list(works)

    def pause(_seconds: float) -> None:
        if not left:
            raise KeyboardInterrupt
        left.pop(0)()

    return pause


def test_a_tail_tells_new_events_and_how_their_actions_end_until_ctrl_c(
    journal: Journal, house: House, seen: Seen
) -> None:
    old = house.planned("old")
    house.done()
    house.done()
    pause = steps(
        lambda: house.planned("new"),
        lambda: house.done(lead_id="17", url="https://krovlya.amocrm.ru/leads/detail/17"),
        lambda: house.dead(DeadReason.REJECTED),
    )
    assert tail(journal, seen.view(), pause=pause) == 0
    seen.has("form.submitted by site: М•••")
    seen.has("action 3 intake done: lead 17, https://krovlya.amocrm.ru/leads/detail/17")
    seen.has("action 4 task dead rejected: нет такого этапа", "next: provodka resend 4")
    assert old.id not in seen.text
    assert seen.text.count("action 3") == 1
    seen.is_masked()


def test_a_tail_begins_in_an_empty_journal_and_tells_failed_events(journal: Journal, house: House, seen: Seen) -> None:
    def fail() -> None:
        house.event()
        (stored,) = journal.claim_events(1)
        journal.fail_event(stored.seq, "RuleError: беда")

    assert tail(journal, seen.view(), pause=steps(fail, lambda: None, lambda: None)) == 0
    seen.has("failed: RuleError: беда; next: provodka replay")
    assert seen.text.count("беда") == 1


def test_a_tail_as_json_is_one_document_a_line(journal: Journal, house: House, seen: Seen) -> None:
    def play() -> None:
        house.planned()
        house.done(lead_id="17")

    assert tail(journal, seen.view(as_json=True), pause=steps(play, lambda: None)) == 0
    arrived, ended = [json.loads(line) for line in seen.text.splitlines()]
    assert (arrived["what"], arrived["person"]["name"]) == ("event", "М•••")
    assert (ended["what"], ended["state"], ended["result"]) == ("action", "done", {"lead_id": "17"})
    assert ended["event"] == arrived["id"]


def test_a_tail_ends_by_itself_when_its_time_is_over(journal: Journal, house: House, seen: Seen) -> None:
    assert tail(journal, seen.view(), seconds=0, pause=steps()) == 0
    assert seen.text == ""
