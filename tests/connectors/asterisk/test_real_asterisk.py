"""The watcher and the dialler with a real Asterisk, whose calls come from another one over IAX2, as from an operator.

It runs where there is one: `asterisk` among the commands, or unpacked in the folder that PROVODKA_ASTERISK names.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.asterisk.cdr import Records, by_call, told
from connectors.asterisk.channel import dialler
from connectors.asterisk.numbers import Numbers
from connectors.asterisk.settings import AsteriskSettings, CdrSettings
from connectors.asterisk.wire import Ami
from connectors.calls.notice import Told
from provodka.calls import CallOrder
from provodka.channel import Around
from provodka.errors import ConnectorError
from provodka.event import utc_now
from provodka.journal import Journal
from provodka.operation import Done, Request
from provodka.payloads import Direction
from sandbox.senders.asterisk import Pbx
from tests.cli.ports import free_port
from tests.connectors.asterisk.conftest import LOGIN, Following, until
from tests.connectors.memory_store import MemoryStore
from tests.contract.case import MOSCOW

UNPACKED = os.environ.get("PROVODKA_ASTERISK", "")
BINARY = shutil.which("asterisk") or (f"{UNPACKED}/usr/sbin/asterisk" if UNPACKED else "")
LINE, MARIA = "74950003344", "79160001122"

pytestmark = pytest.mark.skipif(
    not (BINARY and Path(BINARY).exists()),
    reason="there is no Asterisk here: install one, or name the folder of one in PROVODKA_ASTERISK (see .ci/asterisk)",
)

MODULES = (
    "pbx_config", "app_dial", "app_echo", "bridge_simple", "res_timing_timerfd", "func_callerid", "cdr_csv",
    "codec_ulaw", "res_crypto", "chan_iax2",
)  # fmt: skip
EXTENSIONS = f"""
[from-trunk]
exten => {LINE},1,Dial(Local/101@from-internal&Local/102@from-internal,5)
exten => 74950003355,1,Dial(Local/102@from-internal,1)
exten => 74950003366,1,Answer()
[from-internal]
exten => 101,1,Answer()
 same => n,Wait(1.2)
exten => 102,1,Ringing()
 same => n,Wait(60)
exten => _8.,1,Dial(Local/${{EXTEN}}@outside,5)
[outside]
exten => _X.,1,Answer()
 same => n,Wait(1.2)
