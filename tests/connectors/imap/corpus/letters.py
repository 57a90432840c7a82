"""Letters with the truth beside each: any number of them, the same for the same seed.

Eight encodings, those that Russian mail really uses: UTF-8; windows-1251 (Outlook, and most of what is old); koi8-r
(servers, old Unix programs); iso-8859-5 (what standards asked for); cp866 (scripts of DOS, cash desks and 1C);
x-mac-cyrillic (Apple's old programs); utf-7 (Exchange of old); and bytes of the first three that nothing, or something
wrong, declares. UTF-16 is no charset for texts of mail (RFC 2781, 4).
"""

from __future__ import annotations

import base64
import quopri
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from tests.connectors.imap.corpus.people import QUOTES, Writer, words, writer
from tests.connectors.imap.corpus.program import Old, Program, Written, divs, text
from tests.connectors.imap.corpus.russian import RUSSIAN
from tests.connectors.imap.corpus.western import WESTERN

BOX = "info@krovlya.ru"
PROGRAMS = (*WESTERN, *RUSSIAN)
MOSCOW = timezone(timedelta(hours=3))
ENCODINGS = ("utf-8", "windows-1251", "koi8-r", "iso-8859-5", "cp866", "x-mac-cyrillic", "utf-7", "undeclared")
FORMS = ("new", "top", "top", "below", "within", "forward", "ours", "ours twice")
TOPICS = ("Замер", "Заявка с сайта N 1047", "Расчёт кровли", "Счёт на окна", "КП по объекту на Ленина")
OURS = (
    "Здравствуйте!",
    "Удобно ли в субботу?",
    "Наш телефон 8 800 555-35-35, ИНН 7707083893.",
    'С уважением, Анна, ООО "Кровля Плюс"',
    "https://krovlya.ru/catalog",
)
HTML = (
    "<html><head><style>p {{margin: 0}}</style></head><body><div style='display:none'>Скрытый текст</div>{}"
    "<img src='https://mail.example.ru/pixel.gif?id=1' width=1 height=1></body></html>"
)
PYTHON_NAMES = {"x-mac-cyrillic": "mac-cyrillic"}
WITH_GUILLEMETS = ("utf-8", "windows-1251", "x-mac-cyrillic", "utf-7")


@dataclass(frozen=True)
class Letter:
    """The bytes of a letter, and what is true of it. `within` are lines that the text must hold among others."""

    label: str
    raw: bytes
    writer: Writer
    topic: str
    thread: tuple[str, ...]
    lines: tuple[str, ...] | None
    within: tuple[str, ...] = ()
    strange: tuple[str, ...] = field(default=("Удобно ли в субботу?", "Наш телефон"))


def letters(count: int, seed: int = 1) -> Iterator[Letter]:
    for number in range(count):
        yield one(random.Random(f"{seed}:{number}"), number)


