"""People who write in several networks and call, as their dice say; and what the CRM has to hold then."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from provodka.payloads import EventType
from sandbox.senders.mango import MangoSender
from sandbox.senders.service import Client
from sandbox.server import Sandbox
from sandbox.telegram import Door
from tests.end_to_end.company import OUR_LINE, until
from tests.end_to_end.crms import SECRET

NETWORKS = ("bot", "wa", "vk", "wz")
STAFF = {"101": "anna", "102": "ivan", "petrova": "anna", "ivanov": "ivan"}
GROUP = ("101", "102")
PICTURE = b"\x89PNG\r\n\x1a\n" + b"picture" * 20

Segment = list[str]
"""Lines that were sent at once, so that they may stand in any order."""


@dataclass
class Call:
    """What one call has to be in the end; `answered` is whoever talked."""

    kind: EventType
    answered: str = ""


@dataclass
class Person:
    """One of them. `fresh` counts what they did when nothing joined it with what they had done before: so many leads
    may there be at most."""

    number: int
    networks: tuple[str, ...]
    exchange: str
    said: dict[str, list[Segment]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    is_tracked: bool = False
    blocked: set[str] = field(default_factory=set)
    fresh: int = 0
    did: Counter[str] = field(default_factory=Counter)
    _groups: list[set[str]] = field(default_factory=list)
    _lines: int = 0

    @property
    def digits(self) -> str:
        return f"7916{self.number:07}"

    @property
    def phone(self) -> str:
        return f"+{self.digits}"

    def id_in(self, network: str) -> str:
        """Who they are in a network, which is their chat there, too."""
        return {"bot": str(700000000 + self.number), "vk": str(500000000 + self.number)}.get(network, self.digits)

    @property
    def names(self) -> set[str]:
        """What the leads of theirs may be called by."""
        return {self.phone, f"telegram:{self.id_in('bot')}", f"vk:{self.id_in('vk')}"}

    def client(self, text: str = "") -> Client:
        return Client(name=f"Гость {self.number}", phone=self.phone, text=text)

    def line(self, what: str = "строка") -> str:
        """Words that nobody else says."""
        self._lines += 1
        return f"{what} {self.number}-{self._lines}"

    def showed(self, *identities: str) -> None:
        """They did something by which these of theirs are known to be one person's."""
        shown = set(identities)
        joined = [one for one in self._groups if one & shown]
        self.fresh += not joined
        self._groups = [one for one in self._groups if not one & shown] + [shown.union(*joined)]

    def wrote(self, network: str, lines: Segment, *, phone: bool = False) -> None:
        self.said.setdefault(network, []).append(lines)
        own = {"bot": ("bot",), "vk": ("vk",)}.get(network, ("phone",))
        self.showed(*own, *(("phone",) if phone else ()))


