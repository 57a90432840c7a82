"""The connection to AMI: refused, silent, cut; and what the CDR tells of the time in between."""

from __future__ import annotations

import csv
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from connectors.asterisk.cdr import Records
from connectors.asterisk.channel import watcher
from connectors.asterisk.settings import MASTER, AsteriskSettings, CdrSettings
from connectors.asterisk.wire import Ami
from provodka.channel import Around
from provodka.errors import AuthFailed, ConnectorError, JournalUnavailableError, Rejected, Retryable
from provodka.event import utc_now
from provodka.payloads import Direction
from sandbox.senders.asterisk import MOSCOW as THERE
from sandbox.senders.asterisk import Pbx
from tests.connectors.asterisk.conftest import LOGIN, Following, until
from tests.connectors.memory_store import MemoryStore
from tests.contract.case import MOSCOW

MARIA, LINE = "79160001122", "74950003344"


@pytest.fixture
def cdr(tmp_path: Path) -> Path:
    return tmp_path / "cdr.sqlite"


def database(cdr: Path) -> dict[str, object]:
    return {"url": f"sqlite:///{cdr}", "poll": "1s", "timezone": "Europe/Moscow"}


# the connection


def test_a_wrong_secret_is_told_with_its_cure_and_tried_rarely(idle: Following, pbx: Pbx) -> None:
    idle.start(secret="wrong-secret")
    until(lambda: idle.status.told, "the trouble")
    ((cause, cure),) = idle.status.told
    assert "Authentication failed" in cause
    assert "manager.conf" in cure
    assert "wrong-secret" not in cause + cure
    assert pbx.refused == 1


def test_a_cut_connection_is_opened_again_and_the_next_call_is_followed(following: Following, pbx: Pbx) -> None:
    for times in (2, 3):
        pbx.drop()
        following.connected(times)
    pbx.incoming(MARIA, answered="101")
    assert following.call().extension == "101"
    assert following.status.told == []


def test_a_silent_exchange_is_given_up_and_asked_anew(idle: Following, pbx: Pbx) -> None:
    idle.start(ping="50ms")
    idle.connected()
    until(lambda: pbx.pings >= 2, "pings")
    pbx.silent = True
    until(lambda: not pbx.listeners, "the end of the silent connection")
    pbx.silent = False
    idle.connected(2)


def test_nobody_at_the_port_is_a_trouble_that_ends_by_itself(idle: Following, pbx: Pbx) -> None:
    port = pbx.port
    pbx.stop()
    idle.start()
    until(lambda: idle.status.told, "the trouble")
    assert "no connection to AMI" in idle.status.told[0][0]
    pbx.listen(port=port)
    idle.connected()


def test_a_call_whose_end_nobody_saw_is_ended_with_that_reason(following: Following, pbx: Pbx) -> None:
    trunk = pbx.new("PJSIP/trunk", MARIA, LINE)
    dest = pbx.dial(trunk, "PJSIP/101", "101")
    until(lambda: following.events("call.started"), "the start")
    pbx.channels.clear()
    pbx.drop()
    call = following.call("call.missed")
    assert (call.id, call.reason) == (trunk, "связь с АТС прерывалась, конец звонка не виден")
    assert dest not in pbx.channels


def test_a_call_that_goes_on_through_a_cut_is_one_call(following: Following, pbx: Pbx) -> None:
    trunk = pbx.new("PJSIP/trunk", MARIA, LINE)
    dest = pbx.dial(trunk, "PJSIP/101", "101")
    pbx.dialled(trunk, dest)
    until(lambda: following.events("call.started"), "the start")
    pbx.drop()
    following.connected(2)
    pbx.hang_up(dest, trunk)
    assert following.call().extension == "101"


def test_a_call_that_goes_on_at_the_start_is_followed_from_there(idle: Following, pbx: Pbx) -> None:
    trunk = pbx.new("PJSIP/trunk", MARIA, LINE)
    dest = pbx.dial(trunk, "PJSIP/101", "101")
    for one in (trunk, dest):
        pbx.channels[one] |= {"BridgeId": "b1", "Duration": "00:02:00"}
    idle.start()
    idle.connected()
    pbx.hang_up(dest, trunk)
    call = idle.call()
    assert (call.phone, call.extension) == (f"+{MARIA}", "101")
    assert call.wait_seconds >= 119


