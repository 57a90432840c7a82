"""Rules of the clock that look at cards: `each` and `date`, over the pages of a mirror, each card once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from provodka.crm import Glance
from provodka.errors import Retryable
from provodka.event import Event
from provodka.journal import queries, troubles
from provodka.payloads import CardEvent, ContactEvent, ContactRef, LeadEvent, LeadRef, Person, TaskEvent, TaskRef
from rules.plan import RuleOutcome
from rules.schema import Rule
from rules.ticks import tick
from tests.rules.world import CLIENT, MOSCOW, FakeCrm, make_engine, make_rule
from tests.worker.office import Office
from worker import walk
from worker.planner import Planner

NOTICE = {"notify": {"to": "rop", "text": "{{ lead.title }}"}}
KNOWN = frozenset({"id", "title", "stage", "state", "text", "completed", "due", "name"})


class Mirroring(FakeCrm):
    """A CRM whose cards are in the mirror: leads, contacts and tasks by kind and id. `looked` are the ids read anew."""

    def __init__(self) -> None:
        super().__init__()
        self.cards: dict[str, dict[str, Any]] = {"lead": {}, "contact": {}, "task": {}}
        self.hidden: set[str] = set()
        self.looked: list[str] = []

    def put(self, kind: str, *cards: Any) -> None:
        self.cards[kind].update({card.id: card for card in cards})

    def derive(self, *_: Any) -> Any:
        raise AssertionError("no hints here")

    def glances(self, kind: str, after: str, most: int) -> list[Glance]:
        cards = [self.cards[kind][id_] for id_ in sorted(self.cards[kind]) if id_ > after][:most]
        return [self._glance(card) for card in cards]

    def _glance(self, card: Any) -> Glance:
        is_open = getattr(card, "state", "open") == "open" and not getattr(card, "completed", False)
        return Glance(card, KNOWN - self.hidden, frozenset({"Поставка"} - self.hidden), is_open)

    def look(self, kind: str, ids: Sequence[str]) -> dict[str, tuple[Person, CardEvent]]:
        self._read("look", tuple(ids))
        self.looked += ids
        made = {"lead": LeadEvent, "contact": ContactEvent}
        return {
            id_: (CLIENT, made[kind](card) if kind in made else TaskEvent(task=card))
            for id_ in ids
            if (card := self.cards[kind].get(id_)) is not None
        }


@pytest.fixture
def crm() -> Mirroring:
    return Mirroring()


def opened(office: Office, crm: Mirroring, *rules: Rule) -> None:
    office.crm = crm
    office.planner = Planner(office.journal, make_engine(*rules), crm, crm)  # type: ignore[arg-type]


def ticks(office: Office, rule: Rule, at: str = "") -> Event:
    """The rule comes due now, or at this moment on the client's clocks, and all that follows is planned."""
    if at:
        office.clock.now = datetime.fromisoformat(at).replace(tzinfo=MOSCOW)
    event = tick(rule.name, office.clock(), office.clock())
    office.journal.accept([event])
    office.work()
    return event


def checked(office: Office) -> list[Event]:
    """The events of cards that were found, in order."""
    lines = office.journal.read(lambda c: queries.list_events(c, limit=1000))
    return [line.event.event for line in reversed(lines) if line.event.event.type.value.endswith("checked")]


def told(office: Office) -> list[str]:
    return [text for event in checked(office) for text in office.told(event)]


def hourly(when: Any = None, **more: Any) -> Rule:
    return make_rule(more.pop("do", NOTICE), on=None, every="1h", name="Обход", when=when, **{"each": "lead", **more})


def test_each_open_lead_that_the_rule_holds_for_is_an_event_of_its_own(office: Office, crm: Mirroring) -> None:
    rule = hourly({"lead.stage": "Новый лид"})
    opened(office, crm, rule, make_rule(NOTICE, on="lead.created", name="Другое"))
    crm.put("lead", LeadRef("1", "Крыша", stage="Новый лид"), LeadRef("2", "Забор", stage="В работе"))
    crm.put("lead", LeadRef("3", "Дом", stage="Новый лид", state="won"), LeadRef("4", "Баня", stage="новый лид"))
    first = ticks(office, rule)
    assert told(office) == ["Крыша", "Баня"]
    assert crm.looked == ["1", "4"]
    event = checked(office)[0]
    assert event.type == "lead.checked"
    assert set(event.identities) == {*CLIENT.identities, "lead:1"}
    assert [trace.rule for trace in office.traces(event)[0].rules] == ["Обход"]
    assert office.last(first).outcome is RuleOutcome.CHECKED
    assert office.last(first).reason == "4 of kind lead looked at, 2 of them read, 2 match"


