"""Letters of clients, their colleagues and our sellers, as mail programs write them; and the mailboxes they come to."""

from __future__ import annotations

import email
import email.policy
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.mail import ADDRESS, MailServer
from sandbox.mailbox import INBOX
from sandbox.senders.letters import Attachment, letter
from tests.end_to_end.product import free_port

SENT = "Sent"
CARD = "sandbox+card@example.test"
ANNA = f"Анна <{ADDRESS}>"
DAEMON = "MAILER-DAEMON <mailer-daemon@mx.example.ru>"
CARD_RULES = """
  - name: Письмо — в карточку
    on: [email.received, email.sent]
    when: {lead: {known: true}, message.kind: [letter, bounce]}
    do:
      - log_letter: {participants: add, skip: [example.test]}

  - name: Письмо не дошло
    on: message.state
    when: {sent.service: email, sent.state: failed}
    do:
      - task: {text: "Письмо не дошло: {{ sent.error }}", type: Звонок, due: 15m}

  - name: Счёт
    on: lead.stage_changed
    when: {change.new: Переговоры}
    do:
      - message: {text: Счёт готов, by: [post]}
"""
"""What a company does with letters of affairs that it knows."""
LARGE = 1_200_000  # bytes; the files of such a letter are fetched one by one


class Box:
    """A mailbox whose server may be away: what is sent meanwhile waits for it, as with any mail."""

    def __init__(self, file: Path) -> None:
        self.server = _served(file)
        self._waiting: list[tuple[bytes, str]] = []
        self._up = True

    def put(self, raw: bytes, folder: str = INBOX) -> None:
        self._waiting.append((raw, folder))
        if self._up:
            self._bring()

    def down(self) -> None:
        if self._up:
            self._up = False
            self.server.stop()

    def up(self) -> None:
        if not self._up:
            self.server.start()
            self._up = True
            self._bring()

    def ours(self) -> list[email.message.Message]:
        """What rules have sent; their letters land in the same mailbox."""
        raws = self.server.letters() if self._up else []
        return [email.message_from_bytes(raw, policy=email.policy.default) for raw in raws if b"<prv." in raw[:2000]]

    def disturb(self, dice: random.Random) -> str:
        """Something happens to the server; what it was."""
        what = dice.choice(("away", "cut off", "crowded", "renumbered"))
        if what == "away":
            self.down()
            return what
        self.up()
        if what == "cut off":
            self.server.drop_connections()
        elif what == "crowded":
            self.server.max_connections = 0
            self.server.drop_connections()
        else:
            self.server.new_uidvalidity()
        return what

    def calm(self) -> None:
        self.up()
        self.server.max_connections = None

    def _bring(self) -> None:
        while self._waiting:
            raw, folder = self._waiting.pop(0)
            self.server.append(raw, folder)


def _served(file: Path) -> MailServer:
    """On ports that are still free after a restart, unless another process takes them just now."""
    for _ in range(20):
        with suppress(OSError):
            return MailServer(free_port(), free_port(), state_path=file).start()
    raise AssertionError("no free ports")


@dataclass
class Affair:
    """A client's request and what belongs into its card: words (one for each letter) and names of files."""

    title: str
    client: str
    colleagues: tuple[str, ...]
    boxes: tuple[Box, ...]
    words: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    thread: list[str] = field(default_factory=list)
    quoted: str = ""
    is_moved: bool = False
    bounces: int = 0

    @property
    def last(self) -> str | None:
        """The letter that the next one answers."""
        return self.thread[-1] if self.thread else None

    @property
    def firm(self) -> str:
        return self.client.rpartition("@")[2].rstrip(">")


