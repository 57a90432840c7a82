"""Telephony and messengers at random: people write in several networks and call, deliveries come doubled and out of
order, the staff answer, the CRM and the messengers fail, the product is killed.

At rest every message stands once in the talk of one lead, every call is one event and one call of the card, and every
answer of the staff has arrived once or is told of as failed. `PROVODKA_TALKS` is the number of people, `PROVODKA_SEED`
their dice, `PROVODKA_CRM` (amocrm or bitrix24) the CRM.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from typer.testing import CliRunner

from cli.hooks import CRM_CHANNEL
from cli.house import House
from cli.main import app
from provodka.journal import queries
from provodka.journal.queries import EventLine
from provodka.payloads import CallEvent
from sandbox.senders.wazzup import CHANNEL
from sandbox.senders.whatsapp import PHONE_ID
from sandbox.server import Sandbox
from tests.end_to_end.company import Company, until
from tests.end_to_end.crms import SECRET
from tests.end_to_end.crowd import NETWORKS, Crowd, Person
from tests.end_to_end.product import Product
from tests.end_to_end.relay import Relay
from tests.end_to_end.settled import answered, called, dead, said
from tests.end_to_end.talking import TALKING, Shown

PEOPLE = int(os.environ.get("PROVODKA_TALKS", "3"))
SEED = int(os.environ.get("PROVODKA_SEED", "1"))
CRM = os.environ.get("PROVODKA_CRM", "amocrm")
IS_SHORT = PEOPLE <= 20
LIFE = 2.0 if IS_SHORT else 15.0  # seconds between two kills
PATIENCE = 120.0 + 2.0 * PEOPLE

CHANNELS = f"""
  mega: {{type: megafon, crm_token: sandbox-crm-token, url: "${{SENDERS}}/megafon/crmapi/v1", api_key: sandbox}}
  roistat: {{type: roistat, secret: "${{SECRET}}", beside: phone}}
  wa: {{type: whatsapp, app_secret: "${{SECRET}}", verify_token: "${{SECRET}}", token: sandbox, phone_id: "{PHONE_ID}",
       api_url: "${{SENDERS}}/whatsapp"}}
  vk: {{type: vk, group: 190000001, token: sandbox, secret: sandbox, confirmation: 0fsandbox,
       api_url: "${{SENDERS}}/vk"}}
  wz: {{type: wazzup, api_key: sandbox, crm_key: sandbox, channel_id: {CHANNEL}, api_url: "${{SENDERS}}/wazzup"}}
"""
RULES = """
  - name: Сообщение
    on: [message.received, message.edited]
    do:
      - intake:
          pipeline: Кровля
          stage: Новый лид
          title: "Чат: {{ person.phone or person.messengers | first }}"
          responsible: {round_robin: [anna, ivan]}
      - log_message

  - name: Ответить
    on: message.received
    when: talk.first
    do:
      - task: {text: Ответить, type: Звонок, due: 15m}

  - name: Источник звонка
    on: [call.finished, call.missed]
    when: {utm.source: {not: {empty: true}}}
    do:
      - tag: {add: ["{{ utm.source }}"]}

  - name: Источник узнали после звонка
    on: call.tracked
    do:
      - intake: {pipeline: Кровля, stage: Новый лид, title: "Звонок: {{ person.phone }}"}
      - tag: {add: ["{{ utm.source }}"]}
