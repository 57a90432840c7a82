"""«Кровля Плюс» after a month of work, made up and the same each time: what its people, its CRM and its rules did, and
what went wrong. The rules are read and planned for real; the other sides' answers are given by hand."""

from __future__ import annotations

import heapq
import itertools
import json
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from unittest import mock
from zoneinfo import ZoneInfo

from sqlalchemy import delete, insert

from cli.config import read
from cli.console import console_parts
from cli.house import House
from provodka.crm import Contact
from provodka.event import Event, build_payload
from provodka.journal import ActionState, DeadReason, Finished, StoredAction, audit
from provodka.journal.audit import REFUSED, SIGNED_IN, Deed
from provodka.journal.schema import audit as deeds_kept
from provodka.journal.schema import turns
from provodka.payloads import Call, CallEvent, Change, Direction, EventType, LeadEvent, LeadRef, Payload, Person
from provodka.stores import TokenPair
from rules.actions import REGISTRY
from rules.brake import brakes_of
from rules.engine import Engine
from sandbox.openid import CLIENT_ID, SECRET, OpenId
from tests.cli.playing import Clock, call
from tests.rules.world import FakeCrm
from tests.webhooks.console.desk import HASH, Desk, on
from webhooks.console.settings import ConsoleSettings, Role
from worker.planner import Planner

CONFIG: Final = Path(__file__).with_name("lively.yaml")
MOSCOW: Final = ZoneInfo("Europe/Moscow")
NOW: Final = datetime(2026, 9, 17, 11, 42, 8, tzinfo=MOSCOW)  # a Thursday
KEY: Final = bytes.fromhex("6b726f766c79612d706c7573")  # so that masks look the same each time
LOGINS: Final = {Role.VIEW: "vera", Role.OPERATE: "oleg", Role.ADMINISTER: "marina"}
LOCKED: Final = "semyon"
NAMES: Final = """Мария Иванова, Пётр Сидоров, Екатерина Белова, Дмитрий Орлов, Ольга Назарова, Сергей Климов, Наталья Фомина,
Андрей Гусев, Татьяна Ершова, Алексей Жуков, Ирина Соболева, Павел Мельников, Юлия Крылова, Николай Зайцев, Анна Голубева,
Владимир Сомов, Елена Лапина, Роман Тихонов, Светлана Рябова, Михаил Котов, Вера Ильина, Игорь Данилов, Людмила Громова,
Артём Беляев, Галина Павлова, Константин Щукин, Оксана Миронова, Евгений Лыков, Алла Сурикова, Григорий Панин"""


def _people() -> Iterator[Person]:
    """Four times as many as there are names: each first name also with surnames of others."""
    named = [name.split() for name in " ".join(NAMES.split()).split(", ")]
    for number in range(4 * len(named)):
        shift, at = divmod(number, len(named))
        first, own = named[at]
        alike = [surname for _, surname in named if surname.endswith("а") == own.endswith("а")]
        name = f"{first} {alike[(alike.index(own) + shift * 3) % len(alike)]}"
        yield Person(name, (f"+7916000{number * 83 % 9000 + 1000}",), (f"client{number + 11}@example.ru",))


PEOPLE: Final = list(_people())
MARIA, PETR, BELOVA, ORLOV, NAZAROVA, KLIMOV = PEOPLE[:6]
MISTAKE: Final = (
    "unknown stage «Переговоры»: the pipeline «Кровля» has «Новый лид», «В работе», «Замер назначен», «Договор»"
)

Fate = Callable[[StoredAction], dict[str, Any]]


