"""`provodka demo`: sandbox and product in one process, and four people who want a roof."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from rich.console import Console

from cli import demo_console, demo_onec
from cli.config import read
from cli.demo_check import differences, dump
from cli.demo_import import Fair
from cli.demo_payment import Till
from cli.demo_talks import CHANNEL_ID, CHANNEL_SECRET, LINE, Talks
from cli.hooks import CRM_CHANNEL
from cli.house import House
from cli.road import Road
from cli.run import Running, RunRole
from connectors.imap.position import Cursors
from provodka import logs
from provodka.crm import CrmAccount
from provodka.errors import RateLimited
from sandbox.senders import MangoSender, letter, send_letter, tilda_lead
from sandbox.server import AMOCRM_TOKEN, Sandbox

SECRET: Final = "sandbox"  # noqa: S105 -- the sandbox's published password
CONFIG: Final = Path(__file__).with_name("demo.yaml")
_PATIENCE: Final = 40.0

MARIA: Final = "+7 (916) 000-11-22"
PYOTR: Final = "79160007788"


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the scenes are played."""

    product: str
    sandbox: Sandbox
    talks: Talks
    fair: Fair
    till: Till
    sale: demo_onec.Sale | None = None

    @property
    def praise(self) -> str:
        """What is said when all is as it should be."""
        if self.sale is not None:
            return "✓ four leads with all that is theirs, one of them paid, and a sale in 1C: paid, shipped, won, once"
        rest = "one of them paid; a list is in it once"
        return f"✓ the CRM holds exactly four leads, each with its person, responsible, task and talk, {rest}"


def form(stage: Stage) -> None:
    """Maria fills in a form on a Tilda site."""
    tilda_lead(
        f"{stage.product}/hooks/site/{SECRET}",
        name="Мария",
        phone=MARIA,
        email="maria@example.ru",
        comments="Нужен замер в субботу",
        tranid="467251:8442970",
        utm={"utm_source": "yandex", "utm_medium": "cpc", "utm_campaign": "brand"},
    ).raise_for_status()


def mail(stage: Stage) -> None:
    """Pyotr writes from an old mail program."""
    raw = letter(
        from_="Пётр Кузнецов <petr@example.com>",
        subject="Ремонт крыши",
        text="Добрый день!\n\nСколько стоит перекрыть крышу 120 кв. м?\n\nПётр, тел. +7 916 000-77-88",
        charset="windows-1251",
        message_id="<demo-1@example.com>",
        sent_at=datetime.now(UTC),
    )
    send_letter(stage.sandbox.mail.host, stage.sandbox.mail.smtp_port, raw, from_="petr@example.com")


def call(stage: Stage) -> None:
    """Pyotr, who had written, rings up and talks to Anna."""
    mango = MangoSender(f"{stage.product}/hooks/phone", SECRET, SECRET)
    started = datetime.now(UTC) - timedelta(minutes=4)
    for answer in mango.call(PYOTR, LINE, "101", 123.0, started=started, entry_id="ZGVtby1jYWxsLTE="):
        answer.raise_for_status()


Scene = tuple[str, Callable[[], None], tuple[str, ...]]
"""Its title, how it is played, and the events that it brings."""

MAILBOX: Final = Cursors("mail", "INBOX").position

SCENES: Final[tuple[tuple[str, Callable[[Stage], None], tuple[str, ...]], ...]] = (
    ("A form on a Tilda site", form, ("form.submitted",)),
    ("A letter in windows-1251, by SMTP", mail, ("email.received",)),
    ("A signed Mango call from the writer of the letter", call, ("call.finished", "call.recorded")),
)


def scenes(stage: Stage) -> list[Scene]:
    """Four people who want a roof, and with 1C a firm that buys one."""
    talks = stage.talks
    played: list[Scene] = [(title, partial(scene, stage), kinds) for title, scene, kinds in SCENES]
    played += [
        ("A call that nobody answers becomes a task", talks.missed, ("call.missed",)),
        ("Somebody writes to the Telegram bot, in three lines", talks.write, ("message.received",)),
        ("The seller answers in the card", talks.answer, ("reply.written",)),
        ("The list of a fair is imported", stage.fair.bring, ("table.row_added",)),
        ("The seller moves Maria to the stage of bills: she gets a link", stage.till.stage, ("payment.requested",)),
        ("Maria pays by the link, and the deal is won", stage.till.pay, ("payment.succeeded",)),
    ]
    if (sale := stage.sale) is None:
        return played
    return [
        *played,
        ("A firm asks for an invoice", sale.form, ("form.submitted",)),
        ("The seller moves the lead to the stage of invoices", sale.stage, ("invoice.issued",)),
        *((("A part is paid", sale.pay_part, ("invoice.partly_paid",)),) if sale.tells_sums else ()),
        ("The invoice is paid", sale.pay, ("invoice.paid", "order.created")),
        ("The goods are shipped", sale.ship, ("order.shipped",)),
    ]


