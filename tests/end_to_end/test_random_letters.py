"""Talks by mail at random: clients with several affairs each, their colleagues, sellers with a mail program, rules,
bounces and autoreplies, two mailboxes, whose servers go away and are renumbered, a CRM that fails, a product that is
killed.

At rest each letter is in the card of its own affair once, with its files. `PROVODKA_MAIL_TALKS` is the number of
letters, `PROVODKA_SEED` the dice, `PROVODKA_CRM` (amocrm or bitrix24) the CRM.
"""

from __future__ import annotations

import os
import random
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from cli.house import House
from provodka.journal import queries
from sandbox.senders.letters import letter
from sandbox.server import Sandbox
from tests.end_to_end.company import Company, until
from tests.end_to_end.crms import Amocrm, BitrixDeals, Json
from tests.end_to_end.post import CARD, CARD_RULES, SENT, Affair, Box, Post
from tests.end_to_end.product import Product
from tests.end_to_end.test_random_talks import CRM_FAULTS

LETTERS = int(os.environ.get("PROVODKA_MAIL_TALKS", "20"))
SEED = int(os.environ.get("PROVODKA_SEED", "1"))
CRM = os.environ.get("PROVODKA_CRM", "amocrm")
IS_SHORT = LETTERS <= 50
LIFE = 12.0  # seconds between two kills of a long run
PATIENCE = 120.0 + LETTERS

NEW = """
  - name: Новое дело
    on: email.received
    when: message.kind == 'letter' and not message.thread and not message.subject.startswith('Re:')
    do:
      - intake: {pipeline: Кровля, stage: Новый лид, title: "{{ message.subject }}", reuse: never}
      - log_letter: {skip: [example.test]}
"""