def test_notices_wait_while_the_journal_is_locked(
    following: Following, pbx: Pbx, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked, accept = threading.Event(), following.journal.accept
    locked.set()

    def try_to_accept(*args: object, **more: object) -> None:
        if locked.is_set():
            raise JournalUnavailableError("database is locked")
        accept(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(following.journal, "accept", try_to_accept)
    pbx.incoming(MARIA, answered="101")
    locked.clear()
    assert following.call().extension == "101"
    assert pbx.logins == 1


def answering(lines: bytes) -> Iterator[int]:
    """A port at which somebody says these bytes."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            connection.sendall(lines)
            connection.recv(1000)

    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()[1]
    server.close()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", Rejected),
        (b"Asterisk Call Manager/9.0.0\r\n", Retryable),
        (b"", Retryable),
        (b"Asterisk Call Manager/9.0.0\r\nResponse: Error\r\nActionID: provodka-1\r\nMessage: no\r\n\r\n", AuthFailed),
    ],
    ids=["another service", "nobody behind the greeting", "nothing", "refused"],
)
def test_what_is_no_ami_is_named(said: bytes, kind: type[ConnectorError], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.asterisk.wire.CONNECT_SECONDS", 0.2)
    monkeypatch.setattr("connectors.asterisk.wire.ANSWER_SECONDS", 0.2)
    for port in answering(said):
        with pytest.raises((Rejected, Retryable, AuthFailed)) as caught:
            Ami(AsteriskSettings.model_validate({**LOGIN, "port": port}))
        assert type(caught.value) is kind or not said


def test_blocks_are_read_however_the_stream_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.asterisk.wire.CONNECT_SECONDS", 5.0)
    stream = (
        b"Asterisk Call Manager/9.0.0\r\n"
        b"Response: Success\r\nActionID: provodka-1\r\nMessage: Authentication accepted\r\n\r\n"
        b"Event: Hangup\r\nUniqueid: 1.1\r\nCause-txt: a: b\r\nChanVariable: x=1\r\nChanVariable: y=2\r\n\r\n"
        b"\r\n\r\nEvent: \xff\xfe\r\nno colon\r\n\r\n"
    )
    ours, theirs = socket.socketpair()

    def drip() -> None:
        for byte in stream:
            theirs.sendall(bytes([byte]))

    monkeypatch.setattr("connectors.asterisk.wire._connected", lambda _: ours)
    threading.Thread(target=drip, daemon=True).start()
    ami = Ami(AsteriskSettings.model_validate(LOGIN))
    first, second = ami.next(5), ami.next(5)
    assert first == {"Event": "Hangup", "Uniqueid": "1.1", "Cause-txt": "a: b", "ChanVariable": "x=1"}
    assert second is not None
    assert ami.next(0.01) is None
    theirs.close()
    with pytest.raises(Retryable):
        ami.next(5)
    ami.close()


# the CDR


def talk(pbx: Pbx, cdr: Path, linked: str, ago: float = 60, **more: str | int) -> None:
    usual: dict[str, str | int] = {
        "src": MARIA,
        "dst": "101",
        "did": LINE,
        "channel": "PJSIP/trunk-00000001",
        "dstchannel": "PJSIP/101-00000002",
        "lastapp": "Dial",
        "duration": 40,
        "billsec": 30,
        "recordingfile": f"external-{linked}.wav",
    }
    pbx.record(cdr, linked, ago, **{**usual, **more})


def test_a_call_that_ended_while_we_were_away_is_found_in_the_cdr(idle: Following, pbx: Pbx, cdr: Path) -> None:
    talk(pbx, cdr, "1.0", ago=5000)
    more = {"cdr": database(cdr), "recording": "https://pbx.local/{year}/{file}"}
    idle.start(**more)
    idle.connected()
    until(lambda: idle.journal.cursor("asterisk:phone:cdr"), "the first look")
    idle.stop()
    assert idle.events() == [], "what was before the first start is left alone"
    talk(pbx, cdr, "2.0", ago=47)  # ended seven seconds ago, while the watcher was stopped
    _began_earlier(idle)
    idle.start(**more)
    call = idle.call()
    assert (call.id, call.direction, call.phone, call.line) == ("2.0", Direction.IN, f"+{MARIA}", f"+{LINE}")
    assert (call.extension, call.talk_seconds, call.wait_seconds) == ("101", 30, 10)
    assert call.recording.endswith("/external-2.0.wav")


def _began_earlier(idle: Following) -> None:
    """As if the product had been started an hour ago."""
    earlier = (utc_now() - timedelta(hours=1)).isoformat()
    idle.journal.accept([], cursors={"asterisk:phone:cdr": earlier, "asterisk:phone:cdr:start": earlier})


def test_of_a_call_that_was_followed_the_cdr_adds_only_the_recording(idle: Following, pbx: Pbx, cdr: Path) -> None:
    _began_earlier(idle)
    pbx.record(cdr, "0.1", 5000)
    idle.start(cdr=database(cdr), recording="https://pbx.local/{file}")
    idle.connected()
    linked = pbx.incoming(MARIA, LINE, ("101",), "101")
    idle.call()
    talk(pbx, cdr, linked, ago=50)
    recorded = idle.call("call.recorded")
    assert (recorded.id, recorded.recording) == (linked, f"https://pbx.local/external-{linked}.wav")
    assert len(idle.events("call.finished")) == 1


@pytest.mark.parametrize(
    ("row", "kind", "outcome"),
    [
        ({"disposition": "NO ANSWER", "billsec": 0}, "call.missed", "missed"),
        ({"disposition": "ANSWERED", "dstchannel": "", "lastapp": "BackGround"}, "call.missed", "menu"),
        (
            {"src": "101", "channel": "PJSIP/101-00000001", "dst": MARIA, "dstchannel": "PJSIP/trunk-00000002"},
            "call.finished",
            "talked",
        ),
        (
            {"channel": "PJSIP/101-00000001", "dst": MARIA, "disposition": "BUSY", "billsec": 0},
            "call.finished",
            "not_reached",
        ),
        (
            {"channel": "PJSIP/101-00000001", "dst": MARIA, "disposition": "FAILED", "billsec": 0},
            "call.finished",
            "failed",
        ),
    ],
    ids=["missed", "ended in the menu", "our talk", "our call in vain", "our call that failed"],
)
def test_each_disposition_has_its_meaning(
    idle: Following, pbx: Pbx, cdr: Path, row: dict[str, str | int], kind: str, outcome: str
) -> None:
    _began_earlier(idle)
    talk(pbx, cdr, "1.0", **row)
    idle.start(cdr=database(cdr))
    assert idle.call(kind).outcome == outcome


def test_the_records_of_a_ring_group_are_one_call_of_whoever_answered(idle: Following, pbx: Pbx, cdr: Path) -> None:
    _began_earlier(idle)
    talk(pbx, cdr, "1.0", disposition="NO ANSWER", billsec=0)
    talk(pbx, cdr, "1.0", dst="102", dstchannel="PJSIP/102-00000003")
    idle.start(cdr=database(cdr))
    call = idle.call()
    assert (call.extension, call.rung) == ("102", ("101", "102"))


def test_master_csv_is_read_to_its_end(tmp_path: Path, pbx: Pbx) -> None:
    file = tmp_path / "Master.csv"
    began = (pbx.now() - timedelta(seconds=60)).astimezone(THERE).strftime("%Y-%m-%d %H:%M:%S")
    row = {"src": MARIA, "dst": "101", "channel": "PJSIP/trunk-1", "dstchannel": "PJSIP/101-2", "calldate": began}
    row |= {"duration": "40", "billsec": "30", "disposition": "ANSWERED", "uniqueid": "1.0", "lastdata": 'a "b", c'}
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, MASTER, quoting=csv.QUOTE_ALL)
        writer.writerow({**row, "calldate": "rubbish"})
        writer.writerow(row)
    settings = CdrSettings.model_validate({"file": file, "timezone": "Europe/Moscow"})
    (found,) = Records(settings, MOSCOW).since(pbx.now() - timedelta(hours=1))
    assert (found.call, found.src, found.talk, found.dstchannel) == ("1.0", MARIA, 30, "PJSIP/101-2")


@pytest.mark.parametrize(
    ("cdr_settings", "words"),
    [
        ({"file": "/nowhere/Master.csv"}, "cdr.file"),
        ({"url": "sqlite:////nowhere/cdr.sqlite"}, "cdr.url"),
        ({"url": "sqlite://", "table": "calls"}, "cdr.table"),
    ],
)
def test_a_cdr_that_cannot_be_read_is_told_with_its_cure(pbx: Pbx, cdr_settings: dict[str, str], words: str) -> None:
    settings = AsteriskSettings.model_validate({**LOGIN, "port": pbx.port, "cdr": cdr_settings})
    made = watcher("phone", settings, Around(MemoryStore(), MOSCOW))
    (said,) = made.check()
    made.close()
    assert words in said


def test_check_logs_in_and_says_nothing_when_all_is_well(pbx: Pbx, cdr: Path) -> None:
    pbx.record(cdr, "1.0", 5000)
    settings = AsteriskSettings.model_validate({**LOGIN, "port": pbx.port, "cdr": database(cdr)})
    assert watcher("phone", settings, Around(MemoryStore(), MOSCOW)).check() == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"host": "pbx.example.ru"}, "over the internet"),
        ({"internal": "("}, "no pattern"),
        ({"cdr": {}}, "either the url"),
        ({"cdr": {"url": "nonsense"}}, "no address of a database"),
        ({"cdr": {"file": "x", "table": "cdr; drop"}}, "no name of a table"),
        ({"cdr": {"file": "x", "columns": {"src": ""}}}, "without src"),
        ({"recording": "https://pbx/{name}"}, "knows no"),
        ({"recording": "/var/spool/{file}"}, "web server"),
        ({"originate": {"channel": "Local/{who}"}}, "extension"),
        ({"user": "a\r\nAction: Command"}, "one line"),
    ],
)
def test_settings_that_cannot_work_are_mistakes(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        AsteriskSettings.model_validate({**LOGIN, **wrong})


def test_secrets_show_nowhere() -> None:
    settings = AsteriskSettings.model_validate({**LOGIN, "secret": "s3", "cdr": {"url": "mysql+pymysql://u:pw9@h/db"}})
    assert "pw9" not in repr(settings)
    assert "s3" not in repr(settings)