def demo(folder: Path, out: Console, *, once: bool, port: int, sandbox_port: int, onec: str = "") -> int:
    """Play the scenes, with `onec` (a road) a sale through 1C too. With `once` check what CRM and 1C hold and end: 0
    when all is as it should be, else 1."""
    folder = folder / onec if onec else folder  # each road has a 1C of its own
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as parts:
        try:
            kind = demo_onec.configuration(onec) if onec else "bp"
            sandbox = parts.enter_context(Sandbox(sandbox_port, state_dir=folder / "sandbox", onec_configuration=kind))
            if onec:
                demo_onec.prepare(sandbox)
            password = "" if once else demo_console.new_password()
            running = _product(folder, sandbox, port, onec, password)
        except OSError as error:
            out.print(f"a port is taken: {error}. Choose others with --port and --sandbox-port.", style="red")
            return 1
        parts.callback(running.stop)
        product = f"http://127.0.0.1:{running.port}"
        sale = demo_onec.Sale(product, sandbox, onec) if onec else None
        fair, till = Fair(folder, running.house, sandbox, out), Till(product, sandbox)
        stage = Stage(product, sandbox, Talks.of(product, sandbox), fair, till, sale)
        _introduce(stage, running.house, sandbox)
        road = Road(running.house.journal, running.house.redactor, out)
        wrong = [*(_play(stage, road, out) or _wrong(stage))]
        for sentence in wrong:
            out.print(f"✗ {sentence}", style="red", markup=False)
        if once:
            if not wrong:
                out.print(stage.praise, style="green")
            return 1 if wrong else 0
        _stay(stage, road, out, password)
    return 0


def _wrong(stage: Stage) -> Iterator[str]:
    yield from differences(dump(stage.sandbox))
    yield from stage.talks.differences()
    yield from stage.fair.differences()
    yield from stage.till.differences()
    if stage.sale is not None:
        yield from stage.sale.differences()


def _product(folder: Path, sandbox: Sandbox, port: int, onec: str, password: str) -> Running:
    environ = {
        "DEMO_PORT": str(port or 8080),
        "DEMO_JOURNAL": str((folder / "journal.sqlite").resolve()),
        "DEMO_AMOCRM": sandbox.amocrm.url,
        "DEMO_TOKEN": AMOCRM_TOKEN,
        "DEMO_SECRET": SECRET,
        "DEMO_IMAP": str(sandbox.mail.imap_port),
        "DEMO_TELEGRAM": sandbox.telegram.url,
        "DEMO_SENDERS": sandbox.senders.url,
        "DEMO_CHATS": CHANNEL_ID,
        "DEMO_CHATS_SECRET": CHANNEL_SECRET,
    }
    chosen = CONFIG
    if onec:
        chosen = folder / "config.yaml"
        chosen.write_text(demo_onec.config(CONFIG.read_text("utf-8"), onec, sandbox), "utf-8")
    config = read(chosen, {**os.environ, **environ})
    house = House(demo_console.opened(config, password) if password else config)
    logs.configure(house.redactor, json=False, level="WARNING")
    return Running(house, list(RunRole), None, port)


def _introduce(stage: Stage, house: House, sandbox: Sandbox) -> None:
    """Let the CRM know where its webhooks go, and the senders' page where the product is."""
    stage.talks.prepare()
    stage.till.prepare()
    if house.crm is not None:
        _subscribe(house.crm, f"{stage.product}/hooks/{CRM_CHANNEL}/{SECRET}")
    sandbox.places["console"] = f"{stage.product}/console/"
    hooks = f"{stage.product}/hooks"
    for service, where in (("tilda", f"site/{SECRET}"), ("form", "form"), ("mango", "phone")):
        sandbox.senders.point(service, url=f"{hooks}/{where}")


def _subscribe(crm: CrmAccount, address: str) -> None:
    """The first calls of an account come all at once, and the emulator counts them as amoCRM does."""
    for left in reversed(range(5)):
        try:
            crm.subscribe(address)
        except RateLimited as error:
            if not left:
                raise
            time.sleep(error.wait or 1.0)
        else:
            return


def _play(stage: Stage, road: Road, out: Console) -> list[str]:
    """What did not come in time of what the scenes should bring."""
    missing = []
    if stage.sale is not None:
        stage.sale.exchange()
    for title, scene, kinds in scenes(stage):
        out.rule(f"[bold]{title}")
        cursor = MAILBOX if "email.received" in kinds else ""
        if lacks := road.follow(scene, kinds, _PATIENCE, cursor):
            missing.append(f"«{title}» has not come to its end in {_PATIENCE:.0f} s: {lacks} is missing")
    return missing


def _stay(stage: Stage, road: Road, out: Console, password: str) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    out.rule("[bold]Open in a browser")
    console = f"{stage.sandbox.places['console']}  {demo_console.LOGIN} / {password}"
    for name, address in [("Console: where is my lead?", console), *stage.sandbox.addresses()]:
        out.print(f"  {name:34} {address}", highlight=False, markup=False, soft_wrap=True)
    out.print("\nMore events: the buttons of the senders' page. Ctrl-C ends the demo.", style="dim")
    while not stop.is_set():
        road.show_news()
        time.sleep(0.2)
