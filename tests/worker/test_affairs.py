"""Several affairs of one client by letters at once: whoever writes, and however, each letter is in its own lead; what
came back is told."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provodka.crm import Contact
from provodka.event import Event
from provodka.journal import Journal, StoredAction, queries
from provodka.payloads import LeadRef, MessageState, Person
from rules.actions import DELIVERED
from tests.journal.conftest import Clock
from tests.rules.around_crm import AroundCrm
from tests.rules.fake_web import FakeWeb
from tests.rules.world import CALENDAR, TEAM, FakeMessenger, make_rule
from tests.worker.office import Office
from worker.deliverer import Deliverer
from worker.outside import Equipment

RULES = (
    make_rule("log_letter", on=["email.received", "email.sent"], name="В карточку"),
    make_rule({"message": {"text": "Счёт готов", "by": ["post"]}}, on="lead.updated", name="Счёт"),
    make_rule({"note": {"text": "Не дошло: {{ sent.error }}"}}, on="message.state", name="Не дошло"),
)
OURS = "krovlya.ru"
_numbers = itertools.count(1)


class Quiet:
    """Nobody is told anything."""

    def trouble(self, name: str, cause: str, cure: str) -> None:
        raise AssertionError(f"{name}: {cause}")

    def well(self, name: str) -> bool:
        return False


@dataclass
class Talk:
    """A client with some affairs; each has its open lead, and the letters that were written about it so far."""

    office: Office
    affairs: int
    number: int = field(default_factory=lambda: next(_numbers))
    letters: dict[int, list[tuple[str, tuple[str, ...]]]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        post = FakeMessenger("email")
        post.name = "post"
        crm = self.office.crm
        equipment = Equipment(crm, {}, TEAM, CALENDAR, FakeWeb(), {"post": post})  # type: ignore[arg-type]
        self.deliverer = Deliverer(self.office.journal, DELIVERED, equipment, Quiet())
        self.client = f"maria{self.number}@zavod.ru"
        crm.contact_cards[f"c{self.number}"] = Contact(f"c{self.number}", "Мария", emails=(self.client,))
        for affair in range(self.affairs):
            crm.lead_cards[self.lead(affair)] = LeadRef(self.lead(affair), contacts=(f"c{self.number}",))
            self.letters[affair] = []

    def lead(self, affair: int) -> str:
        return f"{self.number}0{affair}"

    def settle(self) -> None:
        self.office.work()
        while self.deliverer.deliver_once():
            self.office.work()

    def by_rule(self, affair: int) -> None:
        """A rule writes to the client about this lead."""
        lead, contact = self.lead(affair), f"c{self.number}"
        event = self.office.happens(
            "lead.updated", Person("Мария", (), (self.client,)), lead={"id": lead, "contacts": [contact]}
        )
        self.settle()
        (sent,) = self.actions(event)
        self.letters[affair].append((f"<{values(sent)['letter']}@{OURS}>", ()))

    def writes(self, affair: int, answered: int, *, kind: str, who: str, style: str) -> None:
        """Somebody answers an earlier letter of the affair; `style` is what their mail program leaves of the thread."""
        id_, before = self.letters[affair][answered % len(self.letters[affair])]
        own = f"<{next(_numbers)}@zavod.ru>"
        chain = {"all": (*before, id_), "last": (id_,), "none": ()}[style]
        subject = f"Дело {self.number} {affair}"
        mail = {"message_id": own, "thread": chain, "subject": f"Re: {subject}", "topic": subject, "from_": who}
        person = Person("", (), (self.client if kind == "email.sent" else who,))
        event = self.office.happens(kind, person, own, channel="mail", message=mail)
        self.settle()
        (shown,) = self.actions(event)
        ended = values(shown).get("lead_id", shown.error)
        if ended != self.lead(affair):
            self.wrong.append(f"{who} {style} of {affair}: in {ended} instead of {self.lead(affair)}")
        self.letters[affair].append((own, (*before, id_)))

    def actions(self, event: Event) -> list[StoredAction]:
        return self.office.actions(event)


def values(action: StoredAction) -> dict[str, Any]:
    return dict(json.loads(action.result or "{}"))


STEP = st.tuples(
    st.integers(0, 2),  # the affair
    st.integers(0, 30),  # which of its letters is answered
    st.sampled_from(["client", "client", "colleague", "seller", "rule"]),
    st.sampled_from(["all", "last", "none"]),
)


@pytest.fixture
def embedded(tmp_path: Path, clock: Clock) -> Iterator[Office]:
    """On the embedded journal alone: what differs by database is tested with `journal.threads`."""
    journal = Journal(f"sqlite:///{tmp_path}/affairs.sqlite", clock)
    yield Office(journal, clock)
    journal.close()


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(affairs=st.integers(2, 3), steps=st.lists(STEP, min_size=3, max_size=9))
def test_affairs_that_run_side_by_side_stay_apart(embedded: Office, affairs: int, steps: list[Any]) -> None:
    embedded.crm = AroundCrm()
    embedded.open(*RULES)
    talk = Talk(embedded, affairs)
    for affair in range(affairs):
        talk.by_rule(affair)
        talk.writes(affair, 0, kind="email.received", who=talk.client, style="last")
    for affair, answered, who, style in steps:
        affair %= affairs
        if who == "rule":
            talk.by_rule(affair)
        elif who == "seller":
            talk.writes(affair, answered, kind="email.sent", who="anna@krovlya.ru", style=style)
        elif who == "client":
            talk.writes(affair, answered, kind="email.received", who=talk.client, style=style)
        else:  # a colleague whom nobody knows has nothing but the thread
            kept = "last" if style == "none" else style
            writer = f"oleg{talk.number}@zavod.ru"
            talk.writes(affair, answered, kind="email.received", who=writer, style=kept)
    assert talk.wrong == []


@pytest.fixture
def talk(office: Office) -> Talk:
    office.crm = AroundCrm()
    office.open(*RULES)
    return Talk(office, 2)


def bounce(talk: Talk, affair: int, **mail: Any) -> Event:
    message = {"kind": "bounce", "thread": (talk.letters[affair][-1][0],), "failed": [talk.client], **mail}
    message["message_id"] = f"<{next(_numbers)}@mx>"
    event = talk.office.happens(
        "email.received", Person("", (), (talk.client,)), message["message_id"], "mail", message=message
    )
    talk.settle()
    return event


def states(journal: Journal) -> list[MessageState]:
    lines = journal.read(lambda c: queries.list_events(c, kind="message.state"))
    return [line.event.event.payload for line in lines if isinstance(line.event.event.payload, MessageState)]


def test_a_bounce_is_in_the_lead_that_the_letter_was_about_and_is_told_once_as_its_state(talk: Talk) -> None:
    talk.by_rule(0)
    talk.by_rule(1)
    for _ in range(2):
        (shown,) = talk.actions(bounce(talk, 0, reason="550 5.1.1 no such user"))
        assert values(shown)["lead_id"] == talk.lead(0)
    (state,) = states(talk.office.journal)
    assert (state.lead_id, state.sent.state, state.sent.service) == (talk.lead(0), "failed", "email")
    assert state.sent.error == f"{talk.client} не принимает письма: 550 5.1.1 no such user"
    texts = [note for sent in talk.office.crm.calls("add_notes") for note in sent if note.text.startswith("Не дошло")]
    assert [(one.lead_id, one.text) for one in texts] == [(talk.lead(0), f"Не дошло: {state.sent.error}")]


def test_a_full_mailbox_is_another_word_and_a_delay_is_no_failure(talk: Talk) -> None:
    talk.by_rule(0)
    bounce(talk, 0, kind="delayed")
    assert states(talk.office.journal) == []
    bounce(talk, 0, reason="552 5.2.2 mailbox full")
    assert "пока не принял письмо" in states(talk.office.journal)[0].sent.error


def test_a_bounce_of_a_letter_that_is_not_ours_is_nobodys_state(talk: Talk) -> None:
    talk.letters[0] = [("<prv.17.abcdef@krovlya.ru>", ())]
    bounce(talk, 0)
    assert states(talk.office.journal) == []


def test_the_reason_is_put_down_with_the_lead_for_whoever_asks_why(talk: Talk) -> None:
    asking = make_rule(
        {"note": {"text": "{{ lead.id }}"}}, on="email.received", name="Чьё", when={"lead": {"known": True}}
    )
    talk.office.open(*RULES, asking)
    talk.by_rule(0)
    event = talk.office.happens(
        "email.received",
        Person("", (), (talk.client,)),
        "<1@z>",
        "mail",
        message={"message_id": "<1@z>", "thread": (talk.letters[0][-1][0],), "from_": talk.client},
    )
    talk.settle()
    facts = talk.office.traces(event)[0].facts
    assert facts["thread"]["lead"] == facts["lead"]["id"] == talk.lead(0)
    assert "it answers our letter prv." in facts["thread"]["reason"]