"""
CRM_FAULTS = [
    {"kind": "status", "status": 429},
    {"kind": "status", "status": 500},
    {"kind": "cut_before"},
    {"kind": "cut_after"},
]


class Firm:
    """The company, the product as a process behind its relay, and what goes wrong."""

    def __init__(self, company: Company, sandbox: Sandbox, dice: random.Random) -> None:
        self.company, self.sandbox, self.dice = company, sandbox, dice
        self.office: Any = company.office
        self.product = Product(company.folder / "client.yaml", {}, company.folder / "product.log")
        self.relay = Relay(lambda: self.product.url, random.Random(dice.random()))
        self.relay.start()
        company.rewritten, company.extra_rules = self._config, RULES
        company.write_config()
        self.product.environ.update(company.environ)
        self.kills = 0
        self.asked: dict[str, str] = {}
        """The answers of the staff: their words, and the chat of each."""

    def _config(self, text: str) -> str:
        server = f'server: {{port: {self.product.port}, public_url: "{self.relay.url}"}}'
        for ours, theirs in (
            ('server: {port: "${PORT}"}', f"brake: off\nhttp: {{allow: [127.0.0.1]}}\n{server}"),
            ('extension: "101"', 'extension: ["101", petrova]'),
            ('extension: "102"', 'extension: ["102", ivanov]'),
            ('api_url: "${TELEGRAM}"}', 'api_url: "${TELEGRAM}", receive: webhook, secret: tg_Secret-1}'),
            ("\nalerts:", f"{CHANNELS}\nalerts:"),
        ):
            assert ours in text
            text = text.replace(ours, theirs)
        return text

    def open(self) -> None:
        requests.get(f"{self.sandbox.senders.url}/vk/method/users.get", timeout=30)  # so that VK knows its own address
        self.product.start()
        self.product.ready()
        house = House(self.company.config())
        try:
            self.office.announce(house, f"{self.relay.url}/hooks/{CRM_CHANNEL}/{SECRET}")
            assert house.subscribers["bot"].subscribe(f"{self.relay.url}/hooks/bot")
        finally:
            house.close()
        if CRM == "amocrm":
            self.office.control("channel", {"hook_url": f"{self.relay.url}/hooks/crm/chats"})

    def restart(self) -> None:
        self.product.kill()
        self.product.start()
        self.product.ready()
        self.kills += 1

    def disturb(self) -> None:
        """The CRM and the messengers fail for a while, in other ways than before."""
        for part in (self.office.emulator, self.sandbox.senders, self.sandbox.telegram):
            part.faults.clear()
        share = 0.03 if IS_SHORT else self.dice.choice((0.05, 0.2))  # who has failed often waits for long
        self.office.control("faults", {"share": share, "seed": self.dice.randrange(1000), "kinds": CRM_FAULTS})
        part, path = self.dice.choice(
            ((self.sandbox.senders, "/vk"), (self.sandbox.senders, "/wa"), (self.sandbox.telegram, "/bot"))
        )
        url = f"{part.url}/_sandbox/faults"
        fault = {
            "share": 0.1 if IS_SHORT else 0.5,
            "seed": self.dice.randrange(1000),
            "path": path,
            "kinds": CRM_FAULTS,
        }
        requests.post(url, json=fault, timeout=30).raise_for_status()

    def calm(self) -> None:
        for part in (self.office.emulator, self.sandbox.senders, self.sandbox.telegram):
            part.faults.clear()

    def answer(self) -> None:
        """One of the staff answers in some talk."""
        chats = sorted(chat for chat, talk in self.office.talks().items() if talk.owners)
        if chats:
            chat, text = self.dice.choice(chats), f"Ответ {len(self.asked) + 1}"
            self.office.answers_in(chat, text)
            self.asked[text] = chat


@pytest.fixture
def firm(tmp_path: Path, sandbox: Sandbox) -> Iterator[Firm]:
    company = Company(tmp_path, sandbox, TALKING[CRM])
    company.office.unlimited()
    for service in sandbox.senders.services.values():
        service.reset()
    sandbox.telegram.limit(on=False)
    firm = Firm(company, sandbox, random.Random(SEED))
    yield firm
    firm.calm()
    sandbox.telegram.reset()
    firm.product.kill()
    firm.relay.stop()


def people(dice: random.Random) -> list[Person]:
    return [
        Person(n, tuple(dice.sample(NETWORKS, dice.randrange(1, 4))), dice.choice(("phone", "mega")))
        for n in range(1, PEOPLE + 1)
    ]


@pytest.mark.crash
@pytest.mark.timeout(600 + 10 * PEOPLE)
def test_talks_at_random_stand_once_in_one_lead_and_every_call_and_answer_has_its_end(firm: Firm) -> None:
    crowd = Crowd(firm.sandbox, firm.relay.url, 0.05 if IS_SHORT else 2.0)
    everybody = people(firm.dice)
    began = time.monotonic()
    firm.open()
    happen(firm, crowd, everybody)
    house = House(firm.company.config())
    firm.company.house = house
    try:
        until(lambda: not house.journal.read(queries.unfinished), "rest", PATIENCE)
        took = time.monotonic() - began
        check(firm, house, everybody)
    finally:
        house.close()
    assert firm.product.stop() == 0
    did = sum((one.did for one in everybody), Counter[str]())
    print(f"{PEOPLE} people, seed {SEED}, {CRM}: {took:.0f} s, {firm.kills} kills, {len(firm.asked)} answers")
    print(dict(did), dict(firm.relay.did))


def happen(firm: Firm, crowd: Crowd, everybody: list[Person]) -> None:
    """Until all have done what they wanted, the product is killed now and then, and the staff answer."""
    dice, disturbed, killed = firm.dice, 0.0, time.monotonic()
    with ThreadPoolExecutor(6) as threads:
        lives: list[Future[None]] = [
            threads.submit(crowd.live, one, random.Random(f"{SEED} {one.number}")) for one in everybody
        ]
        while not all(one.done() for one in lives):
            if time.monotonic() - disturbed > LIFE / 2:
                firm.disturb()
                disturbed = time.monotonic()
            if time.monotonic() - killed > LIFE:
                firm.restart()
                killed = time.monotonic()
            if dice.random() < (1.0 if IS_SHORT else 0.3):
                firm.answer()
            time.sleep(0.2)
        for one in lives:
            one.result()
    for one in everybody[::5]:
        crowd.block(one)
    firm.restart()
    until(lambda: any(one.owners for one in firm.office.talks().values()), "a talk")
    for _ in range(max(3, PEOPLE // 10)):
        firm.answer()
    firm.calm()


def check(firm: Firm, house: House, everybody: list[Person]) -> None:
    wrong: list[str] = []
    leads = firm.company.leads()
    talks: dict[str, Shown] = firm.office.talks()
    events = house.journal.read(lambda c: queries.list_events(c, limit=100000))
    told = [line.event.event for line in events]
    died = house.journal.read(lambda c: queries.dead_actions(c, 1000))
    unsure = {line.event.seq for line in events} & {one.event_seq for one in died if one.kind == "log_message"}
    unknown = {line.event.event.payload.message.text for line in events if line.event.seq in unsure}
    for person in everybody:
        own = [lead for lead in leads if lead["name"].partition(": ")[2] in person.names]
        if not 1 <= len(own) <= person.fresh:
            wrong.append(f"{person.number}: {len(own)} leads, and could have {person.fresh}")
        wrong += said(person, talks, {str(lead["id"]) for lead in own}, unknown, CRM)
        calls = [one for one in told if isinstance(one.payload, CallEvent) and one.payload.call.phone == person.phone]
        wrong += called(person, calls, own)
        tasks = Counter(task["text"] for lead in own for task in lead["tasks"])
        if tasks["Ответить"] != len(person.said):
            wrong.append(f"{person.number}: {tasks['Ответить']} tasks to answer for {len(person.said)} talks")
    wrong += answered(firm.asked, talks, firm.sandbox)
    if unbound := [chat for chat, talk in talks.items() if not talk.owners]:
        print(f"{len(unbound)} of {len(talks)} talks are not bound to their cards")
        assert CRM == "bitrix24", unbound
    wrong += dead(died, CRM)
    wrong += explained(firm, events)
    assert not wrong, "\n".join(wrong)
    late = sum(max(0, one.fresh - 1) for one in everybody)
    doubles = firm.company.doubles()
    assert len(told) == len({(one.channel, one.external_id) for one in told})
    assert doubles["contacts_by_phone"] <= late, doubles


def explained(firm: Firm, events: Sequence[EventLine]) -> Iterator[str]:
    """Support can ask about any of it."""
    for line in firm.dice.sample(list(events), min(len(events), 2 if IS_SHORT else 10)):
        one = line.event.event
        told = CliRunner().invoke(
            app, ["explain", one.id, "--config", str(firm.company.write_config())], env=dict(firm.company.environ)
        )
        if told.exit_code != 0 or one.type.value not in told.output:
            yield f"explain {one.id}: {told.exit_code} {told.output[-300:]}"
