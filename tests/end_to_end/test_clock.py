"""Rules of the clock on a real CRM: cards are found in the mirror, read anew, and dealt with once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from provodka.event import utc_now
from rules.ticks import tick
from tests.end_to_end.company import Company, until
from tests.end_to_end.crms import OFFICES

pytestmark = pytest.mark.parametrize("office", OFFICES.values(), ids=OFFICES)

CLOCKWORK = """
  - name: Обход новых
    every: 1d
    each: lead
    when: {lead.stage: Новый лид, lead.pipeline: {known: true}, person.phone: "+79160001122"}
    do:
      - note: {text: "Ждёт: {{ person.phone }}"}

  - name: В день появления
    date: lead.created_at
    do:
      - tag: {add: [сегодня]}

  - name: Каждая задача
    every: 1d
    each: task
    when: {task.text: {contains: Позвонить}}
    do:
      - notify: {to: rop, text: "Задача: {{ task.text }}"}
"""


def due(company: Company, rule: str, moment: datetime | None = None) -> None:
    """The rule comes due."""
    company.journal.accept([tick(rule, moment or utc_now(), utc_now())])


def test_cards_are_found_by_the_clock_and_each_is_dealt_with_once(company: Company) -> None:
    company.extra_rules = CLOCKWORK
    company.close()
    company.open()
    company.form("+79160001122")
    company.form("+79160003344", name="Пётр")
    company.rest("lead.created", 2)
    now = datetime.now(UTC) + timedelta(minutes=1)
    for _ in range(2):
        due(company, "Обход новых", now)
        due(company, "В день появления", now)
        due(company, "Каждая задача", now)
    company.rest("task.checked", 2)
    found = company.rest("lead.checked", 3)
    assert len(found) == 3
    maria, petr = sorted(company.leads(), key=lambda lead: lead["name"])
    assert [note["text"] for note in maria["notes"] if "Ждёт" in note["text"]] == ["Ждёт: +79160001122"]
    assert not any("Ждёт" in note["text"] for note in petr["notes"])
    assert all("сегодня" in lead["tags"] for lead in (maria, petr))
    until(lambda: sum("Задача: Позвонить" in text for text in company.told()) == 2, "two notices of tasks")


def test_what_the_mirror_shows_at_a_glance_is_what_the_crm_has(company: Company) -> None:
    company.form("+79160001122")
    company.rest("lead.created")
    crm = company.house.crm
    assert crm is not None
    until(lambda: crm.fill(), "the mirror is filled")
    for kind in ("lead", "contact", "company", "task"):
        glances = crm.glances(kind, "", 1000)
        assert glances or kind == "company"
        read = crm.look(kind, [glance.card.id for glance in glances])
        for glance in glances:
            card = getattr(read[glance.card.id][1], kind)
            for member in glance.known:
                assert getattr(glance.card, member) == getattr(card, member), (kind, member)
            if glance.fields:
                assert (
                    glance.card.fields.items() >= {n: v for n, v in card.fields.items() if n in glance.fields}.items()
                )
