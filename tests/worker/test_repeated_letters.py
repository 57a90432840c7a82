"""One letter in several mailboxes, and letters of strangers to mailboxes that are no source of requests."""

from __future__ import annotations

import pytest

from provodka.crm import Contact
from provodka.event import Event
from provodka.journal.planned_before import history_of
from provodka.made_up import MadeUp
from provodka.payloads import Person
from rules.actions import REGISTRY
from rules.plan import RuleOutcome
from rules.saved_test import saved_test
from rules.schema import Rule
from rules.whatif import Otherwise, what_if
from support.whatif import past_of
from tests.rules.world import CLIENT, make_engine, make_rule
from tests.worker.office import Office

MAIL = ["email.received", "email.sent"]
STRANGER = Person(emails=("new@example.org",))


def rule(name: str, **more: object) -> Rule:
    return make_rule({"notify": {"to": "rop", "text": name + " {{ message.subject }}"}}, on=MAIL, name=name, **more)


def letter(
    office: Office,
    channel: str,
    role: str = "source",
    *,
    number: str = "<1@example.org>",
    person: Person = CLIENT,
    kind: str = "email.received",
    **message: object,
) -> Event:
    sender = person.email if kind == "email.received" else "ivan@krovlya.ru"
    told = {"subject": "Замер", "message_id": number, "from_": sender, "role": role, **message}
    return office.happens(kind, person, external_id=number, channel=channel, message=told)


@pytest.fixture
def mailboxes(office: Office) -> Office:
    office.open(rule("Письмо"), rule("Из продаж", channel="sales"))
    office.crm.know(Contact("5", CLIENT.name, CLIENT.phones, CLIENT.emails))
    return office


def test_each_rule_acts_once_on_a_letter_that_lies_in_two_mailboxes(mailboxes: Office) -> None:
    first, second = letter(mailboxes, "info"), letter(mailboxes, "sales")
    mailboxes.later(seconds=1)
    assert mailboxes.told(first) == ["Письмо Замер"]
    assert mailboxes.told(second) == ["Из продаж Замер"]
    generic = mailboxes.traces(second)[-1].rules[0]
    assert generic.outcome is RuleOutcome.STOPPED
    assert f"same letter before: email.received of info (event {first.id})" in generic.reason


def test_so_does_one_that_comes_to_the_other_mailbox_a_day_later(mailboxes: Office) -> None:
    first = letter(mailboxes, "info")
    mailboxes.later(days=1)
    second = letter(mailboxes, "info2")
    mailboxes.later(seconds=1)
    assert (len(mailboxes.told(first)), mailboxes.told(second)) == (1, [])


def test_a_renamed_channel_that_reads_its_letters_again_acts_on_none_of_them(mailboxes: Office) -> None:
    letter(mailboxes, "mail")
    mailboxes.later(seconds=1)
    again = letter(mailboxes, "почта")
    mailboxes.later(seconds=1)
    assert mailboxes.told(again) == []


def test_two_letters_are_two(mailboxes: Office) -> None:
    first, second = letter(mailboxes, "info"), letter(mailboxes, "info2", number="<2@example.org>")
    mailboxes.later(seconds=1)
    assert len(mailboxes.told(first) + mailboxes.told(second)) == 2


def test_a_copy_for_a_colleague_of_a_letter_of_ours_is_the_same_letter(mailboxes: Office) -> None:
    first = letter(mailboxes, "ivan", kind="email.sent", to=["client@example.org"])
    second = letter(mailboxes, "anna", kind="email.sent", to=["client@example.org"])
    mailboxes.later(seconds=1)
    assert (len(mailboxes.told(first)), mailboxes.told(second)) == (1, [])


def test_letters_without_a_person_are_known_again_too(mailboxes: Office) -> None:
    first, second = (letter(mailboxes, name, person=Person(), from_="robot@site.ru") for name in ("info", "info2"))
    mailboxes.later(seconds=1)
    assert (len(mailboxes.told(first)), mailboxes.told(second)) == (1, [])


@pytest.mark.parametrize("role", ["correspondence", "personal"])
def test_a_strangers_letter_to_a_mailbox_that_is_no_source_starts_no_rule_and_says_why(
    mailboxes: Office, role: str
) -> None:
    event = letter(mailboxes, "office", role, person=STRANGER)
    mailboxes.later(seconds=1)
    assert mailboxes.told(event) == []
    trace = mailboxes.traces(event)[-1].rules[0]
    assert trace.outcome is RuleOutcome.NOT_MATCHED
    assert f"role {role}" in trace.reason


def test_of_a_known_person_it_starts_rules(mailboxes: Office) -> None:
    event = letter(mailboxes, "office", "correspondence")
    mailboxes.later(seconds=1)
    assert mailboxes.told(event) == ["Письмо Замер"]


def test_what_one_of_ours_forwarded_into_a_card_starts_rules_whoever_it_is_about(mailboxes: Office) -> None:
    event = letter(mailboxes, "office", "personal", person=STRANGER, forwarded_by="ivan@krovlya.ru")
    mailboxes.later(seconds=1)
    assert mailboxes.told(event) == ["Письмо Замер"]


@pytest.mark.parametrize(
    "when", [{"message.role": "correspondence"}, "message.role != 'source'", {"any": [{"message.role": "personal"}]}]
)
def test_a_rule_that_asks_for_the_role_decides_by_itself(office: Office, when: object) -> None:
    office.open(rule("Письмо", when=when))
    role = "personal" if "personal" in str(when) else "correspondence"
    event = letter(office, "office", role, person=STRANGER)
    office.work()
    assert office.told(event) == ["Письмо Замер"]


def test_a_copy_that_no_rule_has_acted_on_does_not_hide_the_letter_to_a_source(mailboxes: Office) -> None:
    letter(mailboxes, "office", "correspondence", person=STRANGER)
    mailboxes.later(seconds=1)
    request = letter(mailboxes, "info", person=STRANGER)
    mailboxes.later(seconds=1)
    assert mailboxes.told(request) == ["Письмо Замер"]


def test_what_if_reads_of_the_trace_that_another_mailbox_told_of_the_letter(mailboxes: Office) -> None:
    letter(mailboxes, "info")
    second = letter(mailboxes, "info2")
    mailboxes.later(seconds=1)
    engine = make_engine(rule("Письмо"), rule("Из продаж", channel="sales"))
    past = past_of(mailboxes.journal.read(lambda c: history_of(c, mailboxes.stored(second))))
    assert what_if(past, engine, REGISTRY, mailboxes.clock()) == Otherwise()


def test_a_rule_test_made_of_a_copy_passes(mailboxes: Office) -> None:
    letter(mailboxes, "info")
    second = letter(mailboxes, "info2")
    mailboxes.later(seconds=1)
    engine = make_engine(rule("Письмо"), rule("Из продаж", channel="sales"))
    past = past_of(mailboxes.journal.read(lambda c: history_of(c, mailboxes.stored(second))))
    saved, result = saved_test(past, (), "копия письма", engine, MadeUp(b"key", ""))
    assert result.passed, result.failures
    told = saved["facts"]["message.told"]
    assert (told["channel"], told["rules"]) == ("info", ["Письмо"])
