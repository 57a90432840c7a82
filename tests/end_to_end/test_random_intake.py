"""Forms, tables and payments at random: people come by every road, press twice and pay in every way, the CRM and the
services fail, the product is killed.

At rest each person is one contact with one lead, every request stands once in it, answers of a questionnaire in their
very deal, and every payment and refund is told once, to the kopeck. `PROVODKA_INTAKE` is the number of people,
`PROVODKA_SEED` their dice, `PROVODKA_CRM` (amocrm, bitrix24 or bitrix24-deals) the CRM.
"""

from __future__ import annotations

import os
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest
import requests

from cli.hooks import CRM_CHANNEL
from cli.house import House
from provodka.journal import paid as told_of
from provodka.journal import queries
from provodka.payloads import PaymentEvent
from sandbox.senders.google_sheets import BOOK
from sandbox.senders.paying import Bill, Paying
from sandbox.senders.service import Client
from sandbox.server import Sandbox
from tests.end_to_end.company import Company, until
from tests.end_to_end.crms import OFFICES, SECRET
from tests.end_to_end.product import Product
from tests.end_to_end.relay import Relay
from tests.end_to_end.visitors import PARTNER_KEY, SHOPS, Visitor, Visitors, paid, settled
from worker.facts.money import summed_up

PEOPLE = int(os.environ.get("PROVODKA_INTAKE", "3"))
SEED = int(os.environ.get("PROVODKA_SEED", "1"))
CRM = os.environ.get("PROVODKA_CRM", "amocrm")
IS_SHORT = PEOPLE <= 10
LIFE = 6.0  # seconds between two kills; the short one is killed once, at the end
PAUSE = 0.05 if IS_SHORT else 3.0
PATIENCE = 30.0 + 3.0 * PEOPLE
FAULTS = [
    {"kind": "status", "status": 429},
    {"kind": "status", "status": 500},
    {"kind": "cut_before"},
    {"kind": "cut_after"},
]
TOTAL = Decimal(100_000)
DOORS = ("/yookassa/v3", "/tbank/v2", "/robokassa/Merchant/WebService", "/google")

FIELDS = "fields: [{label: Имя, means: name}, {label: Телефон, kind: phone}, {label: Вопрос, means: comment}]"
CHANNELS = f"""
  quiz: {{type: marquiz, secret: "${{SECRET}}"}}
  ask: {{type: page, title: Вопрос, at_least: 0s, per_address: 10000, {FIELDS}}}
  anketa: {{type: page, title: Анкета, personal: true, at_least: 0s,
           fields: [{{label: Имя, means: name}}, {{label: Площадь}}]}}
  partners: {{type: partner, title: Заявка, {FIELDS}, partners: {{kc: {{title: Колл-центр, secret: {PARTNER_KEY}}}}}}}
  sheet: {{type: google_sheets, spreadsheet: {BOOK}, link_url: "${{SENDERS}}/google", secret: {PARTNER_KEY},
          first_rows: all, poll: 1s}}
  folder: {{type: table_file, path: FOLDER, first_rows: all, poll: 1s}}
  robokassa: {{type: robokassa, login: sandbox, password1: sandbox1, password2: sandbox2, poll: 1s,
              pay_url: "${{SENDERS}}/robokassa/Merchant/Index.aspx",
              api_url: "${{SENDERS}}/robokassa/Merchant/WebService/Service.asmx"}}
  yookassa: {{type: yookassa, shop_id: "100500", key: sandbox, test: true, api_url: "${{SENDERS}}/yookassa", poll: 1s}}
  tbank: {{type: tbank, terminal: SANDBOX, password: sandbox, api_url: "${{SENDERS}}/tbank/v2", poll: 1s}}
"""
HEAD = """
  - name: Ссылка на анкету
    on: lead.created
    do:
      - note: {text: "Ссылка: {{ pages.anketa }}"}

  - name: Ответы анкеты
    on: form.submitted
    channel: anketa
    stop: true
    do:
      - note: {text: "Ответы: {{ form.fields['Площадь'] }}"}
"""
RULES = "".join(
    f"""
  - name: Счёт {shop}
    on: form.submitted
    when: {{form.comment: {{contains: "Счёт {shop}"}}}}
    do:
      - payment_link: {{by: {shop}, amount: "{{{{ form.fields.sum }}}}", total: {TOTAL},
                       purpose: "{{{{ form.comment }}}}"}}
"""
    for shop in SHOPS
)
TAIL = """
  - name: Строка таблицы
    on: table.row_added
    do:
      - intake: {pipeline: Кровля, stage: Новый лид, title: "Таблица: {{ person.name }}"}
      - note: {text: "Строка: {{ row.fields['Что интересует?'] }}{{ row.comment }}"}

  - name: Квиз
    on: form.submitted
    channel: quiz
    do:
      - note: {text: "Квиз: {{ form.fields['Слова'] }}"}

  - name: Деньги
    on: [payment.succeeded, payment.differs, payment.refunded]
    do:
      - note: {text: "Деньги: заказ {{ payment.order }}"}
"""