[client]
exten => s,1,Echo()
"""


@dataclass
class Exchange:
    """An Asterisk: the port of its manager, that of its trunk, and its CDR."""

    folder: Path
    port: int = field(default_factory=free_port)
    trunk: int = field(default_factory=free_port)

    @property
    def cdr(self) -> Path:
        return self.folder / "log/cdr-csv/Master.csv"

    def asked(self, **fields: str) -> None:
        """Originate."""
        settings = AsteriskSettings.model_validate({**LOGIN, "port": self.port})
        with Ami(settings, events="off") as ami:
            answer = ami.ask("Originate", [*fields.items(), ("Priority", "1"), ("Async", "true")])
        assert answer["Response"] == "Success", answer


@contextmanager
def running(exchange: Exchange) -> Iterator[Exchange]:
    _write_config(exchange)
    libraries = ":".join(f"{UNPACKED}/usr/lib{below}" for below in ("", "/x86_64-linux-gnu")) if UNPACKED else ""
    environ = {**os.environ, **({"LD_LIBRARY_PATH": libraries} if libraries else {})}
    with (exchange.folder / "said").open("wb") as said:
        command = [BINARY, "-f", "-C", str(exchange.folder / "etc/asterisk.conf")]
        process = subprocess.Popen(command, env=environ, stdout=said, stderr=said)
        try:
            until(lambda: _is_up(exchange), "Asterisk")
            yield exchange
        finally:
            process.kill()
            process.wait(30)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    made = [Exchange(tmp_path_factory.mktemp(name)) for name in ("office", "operator")]
    with running(made[0]) as office, running(made[1]) as operator:
        yield Real(office, operator)


@dataclass
class Real:
    """The office, and the operator by whom its calls come."""

    office: Exchange
    operator: Exchange

    def calls(self, line: str, caller: str = MARIA) -> None:
        """A client calls a line of ours."""
        channel = f"IAX2/guest@127.0.0.1:{self.office.trunk}/{line}"
        self.operator.asked(Channel=channel, Context="client", Exten="s", CallerID=caller)


def _is_up(real: Exchange) -> bool:
    """Whether all its modules are there: the manager lets one in before that, and loses the calls it is asked for."""
    settings = AsteriskSettings.model_validate({**LOGIN, "user": "keeper", "port": real.port})
    try:
        with Ami(settings, events="system") as ami:
            return any(event["Event"] == "FullyBooted" for event in iter(lambda: ami.next(0.5), None))
    except ConnectorError:
        return False


def _write_config(real: Exchange) -> None:
    """Everything in a folder of its own, and no more modules than are needed."""
    folder = real.folder
    for name in ("etc", "var", "log/cdr-csv", "spool", "keys", "agi"):
        (folder / name).mkdir(parents=True)
    root = Path(BINARY).parent.parent
    lib = next(root.glob("lib/**/pbx_config.so")).parent
    places = {
        "astetcdir": "etc", "astvarlibdir": "var", "astdbdir": "var", "astkeydir": "keys", "astagidir": "agi",
        "astspooldir": "spool", "astrundir": "var", "astlogdir": "log",
    }  # fmt: skip
    lines = [f"{name} => {folder / below}" for name, below in places.items()]
    lines += [f"astmoddir => {lib}", f"astdatadir => {root}/share/asterisk"]
    config = {
        "asterisk.conf": "[directories]\n" + "\n".join(lines),
        "manager.conf": (
            f"[general]\nenabled=yes\nport={real.port}\nbindaddr=127.0.0.1\n"
            "[provodka]\nsecret=sandbox\nread=call,cdr,agent\nwrite=originate,system,reporting\n"
            "[keeper]\nsecret=sandbox\nread=system\nwrite=system\n"
        ),
        "modules.conf": "[modules]\nautoload=no\n" + "\n".join(f"load={name}.so" for name in MODULES),
        "extensions.conf": EXTENSIONS,
        "iax.conf": (
            f"[general]\nbindport={real.trunk}\nbindaddr=127.0.0.1\ncalltokenoptional=127.0.0.1/255.255.255.255\n"
            "disallow=all\nallow=ulaw\n[guest]\ntype=user\ncontext=from-trunk\nrequirecalltoken=no\n"
        ),
        "cdr.conf": "[general]\nenable=yes\nunanswered=yes\n[csv]\nusegmtime=yes\nloguniqueid=yes\nloguserfield=yes\n",
    }
    for name, text in config.items():
        (folder / "etc" / name).write_text(text)


@pytest.fixture
def line(real: Real, tmp_path: Path) -> Iterator[Callable[..., Following]]:
    """Begins to follow the exchange."""
    journal = Journal(f"sqlite:///{tmp_path}/journal.sqlite")
    pbx = Pbx()
    pbx.port = real.office.port
    made = Following(pbx, journal)

    def start(**more: object) -> Following:
        made.start(**more)
        until(lambda: made.status.fine, "a login")
        return made

    yield start
    made.stop()
    journal.close()


def test_an_answered_call_belongs_to_whoever_picked_up(real: Real, line: Callable[..., Following]) -> None:
    following = line()
    real.calls(LINE)
    call = following.call()
    assert (call.direction, call.phone, call.line) == (Direction.IN, f"+{MARIA}", f"+{LINE}")
    assert (call.extension, set(call.rung), call.outcome) == ("101", {"101", "102"}, "talked")
    assert 1 <= call.talk_seconds <= 3


def test_a_call_that_nobody_takes_is_missed(real: Real, line: Callable[..., Following]) -> None:
    following = line()
    real.calls("74950003355")
    call = following.call("call.missed")
    assert (call.phone, call.rung, call.outcome) == (f"+{MARIA}", ("102",), "missed")


def test_a_call_that_we_have_made_carries_the_key_of_the_action(real: Real, line: Callable[..., Following]) -> None:
    following = line()
    settings = AsteriskSettings.model_validate(
        {**LOGIN, "port": real.office.port, "originate": {"channel": "Local/{extension}@from-internal"}}
    )
    made = dialler("phone", settings, Around(MemoryStore(), MOSCOW))
    assert made is not None
    (outcome,) = made.dial([Request("01a2:33:0", CallOrder(f"+{MARIA}", "101"))])
    assert isinstance(outcome, Done)
    call = following.call()
    assert (call.order, call.direction, call.phone) == ("01a2:33:0", Direction.OUT, f"+{MARIA}")
    assert (call.extension, call.outcome) == ("101", "talked")


def test_its_own_records_tell_the_same_call(real: Real) -> None:
    until(lambda: real.office.cdr.exists() and LINE in real.office.cdr.read_text(), "the records of the first call")
    records = Records(CdrSettings.model_validate({"file": real.office.cdr, "timezone": "UTC"}), MOSCOW)
    calls = dict(by_call(records.since(utc_now() - timedelta(minutes=5))))
    legs = next(legs for legs in calls.values() if any(leg.dst == LINE and leg.talk for leg in legs))
    numbers = Numbers(AsteriskSettings.model_validate({**LOGIN, "port": real.office.port}))
    ended = next(one for one in told(legs[0].call, legs, numbers, ended=False) if one.told is Told.ENDED)
    assert (ended.direction, ended.phone, ended.line, ended.talk_seconds) == (Direction.IN, MARIA, LINE, None)
    assert ended.answered_at is not None