def test_the_same_tick_finds_each_card_once_and_the_next_one_again(office: Office, crm: Mirroring) -> None:
    rule = hourly()
    opened(office, crm, rule)
    crm.put("lead", LeadRef("1", "Крыша"))
    first = ticks(office, rule)
    office.journal.accept([first])
    office.work()
    assert told(office) == ["Крыша"]
    office.clock.forward(hours=1)
    ticks(office, rule)
    assert told(office) == ["Крыша", "Крыша"]


def test_cards_are_looked_at_by_pages_and_none_is_missed(
    office: Office, crm: Mirroring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "PAGE", 10)
    monkeypatch.setattr(walk, "LOOKED_AT", 3)
    rule = hourly("lead.title != 'не тот'")
    opened(office, crm, rule)
    titles = {f"{n:03}": "тот" if n % 4 == 0 or 20 <= n < 30 else "не тот" for n in range(60)}
    crm.put("lead", *(LeadRef(id_, title) for id_, title in titles.items()))
    ticks(office, rule)
    wanted = [id_ for id_, title in titles.items() if title == "тот"]
    assert [event.payload.lead.id for event in checked(office)] == wanted  # type: ignore[union-attr]
    assert crm.looked == wanted


def test_what_the_mirror_does_not_know_is_read_and_decided_then(office: Office, crm: Mirroring) -> None:
    rule = hourly({"lead.stage": "Новый лид", "lead.title": {"not": "Забор"}})
    crm.hidden = {"stage"}
    opened(office, crm, rule)
    crm.put("lead", LeadRef("1", "Крыша", stage="Новый лид"), LeadRef("2", "Дом"), LeadRef("3", "Забор"))
    ticks(office, rule)
    assert (crm.looked, told(office)) == (["1", "2"], ["Крыша"])


def test_facts_that_need_a_call_are_asked_only_for_what_has_passed(office: Office, crm: Mirroring) -> None:
    rule = hourly({"lead.stage": "Новый лид", "person.known": True})
    opened(office, crm, rule)
    crm.put("lead", *(LeadRef(str(n), "Дом", stage="Новый лид" if n == 5 else "Взят") for n in range(9)))
    ticks(office, rule)
    assert crm.names.count("find_people") == 1
    assert told(office) == []


def test_tasks_and_contacts_are_looked_at_as_well(office: Office, crm: Mirroring) -> None:
    task = hourly(
        {"task.due": {"older_than": "1h"}}, each="task", do={"notify": {"to": "rop", "text": "{{ task.text }}"}}
    )
    opened(office, crm, task)
    long_ago = office.clock() - timedelta(hours=2)
    crm.put("task", TaskRef("1", "Старая", due=long_ago), TaskRef("2", "Новая", due=office.clock()))
    crm.put("task", TaskRef("3", "Готовая", due=long_ago, completed=True))
    ticks(office, task)
    assert told(office) == ["Старая"]
    office.clock.forward(hours=1)
    person = hourly({"contact.name": {"starts_with": "П"}}, each="contact", do={"note": {"text": "{{ contact.name }}"}})
    opened(office, crm, person)
    crm.put("contact", ContactRef("1", "Пётр"), ContactRef("2", "Мария"))
    ticks(office, person)
    assert [event.payload.contact.name for event in checked(office)[1:]] == ["Пётр"]  # type: ignore[union-attr]


def test_a_rule_with_a_ladder_begins_it_for_the_cards_that_match_at_the_tick(office: Office, crm: Mirroring) -> None:
    rungs = [{"after": "1h", "do": [NOTICE]}]
    rule = Rule.model_validate(
        {"name": "Обход", "every": "1d", "each": "lead", "when": {"lead.stage": "Новый лид"}, "escalate": rungs}
    )
    opened(office, crm, rule)
    for id_, stage in (("1", "Новый лид"), ("2", "Взят"), ("3", "Новый лид")):
        crm.put("lead", LeadRef(id_, f"дело {id_}", stage=stage))
        crm.lead_cards[id_] = LeadRef(id_, f"дело {id_}", stage="Новый лид" if id_ == "1" else "Взят")
    ticks(office, rule)
    office.later(hours=1)
    assert told(office) == ["дело 1"]
    assert len(checked(office)) == 2


