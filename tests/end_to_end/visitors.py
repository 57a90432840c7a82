"""People who fill in forms, stand in tables and pay, and what has to be true of each of them in the end."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any

import requests

from sandbox.senders import tilda_lead, tilda_order
from sandbox.senders.google_sheets import GoogleSheets
from sandbox.senders.paying import Bill, Paying
from sandbox.senders.service import Client
from sandbox.server import Sandbox
from tests.end_to_end.crms import SECRET

SHOPS = ("robokassa", "yookassa", "tbank")
PARTNER_KEY = "0123456789abcdef"
ASKED = "Счёт"


@dataclass
class Visitor:
    """One person. `said` are the words of each request, which nobody else says; `asked` the sums of links by shop."""

    number: int
    said: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    asked: list[tuple[str, Decimal]] = field(default_factory=list)
    did: Counter[str] = field(default_factory=Counter)

    @property
    def phone(self) -> str:
        return f"+7916{5000000 + self.number}"

    @property
    def name(self) -> str:
        return f"Гость {self.number}"

    def words(self, what: str) -> str:
        self.did[what] += 1
        return f"{what} {self.number}-{self.did.total()}."

    def typed(self, dice: random.Random) -> str:
        """The phone, as people write it."""
        own = self.phone
        return dice.choice((own, f"8 ({own[2:5]}) {own[5:8]}-{own[8:10]}-{own[10:]}", own[1:], f"8{own[2:]}"))


class Visitors:
    """Lets people act on the sandbox and on the product behind `url`. Each act ends when all of it is accepted."""

    def __init__(self, sandbox: Sandbox, url: str, folder: Path, link: Callable[[Visitor], str | None]) -> None:
        self.sandbox, self.url, self.folder, self.link = sandbox, url, folder, link
        self._minutes = count(600)
        self._typing = Lock()

    def live(self, one: Visitor, dice: random.Random, pause: float) -> None:
        """All that a person does."""
        acts = [self.site, self.order, self.quiz, self.page, self.partner, self.row, self.script, self.file, self.bill]
        for _ in range(dice.randrange(2, 6)):
            dice.choice(acts)(one, dice)
            time.sleep(dice.random() * pause)
        self.bill(one, dice)

    def site(self, one: Visitor, dice: random.Random, text: str = "", **more: str) -> None:
        text = text or one.words("сайт")
        one.said.append(text)
        number = f"1:{one.number}{one.did.total():03}"
        for press in range(dice.choice((1, 1, 2))):
            tranid = dice.choice((number, f"{number}{press}"))  # asked again by Tilda, or pressed again
            url = f"{self.url}/hooks/site/{SECRET}"
            told = {"name": one.name, "phone": one.typed(dice), "email": "", "comments": text}
            brought(lambda url=url, told=told, tranid=tranid: tilda_lead(url, **told, tranid=tranid, extra=more))  # type: ignore[misc]

    def order(self, one: Visitor, dice: random.Random) -> None:
        """From the cart: told at once, and once more when it is paid."""
        tranid = f"2:{one.number}{one.did.total():03}"
        one.words("корзина")
        for _ in range(dice.choice((1, 2))):
            url = f"{self.url}/hooks/site/{SECRET}"
            told = {"name": one.name, "phone": one.phone, "email": "", "tranid": tranid}
            brought(lambda url=url, told=told: tilda_order(url, **told))  # type: ignore[misc]

    def bill(self, one: Visitor, dice: random.Random) -> None:
        """Asks for a link by the form of the site."""
        shop, amount = dice.choice(SHOPS), Decimal(dice.randrange(100_00, 90_000_00)) / 100
        one.asked.append((shop, amount))
        self.site(one, dice, one.words(f"{ASKED} {shop}"), sum=str(amount))

    def quiz(self, one: Visitor, dice: random.Random) -> None:
        text = one.words("квиз")
        one.said.append(text)
        told = {
            "contacts": {"name": one.name, "phone": one.typed(dice), "email": ""},
            "answers": [{"q": "Сколько окон?", "a": "3"}, {"q": "Слова", "a": text}],
            "quiz": {"id": "60f0000000000000000000a1", "name": "Расчёт окон"},
        }
        moment = f"{self._moment():%Y-%m-%dT%H:%M}"
        for press in range(dice.choice((1, 3))):  # a lead of its own for each press
            body = {**told, "created": f"{moment}:00.{press:03}Z"}
            requests.post(f"{self.url}/hooks/quiz/{SECRET}", json=body, timeout=60).raise_for_status()

    def page(self, one: Visitor, dice: random.Random) -> None:
        text = one.words("страница")
        one.said.append(text)
        self._sends(f"{self.url}/f/ask", dice, Имя=one.name, Телефон=one.typed(dice), Вопрос=text)

    def partner(self, one: Visitor, dice: random.Random) -> None:
        text = one.words("партнёр")
        one.said.append(text)
        body = {"Имя": one.name, "Телефон": one.phone, "Вопрос": text, "id": f"cc-{one.number}-{one.did.total()}"}
        key = {"Authorization": f"Bearer {PARTNER_KEY}"}
        for _ in range(dice.choice((1, 2))):
            requests.post(f"{self.url}/hooks/partners", json=body, headers=key, timeout=60).raise_for_status()

    def answer(self, one: Visitor, dice: random.Random) -> None:
        """The questionnaire of the very deal, by its link."""
        if (link := self.link(one)) is not None:
            text = one.words("анкета")
            one.answers.append(text)
            self._sends(link, dice, Имя=one.name, Площадь=text)

    def row(self, one: Visitor, dice: random.Random) -> None:
        text = one.words("таблица")
        one.rows.append(text)
        told = {
            "Отметка времени": self._moment().replace(tzinfo=None),
            "Имя": one.name,
            "Телефон": int(one.phone[1:]),
            "Что интересует?": text,
        }
        with self._typing:
            self._sheet.add(told)
            if dice.random() < 0.3:
                self._sheet.press(dice.choice(("sort_rows", "move_columns")), Client(), {})

    def script(self, one: Visitor, dice: random.Random) -> None:
        """A row that the script tells of, too."""
        text = one.words("форма Google")
        one.rows.append(text)
        given = {"url": f"{self.url}/hooks/sheet", "secret": PARTNER_KEY}
        client = Client(name=one.name, phone=one.typed(dice), text=text)
        with self._typing:
            self._sheet.now = self._moment
            for answer in self._sheet.press("answer", client, given):
                answer.raise_for_status()

    def file(self, one: Visitor, dice: random.Random) -> None:
        text = one.words("файл")
        one.rows.append(text)
        lines = [
            ("Дата", "Имя", "Телефон", "Что интересует?"),
            (f"{self._moment():%d.%m.%Y %H:%M:%S}", one.name, one.typed(dice), text),
        ]
        body = "\n".join(";".join(line) for line in lines)
        for copy in range(dice.choice((1, 2))):  # the same rows may come by another file
            path = self.folder / f"{one.number}-{one.did.total()}-{copy}.csv"
            path.write_text(body, encoding=dice.choice(("utf-8", "cp1251")))

    def pay(self, service: Paying, bill: Bill, dice: random.Random) -> None:
        """What becomes of a bill: refused first, of another sum, given back in part or whole, told late or twice."""
        if dice.random() < 0.15:
            bill.amount += Decimal("1.01")
            bill.about["money"] = {"value": str(bill.amount), "currency": "RUB"}
        with suppress(requests.RequestException):  # a notice whose answer was lost; who asks finds the rest
            self._pays(service, bill, dice)

    def _pays(self, service: Paying, bill: Bill, dice: random.Random) -> None:
        way = dice.choice(("nothing", "pay", "pay", "refuse", "part", "whole", "late", "swapped"))
        if way == "nothing":
            return
        if way == "refuse":
            service.do(bill.id, "refuse")
        given = {"url": f"{self.url}/hooks/{service.name}"}
        if way in ("late", "swapped"):
            service.silent = True
        service.do(bill.id, "pay", given)
        service.silent = False
        if way in ("part", "whole", "swapped") and (service.name != "robokassa" or way == "whole"):
            for deed in {"part": ["refund_part"], "swapped": ["refund_part", "refund"]}.get(way, ["refund"]):
                service.do(bill.id, deed, given)
        if way == "swapped":
            service.tell(bill, "pay", given)
        if dice.random() < 0.3:
            service.tell(bill, "pay", given)

    def _moment(self) -> datetime:
        """Of no other row: a person and a minute make a row what it is."""
        return datetime(2026, 3, 2, tzinfo=UTC) + timedelta(minutes=next(self._minutes))

    @property
    def _sheet(self) -> GoogleSheets:
        found = self.sandbox.senders.services["google_sheets"]
        assert isinstance(found, GoogleSheets)
        return found

    def _sends(self, url: str, dice: random.Random, **fields: str) -> None:
        page = requests.get(url, timeout=60).text
        stamp = re.search(r'name="prv_stamp" value="([^"]+)"', page)
        assert stamp is not None, page
        for _ in range(dice.choice((1, 2))):
            requests.post(url, data={"prv_stamp": stamp[1], **fields}, timeout=60).raise_for_status()


def brought(send: Callable[[], requests.Response]) -> None:
    """As Tilda does, who asks again where no answer came: with the same number."""
    end = time.monotonic() + 120
    while True:
        try:
            send().raise_for_status()
            return
        except requests.RequestException:
            assert time.monotonic() < end, "nobody takes the form"


def settled(one: Visitor, leads: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """One lead of theirs with every word once; answers of a questionnaire are those of that lead."""
    own = [lead for lead in leads if any(one.phone in person["phones"] for person in lead["contacts"])]
    if len(own) != 1:
        yield f"{one.number}: {len(own)} leads, {[lead['name'] for lead in own]}"
        return
    notes = [str(note["text"]) for note in own[0]["notes"]]
    for text in (*one.said, *one.rows, *one.answers):
        if (times := sum(text in note for note in notes)) != 1:
            yield f"{one.number}: «{text}» stands {times} times in {notes}"


def paid(order: str, bill: Bill, told: Sequence[tuple[str, Any]]) -> Iterator[str]:
    """Each payment told once, and as much given back as was given back."""
    mine = [(kind, payment) for kind, payment in told if payment.order == order]
    came = [payment for kind, payment in mine if kind in ("payment.succeeded", "payment.differs")]
    has_money = bill.state in ("paid", "refunded")
    if [one.amount for one in came] != [bill.amount] * has_money:
        yield f"order {order}: {bill.state} of {bill.amount}, told {[(k, p.amount, p.reason) for k, p in mine]}"
    back = sum((payment.refund for kind, payment in mine if kind == "payment.refunded"), Decimal(0))
    if back != bill.refunded:
        yield f"order {order}: {bill.given_back} given back, told {back} of {[(k, p.refund) for k, p in mine]}"
