"""What these tests share: an account over a journal in memory, requests of 1C, and the bodies of the reference."""

from __future__ import annotations

import base64
import io
import zipfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from connectors.onec.commerceml.receiver import receiver
from connectors.onec.commerceml.room import open_account
from connectors.onec.commerceml.settings import CommerceMLSettings
from provodka.accounting import InvoiceRequest, NewCounterparty, OrderRequest, PartyKind, Vat, priced
from provodka.channel import Delivery
from provodka.crm.sales import ProductLine
from provodka.operation import Request
from provodka.payloads import EventType
from tests.connectors.memory_store import MemoryStore

BODIES = Path(__file__).parents[3] / "sandbox" / "onec" / "bodies" / "cml"
USER, PASSWORD = "Обмен 1С", "пароль: №1"
NOW = datetime(2026, 7, 15, 9, 0, tzinfo=UTC)
INN = "7801999002"

LINES = (
    ProductLine("Кабель ВВГнг(А)-LS 3х2,5", Decimal("100"), Decimal("85.40"), sku="KAB-3x2.5", unit="м"),
    ProductLine("Розетка двойная", Decimal("12"), Decimal("249.00"), sku="ROZ-2Z", unit="шт"),
    ProductLine("Доставка по городу", Decimal("1"), Decimal("1500.00"), unit="усл. ед."),
)
BUYER = NewCounterparty(
    mark="amocrm:company:47",
    kind=PartyKind.LEGAL,
    name="Ромашка-Трейд",
    full_name='ООО "Ромашка-Трейд"',
    inn="7701999111",
    kpp="770101001",
    address="101000, Москва г, Примерная ул, д. 1",
    phones=("+74950001122",),
    emails=("buh@romashka.example",),
)


def sample(name):
    return (BODIES / name).read_bytes()


def settings(**chosen):
    given = {"type": "commerceml", "user": USER, "password": PASSWORD, "organization": {"inn": INN}, **chosen}
    return CommerceMLSettings.model_validate(given)


def invoice_request(number=1, lead="17", lines=LINES, included=True, **changed):
    given = {
        "mark": f"amocrm:lead:{lead}:invoice:{number}",
        "sale": f"{lead}:{number}",
        "lead_id": lead,
        "buyer": BUYER,
        "counterparty": "c-47",
        "lines": priced(lines, Vat.R22, included=included),
        "vat_included": included,
        "comment": "Заявка из CRM",
    }
    return InvoiceRequest(**{**given, **changed})


class Journal:
    """Parts and events as the journal keeps them: each part once by its key and id, each event once by its mark."""

    def __init__(self):
        self.rows, self.events = [], {}

    def parts(self, key):
        return [part for part in self.rows if part.key == key]

    def accept(self, received):
        there = {(part.key, part.id) for part in self.rows}
        self.rows += [part for part in received.parts if (part.key, part.id) not in there]
        for event in received.events:
            self.events.setdefault(event.external_id, event)

    def hints(self, kind="file"):
        found = [one for one in self.events.values() if one.type is EventType.ACCOUNTING_HINT]
        return [one for one in found if one.payload.ids(kind)]

    def unreadable(self):
        return [one.payload.why for one in self.events.values() if one.type is EventType.UNREADABLE]