class Month:
    """Everything that happened, in its order. `ids` are the events that the pages want to show, by a name."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.random = Clock(), random.Random(8)
        self.clock.now = NOW.astimezone(UTC) - timedelta(days=47)
        self.journal = on(folder, self.clock)
        self.journal.key = KEY
        self.path = folder / "config.yaml"
        self.path.write_text(CONFIG.read_text("utf-8"), "utf-8")
        secrets = (
            "AMOCRM_TOKEN TILDA_SECRET LANDING_SECRET MAIL_PASSWORD MANGO_KEY MANGO_SALT TELEGRAM_TOKEN PAY_PASSWORD1"
        )
        self.environ = {name: f"made-up-{name.lower()}" for name in [*secrets.split(), "PAY_PASSWORD2"]}
        self.environ |= {"JOURNAL": f"sqlite:///{folder}/journal.sqlite", "TELEGRAM_TOKEN": "1:made-up"}
        self.config = read(self.path, self.environ)
        self.crm = FakeCrm()
        engine = Engine(self.config.rules, REGISTRY, self.config.team, self.config.calendar, self.config.client)
        brakes = brakes_of(self.config.rules, REGISTRY, self.config.brake)
        self.planner = Planner(self.journal, engine, self.crm, None, brakes)  # type: ignore[arg-type]
        self.fates: dict[tuple[str, str], Fate] = {}
        self.ids: dict[str, str] = {}
        self._numbers, self._leads = itertools.count(1), itertools.count(21_000_101)
        self._agenda: list[tuple[datetime, int, Callable[[], None]]] = []

    # what happens

    def live(self) -> None:
        """The month, the day of today, and what the console's people did."""
        self._usual()
        self._today()
        while self._agenda:
            at, _, happen = heapq.heappop(self._agenda)
            self._wait(at)
            happen()
        self._wait(NOW)
        self._around()
        self.clock.now = NOW.astimezone(UTC)

    def later(self, at: datetime, happen: Callable[[], None]) -> None:
        if at < NOW:
            heapq.heappush(self._agenda, (at, next(self._numbers), happen))

    def _usual(self) -> None:
        """A month of forms, letters, calls and talks: more on workdays, most about noon."""
        pick = self.random
        newcomers = itertools.cycle(PEOPLE[6:])
        for ago in range(46, 0, -1):
            day = NOW.replace(hour=0, minute=0, second=0) - timedelta(days=ago)
            for _ in range(pick.choice((1, 2)) if day.weekday() > 4 else pick.choice((3, 4, 5))):
                at = day + timedelta(minutes=round(pick.triangular(500, 1250, 720)), seconds=pick.randrange(60))
                kind = pick.choices((self.form, self.letter, self.missed, self.talk, self.message), (9, 3, 3, 5, 2))[0]
                kind(at, next(newcomers))

    def _today(self) -> None:
        today = NOW.replace(hour=0, minute=0, second=0)

        def at(clock: str, days: int = 0) -> datetime:
            hour, minute = map(int, clock.split(":"))
            return today - timedelta(days=days) + timedelta(hours=hour, minutes=minute, seconds=len(clock) * 7 + days)

        self.form(at("10:12", 6), MARIA, comment="Крыша 120 м², Истра", name="Замер")
        self.talk(at("10:31", 6), MARIA, direction=Direction.OUT)
        self.letter(at("15:04", 5), MARIA, subject="План крыши", text="Высылаю план. Сколько будет стоить с доставкой?")
        self.money(at("12:20", 2), MARIA, 45_000, "Предоплата за замер и доставку", "payment")
        self.invoice(at("12:25", 1), MARIA, "КР00-000123", 385_000)
        self.missed(at("09:21"), MARIA)
        self.form(at("09:40"), MARIA, comment="Перезвоните, пожалуйста", name="Обратный звонок", mark="maria")
        self.fate("maria", "task", _refused)
        self.form(at("16:45", 3), KLIMOV, name="Замер", mark="klimov")
        self.fate("klimov", "task", _refused)
        self.message(at("18:02", 1), NAZAROVA, text="Есть ли у вас металлочерепица в наличии?", mark="note")
        self.fate("note", "note", _exhausted)
        self.form(at("10:05"), ORLOV, name="Замер", comment="Дом 9×12", mark="unknown")
        self.fate("unknown", "intake", _unanswered)
        self.form(at("17:30", 4), PETR, name="Замер", mark="failed")
        for minute, who in (("10:41", PEOPLE[8]), ("10:43", PEOPLE[9]), ("10:46", PEOPLE[10]), ("10:52", PEOPLE[11])):
            self.form(at(minute), who, name="Расчёт", comment="Сколько стоит кровля 90 м²?", mark=f"brake {minute}")
        self.letter(at("11:03"), PEOPLE[12], subject="Вопрос о гарантии", text="Подскажите срок гарантии на работы.")
        self.talk(at("11:15"), PEOPLE[13])
        self.missed(at("11:22"), PEOPLE[14])
        self.form(at("11:31"), BELOVA, name="Замер", comment="Дача, Серпухов, 80 м²", mark="done")
        self.later(at("11:35"), lambda: self._unreadable("landing"))
        self.form(at("11:41"), PEOPLE[15], name="Обратный звонок", mark="moving")
        for name, cause, cure, begun, ended in _TROUBLES:
            self.later(at(*begun), lambda told=(name, cause, cure): self.journal.trouble(*told))  # type: ignore[misc]
            if ended:
                self.later(at(*ended), lambda name=name: self.journal.well(name))  # type: ignore[misc]

    def form(self, at: datetime, who: Person, name: str = "", comment: str = "", mark: str = "") -> None:
        kinds = (("Замер", "Дом 8×10, металлочерепица"), ("Консультация", ""), ("Обратный звонок", "После 18:00"))
        name, comment = (name, comment) if name else self.random.choice(kinds)
        source = self.random.choices(("yandex", "vk", "", "google"), (6, 3, 3, 1))[0]
        payload = {
            "form": {"name": name, "comment": comment, "fields": {"area": str(self.random.randrange(60, 240))}},
            "utm": {"source": source, "campaign": "krovlya-osen" if source else ""},
        }
        self._happen(at, "form.submitted", "site", who, payload, mark)

    def letter(self, at: datetime, who: Person, subject: str = "Расчёт кровли", text: str = "") -> None:
        text = text or "Добрый день! Посчитайте, пожалуйста, кровлю на дом 10 на 12."
        sent = {"subject": subject, "text": text, "from": who.email, "kind": "letter"}
        known = {key: value for key, value in sent.items() if key != "from"}
        self._happen(at, "email.received", "mail", who, {"message": known})

    def missed(self, at: datetime, who: Person) -> None:
        number = f"mango-{next(self._numbers)}"
        told = Call(number, Direction.IN, phone=who.phone, started_at=at, wait_seconds=24)
        self._happen(at, "call.missed", "phone", Person(phones=who.phones), CallEvent(told))
        if self.random.random() < 0.7:
            self.talk(at + timedelta(minutes=self.random.randrange(3, 50)), who, direction=Direction.OUT)

    def talk(self, at: datetime, who: Person, direction: Direction = Direction.IN) -> None:
        took = self.random.randrange(40, 420)
        said = {"phone": who.phone, "extension": self.random.choice(("101", "102")), "talk_seconds": took}
        told = Call(f"mango-{next(self._numbers)}", direction, started_at=at, **said)
        self._happen(at, "call.finished", "phone", Person(phones=who.phones), CallEvent(told))

    def message(self, at: datetime, who: Person, text: str = "Здравствуйте, нужен замер", mark: str = "") -> None:
        talk = {"id": str(next(self._numbers)), "chat": who.phone[-6:], "service": "telegram", "text": text}
        self._happen(at, "message.received", "bot", who, {"message": talk}, mark)

    def money(self, at: datetime, who: Person, amount: int, purpose: str, mark: str) -> None:
        paid = {"id": "r-7001", "order": "7001", "state": "succeeded", "amount": amount, "asked": amount, "way": "card"}
        self._happen(at, "payment.succeeded", "pay", who, {"payment": {**paid, "purpose": purpose}}, mark)

    def invoice(self, at: datetime, who: Person, number: str, amount: int) -> None:
        told = {"id": "1", "number": number, "amount": amount, "buyer": who.name, "state": "paid", "paid": amount}
        self._happen(at, "invoice.paid", "1c", who, {"invoice": told})

    def fate(self, mark: str, kind: str, fate: Fate) -> None:
        """How actions of this kind end, that follow the event of this mark."""
        self.fates[mark, kind] = fate

    # how the house works

    def _happen(self, at: datetime, kind: str, channel: str, who: Person, payload: Any, mark: str = "") -> None:
        def happen() -> None:
            self._event(EventType(kind), channel, who, payload, mark)

        self.later(at, happen)

    def _event(self, type_: EventType, channel: str, who: Person, payload: Any, mark: str = "") -> Event:
        number, now = next(self._numbers), self.clock()
        id_ = f"{int(now.timestamp() * 1000):012x}{number * 0x9E3779B97F4A % 2**48:012x}"
        body: Payload = build_payload(type_, payload) if isinstance(payload, dict) else payload
        occurred = now - timedelta(seconds=1.2)
        event = Event(id_, type_, channel, mark or f"{channel}:{number}", occurred, now, who, body, b"raw")
        if mark:
            self.ids[mark] = id_
        self.journal.accept([event])
        if mark == "failed":
            self.journal.fail_event(
                self.journal.claim_events(1)[0].seq, "RuleError: в тексте задачи нет поля form.phone2"
            )
        if mark != "moving":
            self._work()
        return event

    def _work(self) -> None:
        self.clock.forward(seconds=0.2)
        while self.planner.plan_once() or self._deliver():
            pass

    def _wait(self, until: datetime) -> None:
        """The time passes, and with it the rules' own waits."""
        while self.clock() < until.astimezone(UTC):
            left = until.astimezone(UTC) - self.clock()
            self.clock.now += min(left, timedelta(hours=6))
            while self.planner.run_timers():
                self._work()

    def _deliver(self) -> int:
        claimed = self.journal.claim_actions(1)
        for action in claimed:
            event = self.journal.events([action.event_seq])[action.event_seq].event
            self.clock.forward(seconds=round(self.random.uniform(0.2, 0.6), 2))
            fate = self.fates.get((event.external_id, action.kind))
            ending = fate(action) if fate else self._done(action, event)
            self.journal.finish([Finished(action.id, action.attempt, **ending)], "amocrm")
        return len(claimed)

    def _done(self, action: StoredAction, event: Event) -> dict[str, Any]:
        path, made = "/api/v4/tasks", {"remote_id": str(30_000_000 + action.id)}
        ending: dict[str, Any] = {"outcome": "done", "state": ActionState.DONE}
        if action.kind == "intake":
            path, made, ending = "/api/v4/leads/complex", self._lead(action, event), dict(ending)
            if made["created"] == "yes":
                ending["made"] = (("lead", made["lead_id"]), ("contact", made["contact_id"]))
        elif action.kind in ("notify", "note", "log_call"):
            path = {"notify": "/sendMessage", "note": "/api/v4/leads/notes"}.get(action.kind, "/api/v4/calls")
        calls = [call(path, 200, request_summary=action.params, answer_summary=json.dumps(made))]
        return {**ending, "result": json.dumps(made), "calls": json.dumps(calls)}

    def _lead(self, action: StoredAction, event: Event) -> dict[str, str]:
        who = event.person
        known = self.crm.find_people([who])[0]
        mine = self.crm.open_leads([known.contact.id]).get(known.contact.id, []) if known else []
        if mine and known:
            key = mine[0].responsible.partition("@")[0]
            return {"lead_id": mine[0].id, "contact_id": known.contact.id, "created": "no", "responsible": key}
        params = json.loads(action.params)
        number = next(self._leads)
        dealt = self.random.choices(("anna", "ivan"), (55, 45))[0]
        given = params.get("responsible")
        key = given if isinstance(given, str) and given in ("anna", "ivan") else dealt
        if not isinstance(given, str):
            self._dealt(action, key)
        id_, contact = str(number), str(number + 1_000_000)
        url = f"https://krovlya.amocrm.ru/leads/detail/{id_}"
        login, price = f"{key}@krovlya.ru", Decimal(self.random.randrange(9, 60) * 10_000)
        lead = LeadRef(id_, params["title"], url, "Кровля", "Новый лид", responsible=login, price=price)
        card = known.contact if known else Contact(contact, who.name, who.phones, who.emails)
        self.crm.know(card, lead)
        self._follow(self.crm.lead_cards[id_], who)
        return {"lead_id": id_, "contact_id": card.id, "created": "yes", "responsible": key}

    def _dealt(self, action: StoredAction, key: str) -> None:
        row = {"action_key": action.key, "counter": "Заявка с сайта: intake", "person": key, "reason": ""}
        self.journal.write(lambda c: c.execute(insert(turns), [{**row, "at": self.clock()}]))

    def _follow(self, lead: LeadRef, who: Person) -> None:
        """What the staff make of a new lead: taken after some minutes, measured, won or lost."""
        now, pick = self.clock(), self.random
        owner = replace(who, name=self.crm.contact_cards[lead.contacts[0]].name)
        self._happen(now + timedelta(seconds=4), "lead.created", "amocrm", owner, LeadEvent(lead))
        steps = ["В работе"] if pick.random() < 0.92 else []
        steps += ["Замер назначен"] if steps and pick.random() < 0.5 else []
        steps += [pick.choice(("won", "lost", "lost"))] if len(steps) > 1 and pick.random() < 0.6 else []
        stage, at = "Новый лид", now
        for step in steps:
            quick = timedelta(minutes=round(pick.expovariate(1 / 9)) + 1)
            at += quick if step == "В работе" else timedelta(hours=pick.randrange(20, 90))
            self.later(at, lambda old=stage, new=step: self._moved(lead.id, owner, old, new))  # type: ignore[misc]
            stage = step

    def _moved(self, id_: str, who: Person, old: str, new: str) -> None:
        kinds = {"won": EventType.LEAD_WON, "lost": EventType.LEAD_LOST}
        state = new if new in kinds else "open"
        stage = {"won": "Успешно реализовано", "lost": "Закрыто и не реализовано"}.get(new, new)
        self.crm.lead_cards[id_] = lead = replace(self.crm.lead_cards[id_], stage=stage, state=state)
        told = LeadEvent(lead, Change("stage", old, stage, by="anna"))
        self._event(kinds.get(new, EventType.LEAD_STAGE_CHANGED), "amocrm", who, told)

    def _unreadable(self, channel: str) -> None:
        self._event(EventType.UNREADABLE, channel, Person(), {"reason": "the body is no form"})

    def forget_deeds(self) -> None:
        """What visitors have done in the console since the month is over."""
        self.journal.write(lambda c: c.execute(delete(deeds_kept).where(deeds_kept.c.at >= self.clock())))

    def _around(self) -> None:
        """What stands beside the events: accounts, tokens, deeds."""
        store, now = self.journal.store, NOW.astimezone(UTC)
        store.hold("amocrm:https://krovlya.amocrm.ru", 480, "слишком часто, повторите позже [429]")
        store.save_tokens("mail-tokens:info@krovlya.ru", TokenPair("a", "r", now + timedelta(hours=20)))
        tries = range(170, 0, -35)
        deeds = [Deed(now - timedelta(seconds=ago), LOCKED, REFUSED, "", {}, "10.0.•p2ka") for ago in tries]
        for ago, login, what, about, told in _DEEDS:
            about = about and f"event:{self.ids[about]}"
            deeds.append(Deed(now - timedelta(minutes=ago), login, what, about, told, "10.0.•k7f2"))
        for deed in sorted(deeds, key=lambda one: one.at):
            self.journal.write(lambda c, deed=deed: audit.put(c, deed))  # type: ignore[misc]