class Firm:
    """The company with two mailboxes, the product as a process, and what goes wrong."""

    def __init__(self, company: Company, dice: random.Random) -> None:
        self.company, self.dice = company, dice
        self.boxes = [Box(company.folder / f"box{n}.sqlite") for n in (1, 2)]
        for box in self.boxes:
            box.put(b"Message-ID: <0@example.test>\r\nFrom: sandbox@example.test\r\n\r\n", SENT)
        self.post = Post(self.boxes, max(2, LETTERS // 12), dice)
        self.product = Product(company.folder / "client.yaml", {}, company.folder / "product.log")
        company.rewritten = self._config
        company.write_config()
        self.product.environ.update(company.environ)
        self.kills = 0

    def _config(self, text: str) -> str:
        first, second = (box.server for box in self.boxes)
        text = text[: text.index("  - name: Заявка с сайта")] + NEW.lstrip("\n") + CARD_RULES
        line = next(line for line in text.splitlines() if line.startswith("  mail: "))
        more = f"poll: 1, sent: true, own_addresses: [example.test], card_address: {CARD}}}"
        line = line.replace("poll: 1}", more)
        both = [line.replace("${IMAP}", str(first.imap_port))]
        both += [line.replace("${IMAP}", str(second.imap_port)).replace("  mail: ", "  office: ")]
        text = re.sub(r"(?m)^  mail: .*$", "\n".join(both), text)
        server = f"brake: off\nserver: {{port: {self.product.port}}}"
        return text.replace('"${SMTP}"', f'"{first.smtp_port}"').replace('server: {port: "${PORT}"}', server)

    def read(self) -> list[str]:
        """The Message-IDs of the letters that are events, out of the journal of a product that may be killed."""
        file = self.company.folder / "journal.sqlite"
        if not file.exists():
            return []
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as journal, suppress(sqlite3.OperationalError):
            return [one for (one,) in journal.execute("select external_id from events where type = 'email.received'")]
        return []  # it is not made yet

    def restart(self) -> None:
        self.product.kill()
        self.product.start()
        self.kills += 1

    def disturb(self) -> None:
        self.calm()
        share = 0.03 if IS_SHORT else self.dice.choice((0.03, 0.1))
        fault = {"share": share, "seed": self.dice.randrange(1000), "kinds": CRM_FAULTS}
        self.company.office.control("faults", fault)
        box = self.dice.choice(self.boxes)
        self.post.did[box.disturb(self.dice)] += 1

    def calm(self) -> None:
        self.company.office.emulator.faults.clear()
        for box in self.boxes:
            box.calm()

    def move(self) -> None:
        """A seller moves a card, and a rule writes to the client."""
        affair = self.dice.choice(self.post.affairs)
        lead = next((one for one in self.company.leads() if one["name"] == affair.title), None)
        if lead is not None and not affair.is_moved:
            self.company.office.emulator.faults.clear()
            self.company.move(lead, "Переговоры")
            affair.is_moved = True


@pytest.fixture
def firm(tmp_path: Path, sandbox: Sandbox) -> Iterator[Firm]:
    company = Company(tmp_path, sandbox, {"amocrm": Amocrm, "bitrix24": BitrixDeals}[CRM])
    company.office.unlimited()
    firm = Firm(company, random.Random(SEED))
    yield firm
    firm.product.kill()
    company.office.emulator.faults.clear()
    for box in firm.boxes:
        box.down()


@pytest.mark.crash
@pytest.mark.timeout(600 + 3 * LETTERS)
def test_letters_at_random_are_each_once_in_the_card_of_their_own_affair(firm: Firm) -> None:
    began = time.monotonic()
    firm.product.start()
    firm.product.ready()
    happen(firm)
    house = House(firm.company.config())
    firm.company.house = house
    try:
        until(lambda: is_quiet(firm, house), "rest", PATIENCE)
        took = time.monotonic() - began
        wrong = check(firm, house)
    finally:
        house.close()
    print(f"{LETTERS} letters, seed {SEED}, {CRM}: {took:.0f} s, {firm.kills} kills, {dict(firm.post.did)}")
    assert not wrong, "\n".join(wrong)
    assert firm.product.stop() == 0


@pytest.mark.crash
@pytest.mark.timeout(300)
def test_a_first_sync_that_is_killed_goes_on_where_it_was(firm: Firm) -> None:
    """Letters that start no rule, so that nothing but the reading takes time."""
    count = 120 if IS_SHORT else 1000
    for number in range(count):
        sent = {"message_id": f"<{number}@firma.ru>", "headers": {"Auto-Submitted": "auto-replied"}}
        firm.boxes[0].put(letter(subject="В отпуске", text="До понедельника" * 100, **sent))  # type: ignore[arg-type]
    expected = Counter({f"<{number}@firma.ru>": 1 for number in range(count)})
    firm.product.start()
    for share in (0.1,) if IS_SHORT else (0.1, 0.4, 0.7):
        until(lambda share=share: len(firm.read()) > share * count, "some letters", PATIENCE)  # type: ignore[misc]
        firm.restart()
        assert len(firm.read()) < count, "it was over before it was killed"
    until(lambda: len(firm.read()) >= count, "all letters", PATIENCE)
    firm.product.ready()
    assert firm.product.stop() == 0
    assert Counter(firm.read()) == expected
    assert firm.product.log.read_text().count('"letters taken') <= count / 20 + 10, "what was read is not read again"


def happen(firm: Firm) -> None:
    """In a short run everything by the number of letters: a start is what it takes longest for."""
    disturbed = killed = time.monotonic()
    for number in range(LETTERS):
        firm.post.step()
        if firm.dice.random() < 0.1:
            firm.move()
        if number % 8 == 7 if IS_SHORT else time.monotonic() - disturbed > LIFE / 2:
            firm.disturb()
            disturbed = time.monotonic()
        if number == LETTERS // 2 if IS_SHORT else time.monotonic() - killed > LIFE:
            firm.restart()
            killed = time.monotonic()
        time.sleep(firm.dice.choice((0.0, 0.1, 0.2)))
    if not IS_SHORT:
        firm.restart()
    firm.calm()
    firm.product.ready()


def is_quiet(firm: Firm, house: House) -> bool:
    """Every letter is an event, and nothing is left to do."""
    time.sleep(0.3)  # looking is dear
    if house.journal.read(queries.unfinished):
        return False
    events = house.journal.read(lambda c: queries.list_events(c, limit=100_000))
    told = {line.event.event.payload.message.message_id for line in events if line.event.event.type.startswith("email")}
    sent = {re.search(rb"Message-ID: (\S+)", raw)[1].decode() for box in firm.boxes for raw in every(box)}  # type: ignore[index]
    ours = {one for one in sent if one.startswith("<prv.")}
    return sent - ours <= told


def every(box: Box) -> list[bytes]:
    return [*box.server.letters(), *box.server.letters(SENT)]


def check(firm: Firm, house: House) -> list[str]:
    return [*in_cards(firm), *died(house)]


def in_cards(firm: Firm) -> Iterator[str]:
    leads = firm.company.leads()
    if len(leads) != len(firm.post.affairs):
        yield f"{len(leads)} leads of {len(firm.post.affairs)} affairs: {sorted(one['name'] for one in leads)}"
    written = Counter(one for ours in firm.boxes[0].ours() if (one := firm.post.affair_of(ours).title))
    for affair in firm.post.affairs:
        own = [one for one in leads if one["name"] == affair.title]
        if len(own) != 1:
            yield f"{affair.title}: {len(own)} leads"
            continue
        yield from in_card(affair, own[0])
        if written[affair.title] != affair.is_moved:
            yield f"{affair.title}: {written[affair.title]} letters of rules, moved: {affair.is_moved}"


def in_card(affair: Affair, lead: Json) -> Iterator[str]:
    notes = [note["text"] for note in lead["notes"] if note.get("text")]
    words = Counter(word for text in notes for word in re.findall(r"слово\d+ъ(?!\d)", text))
    if words != Counter(affair.words):
        lost, more = Counter(affair.words) - words, words - Counter(affair.words)
        yield f"{affair.title}: lost {dict(lost)}, too much {dict(more)}"
    files = Counter(file_names(lead))
    if files != Counter(affair.files):
        yield f"{affair.title}: files {dict(files)} of {affair.files}"
    bounces = sum(text.startswith("Письмо не доставлено") for text in notes)
    tasks = sum(task["text"].startswith("Письмо не дошло: ") for task in lead["tasks"])
    if not bounces == tasks == affair.bounces:
        yield f"{affair.title}: {affair.bounces} bounces are {bounces} notes and {tasks} tasks"


def file_names(lead: Json) -> list[str]:
    """Both CRMs show a file as an entry of the feed."""
    return [name for note in lead["notes"] for name in (note.get("files") or [note.get("file_name")]) if name]


def died(house: House) -> Iterator[str]:
    """Of a letter that was cut off on its way nobody knows whether it has gone."""
    for one in house.journal.read(lambda c: queries.dead_actions(c, 1000)):
        if (one.kind, one.reason) != ("message", "outcome_unknown"):
            yield f"dead: {one.kind} of {one.rule}: {one.reason} {one.error}"