class Firm:
    """The company, the product as a process behind its relay, its people, and what goes wrong."""

    def __init__(self, company: Company, dice: random.Random) -> None:
        self.company, self.sandbox, self.dice = company, company.sandbox, dice
        self.folder = company.folder / "tables"
        self.folder.mkdir()
        self.product = Product(company.folder / "client.yaml", {}, company.folder / "product.log")
        self.relay = Relay(lambda: self.product.url, random.Random(dice.random()))
        self.relay.start()
        company.rewritten, company.extra_rules = self._config, RULES + TAIL
        company.write_config()
        self.product.environ.update(company.environ)
        self.people = [Visitor(n) for n in range(1, PEOPLE + 1)]
        self.crowd = Visitors(self.sandbox, self.relay.url, self.folder, self._link)
        self.kills = 0

    def _config(self, text: str) -> str:
        server = f'server: {{port: {self.product.port}, public_url: "{self.relay.url}"}}'
        channels = CHANNELS.replace("FOLDER", str(self.folder))
        text = text.replace('server: {port: "${PORT}"}', f"brake: off\nhttp: {{allow: [127.0.0.1]}}\n{server}")
        return text.replace("\nalerts:", f"{channels}\nalerts:").replace("\nrules:\n", f"\nrules:\n{HEAD}")

    def _link(self, one: Visitor) -> str | None:
        """That of their deal, out of its card."""
        for lead in self.company.leads():
            if any(one.phone in person["phones"] for person in lead["contacts"]):
                for note in lead["notes"]:
                    if found := re.search(r"http\S+/f/anketa/[\w-]+", str(note["text"])):
                        return found[0]
        return None

    @property
    def shops(self) -> list[Paying]:
        found = [self.sandbox.senders.services[name] for name in SHOPS]
        return [one for one in found if isinstance(one, Paying)]

    def open(self) -> None:
        self.product.start()
        self.product.ready()
        house = House(self.company.config())
        try:
            self.company.office.announce(house, f"{self.relay.url}/hooks/{CRM_CHANNEL}/{SECRET}")
        finally:
            house.close()

    def restart(self) -> None:
        self.product.kill()
        self.product.start()
        self.product.ready()
        self.kills += 1

    def disturb(self) -> None:
        self.calm()
        share = 0.03 if IS_SHORT else self.dice.choice((0.05, 0.2))
        self.company.office.control("faults", {"share": share, "seed": self.dice.randrange(1000), "kinds": FAULTS})
        fault = {"share": 0.3, "seed": self.dice.randrange(1000), "path": self.dice.choice(DOORS), "kinds": FAULTS}
        requests.post(f"{self.sandbox.senders.url}/_sandbox/faults", json=fault, timeout=30).raise_for_status()

    def calm(self) -> None:
        for part in (self.company.office.emulator, self.sandbox.senders):
            part.faults.clear()

    def opened(self, one: PaymentEvent) -> tuple[Paying, Bill]:
        """The bill that a link leads to, as a browser opens it."""
        service = next(shop for shop in self.shops if shop.prefix in one.payment.url)
        page = requests.get(one.payment.url, timeout=30)
        page.raise_for_status()
        return service, service.bills[page.url.rpartition("/")[2]]

    def links(self) -> list[PaymentEvent]:
        events = self.company.events("payment.requested")
        return [one.event.payload for one in events if isinstance(one.event.payload, PaymentEvent)]


@pytest.fixture
def firm(tmp_path: Path, sandbox: Sandbox) -> Iterator[Firm]:
    company = Company(tmp_path, sandbox, OFFICES[CRM])
    company.office.unlimited()
    for service in sandbox.senders.services.values():
        service.reset()
    firm = Firm(company, random.Random(SEED))
    yield firm
    firm.calm()
    firm.product.kill()
    firm.relay.stop()


@pytest.mark.crash
@pytest.mark.timeout(600 + 10 * PEOPLE)
def test_whatever_people_send_and_pay_at_random_ends_once_in_their_own_deal(firm: Firm) -> None:
    firm.open()
    began = time.monotonic()
    all_at_once(firm)
    house = House(firm.company.config())
    firm.company.house = house
    try:
        pay_for_all(firm)
        firm.restart()
        firm.calm()
        rest(firm)
        check(firm)
    finally:
        house.close()
    assert firm.product.stop() == 0
    did = sum((one.did for one in firm.people), Counter[str]())
    print(f"{PEOPLE} people, seed {SEED}, {CRM}: {time.monotonic() - began:.0f} s, {firm.kills} kills, {dict(did)}")