class Post:
    """Who writes what next. Nobody waits for Provodka: an answer may be there before it has seen the letter."""

    def __init__(self, boxes: Sequence[Box], people: int, dice: random.Random) -> None:
        self.boxes, self.dice, self._people = boxes, dice, people
        self.affairs: list[Affair] = []
        self.did: Counter[str] = Counter()
        self.unwanted: list[str] = []
        """Words of autoreplies, which belong into no card."""
        self._count = 0
        self._answered: set[str] = set()

    def step(self) -> None:
        """One letter more."""
        ways = {
            self.asks: 4 if len(self.affairs) < 2 * self._people else 0,
            self.answers: 8,
            self.copies_colleagues: 3,
            self.colleague_answers: 3,
            self.seller_answers: 6,
            self.loses_the_thread: 2,
            self.forwards: 2,
            self.seller_forwards: 2,
            self.is_away: 2,
            self.gets_ours: 3,
        }
        if not self.affairs:
            ways = {self.asks: 1}
        (way,) = self.dice.choices(list(ways), list(ways.values()))
        way()
        self.did[way.__name__] += 1

    def asks(self) -> None:
        number = self.dice.randrange(self._people)
        firm = f"firma{number}.ru"
        colleagues = tuple(f"Коллега {n} <kollega{n}@{firm}>" for n in (1, 2))
        affair = Affair(
            f"Дело {len(self.affairs) + 1}",
            f"Клиент {number} <klient{number}@{firm}>",
            colleagues,
            self._boxes(),
        )
        self.affairs.append(affair)
        self._write(affair, affair.client, affair.title)

    def answers(self) -> None:
        affair = self._some()
        self._write(affair, affair.client, self._re(affair))

    def copies_colleagues(self) -> None:
        affair = self._some()
        self._write(affair, affair.client, self._re(affair), cc=", ".join(affair.colleagues))

    def colleague_answers(self) -> None:
        affair = self._some()
        self._write(affair, self.dice.choice(affair.colleagues), self._re(affair))

    def seller_answers(self) -> None:
        """From a mail program, which puts the letter among the sent ones of its mailbox."""
        affair = self._some()
        self._write(affair, ANNA, self._re(affair), to=affair.client, folder=SENT)

    def loses_the_thread(self) -> None:
        """A mail program that writes no References: the subject alone joins it."""
        affair = self._some()
        self._write(affair, affair.client, f"Re: {affair.title}", threaded=False)

    def forwards(self) -> None:
        affair = self._some()
        self._write(affair, affair.client, f"Fwd: {affair.title}", below=_forwarded("Завод <zakaz@zavod.ru>"))

    def seller_forwards(self) -> None:
        """What came to a seller's own mailbox, to the address for cards."""
        affair, word = self._some(), self._word()
        text = _forwarded(affair.client, affair.title, f"Обсудим {word}")
        self._send(affair, word, text, ANNA, f"Fwd: {affair.title}", CARD)

    def is_away(self) -> None:
        """An autoreply to the last letter of the affair."""
        affair, word = self._some(), self._word()
        raw = letter(
            from_=affair.client,
            subject=f"Автоответ: {affair.title}",
            text=f"Я в отпуске {word}",
            in_reply_to=affair.last,
            headers={"Auto-Submitted": "auto-replied"},
        )
        self.unwanted.append(word)
        self.boxes[0].put(raw)

    def gets_ours(self) -> None:
        """The client answers a letter of a rule, or the client's server returns it."""
        for ours in self.boxes[0].ours():
            number, affair = str(ours["Message-ID"]), self.affair_of(ours)
            if affair is None or number in self._answered:
                continue
            self._answered.add(number)
            if self.dice.random() < 0.5:
                affair.thread.append(number)
                self._write(affair, affair.client, "Вопрос по счёту")
            else:
                affair.bounces += 1
                self.boxes[0].put(_bounce(str(ours["To"]), number))

    def affair_of(self, ours: email.message.Message) -> Affair | None:
        """By the person and the letter that it answers: the same affair's, or the test would not find it."""
        thread = str(ours["References"] or "")
        return next((one for one in self.affairs if f".{one.title.split()[1]}@{one.firm}>" in thread), None)

    def _some(self) -> Affair:
        return self.dice.choice(self.affairs)

    def _re(self, affair: Affair) -> str:
        return self.dice.choice((f"Re: {affair.title}", f"RE: {affair.title}", "Ещё вопрос"))

    def _word(self) -> str:
        self._count += 1
        return f"слово{self._count}ъ"

    def _write(
        self,
        affair: Affair,
        from_: str,
        subject: str,
        *,
        to: str = ADDRESS,
        cc: str = "",
        threaded: bool = True,
        below: str = "",
        folder: str = INBOX,
    ) -> None:
        word = self._word()
        text = f"Добрый день, {word}\n\n{below or affair.quoted}"
        self._send(affair, word, text, from_, subject, to, cc=cc, threaded=threaded, folder=folder)
        affair.quoted = f"01.12.2025 12:00, {from_} пишет:\n> Добрый день, {word}\n"

    def _send(
        self,
        affair: Affair,
        word: str,
        text: str,
        from_: str,
        subject: str,
        to: str,
        *,
        cc: str = "",
        threaded: bool = True,
        folder: str = INBOX,
    ) -> None:
        number = f"<{word[5:-1]}.{affair.title.split()[1]}@{affair.firm}>"
        files = self._files(word)
        raw = letter(
            from_=from_,
            to=to,
            subject=subject,
            text=text,
            charset=self.dice.choice(("utf-8", "koi8-r", "windows-1251")),
            attachments=files,
            headers={"Cc": cc} if cc else {},
            message_id=number,
            in_reply_to=affair.last if threaded else None,
            references=[*affair.thread[:1], *affair.thread[-10:]],
        )
        affair.words.append(word)
        affair.files += [file.name for file in files]
        affair.thread.append(number)
        self._deliver(affair, raw, folder)

    def _deliver(self, affair: Affair, raw: bytes, folder: str) -> None:
        first, *copied = affair.boxes
        first.put(raw, folder)
        for other in copied:
            other.put(raw)
        if self.dice.random() < 0.1:
            self.did["twice"] += 1
            first.put(raw, folder)

    def _boxes(self) -> tuple[Box, ...]:
        """Where an affair is written about: of two mailboxes nobody knows which is read first, so that a letter is not
        in the one and its answer in the other alone."""
        return tuple(self.dice.sample(self.boxes, self.dice.choice((1, 1, 2))))

    def _files(self, word: str) -> list[Attachment]:
        chance = self.dice.random()
        if chance > 0.3:
            return []
        size = LARGE if chance < 0.03 else 200
        count = self.dice.randrange(1, 3)
        return [Attachment(f"{word}{n}.bin", self.dice.randbytes(size)) for n in range(1, count + 1)]


def _forwarded(from_: str, subject: str = "Прайс", text: str = "Цены прежние") -> str:
    head = f"From: {from_}\nDate: Mon, 1 Dec 2025 12:00:00 +0300\nSubject: {subject}\nTo: {ANNA}"
    return f"---------- Forwarded message ---------\n{head}\n\n{text}\n"


def _bounce(to: str, number: str) -> bytes:
    words = (
        f"This is the mail system. I could not deliver your message.\n\n<{to}>: 550 5.1.1 no such user\n\n"
        f"--- Below is a copy of the message\n\nMessage-ID: {number}\nSubject: x\n"
    )
    return letter(from_=DAEMON, subject="Undelivered Mail Returned to Sender", text=words)