def _ending(reason: DeadReason, outcome: str, error: str, hint: str, made: dict[str, Any]) -> dict[str, Any]:
    ending = {"outcome": outcome, "state": ActionState.DEAD, "reason": reason, "error": error, "hint": hint}
    return {**ending, "calls": json.dumps([made])}


def _refused(action: StoredAction) -> dict[str, Any]:
    hint = "В amoCRM нет типа задачи «Звонок». Похожие: «Связаться», «Встреча»."
    made = call("/api/v4/account", 200, answer_summary='{"task_types": ["Связаться", "Встреча"]}')
    return _ending(DeadReason.REJECTED, "rejected", "no task type «Звонок» in the account", hint, made)


def _exhausted(action: StoredAction) -> dict[str, Any]:
    made = call("/api/v4/leads/notes", 503, request_summary=action.params, error_kind="retryable")
    return _ending(DeadReason.EXHAUSTED, "retryable", "503 Service Unavailable", "", made)


def _unanswered(action: StoredAction) -> dict[str, Any]:
    made = call("/api/v4/leads/complex", None, request_summary=action.params, error_kind="ambiguous")
    return _ending(DeadReason.OUTCOME_UNKNOWN, "ambiguous", "read timeout", "", made)


_TROUBLES: Final = (
    ("mail", "the mailbox refuses the password", "Сверьте логин и пароль приложения почты.", ("10:58",), ()),
    ("door of «landing»", "deliveries are refused: the secret is wrong or absent", "Сверьте секрет «landing» в настройках Tilda",
     ("09:50", 4), ("10:40", 4)),
    ("phone", "no events for 3 h of working time", "Проверьте в кабинете MANGO адрес уведомлений", ("11:00", 9), ("14:20", 9)),
    ("mail", "connection refused", "Подождите: ящик откроется сам.", ("03:10", 12), ("03:55", 12)),
)  # fmt: skip
_DEEDS: Final = (
    (1500, "oleg", SIGNED_IN, "", {}),
    (1490, "oleg", "open", "klimov", {}),
    (1480, "oleg", "resend", "klimov", {"action": 41}),
    (300, "marina", SIGNED_IN, "", {}),
    (290, "marina", "what_if", "", {"days": 30}),
    (210, "vera", REFUSED, "", {}),
    (209, "vera", SIGNED_IN, "", {}),
    (90, "oleg", SIGNED_IN, "", {}),
    (80, "oleg", "replay", "failed", {}),
    (75, "oleg", "save_test", "done", {}),
    (40, "oleg", "resolve", "unknown", {"action": 12, "done": True, "lead": "21000103"}),
    (5, "marina", SIGNED_IN, "", {"by": "openid"}),
)