def one(chance: random.Random, number: int) -> Letter:
    """Every encoding meets every program and every form in turn; all else is chance."""
    encoding, program = ENCODINGS[number % len(ENCODINGS)], PROGRAMS[number // len(ENCODINGS) % len(PROGRAMS)]
    form = chance.choice(FORMS)
    if (form == "within" and not program.inline) or (form == "below" and not program.below):
        form = "top"
    guillemets = encoding in WITH_GUILLEMETS
    client = writer(chance, quotes=chance.choice(QUOTES) if guillemets else QUOTES[0])
    own = words(chance)
    letter = _Draft(chance, number, encoding, program, form, client, own)
    return letter.finish()


@dataclass
class _Draft:
    chance: random.Random
    number: int
    encoding: str
    program: Program
    form: str
    client: Writer
    own: list[str]

    def finish(self) -> Letter:
        topic = self.chance.choice(TOPICS)
        written = self._written(topic)
        ids = [f"<{self.chance.randrange(10**9)}.{step}@krovlya.ru>" for step in range(self.chance.randint(1, 3))]
        answers = self.form in ("top", "below", "within")
        subject = topic
        if answers:
            subject = f"{self.chance.choice(('Re', 'RE', 'Отв', 'Re[2]', 'HA'))}: {topic}"
        elif self.form != "new":
            subject = f"{self.chance.choice(('Fwd', 'FW', 'Fwd', 'Пересл'))}: {topic}"
        signed = [*self.own, *self.client.signature]
        return Letter(
            f"{self.number}: {self.encoding}, {self.program.name}, {self.form}, {self.client.closing or 'no'} closing",
            build(self, subject, ids if answers else [], written),
            self.client,
            topic,
            tuple(ids) if answers else (),
            None if "forward" in self.form or "ours" in self.form else self._kept(signed),
            self._kept(self.own),
            ("Удобно ли в субботу?", "Наш телефон") if answers else (),
        )

    def _kept(self, lines: Sequence[str]) -> tuple[str, ...]:
        """What is left as the text: without what follows the dashes, and the line that a phone adds."""
        ends = lines.index("-- ") if "-- " in lines else len(lines)
        kept = [line.strip() for line in lines[:ends] if line.strip() and not line.startswith("Отправлено с")]
        return tuple(kept)

    def _written(self, topic: str) -> Written:
        own = [*self.own, *([""] if self.client.signature else []), *self.client.signature]
        earlier = [f"> {line}" for line in ("Нужен расчёт кровли.", "Мой телефон 8 912 000-00-01")]
        quoted = (*OURS, *(["01.12.2024, 10:00, Мария пишет:", *earlier] if self.chance.random() < 0.3 else []))
        ours = Old("Кровля Плюс", BOX, self.client.email, topic, self._moment(), quoted)
        if self.form == "new":
            return Written(text(own), divs(own, self.program.tag))
        if self.form == "top":
            return self.program.reply(own, ours)
        if self.form == "below":
            return self.program.answer_below(own, ours)
        if self.form == "within":
            return self.program.within(own, ours)
        if self.form == "forward":
            boss = Old(
                "Шеф", "boss@holding.ru", self.client.email, topic, self._moment(), ("Займитесь крышей.", "Срочно!")
            )
            return self.program.forward(own, boss)
        theirs = Old(self.client.name, self.client.email, BOX, topic, self._moment(), tuple(own))
        if self.form == "ours":
            return self.program.forward(["Анна, посмотрите, пожалуйста."], theirs)
        first = PROGRAMS[self.chance.randrange(len(PROGRAMS))].forward(["Для Анны."], theirs)
        colleague = Old("Борис", "boris@krovlya.ru", BOX, topic, self._moment(), tuple(first.text.split("\n")))
        return self.program.forward(["Анна, посмотрите, пожалуйста."], colleague)

    def _moment(self) -> datetime:
        return datetime(2025, 12, 1, 9, 0, tzinfo=MOSCOW) + timedelta(minutes=self.chance.randrange(300_000))

    @property
    def sender(self) -> tuple[str, str]:
        """One of ours passes on what a client wrote."""
        return ("Анна", "anna@krovlya.ru") if self.form.startswith("ours") else (self.client.name, self.client.email)


def build(draft: _Draft, subject: str, ids: Sequence[str], written: Written) -> bytes:
    """The bytes: headers and parts in the charset of the letter, declared or not."""
    chance = draft.chance
    charset = draft.encoding if draft.encoding != "undeclared" else chance.choice(("utf-8", "windows-1251", "koi8-r"))
    declared = "" if draft.encoding == "undeclared" else draft.encoding
    if draft.encoding == "undeclared":
        declared = chance.choice(("", "", "us-ascii", "unknown-8bit", "x-unknown"))
    python = PYTHON_NAMES.get(charset, charset)
    raw_headers = draft.encoding == "undeclared" and charset != "utf-7" and chance.random() < 0.5
    name, address = draft.sender
    # who is known by the signature alone gives no name in the header
    shown = "" if draft.client.closing in ("regards", "dashes") and chance.random() < 0.3 else name
    fields = [
        ("From", f"{_word(shown, python, charset, raw_headers)} <{address}>" if shown else address),
        ("To", BOX),
        ("Subject", _word(subject, python, charset, raw_headers)),
        ("Date", "Mon, 1 Dec 2025 12:00:00 +0300"),
        ("Message-ID", f"<letter-{draft.number}@{address.partition('@')[2]}>"),
        *([("In-Reply-To", ids[-1]), ("References", "\r\n ".join(ids))] if ids else []),
        ("MIME-Version", "1.0"),
    ]
    head = "".join(f"{key}: {value}\r\n" for key, value in fields).encode(python, "surrogateescape")
    head = head if raw_headers else "".join(f"{key}: {value}\r\n" for key, value in fields).encode()
    flowed = draft.program.flowed
    plain = _part("plain", _flow(written.text) if flowed else written.text, python, declared, chance, flowed=flowed)
    html = _part("html", HTML.format(written.html), python, declared, chance)
    shape = chance.choice(("plain", "html", "alternative", "alternative", "mixed"))
    if shape in ("plain", "html"):
        return head + (plain if shape == "plain" else html)
    both = _multipart("alternative", plain, html)
    file = (
        b'Content-Type: application/pdf; name="plan.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQ=\r\n'
    )
    return head + (both if shape == "alternative" else _multipart("mixed", both, file))


def _flow(content: str) -> str:
    """Lines of at most some forty signs, those that go on ending in a blank (RFC 3676)."""
    flowed = (re.sub(r"(.{24,40}?) (?=\S)", r"\1 \n", line) if line != "-- " else line for line in content.split("\n"))
    marked = (re.sub(r"\n", "\n> ", line) if line.startswith(">") else line for line in flowed)
    return "\n".join(marked)


def _part(
    subtype: str, content: str, python: str, declared: str, chance: random.Random, *, flowed: bool = False
) -> bytes:
    data = content.replace("\n", "\r\n").encode(python)
    encoding = chance.choice(("8bit", "quoted-printable", "base64"))
    if encoding == "quoted-printable":
        data = quopri.encodestring(data.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    elif encoding == "base64":
        data = base64.encodebytes(data)
    kind = f"text/{subtype}" + (f'; charset="{declared}"' if declared else "") + ("; format=flowed" if flowed else "")
    return f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + data


def _multipart(subtype: str, *parts: bytes) -> bytes:
    mark = f"=_{subtype}".encode()
    body = b"".join(b"--" + mark + b"\r\n" + part + b"\r\n" for part in parts)
    return (
        f'Content-Type: multipart/{subtype}; boundary="=_{subtype}"\r\n\r\n'.encode() + body + b"--" + mark + b"--\r\n"
    )


def _word(value: str, python: str, charset: str, raw: bool) -> str:
    if raw or value.isascii():
        return value
    return f"=?{charset}?B?{base64.b64encode(value.encode(python)).decode()}?="
