"""A month of a small client: events that were planned by a real planner, with their timers, into a real journal."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from provodka.crm import Contact
from provodka.event import Event, build_payload
from provodka.journal import Journal
from provodka.payloads import EventType, LeadRef, Person
from rules.actions import REGISTRY
from rules.engine import Engine
from tests.cli.playing import Clock
from tests.rules.world import FakeCrm
from worker.planner import Planner

HEAD = """\
client: Кровля
crm: {type: amocrm, url: "https://krovlya.amocrm.ru", token: crm-token}
staff:
  anna: {crm: anna@krovlya.ru, extension: "101"}
  ivan: {crm: ivan@krovlya.ru, extension: "102"}
  rop: {crm: rop@krovlya.ru, telegram: 1234567}
channels:
  site: {type: tilda, secret: tilda-secret}
  land: {type: tilda, secret: land-secret}
  mail: {type: imap, host: imap.krovlya.ru, user: info@krovlya.ru, password: mail-password}
  phone: {type: mango, api_key: mango-key, salt: mango-salt}
journal: {url: "sqlite:///journal.sqlite"}
"""
RULES = """\
rules:
  - name: Заявка
    on: form.submitted
    channel: site
    when: {utm.source: yandex}
    do:
      - intake:
          title: "Сайт: {{ person.name }}"
          stage: Новый лид
          responsible: {round_robin: [anna, ivan]}
          tags: [сайт, "{{ utm.source }}"]
      - task: {text: Позвонить, due: 15m working}
  - name: Знакомый
    on: form.submitted
    when: {person.known: true}
    do:
      - notify: {to: rop, text: "Снова {{ person.name }} {{ person.phone }}"}
  - name: Не взят
    on: lead.created
    wait: 1m
    when: {lead.stage: Новый лид}
    do:
      - notify: {to: rop, text: "Ждёт «{{ lead.title }}»"}
  - name: Письмо
    on: email.received
    do:
      - intake: {title: "Почта: {{ message.subject }}"}
      - note: {text: "{{ message.text }}"}
      - task: {text: Ответить, due: 1h}
  - name: Звонок
    on: call.missed
    do:
      - task: {text: Перезвонить, due: 1h}
"""
MARIA = Person("Мария Иванова", ("+79160001122",), ("maria@yandex.ru",))
PETR = Person("Пётр Сидоров", ("+79260003344",), ("petr@mail.ru",))


def real(name: str) -> str:
    """The id of the event that the tests call so."""
    return name.encode().hex().rjust(24, "0")


def called(id_: str) -> str:
    """What the tests call the event of this id."""
    return bytes.fromhex(id_).decode().lstrip("\0")


class Client:
    """The client's journal, and the planner that fills it with the rules of a config."""

    def __init__(self, folder: Path, journal: Journal, clock: Clock) -> None:
        self.folder = folder
        self.journal = journal
        self.clock = clock
        self.crm = FakeCrm()
        self.crm.know(Contact("c1", "Мария Иванова", MARIA.phones, MARIA.emails))

    def config(self, rules: str = RULES, name: str = "config.yaml") -> Path:
        path = self.folder / name
        text = HEAD.replace("sqlite:///journal.sqlite", f"sqlite:///{self.folder}/journal.sqlite")
        path.write_text(text + rules, encoding="utf-8")
        return path

    def planner(self, rules: str = RULES) -> Planner:
        from cli.config import read

        config = read(self.config(rules))
        engine = Engine(config.rules, REGISTRY, config.team, config.calendar, config.client)
        return Planner(self.journal, engine, self.crm, None)  # type: ignore[arg-type]

    def event(self, id_: str, kind: str, channel: str, person: Person, **payload: Any) -> Event:
        now = self.clock()
        type_ = EventType(kind)
        event = Event(real(id_), type_, channel, id_, now, now, person, build_payload(type_, payload), b"raw")
        self.journal.accept([event])
        return event

    def month(self) -> None:
        """Eight events, planned; one of the two new leads was taken within its minute."""
        site = {"form": {"name": "Замер", "comment": f"Звоните: {MARIA.phone}"}}
        # first: a letter behind a form would wait for the lead that the form makes, and nobody delivers here
        self.event("m1", "email.received", "mail", PETR, message={"subject": "Крыша", "text": "Сколько стоит?"})
        self.event("f1", "form.submitted", "site", PETR, utm={"source": "yandex"}, **site)
        other = {"form": {"name": "Замер", "comment": f"Снова: {MARIA.phone}"}}
        self.event("f2", "form.submitted", "site", MARIA, utm={"source": "google"}, **other)
        self.event("f3", "form.submitted", "land", PETR, utm={"source": "yandex"}, **site)
        self.event("f4", "form.submitted", "site", MARIA, utm={"source": "yandex"}, **site)
        self.event("c1", "call.missed", "phone", PETR, call={"id": "1", "direction": "in"})
        for number in ("1", "2"):
            lead = {"id": number, "title": f"Лид {number}", "stage": "Новый лид"}
            self.event(f"l{number}", "lead.created", "amocrm", Person(), lead=lead)
            stage = "Новый лид" if number == "1" else "В работе"
            self.crm.lead_cards[number] = LeadRef(number, f"Лид {number}", stage=stage)
        planner = self.planner()
        self.clock.now += timedelta(milliseconds=1234)
        while planner.plan_once():
            pass
        self.clock.forward(seconds=90)
        while planner.run_timers():
            pass
        self.clock.forward(days=1)