@contextmanager
def lively(folder: Path) -> Iterator[tuple[Month, Desk]]:
    """The console of that firm, with people of each role (`LOGINS`), also by a provider."""
    month = Month(folder)
    month.live()
    house = House(month.config)
    parts = console_parts(house)
    with OpenId(now=NOW.timestamp) as provider, mock.patch.dict(os.environ, month.environ):
        openid = {
            "issuer": provider.url,
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
            "title": "Войти через «Кровлю Плюс»",
            "roles": {"operate": ["support"], "administer": ["ivan@krovlya.ru"]},
            "claim": "groups",
        }
        people = {"vera": "Вера Лунина", "oleg": "Олег Смирнов", "marina": "Марина Волкова"}
        users = {login: {"password": HASH, "role": role.value, "name": people[login]} for role, login in LOGINS.items()}
        settings = ConsoleSettings.model_validate({"users": users, "openid": openid})
        kept = ("zone", "channels", "lead_url", "contact_url", "crm", "rules", "try_config", "save_test",
                "tests_file", "team", "calendar", "distributions")  # fmt: skip
        given = {name: getattr(parts, name) for name in kept} | {"evaluate": month.planner.again}
        ends = {"долгосрочный токен amoCRM": NOW + timedelta(days=10, hours=3)}
        desk = Desk(month.journal, {**given, "now": month.clock, "settings": settings, "token_ends": ends})
        desk.parts = replace(desk.parts, public_url=desk.url.removesuffix("/console"))
        try:
            yield month, desk
        finally:
            desk.close()
            house.close()
            month.journal.close()