def test_a_crm_that_does_not_answer_lets_the_page_come_again(office: Office, crm: Mirroring) -> None:
    rule = hourly()
    opened(office, crm, rule)
    crm.put("lead", LeadRef("1", "Крыша"))
    crm.refuse["look"] = Retryable("no answer")
    ticks(office, rule)
    assert told(office) == []
    crm.refuse.clear()
    office.later(seconds=5)
    assert told(office) == ["Крыша"]


def test_a_faulty_rule_is_told_once_in_the_trace_of_the_tick(office: Office, crm: Mirroring) -> None:
    rule = hourly("lead.fields['Срок'] > 5")
    opened(office, crm, rule)
    crm.put("lead", *(LeadRef(str(n), "Дом") for n in range(5)))
    first = ticks(office, rule)
    assert (told(office), office.last(first).outcome) == ([], RuleOutcome.ERROR)
    assert "lead 0: " in office.last(first).error


# --- date


def dated(**keys: Any) -> Rule:
    return make_rule(NOTICE, on=None, name="К дате", **{"date": "lead.fields.Поставка", **keys})


def lead(id_: str, date: str) -> LeadRef:
    return LeadRef(id_, f"дело {id_}", fields={"Поставка": date})


def test_a_rule_fires_on_the_day_of_each_card_and_on_no_other(office: Office, crm: Mirroring) -> None:
    rule = dated(shift="1d", at="10:00")
    opened(office, crm, rule)
    crm.put("lead", lead("1", "2026-03-04"), lead("2", "05.03.2026"), lead("3", ""), LeadRef("4", "без даты"))
    for day, expected in ((4, []), (5, ["дело 1"]), (6, ["дело 1", "дело 2"]), (7, ["дело 1", "дело 2"])):
        ticks(office, rule, f"2026-03-{day:02} 10:00")
        assert told(office) == expected


def test_a_moved_date_moves_the_firing_and_the_same_date_fires_once(office: Office, crm: Mirroring) -> None:
    rule = dated(at="10:00")
    opened(office, crm, rule)
    crm.put("lead", lead("1", "2026-03-04"))
    crm.put("lead", lead("1", "2026-03-05"))
    ticks(office, rule, "2026-03-04 10:00")
    assert told(office) == []
    ticks(office, rule, "2026-03-05 10:00")
    ticks(office, rule, "2026-03-05 10:05")
    assert told(office) == ["дело 1"]
    crm.put("lead", lead("1", "2026-03-09"))
    ticks(office, rule, "2026-03-09 10:00")
    assert told(office) == ["дело 1", "дело 1"]


def test_a_date_is_made_up_for_within_a_day_and_not_later(office: Office, crm: Mirroring) -> None:
    rule = dated(at="10:00")
    opened(office, crm, rule)
    crm.put("lead", lead("1", "2026-03-04"), lead("2", "2026-03-03"))
    ticks(office, rule, "2026-03-05 09:00")
    assert told(office) == ["дело 1"]


def test_a_date_with_an_hour_fires_at_it_where_the_rule_names_none(office: Office, crm: Mirroring) -> None:
    rule = dated(shift="-2h")
    opened(office, crm, rule)
    crm.put("lead", lead("1", "04.03.2026 15:30"), lead("2", "04.03.2026"))
    for clock, expected in (
        ("06:55", []),
        ("07:00", ["дело 2"]),
        ("13:25", ["дело 2"]),
        ("13:30", ["дело 2", "дело 1"]),
    ):
        ticks(office, rule, f"2026-03-04 {clock}")
        assert told(office) == expected


def test_fields_that_are_no_dates_are_one_trouble_until_there_are_none(
    office: Office, crm: Mirroring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "PAGE", 2)
    rule = dated(at="10:00")
    opened(office, crm, rule)
    crm.put("lead", lead("1", "завтра"), *(lead(str(n), "2026-03-04") for n in range(2, 7)))
    ticks(office, rule, "2026-03-04 10:00")
    assert len(told(office)) == 5
    (trouble,) = (t for t in troubles_of(office) if t[0] == "date of rule «К дате»")
    assert "lead 1" in trouble[1]
    crm.put("lead", lead("1", "2026-03-08"))
    ticks(office, rule, "2026-03-05 10:00")
    assert troubles_of(office) == []


def troubles_of(office: Office) -> list[tuple[str, str]]:
    found = office.journal.read(lambda c: troubles.all_troubles(c, opened=True))
    return [(trouble.name, trouble.cause) for trouble in found]