class Crowd:
    """Lets people act on the sandbox, which tells the product at `url`. Each act ends when all of it is accepted."""

    def __init__(self, sandbox: Sandbox, url: str, pause: float) -> None:
        self.sandbox, self.url, self.pause = sandbox, url, pause
        self.bot = sandbox.telegram
        self._mango = MangoSender(f"{url}/hooks/phone", SECRET, SECRET)

    def live(self, person: Person, dice: random.Random) -> None:
        """All that a person does."""
        acts: list[Callable[[Person, random.Random], None]] = [
            self.write,
            self.write,
            self.write,
            self.call,
            self.picture,
        ]
        acts += [self.edit, self.share]
        self.write(person, dice)
        for _ in range(dice.randrange(2, 6)):
            time.sleep(dice.random() * self.pause)
            act = dice.choice(acts)
            person.did[act.__name__] += 1
            act(person, dice)

    # in messengers

    def write(self, person: Person, dice: random.Random) -> None:
        """A burst: one line after the other, or all at once where a network has no order of its own."""
        network = dice.choice(person.networks)
        lines = [person.line() for _ in range(dice.randrange(1, 5))]
        if network in ("wa", "wz") and dice.random() < 0.5:
            with ThreadPoolExecutor(len(lines)) as threads:
                list(threads.map(lambda line: self._say(person, network, line), lines))
            person.did["reordered"] += len(lines) > 1
            person.wrote(network, lines)
            return
        for line in lines:
            self._say(person, network, line)
            person.wrote(network, [line])

    def picture(self, person: Person, dice: random.Random) -> None:
        network, text = dice.choice(person.networks), person.line("фото")
        if network == "bot":
            self.bot.send_photo(int(person.id_in("bot")), PICTURE, text)
            self._taken(person)
        else:
            self._press(network, "picture", person, text)
        person.wrote(network, [text])

    def edit(self, person: Person, dice: random.Random) -> None:
        """Of what has been said last, where a network has such a thing."""
        del dice
        network = next((one for one in ("bot", "vk") if one in person.said), "")
        if network == "bot":
            chat, text = int(person.id_in("bot")), person.line("поправка")
            last = [
                one for one in self.bot.messages(chat, of_people=True) if not one["from"]["is_bot"] and one.get("text")
            ]
            if not last:
                return
            self.bot.edit(chat, last[-1]["message_id"], text)
            self._taken(person)
            person.wrote(network, [f"Исправлено: {text}"])
        elif network == "vk":
            text = person.line("поправка")
            self._press("vk", "edit", person, text)
            person.wrote(network, [f"Исправлено: {text} (исправлено)"])

    def share(self, person: Person, dice: random.Random) -> None:
        """Their number: by the button of Telegram, or in their own words."""
        network = dice.choice(person.networks)
        if network == "bot" and dice.random() < 0.5:
            self.bot.share_contact(int(person.id_in("bot")), person.digits, first_name=f"Гость {person.number}")
            self._taken(person)
            person.wrote(network, [f"Контакт: Гость {person.number} {person.phone}"], phone=True)
            return
        text = f"{person.line('мой номер')}: 8 916 {person.digits[4:7]}-{person.digits[7:9]}-{person.digits[9:]}"
        self._say(person, network, text)
        person.wrote(network, [text], phone=True)

    def block(self, person: Person) -> None:
        """They let nobody write to them any more in the first of their networks."""
        network = person.networks[0]
        person.blocked.add(network)
        services = self.sandbox.senders.services
        if network == "bot":
            self.bot.door(int(person.id_in("bot")), Door.BLOCKED)
            self._taken(person)
        elif network == "vk":
            services["vk"].community.blocked.add(int(person.id_in("vk")))  # type: ignore[attr-defined]
        else:
            services[{"wa": "whatsapp", "wz": "wazzup"}[network]].gone.add(person.digits)  # type: ignore[attr-defined]

    def _say(self, person: Person, network: str, text: str) -> None:
        if network == "bot":
            self.bot.say(int(person.id_in("bot")), text, first_name=f"Гость {person.number}")
            self._taken(person)
        else:
            self._press(network, {"vk": "message"}.get(network, "text"), person, text)

    def _press(self, network: str, button: str, person: Person, text: str) -> None:
        service = self.sandbox.senders.services[{"wa": "whatsapp", "wz": "wazzup"}.get(network, network)]
        given: Mapping[str, str] = {
            **service.defaults,
            "url": f"{self.url}/hooks/{network}",
            "host": self.sandbox.senders.url,
            "person": person.id_in("vk"),
        }
        for answer in service.press(button, person.client(text), given):
            answer.raise_for_status()

    def _taken(self, person: Person) -> None:
        updates, chat = self.bot._updates, int(person.id_in("bot"))

        def none_left() -> bool:
            with updates.changed:
                return not any(one.chat_id == chat for one in updates.pending)

        until(none_left, f"updates of chat {chat} are taken", 120)

    # by phone

    def call(self, person: Person, dice: random.Random) -> None:
        """Answered, missed, or answered by one of a group; by MANGO with its notices in any order."""
        way = dice.choice(("answered", "missed", "group"))
        person.did[way] += 1
        tracking = dice.choice(("", "", "before", "after")) if person.exchange == "phone" else ""
        if tracking == "before":
            self._track(person, way)
        if person.exchange == "phone":
            answered = self._by_mango(person, way, dice)
        else:
            answered = self._by_megafon(person, way, dice)
        if tracking == "after":
            self._track(person, way)
        kind = EventType.CALL_MISSED if way == "missed" else EventType.CALL_FINISHED
        person.calls.append(Call(kind, STAFF.get(answered, "")))
        person.showed("phone")

    def _by_mango(self, person: Person, way: str, dice: random.Random) -> str:
        started = datetime.now(UTC) - timedelta(seconds=dice.random())
        more: dict[str, Any] = {
            "shuffle_seed": dice.choice((None, dice.randrange(1000))),
            "double": dice.random() < 0.2,
        }
        if way == "missed":
            answers = self._mango.missed(person.digits, OUR_LINE, GROUP, started=started, **more)
            extension = ""
        else:
            extension = dice.choice(GROUP)
            group = GROUP if way == "group" else ()
            answers = self._mango.call(
                person.digits, OUR_LINE, extension, dice.randrange(5, 300), started=started, ring_group=group, **more
            )
        for answer in answers:
            answer.raise_for_status()
        return extension

    def _by_megafon(self, person: Person, way: str, dice: random.Random) -> str:
        service = self.sandbox.senders.services["megafon"]
        user = "ivanov" if way == "group" else dice.choice(("ivanov", "petrova"))
        given = {**service.defaults, "url": f"{self.url}/hooks/mega", "user": user}
        button = {"answered": "call", "group": "ring_all"}.get(way, way)
        for answer in service.press(button, person.client(), given):
            answer.raise_for_status()
        return "" if way == "missed" else user

    def _track(self, person: Person, way: str) -> None:
        service = self.sandbox.senders.services["roistat"]
        given = {"url": f"{self.url}/hooks/roistat", "secret": SECRET}
        for answer in service.press("missed" if way == "missed" else "call", person.client(), given):
            answer.raise_for_status()
        person.is_tracked = True