def all_at_once(firm: Firm) -> None:
    """Until everybody has sent what they wanted, the product is killed now and then."""
    disturbed, killed = 0.0, time.monotonic()
    with ThreadPoolExecutor(6) as threads:
        dice = {one.number: random.Random(f"{SEED} {one.number}") for one in firm.people}
        lives = [threads.submit(firm.crowd.live, one, dice[one.number], PAUSE) for one in firm.people]
        while not all(one.done() for one in lives):
            if time.monotonic() - disturbed > LIFE / 2:
                firm.disturb()
                disturbed = time.monotonic()
            if time.monotonic() - killed > LIFE:
                firm.restart()
                killed = time.monotonic()
            time.sleep(0.1)
        for life in lives:
            life.result()


def pay_for_all(firm: Firm) -> None:
    """Everybody opens the links and pays in some way, and answers the questionnaire of the deal."""
    wanted = sum(len(one.asked) for one in firm.people)
    until(lambda: len(firm.links()) == wanted, f"{wanted} links", PATIENCE)
    for service in firm.shops:
        service.point({"url": f"{firm.relay.url}/hooks/{service.name}"})
    until(lambda: all(firm.crowd.link(one) for one in firm.people), "the links of questionnaires", PATIENCE)
    firm.calm()
    for one in firm.links():
        firm.opened(one)

    def pay(one: PaymentEvent) -> None:
        firm.crowd.pay(*firm.opened(one), random.Random(f"{SEED} bill {one.payment.order}"))

    def answer(one: Visitor) -> None:
        firm.crowd.answer(one, random.Random(f"{SEED} answer {one.number}"))

    firm.disturb()
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(pay, firm.links()))
        list(threads.map(answer, firm.people))
    for service in firm.shops:
        service.press("strange", Client(), {"url": f"{firm.relay.url}/hooks/{service.name}"})


def rest(firm: Firm) -> None:
    end = time.monotonic() + PATIENCE
    while wrong := missing(firm):
        assert time.monotonic() < end, "\n".join(wrong)
        time.sleep(0.2)


def missing(firm: Firm) -> list[str]:
    """What is still to be done: work that is left, rows that have not come, payments of which nobody was told."""
    came = [one.event for one in firm.company.events("table.row_added")]
    rows = Counter((one.channel) for one in came)
    wanted = sum(len(one.rows) for one in firm.people)
    left = firm.company.journal.read(queries.unfinished)
    return [
        *([f"{wanted} rows, came {rows}"] if len(came) != wanted else []),
        *([f"{left} left"] if left else []),
        *money(firm),
    ]


def money(firm: Firm) -> list[str]:
    events = [one.event for one in firm.company.events() if isinstance(one.event.payload, PaymentEvent)]
    wrong: list[str] = []
    for one in firm.links():
        service, bill = firm.opened(one)
        told = [(event.type.value, event.payload.payment) for event in events if event.channel == service.name]
        wrong += paid(one.payment.order, bill, told)
    return wrong


def check(firm: Firm) -> None:
    leads = firm.company.leads()
    wrong = [text for one in firm.people for text in settled(one, leads)]
    wrong += [f"dead: {one.kind} {one.error}" for one in firm.company.actions() if one.state == "dead"]
    wrong += [text for lead in leads for text in owed(firm, str(lead["id"]))]
    wrong += shown(firm)
    assert not wrong, "\n".join(wrong)
    assert not any(firm.company.doubles().values()), firm.company.doubles()
    assert len(firm.company.events("payment.unmatched")) >= len(SHOPS)


def shown(firm: Firm) -> Iterator[str]:
    """What the log tells of people, of cards and of secrets."""
    secrets = [PARTNER_KEY, "sandbox1", "sandbox2", "220000******", "/f/anketa/1", "Гость ", "(916)", "91650000"]
    for line in firm.product.log.read_text().splitlines():
        yield from (f"the log shows «{one}»: {line[:300]}" for one in secrets if one in line)


def owed(firm: Firm, lead: str) -> Iterator[str]:
    """What rules are told of a deal is what the services know of it."""
    own = [firm.opened(one)[1] for one in firm.links() if one.lead_id == lead]
    right = sum((bill.amount - bill.refunded for bill in own if bill.state in ("paid", "refunded")), Decimal(0))
    told = firm.company.journal.read(lambda c: told_of.payments(c, [f"lead:{lead}"]))
    fact = summed_up([one for one in told if one.said.lead_id == lead])
    if own and (fact.paid, fact.left) != (right, TOTAL - right):
        yield f"lead {lead}: {fact} and not {right}"