class Firm:
    """An account, the receiver of its 1C, and a 1C that calls it by hand. The clock goes on by a second a call."""

    def __init__(self, **chosen):
        self.store, self.journal, self.at = MemoryStore(), Journal(), NOW
        self.settings = settings(**chosen)
        self.account = open_account(self.settings, self.store, self.now)
        self.receiver = receiver("1c", self.settings, self.store)
        self.derived = 0
        self.told = []

    def now(self):
        self.at += timedelta(seconds=1)
        return self.at

    def call(self, mode, body=b"", *, cookie="", type_="sale", headers=None, **query):
        query = {"type": type_, "mode": mode, **query}
        sent = {"cookie": cookie, **(headers or {})}
        delivery = Delivery("POST" if body else "GET", "", sent, query, body, self.now())
        received = self.receiver.receive(delivery, self.journal.parts)
        self.journal.accept(received)
        return received.reply.body

    def lines(self, *args, **how):
        return self.call(*args, **how).decode(self.settings.encoding).splitlines()

    def log_in(self, login=f"{USER}:{PASSWORD}", encoding="utf-8"):
        basic = base64.b64encode(login.encode(encoding)).decode()
        first, *rest = self.lines("checkauth", headers={"authorization": f"Basic {basic}"})
        return f"{rest[0]}={rest[1]}" if first == "success" else ""

    def send(self, pieces, name="orders.xml", cookie=None):
        """The pieces of a file, one after another; the last reply."""
        cookie = cookie or self.log_in()
        return [self.lines("file", piece, cookie=cookie, filename=name) for piece in pieces][-1]

    def take(self):
        """What 1C does in a run: query, success. The file it was given."""
        cookie = self.log_in()
        body = self.call("query", cookie=cookie)
        assert self.lines("success", cookie=cookie) == ["success"]
        return body

    def invoice(self, asked=None):
        """Ask for an invoice as the worker does; the ref that it gets."""
        asked = asked or invoice_request()
        (done,) = self.account.create_invoices([Request(asked.mark, asked, None)])
        self.hint(f"sale:{asked.sale}")
        return done.remote_id

    def order(self, sale="17:1"):
        asked = OrderRequest(f"amocrm:lead:17:order:{sale}", sale)
        (done,) = self.account.create_orders([Request(asked.mark, asked, None)])
        self.hint(f"sale:{sale}")
        return done

    def hint(self, *entities):
        from connectors.onec.commerceml.taking import event_of
        from provodka.payloads import AccountingHint

        delivery = Delivery("GET", "", {}, {}, b"", self.now())
        self._derive(event_of("1c", delivery, AccountingHint(entities), "ours"))

    def work(self):
        """Follow what has come since the last time; the arrows that rules are told, in their order."""
        events = list(self.journal.events.values())
        self.told.clear()
        for event in events[self.derived :]:
            if event.type is EventType.ACCOUNTING_HINT:
                self._derive(event)
        self.derived = len(events)
        return [one.type.value for one in self.told]

    def _derive(self, event):
        found, rows = self.account.derive(event.payload, event)
        for kind, some in rows.items():
            self.store.put_snapshots("1c", kind, some)
        self.told += found

    @property
    def sale(self):
        return self.account.sales(["17"])["17"][0]


def zipped(name, body, **more):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for one, content in {name: body, **more}.items():
            archive.writestr(one, content)
    return packed.getvalue()


def split(body, size):
    return [body[n : n + size] for n in range(0, len(body), size)]


def of_1c(ref, *, number="ТД00-000311", site="17-1", formed="2026-07-18T16:00:00", more="", **requisites):
    """A file of 1C about one order of ours, as version 2.09 writes it; requisites with «_» for spaces."""
    rows = "".join(
        f"<ЗначениеРеквизита><Наименование>{name.replace('_', ' ')}</Наименование><Значение>{value}</Значение>"
        "</ЗначениеРеквизита>"
        for name, value in {"Проведен": "true", **requisites}.items()
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<КоммерческаяИнформация xmlns="urn:1C.ru:commerceml_2" ВерсияСхемы="2.09" ДатаФормирования="{formed}" Ид="1">
<Документ><Ид>{ref}</Ид><НомерВерсии>AAAAAgAAAAc=</НомерВерсии><ПометкаУдаления>false</ПометкаУдаления>
<Номер>{site}</Номер><Номер1С>{number}</Номер1С><Дата>2026-07-15</Дата><Дата1С>2026-07-15</Дата1С><Время>12:00:00</Время>
<ХозОперация>Заказ товара</ХозОперация><Валюта>RUB</Валюта><Сумма>13028.00</Сумма>{more}
<ЗначенияРеквизитов>{rows}</ЗначенияРеквизитов></Документ></КоммерческаяИнформация>""".encode()
