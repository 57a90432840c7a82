"""«Кровля Плюс» after a month of work, made up and the same each time: what its people, its staff and its rules
did, and what went wrong."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import delete

from provodka.journal import audit
from provodka.journal.audit import REFUSED, SIGNED_IN, Deed
from provodka.journal.schema import audit as deeds_kept
from provodka.payloads import Call, CallEvent, Direction, EventType, Person
from provodka.stores import TokenPair
from tests.webhooks.console.lively_house import NOW, Fate, LivelyHouse, exhausted, refused, unanswered

LOCKED: Final = "semyon"
NAMES: Final = """
Мария Иванова, Пётр Сидоров, Екатерина Белова, Дмитрий Орлов, Ольга Назарова, Сергей Климов, Наталья Фомина,
Андрей Гусев, Татьяна Ершова, Алексей Жуков, Ирина Соболева, Павел Мельников, Юлия Крылова, Николай Зайцев, Анна
Голубева, Владимир Сомов, Елена Лапина, Роман Тихонов, Светлана Рябова, Михаил Котов, Вера Ильина, Игорь
Данилов, Людмила Громова, Артём Беляев, Галина Павлова, Константин Щукин, Оксана Миронова, Евгений Лыков, Алла
Сурикова, Григорий Панин"""


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


class Month(LivelyHouse):
    """Everything that happened, in its order."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._usual()
        self._today()
        self.live()
        self._around()
        self.clock.now = NOW.astimezone(UTC)

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
        self.fate("maria", "task", refused)
        self.form(at("16:45", 3), KLIMOV, name="Замер", mark="klimov")
        self.fate("klimov", "task", refused)
        self.message(at("18:02", 1), NAZAROVA, text="Есть ли у вас металлочерепица в наличии?", mark="note")
        self.fate("note", "note", exhausted)
        self.form(at("10:05"), ORLOV, name="Замер", comment="Дом 9×12", mark="unknown")
        self.fate("unknown", "intake", unanswered)
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
        self.happen(at, "form.submitted", "site", who, payload, mark)

    def letter(self, at: datetime, who: Person, subject: str = "Расчёт кровли", text: str = "") -> None:
        text = text or "Добрый день! Посчитайте, пожалуйста, кровлю на дом 10 на 12."
        sent = {"subject": subject, "text": text, "from": who.email, "kind": "letter"}
        known = {key: value for key, value in sent.items() if key != "from"}
        self.happen(at, "email.received", "mail", who, {"message": known})

    def missed(self, at: datetime, who: Person) -> None:
        number = f"mango-{next(self._numbers)}"
        told = Call(number, Direction.IN, phone=who.phone, started_at=at, wait_seconds=24)
        self.happen(at, "call.missed", "phone", Person(phones=who.phones), CallEvent(told))
        if self.random.random() < 0.7:
            self.talk(at + timedelta(minutes=self.random.randrange(3, 50)), who, direction=Direction.OUT)

    def talk(self, at: datetime, who: Person, direction: Direction = Direction.IN) -> None:
        took = self.random.randrange(40, 420)
        said = {"phone": who.phone, "extension": self.random.choice(("101", "102")), "talk_seconds": took}
        told = Call(f"mango-{next(self._numbers)}", direction, started_at=at, **said)
        self.happen(at, "call.finished", "phone", Person(phones=who.phones), CallEvent(told))

    def message(self, at: datetime, who: Person, text: str = "Здравствуйте, нужен замер", mark: str = "") -> None:
        talk = {"id": str(next(self._numbers)), "chat": who.phone[-6:], "service": "telegram", "text": text}
        self.happen(at, "message.received", "bot", who, {"message": talk}, mark)

    def money(self, at: datetime, who: Person, amount: int, purpose: str, mark: str) -> None:
        paid = {"id": "r-7001", "order": "7001", "state": "succeeded", "amount": amount, "asked": amount, "way": "card"}
        self.happen(at, "payment.succeeded", "pay", who, {"payment": {**paid, "purpose": purpose}}, mark)

    def invoice(self, at: datetime, who: Person, number: str, amount: int) -> None:
        told = {"id": "1", "number": number, "amount": amount, "buyer": who.name, "state": "paid", "paid": amount}
        self.happen(at, "invoice.paid", "1c", who, {"invoice": told})

    def fate(self, mark: str, kind: str, fate: Fate) -> None:
        """How actions of this kind end, that follow the event of this mark."""
        self.fates[mark, kind] = fate

    def _unreadable(self, channel: str) -> None:
        self.event(EventType.UNREADABLE, channel, Person(), {"reason": "the body is no form"})

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


_TROUBLES: Final = (
    ("mail", "the mailbox refuses the password [auth_failed]",
     "Сверьте логин и пароль приложения почты.", ("10:58",), ()),
    ("door of «landing»", "deliveries are refused: the secret is wrong or absent",
     "Сверьте секрет «landing» в настройках Tilda.", ("09:50", 4), ("10:40", 4)),
    ("phone", "no events for 3 h of working time",
     "Проверьте в кабинете MANGO адрес уведомлений.", ("11:00", 9), ("14:20", 9)),
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
