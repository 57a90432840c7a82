"""«Кровля Плюс» on a bad day: its config, its systems in the sandbox, its house worked by hand, and every fault that
support meets, planted for real, each about a person of its own."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from cli.config import read
from cli.house import House
from connectors.imap.mailbox import ImapChannel
from provodka.journal import ActionState, StoredAction, queries, troubles
from rules.actions import DELIVERED
from sandbox.base import Emulator
from sandbox.senders import tilda_lead
from sandbox.senders.robokassa import Robokassa
from sandbox.server import Sandbox
from tests.webhooks.console.desk import HASH, Visitor
from worker.deliverer import Deliverer

CONFIG = Path(__file__).with_name("faulty.yaml")
INN, KPP = "7701999111", "770101001"
TOKEN = {"Authorization": "Bearer sandbox"}


class Firm:
    """`plant` does it all. Its people's phones end with the number of their fault."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.amocrm, self.onec = sandbox.amocrm, sandbox.onec
        self.control(self.amocrm, "limit", {"per_second": None})
        config = folder / "client.yaml"
        config.write_text(CONFIG.read_text("utf-8").replace("SENDERS_URL", sandbox.senders.url), "utf-8")
        environ = {
            "JOURNAL": f"sqlite:///{folder}/journal.sqlite",
            "AMOCRM": self.amocrm.url,
            "ONEC": self.onec.url,
            "IMAP": str(sandbox.mail.imap_port),
            "SENDERS": sandbox.senders.url,
            "TELEGRAM": sandbox.telegram.url,
            "HASH": HASH,
        }
        self.house = House(read(config, environ))
        self.web = self.house.web("127.0.0.1", 0)
        self.web.start()
        self.url = f"http://127.0.0.1:{self.web.port}"
        self._deliverer = Deliverer(self.house.journal, DELIVERED, self.house.equipment, self.house.journal)

    def close(self) -> None:
        self.web.stop()
        self.house.close()

    def visitor(self, login: str = "viewer") -> Visitor:
        """A session of somebody who is not signed in yet."""
        return Visitor(f"{self.url}/console")

    def control(self, part: Emulator, path: str, body: Any = None, method: str = "POST") -> None:
        """`/_sandbox/<path>` of an emulator."""
        answer = requests.request(method, f"{part.url}/_sandbox/{path}", json=body, timeout=20)
        assert answer.ok, answer.text

    def work(self) -> None:
        """What the workers do until there is nothing that may be done now."""
        while self.house.planner.plan_once() + self._deliverer.deliver_once():
            pass

    def form(self, number: int, name: str, *, channel: str = "site", secret: str = "sandbox", **more: Any) -> None:
        """The person of that number fills in the form of that name, and the house works."""
        url = f"{self.url}/hooks/{channel}/{secret}"
        tilda_lead(url, name="Мария", phone=phone(number), email="", form_name=name, **more)
        self.work()

    def actions(self) -> list[StoredAction]:
        """All that the house has made until now."""
        lines = self.house.journal.read(lambda c: queries.list_events(c, limit=1000))
        found = self.house.journal.read(lambda c: queries.actions_of(c, [line.event.seq for line in lines]))
        return [action for some in found.values() for action in some]

    @contextmanager
    def broken(self, part: Emulator, **fault: Any) -> Iterator[None]:
        """Every call of this emulator meets the fault."""
        self.control(part, "faults", {"share": 1.0, **fault})
        try:
            yield
        finally:
            self.control(part, "faults", method="DELETE")

    def amo(self, method: str, path: str, body: Any = None) -> Any:
        """What a person does in the CRM."""
        answer = requests.request(method, f"{self.amocrm.url}/api/v4/{path}", json=body, headers=TOKEN, timeout=20)
        assert answer.ok, answer.text
        return answer.json() if answer.content else {}

    # the day

    def plant(self) -> None:
        """What holds a whole account comes last."""
        for fault in (
            self._in_the_crm, self._in_rules, self._in_accounting, self._in_talks, self._in_money, self._at_the_doors,
            self._in_the_mailbox, self._of_the_account,
        ):  # fmt: skip
            fault()

    def _in_the_crm(self) -> None:
        stages = self.amocrm.store.pipelines[5000001].statuses.values()
        gone = next(stage.id for stage in stages if stage.name == "Переговоры")
        self.amo("DELETE", f"leads/pipelines/5000001/statuses/{gone}")
        self.form(2, "Замер")
        next(one for one in self.amocrm.store.users.values() if one.email == "ivan@krovlya.ru").is_active = False
        self.form(3, "Сервис")
        self.amo("PATCH", "leads/custom_fields/300102", {"name": "Заметка"})
        self.form(4, "Анкета")
        self.form(44, "Материал", extra={"source": "Радио"})
        twice = [{"name": "Мария", "custom_fields_values": [{"field_code": "PHONE", "values": [{"value": phone(6)}]}]}]
        self.amo("POST", "contacts", twice * 2)
        self.form(6, "Заявка")
        self.form(19, "Доплата", extra={"deal": "999"})
        self.form(22, "Заявка")
        self.form(22, "Заявка", tranid="again", comments="Ещё вопрос")

    def _in_rules(self) -> None:
        self.form(12, "Акция", utm={"utm_source": "google"})
        self.form(13, "Опрос", extra={"score": "5"})
        self.form(14, "Каталог")
        self.form(14, "Каталог", tranid="catalogue", comments="Ещё раз")
        self.form(15, "Потом", channel="landing")
        self.form(116, "Рассылка")
        self.form(16, "Рассылка")
        with self.broken(self.sandbox.senders, kind="cut_after", path="/vpbx/calc"):
            self.form(11, "Расчёт")
        while any(one.kind == "http" and one.state is ActionState.READY for one in self.actions()):
            time.sleep(0.05)
            self.work()

    def _in_accounting(self) -> None:
        fields = [{"name": "ИНН", "type": "text"}, {"name": "КПП", "type": "text"}]
        self.amo("POST", "companies/custom_fields", fields)
        parties = f"{self.onec.url}/base/odata/standard.odata/Catalog_Контрагенты?$format=json"
        for name in ("Ромашка", "Ромашка (старая)"):
            firm = {"Description": name, "ИНН": INN, "КПП": KPP, "ЮридическоеФизическоеЛицо": "ЮридическоеЛицо"}
            answer = requests.post(parties, json=firm, auth=("sandbox", "sandbox"), timeout=20)
            assert answer.ok, answer.text
        self.form(9, "Счёт", extra={"inn": INN})
        self.control(self.onec, "faults", {"kind": "cut_before", "share": 1.0})  # and so it stays
        self.form(8, "Счёт", extra={"inn": INN})

    def _in_talks(self) -> None:
        self.sandbox.telegram.door(77, "blocked")
        said = {"message_id": 1, "date": 1790000000, "text": "Здравствуйте", "chat": {"id": 77, "type": "private"}}
        who = {"id": 77, "is_bot": False, "first_name": "Зинаида", "last_name": "Ульянова"}
        headers = {"X-Telegram-Bot-Api-Secret-Token": "sandbox"}
        update = {"update_id": 1, "message": {**said, "from": who}}
        requests.post(f"{self.url}/hooks/bot", json=update, headers=headers, timeout=20).raise_for_status()
        self.work()
        token, self.sandbox.telegram.token = self.sandbox.telegram.token, "2:other"
        self.form(20, "Жалоба")
        self.sandbox.telegram.token = token

    def _in_money(self) -> None:
        shop = self.sandbox.senders.services["robokassa"]
        assert isinstance(shop, Robokassa)
        given = {"url": f"{self.url}/hooks/pay"}
        self.form(21, "Предоплата")
        (link,) = (one for one in self.actions() if one.kind == "payment_link")
        shop.notify(json.loads(link.result or "{}")["order"], "4000.000000", given)
        shop.notify("777001", "1500.000000", given)
        self.work()

    def _at_the_doors(self) -> None:
        self.form(5, "Заявка", channel="landing", secret="forgotten")
        headers = {"Content-Type": "application/json"}
        requests.post(f"{self.url}/hooks/site/sandbox", b"\xff\xfe{{{", headers=headers, timeout=20).raise_for_status()
        self.work()

    def _in_the_mailbox(self) -> None:
        (mailbox,) = (one for one in self.house.watchers if isinstance(one, ImapChannel))
        self.watched(lambda stop: mailbox.watch(stop, self.house.journal, self.house.journal), "mail")

    def watched(self, watch: Callable[[threading.Event], None], name: str) -> None:
        """Let a watcher look until it is in trouble."""
        stop, journal = threading.Event(), self.house.journal
        thread = threading.Thread(target=watch, args=(stop,), daemon=True)
        thread.start()
        for _ in range(500):
            if any(one.name == name for one in journal.read(lambda c: troubles.all_troubles(c, opened=True))):
                break
            stop.wait(0.02)
        stop.set()
        thread.join(10)
        assert not thread.is_alive()

    def _of_the_account(self) -> None:
        with self.broken(self.amocrm, status=402):
            self.form(23, "Заявка")
        self.control(self.amocrm, "token", {"sandbox": False})
        self.form(1, "Заявка")
        self.control(self.amocrm, "token", {"sandbox": True})
        with self.broken(self.amocrm, status=429, headers={"Retry-After": "600"}):
            self.form(10, "Заявка")


def phone(number: int) -> str:
    """Of the person that a fault of this number is about."""
    return f"+7916000{number:04}"
